"""The spans of time that `within`, caps, gives and re-entry count, as tables over local days.

`within: N days` means today and the N-1 local days before it: whatever is later than the local day that lies N days
before today; months and years likewise. Hours and minutes are exact.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import date, timedelta

from scheduler.durations import Duration, Unit
from scheduler.wallclock import date_of, day_of

WIDEST = 1.2
"""By so much business days may be longer than their usual length, for holidays."""

_FLAT = {Unit.DAYS: 1, Unit.WEEKS: 7}


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


def days_back(duration: Duration, first: int, last: int, closed: Container[date] = ()) -> list[int]:
    """For each day of [first, last], the newest day that is no more within `duration`.

    `closed` are the holidays that business days skip.
    """
    if duration.unit in _FLAT:
        step = duration.count * _FLAT[duration.unit]
        return [day - step for day in range(first, last + 1)]
    start = date_of(first)
    return [day_of(duration.earlier(start + timedelta(days=i), closed)) for i in range(last - first + 1)]


def days_forward(duration: Duration, first: int, last: int, closed: Container[date] = ()) -> list[int]:
    """For each day of [first, last], the day that lies `duration` after it; `closed` as above."""
    if duration.unit in _FLAT:
        step = duration.count * _FLAT[duration.unit]
        return [day + step for day in range(first, last + 1)]
    start = date_of(first)
    return [day_of(duration.later(start + timedelta(days=i), closed)) for i in range(last - first + 1)]


def days_leaving(back: list[int], first: int) -> list[int]:
    """For each day of a table of `days_back`, the first day on which it is no more within.

    A day that stays within up to the table's end gets the day behind the table.
    """
    leaving: list[int] = []
    day = 0
    for index in range(len(back)):
        day = max(day, index)
        while day < len(back) and back[day] < first + index:
            day += 1
        leaving.append(first + day)
    return leaving
