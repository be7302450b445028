"""The months that are measured, on the clock of the house: each [its first midnight, the next one's)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from scheduler.errors import InputError
from scheduler.wallclock import Zone, day_of, zone

if TYPE_CHECKING:
    import polars

MOST_MONTHS = 120
"""So many months can be measured at a time."""


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar months, named like 2026-10, with the instants at which they begin; `until` is the end of the last.

    Instants are UTC microseconds; what happened at `now` or later is not looked at.
    """

    names: tuple[str, ...]
    begins: tuple[int, ...]
    until: int
    now: int
    zone_name: str

    @property
    def zone(self) -> Zone:
        """The zone of the house."""
        return zone(self.zone_name)

    @property
    def ends(self) -> tuple[int, ...]:
        """The instants at which the months end."""
        return (*self.begins[1:], self.until)

    @property
    def span(self) -> str:
        """The name of all of it: `2026-10`, or `2026-08..2026-10`."""
        return self.names[0] if len(self.names) == 1 else f"{self.names[0]}..{self.names[-1]}"

    def seen(self, month: int) -> int:
        """The end of a month, or now where that is earlier."""
        return min(self.ends[month], self.now)

    def month_of(self, at: polars.Series) -> polars.Series:
        """The number of the month that each instant lies in; null before, after, and from now on."""
        import polars as pl

        begins = pl.Series(self.begins, dtype=pl.Int64)
        places = begins.search_sorted(at, side="right").cast(pl.Int32) - 1
        inside = (at >= self.begins[0]) & (at < min(self.until, self.now))
        return pl.select(pl.when(inside).then(places)).to_series()

    def named(self, at: polars.Series) -> polars.Series:
        """The month that each instant lies in by its name, whether it is measured or not."""
        import polars as pl

        known = at.drop_nulls()
        if not len(known):
            return pl.Series(at.name, [None] * len(at), dtype=pl.String)
        first, last = (_month(self.zone.wall(int(one))) for one in (known.min(), known.max()))  # type: ignore[arg-type] # whole numbers
        months = range(first, last + 1)
        begins = pl.Series([_midnight(month, self.zone) for month in months], dtype=pl.Int64)
        names = pl.Series(at.name, [_name(month) for month in months], dtype=pl.String)
        return names.gather(begins.search_sorted(at, side="right") - 1)


def period(last: str | None, months: int, zone_name: str, now: int) -> Period:
    """So many months up to `last`, written like 2026-10; without one up to the last that is over at `now`.

    Raises `InputError` where that is no month, or one that is still to come.
    """
    where = zone(zone_name)
    present = _month(where.wall(now))
    end = present - 1 if last is None else _read(last)
    if end > present:
        raise InputError(f"--month {last} is still to come; the present month is {_name(present)}")
    if not 1 <= months <= MOST_MONTHS:
        raise InputError(f"--months {months}: from 1 to {MOST_MONTHS} months can be measured at a time")
    numbers = range(end - months + 1, end + 1)
    begins = tuple(_midnight(month, where) for month in numbers)
    return Period(tuple(map(_name, numbers)), begins, _midnight(end + 1, where), now, zone_name)


def _read(written: str) -> int:
    year, dash, month = written.partition("-")
    if not (dash and len(year) == 4 and len(month) == 2 and (year + month).isdecimal() and written.isascii()):
        raise InputError(f"--month {written!r} is no month; write it like 2026-10")
    if not (1970 <= int(year) <= 2199 and 1 <= int(month) <= 12):
        raise InputError(f"--month {written!r}: name a month from 1970-01 to 2199-12")
    return int(year) * 12 + int(month) - 1


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _name(month: int) -> str:
    return f"{month // 12:04}-{month % 12 + 1:02}"


def _midnight(month: int, where: Zone) -> int:
    return where.midnight(day_of(date(month // 12, month % 12 + 1, 1)))
