"""The spans of time that windows, `within`, caps, gives and re-entry count, numbered.

`within: N days` means today and the N-1 local days before it: whatever is later than the local day that lies N days
before today; months and years likewise. Hours and minutes are exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scheduler.decisions import kernel
from scheduler.durations import Duration, Unit

WIDEST = 1.6
"""By so much business days may be longer than their usual length, for holidays."""

_UNITS = {
    Unit.DAYS: (kernel.DAYS, 1),
    Unit.WEEKS: (kernel.DAYS, 7),
    Unit.MONTHS: (kernel.MONTHS, 1),
    Unit.YEARS: (kernel.MONTHS, 12),
    Unit.BUSINESS_DAYS: (kernel.BUSINESS_DAYS, 1),
}


@dataclass
class Spans:
    """Numbers the durations that a program counts with."""

    durations: list[Duration] = field(default_factory=list)

    def number(self, duration: Duration | None) -> int:
        """Return the number of a duration, -1 for none."""
        if duration is None:
            return -1
        if duration not in self.durations:
            self.durations.append(duration)
        return self.durations.index(duration)

    @property
    def longest(self) -> int:
        """The most days that any of them reaches back."""
        return max((int(duration.nominal_days * WIDEST) + 9 for duration in self.durations), default=0)

    @property
    def rows(self) -> list[kernel.SpanRow]:
        """The durations as the kernel counts them."""
        return [_row(duration) for duration in self.durations]


def _row(duration: Duration) -> kernel.SpanRow:
    if duration.exact:
        return kernel.SpanRow(kernel.EXACT, duration.microseconds)
    unit, times = _UNITS[duration.unit]
    return kernel.SpanRow(unit, duration.count * times)


def counts_business_days(durations: Iterable[Duration]) -> bool:
    """Whether any of them skips weekends and holidays."""
    return any(duration.unit is Unit.BUSINESS_DAYS for duration in durations)
