"""Wall clocks: what a customer's clock and calendar show, and when.

Instants are UTC microseconds since 1970, days are days since 1970-01-01, times of day are minutes. A local day
is [its midnight, the next day's midnight), and its midnight is the first instant at which the clock shows that
day or later; so days follow each other without a hole or an overlap, whatever the clocks do.

Zone data come from the locked `tzdata` package and never from the machine, whose copy is often older.
"""

from __future__ import annotations

import difflib
import re
import warnings
import zoneinfo
from bisect import bisect_left, bisect_right
from collections.abc import Container, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

import tzdata  # type: ignore[import-untyped] # ships no types

from scheduler.durations import MINUTE, Duration
from scheduler.errors import BadInstant, UnknownZone

SECOND = 1_000_000
"""A second in microseconds."""
DAY = 86_400 * SECOND
"""A day of 24 hours in microseconds."""
ZONE_DATA_VERSION: str = tzdata.IANA_VERSION
"""The version of the zone data, like 2026f."""

_ZONE_DATA = Path(tzdata.__file__).parent
zoneinfo.reset_tzpath(to=[str(_ZONE_DATA / "zoneinfo")])
zoneinfo.ZoneInfo.clear_cache()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_TICK = timedelta(microseconds=1)
_REACH = 2 * DAY  # no clock was ever so far from UTC, nor moved by so much
_READ_AHEAD = 366 * DAY
_FIRST_READ, _LAST_READ = -62_104_060_800, 253_370_764_800  # years 2 and 9999: what datetimes can hold, in seconds
_STEP = 5 * 86_400  # seconds; no two changes of any zone lie less than 6.9 days apart, so a step meets at most one
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)? ?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)


def day_of(calendar_date: date) -> int:
    """The number of a date: days since 1970-01-01."""
    return calendar_date.toordinal() - _EPOCH_DAY


def date_of(day: int) -> date:
    """The date of a number of days since 1970-01-01."""
    return date.fromordinal(day + _EPOCH_DAY)


class Zone:
    """A time zone: its days, its times of day and its clock. Made by `zone`.

    The changes of its clocks are found once, for the years that are asked about; between them everything is
    computed by adding.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._info = zoneinfo.ZoneInfo(name)
        self._known = _Known(0, 0, (), ())

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    def local_day(self, at: int) -> int:
        """The local day that holds the instant `at`."""
        known = self._read(at - _REACH, at)
        after = bisect_right(known.changes, at)
        day = (at + known.offsets[after]) // DAY
        if after and at - known.changes[after - 1] < _REACH:
            while self.midnight(day + 1) <= at:
                day += 1
        return day

    def midnight(self, day: int) -> int:
        """The instant at which `day` begins; of a skipped day the first one after the skip."""
        return self._first(day * DAY)

    def exists(self, day: int) -> bool:
        """Whether the zone has that day at all; some zones skipped one (Apia 2011-12-30)."""
        return self.midnight(day) < self.midnight(day + 1)

    def instant(self, day: int, minute: int) -> int | None:
        """The instant of a time of day, given in minutes from 0 to 1440 (the next day's midnight).

        A time that occurs twice means the first; one in a gap the first instant after the gap or, where that
        would be another day, the last whole minute before the gap. None on a skipped day.
        """
        return self.shows(day, minute * MINUTE)

    def shows(self, day: int, time_of_day: int) -> int | None:
        """As `instant`, with the time of day in microseconds."""
        begins, ends = self.midnight(day), self.midnight(day + 1)
        if begins == ends:
            return None
        at = self._first(day * DAY + time_of_day)
        if at < ends or time_of_day == DAY:
            return at
        known = self._read(ends, ends)
        offset = known.offsets[bisect_left(known.changes, ends)]
        return max((ends + offset - 1) // MINUTE * MINUTE - offset, begins)

    def midnights(self, first_day: int, last_day: int) -> list[int]:
        """The midnights of all days from `first_day` to `last_day`, both included."""
        begins = self.times(first_day, last_day, 0)
        return [self.midnight(first_day + n) if at == -1 else at for n, at in enumerate(begins)]

    def times(self, first_day: int, last_day: int, minute: int) -> list[int]:
        """The instants of a time of day on all days from `first_day` to `last_day`, both included.

        The time is in minutes, as for `instant`; a skipped day has -1, which no instant of a whole second is.
        """
        known = self._read(first_day * DAY - _REACH, last_day * DAY + 2 * _REACH)
        found: list[int] = []
        day = first_day
        while day <= last_day:
            at = self.instant(day, minute)
            found.append(-1 if at is None else at)
            begins = self.midnight(day)
            day += 1
            plain = known.plain(day, begins, minute * MINUTE, last_day)
            found.extend(plain)
            day += len(plain)
        return found

    def changes(self, since: int, until: int) -> tuple[list[int], list[int]]:
        """The changes of the clock within [since, until], and its offsets from UTC: before each, and after the last."""
        known = self._read(since, until)
        first, last = bisect_left(known.changes, since), bisect_right(known.changes, until)
        return list(known.changes[first:last]), list(known.offsets[first : last + 1])

    def wall(self, at: int) -> datetime:
        """What the zone's clock shows at the instant `at`: an aware datetime, for printing."""
        return (_EPOCH + at * _TICK).astimezone(self._info)

    def iso(self, at: int) -> str:
        """The instant `at` in ISO 8601 with the zone's offset, with fractions only where there are any."""
        return self.wall(at).isoformat()

    def later(self, at: int, duration: Duration, closed: Container[date] = ()) -> int:
        """The instant that lies `duration` after `at`; `closed` are the holidays of business days.

        Exact durations move the instant. Calendar ones move the date and keep the time on the clock, to the
        microsecond, by the same rules for gaps and overlaps as `instant`; a skipped day gives its midnight.
        """
        if duration.exact:
            return at + duration.microseconds
        if not duration.count:
            return at  # a time that occurs twice must not fall back to its first
        known = self._read(at, at)
        day, time_of_day = divmod(at + known.offsets[bisect_right(known.changes, at)], DAY)
        moved = day_of(duration.later(date_of(day), closed))
        there = self.shows(moved, time_of_day)
        return self.midnight(moved) if there is None else there

    def _first(self, shown: int) -> int:
        """The first instant at which the clock shows `shown` (microseconds of local time) or later."""
        known = self._read(shown - _REACH, shown + _REACH)
        after = bisect_right(known.changes, shown - _REACH)
        while True:
            at = shown - known.offsets[after]
            if after:
                at = max(at, known.changes[after - 1])
            if after == len(known.changes) or at < known.changes[after]:
                return at
            after += 1

    def _read(self, since: int, until: int) -> _Known:
        """All changes within [since, until], with more around them so that this is seldom work."""
        known = self._known
        if known.since <= since and until <= known.until and known.offsets:
            return known
        since, until = since - _READ_AHEAD, until + _READ_AHEAD
        if not known.offsets:
            known = self._find(since, until)
        if since < known.since:
            known = self._find(since, known.since).followed_by(known)
        if known.until < until:
            known = known.followed_by(self._find(known.until, until))
        self._known = known  # replaced whole: another thread sees the old or the new one
        return known

    def _find(self, since: int, until: int) -> _Known:
        """Look for the changes in (since, until] by stepping, then by halving."""
        changes: list[int] = []
        last = _readable(until)
        before = _readable(since)
        offsets = [self._offset(before)]
        while before < last:
            now = min(before + _STEP, last)
            offset = self._offset(now)
            if offset != offsets[-1]:
                low, high = before, now
                while high - low > 1:
                    middle = (low + high) // 2
                    low, high = (middle, high) if self._offset(middle) == offsets[-1] else (low, middle)
                changes.append(high * SECOND)
                offsets.append(offset)
            before = now
        return _Known(since, until, tuple(changes), tuple(offsets))

    def _offset(self, second: int) -> int:
        offset = datetime.fromtimestamp(second, self._info).utcoffset()
        return (offset or timedelta()) // _TICK


class _Known:
    """What is known of a zone within [since, until]: its changes, and one offset more than there are changes.

    Offset `n` holds before change `n`, the last one after all of them; all in microseconds.
    """

    __slots__ = ("changes", "offsets", "since", "until")

    def __init__(self, since: int, until: int, changes: tuple[int, ...], offsets: tuple[int, ...]) -> None:
        self.since, self.until, self.changes, self.offsets = since, until, changes, offsets

    def followed_by(self, later: _Known) -> _Known:
        """Both, where `later` begins at this one's end."""
        return _Known(self.since, later.until, self.changes + later.changes, self.offsets + later.offsets[1:])

    def plain(self, day: int, midnight_before: int, time_of_day: int, last_day: int) -> range:
        """The instants of a time of day from `day` on for as long as no clock changes, up to `last_day`.

        `midnight_before` is the midnight of the day before `day`.
        """
        after = bisect_right(self.changes, midnight_before)
        offset = self.offsets[after]
        first = day * DAY + time_of_day - offset
        if midnight_before + offset >= day * DAY:  # `day` begins with the day before: that one was skipped
            return range(0)
        end = last_day * DAY + time_of_day - offset + 1
        if after < len(self.changes):
            end = min(end, self.changes[after])
        return range(first, end, DAY)


def _readable(at: int) -> int:
    """The second of an instant, or the nearest one that a datetime can hold."""
    return min(max(at // SECOND, _FIRST_READ), _LAST_READ)


@cache
def zone(name: str) -> Zone:
    """The time zone of that IANA name, like Europe/Berlin; raises `UnknownZone`, with the nearest name."""
    names = _zone_names()
    if name in names:
        return Zone(name)
    spelled = {known.casefold(): known for known in names} | {
        known.rpartition("/")[2].casefold(): known for known in sorted(names, reverse=True)
    }
    near = difflib.get_close_matches(name.casefold().replace(" ", "_"), spelled, n=1)
    if not near:
        raise UnknownZone(name=name)
    raise UnknownZone(f"There is no time zone called {name!r}; did you mean {spelled[near[0]]}?", name=name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset((_ZONE_DATA / "zones").read_text(encoding="ascii").split())


def parse_instant(text: str, zone: Zone) -> int:
    """Read an ISO 8601 instant; without an offset it is the time on the clock of `zone`.

    A bare date is its midnight; a time in a gap or an overlap is read as `Zone.instant` does, any time of a
    skipped day as its midnight. Raises `BadInstant`.
    """
    text = text.strip()
    if _INSTANT.fullmatch(text) is None:
        raise BadInstant(text=text)
    try:
        read = datetime.fromisoformat(text.replace(",", ".").replace(" ", "T", 1).replace(" ", "").upper())
    except ValueError:
        raise BadInstant(text=text) from None
    if read.tzinfo is not None:
        return (read - _EPOCH) // _TICK
    day, time_of_day = divmod((read.replace(tzinfo=UTC) - _EPOCH) // _TICK, DAY)
    at = zone.shows(day, time_of_day)
    return zone.midnight(day) if at is None else at


# Countries of several zones have that of their capital. Where CLDR names a primary zone (primaryZones in its
# metaZones.xml: Chile, China, Germany, …), it is the same one; Babel does not carry that list. Nobody lives in AQ, UM.
_PRIMARY_ZONES: Mapping[str, str | None] = MappingProxyType(
    {
        "AQ": None,
        "AR": "America/Argentina/Buenos_Aires",
        "AU": "Australia/Sydney",
        "BR": "America/Sao_Paulo",
        "CA": "America/Toronto",
        "CD": "Africa/Kinshasa",
        "CL": "America/Santiago",
        "CN": "Asia/Shanghai",
        "CY": "Asia/Nicosia",
        "DE": "Europe/Berlin",
        "EC": "America/Guayaquil",
        "ES": "Europe/Madrid",
        "FM": "Pacific/Pohnpei",
        "GL": "America/Nuuk",
        "ID": "Asia/Jakarta",
        "KI": "Pacific/Tarawa",
        "KZ": "Asia/Almaty",
        "MH": "Pacific/Majuro",
        "MN": "Asia/Ulaanbaatar",
        "MX": "America/Mexico_City",
        "MY": "Asia/Kuala_Lumpur",
        "NZ": "Pacific/Auckland",
        "PF": "Pacific/Tahiti",
        "PG": "Pacific/Port_Moresby",
        "PS": "Asia/Hebron",
        "PT": "Europe/Lisbon",
        "RU": "Europe/Moscow",
        "UA": "Europe/Kyiv",
        "UM": None,
        "US": "America/New_York",
        "UZ": "Asia/Tashkent",
    }
)


@cache
def zone_of_country(code: str) -> str | None:
    """The primary zone of a country, given as its ISO 3166 code of two letters; None where there is none.

    A country of one zone has that of CLDR (as Babel carries it), one of several that of its capital.
    """
    from babel.core import get_global

    country = code.strip().upper()
    alias = get_global("territory_aliases").get(country, [country])
    country = alias[0] if len(alias) == 1 else country
    if country in _PRIMARY_ZONES:
        return _PRIMARY_ZONES[country]
    zones = get_global("territory_zones").get(country, [])
    return zones[0] if len(zones) == 1 and zones[0] in _zone_names() else None


@cache
def holidays_of(country: str | None, first_year: int, last_year: int) -> frozenset[date]:
    """The public holidays of a country in those years, both included; none for a country that is not known."""
    if not country:
        return frozenset()
    import holidays

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that some are only known up to a year
            return frozenset(holidays.country_holidays(country.strip().upper(), years=range(first_year, last_year + 1)))
    except NotImplementedError:
        return frozenset()
