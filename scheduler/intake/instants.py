"""Dates and instants as files write them: ISO 8601, or as the formats say that the caller names.

A date such as 03/04/26 is never guessed at: without a format, or where two formats read it differently, it is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from scheduler.errors import InputError
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.texts import shown
from scheduler.wallclock import DAY, Zone, zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_FIRST, _LAST = -62_135_510_400_000_000, 253_402_214_400_000_000  # so that every zone's clock shows years 1 to 9999
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*", re.ASCII)
_AS_DIGITS = re.compile(r"[0-9]{1,4}([./ -])[0-9]{1,2}\1[0-9]{1,4}(?:[T ,].*)?")
_TIME_PARTS = re.compile(r"%[HIMSfpzcXZ]")
_LENGTH_OF_A_DATE = 10
_CACHE = 20_000


class Calendar:
    """Reads dates and instants: `zone` is that of instants without an offset, `formats` are strptime formats.

    Raises `InputError` for a format that holds no date. Texts are remembered, as files repeat them.
    """

    def __init__(self, zone: Zone | None = None, formats: tuple[str, ...] = ()) -> None:
        for one in formats:
            if not _names_a_date(one):
                raise InputError(f"--date-format {one!r} names no date; write it like %d.%m.%Y or '%m/%d/%Y %H:%M'")
        self.zone = zone
        self.reads_times = any(_TIME_PARTS.search(one) for one in formats) and zone is not None
        self._formats = formats
        self._day: Callable[[str], dt.date] = lru_cache(_CACHE)(self._read_date)
        self._moment: Callable[[str], int] = lru_cache(_CACHE)(self._read_moment)

    def date(self, written: str, column: str) -> dt.date:
        """The date that a text writes; raises `Rejected`."""
        try:
            return self._day(written)
        except Rejected as refused:
            raise _named(refused, column) from None

    def instant(self, written: str, column: str) -> int:
        """The instant, in microseconds, that a text writes; a bare date is its midnight. Raises `Rejected`."""
        try:
            return self._moment(written)
        except Rejected as refused:
            raise _named(refused, column) from None

    def iso(self, written: str, column: str) -> str:
        """The instant that a text writes as ISO 8601, with the offset of the zone, else in UTC; raises `Rejected`."""
        return (self.zone or zone("UTC")).iso(self.instant(written, column))

    def is_date(self, written: str) -> bool:
        """Whether a text is one date and no time of day."""
        try:
            self._day(written)
        except Rejected:
            return False
        return True

    def is_instant(self, written: str) -> bool:
        """Whether a text is an instant or a date by one of the formats."""
        try:
            self._moment(written)
        except Rejected:
            return False
        return True

    def _read_date(self, written: str) -> dt.date:
        found = self._readings(written)
        if any(moment.time() != dt.time.min or moment.tzinfo for moment in found) or (
            not found and _ISO_INSTANT.fullmatch(written)
        ):
            raise Rejected(Cause.NO_DATE, f"{shown(written)} has a time of day; write a date such as 1984-02-29")
        if len(found) == 1:
            return found.pop().date()
        raise self._unreadable(written, found, Cause.NO_DATE, "1984-02-29")

    def _read_moment(self, written: str) -> int:
        found = self._readings(written) if self._formats or len(written) <= _LENGTH_OF_A_DATE else set()
        if not found and _ISO_INSTANT.fullmatch(written):
            try:
                found = {datetime.fromisoformat(written)}
            except ValueError:
                raise Rejected(Cause.NO_INSTANT, f"there is no moment {shown(written)}") from None
        if len(found) != 1:
            raise self._unreadable(written, found, Cause.NO_INSTANT, "2026-03-01T09:00:00+01:00")
        at = self._at(found.pop(), written)
        if not _FIRST <= at <= _LAST:
            raise Rejected(Cause.NO_INSTANT, f"{shown(written)} is out of reach; years 1 to 9999 can be counted with")
        return at

    def _at(self, moment: datetime, written: str) -> int:
        if moment.tzinfo is not None:
            return (moment - _EPOCH) // _TICK
        if self.zone is None:
            raise Rejected(
                Cause.NO_OFFSET,
                f"{shown(written)} has no offset from UTC; write one (+01:00) or name a zone: --timezone Europe/Berlin",
            )
        day, time_of_day = divmod((moment.replace(tzinfo=UTC) - _EPOCH) // _TICK, DAY)
        at = self.zone.shows(day, time_of_day)
        return self.zone.midnight(day) if at is None else at

    def _readings(self, written: str) -> set[datetime]:
        found = set()
        for one in self._formats:
            try:
                found.add(datetime.strptime(written, one))  # noqa: DTZ007 - the zone is added by the caller
            except ValueError:
                continue
        if not found and _ISO_DATE.fullmatch(written):
            try:
                found.add(datetime.fromisoformat(written))
            except ValueError:
                raise Rejected(Cause.NO_DATE, f"there is no {written}") from None
        return found

    def _unreadable(self, written: str, found: set[datetime], cause: Cause, example: str) -> Rejected:
        if found:
            dates = " or ".join(sorted(moment.date().isoformat() for moment in found))
            return Rejected(Cause.AMBIGUOUS_DATE, f"{shown(written)} may mean {dates}; name one --date-format")
        if _AS_DIGITS.fullmatch(written):
            if self._formats:
                return Rejected(cause, f"{shown(written)} is not as --date-format says: {', '.join(self._formats)}")
            return Rejected(
                Cause.AMBIGUOUS_DATE,
                f"{shown(written)} can be read in more than one way; say how: --date-format %d/%m/%Y, or %m/%d/%Y",
            )
        return Rejected(cause, f"{shown(written)} can't be read; write it like {example}, or give --date-format")


def _names_a_date(form: str) -> bool:
    sample = datetime(2001, 2, 3, tzinfo=UTC)
    try:
        return datetime.strptime(sample.strftime(form), form).date() == sample.date()  # noqa: DTZ007 - only its date
    except ValueError:
        return False


def _named(refused: Rejected, column: str) -> Rejected:
    return Rejected(refused.cause, str(refused), column)
