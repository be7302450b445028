"""A customer's clock and calendar, in plain dates and datetimes.

Instants are UTC microseconds, days are dates, times of day are minutes after midnight. A local day begins at the first
instant at which the clock shows it or a later one, and lasts until the next day begins.
"""

from __future__ import annotations

import calendar
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import holidays

import scheduler.wallclock  # noqa: F401 - points zoneinfo at the locked zone data
from scheduler.durations import Duration, Unit

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """The clock of a zone, with the public holidays of a country; None has none."""

    zone: str
    country: str | None = None

    def shows(self, at: int) -> datetime:
        """What the clock shows at an instant."""
        shown = (EPOCH + at * MICROSECOND).astimezone(ZoneInfo(self.zone))
        return shown.replace(tzinfo=None, fold=0)

    def midnight(self, day: date) -> int:
        """The first instant of a day; of a day that the zone skips, that of the next one."""
        return _first_shown(self.zone, datetime.combine(day, time()))

    def day(self, at: int) -> date:
        """The local day that holds an instant."""
        return _day(self, at)

    def time_of_day(self, day: date, minutes: int) -> int | None:
        """The first instant at which it is that time on that day; None on a day that the zone skips."""
        return self.on_day(day, timedelta(minutes=minutes))

    def on_day(self, day: date, after_midnight: timedelta) -> int | None:
        """As `time_of_day`: in a gap the first instant after it, or else the last whole minute of the day."""
        begins, ends = self.midnight(day), self.midnight(day + A_DAY)
        if begins == ends:
            return None
        if after_midnight == A_DAY:
            return ends
        at = _first_shown(self.zone, datetime.combine(day, time()) + after_midnight)
        if at < ends:
            return at
        last_minute = self.shows(ends - 1).replace(second=0, microsecond=0)
        return max(begins, _first_shown(self.zone, last_minute))

    def instant(self, shown: datetime) -> int:
        """The instant at which a wall clock shows this; on a day that the zone skips, its midnight."""
        at = self.on_day(shown.date(), shown - datetime.combine(shown.date(), time()))
        return self.midnight(shown.date()) if at is None else at

    def later(self, at: int, duration: Duration) -> int:
        """The instant that lies so much later; days and longer keep the time that the clock shows."""
        if duration.exact:
            return at + duration.microseconds
        if not duration.count:
            return at
        shown = self.shows(at)
        return self.instant(datetime.combine(self.plus(shown.date(), duration), shown.time()))

    def plus(self, day: date, duration: Duration) -> date:
        """The day that lies so many days, weeks, months, years or business days later."""
        return _moved(day, duration.count, duration.unit, _holidays(self.country))

    def minus(self, day: date, duration: Duration) -> date:
        """The day that lies so much earlier."""
        return _moved(day, -duration.count, duration.unit, _holidays(self.country))

    def is_within(self, at: int, span: Duration, now: int) -> bool:
        """Whether an instant lies within a span that ends now; one of N days is today and the N - 1 days before."""
        if span.exact:
            return at > now - span.microseconds
        return self.day(at) > self.minus(self.day(now), span)

    def is_holiday(self, day: date) -> bool:
        """Whether it is a public holiday."""
        return day in _holidays(self.country)


def _moved(day: date, count: int, unit: Unit, closed: Container[date]) -> date:
    match unit:
        case Unit.DAYS:
            return day + timedelta(days=count)
        case Unit.WEEKS:
            return day + timedelta(days=7 * count)
        case Unit.MONTHS | Unit.YEARS:
            months = day.year * 12 + day.month - 1 + count * (12 if unit is Unit.YEARS else 1)
            year, month = months // 12, months % 12 + 1
            return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
        case Unit.BUSINESS_DAYS:
            step = A_DAY if count > 0 else -A_DAY
            left = abs(count)
            while left:
                day += step
                if day.weekday() < 5 and day not in closed:
                    left -= 1
            return day
    raise ValueError(f"{unit} move an instant, not a day")


@lru_cache(100_000)
def _first_shown(zone: str, shown: datetime) -> int:
    """The first instant at which the clock shows this; in a gap, the first one after the gap."""
    info = ZoneInfo(zone)
    first = shown.replace(tzinfo=info, fold=0).astimezone(UTC)
    if first.astimezone(info).replace(tzinfo=None) == shown:
        return (first - EPOCH) // MICROSECOND
    # In a gap the two readings lie on either side of it. The clock shows too little before and too much after it.
    before = (shown.replace(tzinfo=info, fold=1).astimezone(UTC) - EPOCH) // MICROSECOND
    after = (first - EPOCH) // MICROSECOND
    while after - before > 1:
        middle = (before + after) // 2
        if Clock(zone).shows(middle) > shown:
            after = middle
        else:
            before = middle
    return after


@lru_cache(100_000)
def _day(clock: Clock, at: int) -> date:
    day = clock.shows(at).date()
    while clock.midnight(day) > at:
        day -= A_DAY
    while clock.midnight(day + A_DAY) <= at:
        day += A_DAY
    return day


@cache
def _holidays(country: str | None) -> Container[date]:
    try:
        return holidays.country_holidays(country.strip().upper()) if country else frozenset()
    except NotImplementedError:
        return frozenset()
