"""Durations as marketers write them: a whole number and a unit.

Minutes and hours are exact: they move the instant. Days, weeks, months and years are calendar units: they move
the local date, whatever the clocks did in between; months clamp to the end of a shorter month. Business days
skip weekends and holidays.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from scheduler.errors import BadDuration

MINUTE = 60 * 1_000_000
"""A minute in microseconds."""
HOUR = 60 * MINUTE
"""An hour in microseconds."""


class Unit(StrEnum):
    """What a duration counts."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"
    BUSINESS_DAYS = "business days"


_WRITTEN = re.compile(r"(\d{1,5}) (minute|hour|day|week|month|year|business day)s?", re.ASCII)
_LONGEST = 1_000 * 365.2425
_EXACT = {Unit.MINUTES: MINUTE, Unit.HOURS: HOUR}
_NOMINAL_DAYS = {
    Unit.DAYS: 1.0,
    Unit.WEEKS: 7.0,
    Unit.MONTHS: 365.2425 / 12,
    Unit.YEARS: 365.2425,
    Unit.BUSINESS_DAYS: 7 / 5,
}


@dataclass(frozen=True, slots=True)
class Duration:
    """A count of one unit, never negative."""

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `N unit`, singular or plural, up to 1,000 years; raises `BadDuration`."""
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise BadDuration(text=text)
        duration = cls(int(match[1]), Unit(match[2] + "s"))
        if duration.nominal_days > _LONGEST:
            raise BadDuration(f"{text!r} is longer than 1,000 years; write a shorter duration", text=text)
        return duration

    @property
    def exact(self) -> bool:
        """Whether it moves the instant (minutes, hours) and not the local date."""
        return self.unit in _EXACT

    @property
    def microseconds(self) -> int:
        """The length of an exact duration; a calendar one has none (`KeyError`)."""
        return self.count * _EXACT[self.unit]

    @property
    def nominal_days(self) -> float:
        """Its usual length in days, for comparing durations of different units."""
        if self.exact:
            return self.microseconds / (24 * 60 * MINUTE)
        return self.count * _NOMINAL_DAYS[self.unit]

    def later(self, day: date, closed: Container[date] = ()) -> date:
        """The day that lies this calendar duration after `day`; `closed` are the holidays of business days."""
        return self._moved(day, 1, closed)

    def earlier(self, day: date, closed: Container[date] = ()) -> date:
        """The day that lies this calendar duration before `day`."""
        return self._moved(day, -1, closed)

    def _moved(self, day: date, sign: int, closed: Container[date]) -> date:
        match self.unit:
            case Unit.DAYS:
                return day + timedelta(days=sign * self.count)
            case Unit.WEEKS:
                return day + timedelta(weeks=sign * self.count)
            case Unit.MONTHS:
                return day + relativedelta(months=sign * self.count)
            case Unit.YEARS:
                return day + relativedelta(years=sign * self.count)
            case Unit.BUSINESS_DAYS:
                left = self.count
                while left:
                    day += timedelta(days=sign)
                    left -= day.weekday() < 5 and day not in closed
                return day
        raise BadDuration(f"{self} is exact: it moves an instant, not a day")

    def __str__(self) -> str:
        return f"{self.count} {self.unit.removesuffix('s') if self.count == 1 else self.unit}"
