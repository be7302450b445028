"""Tasks as entries of a calendar (iCalendar, RFC 5545), to be imported by whoever has to do them.

Each is an event (VEVENT) and no to-do (VTODO), since the most used calendars take no to-dos in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from scheduler.channels.mime import digest
from scheduler.durations import MINUTE
from scheduler.messages.plain import without_controls
from scheduler.wallclock import Zone, date_of

LENGTH = 30 * MINUTE
"""How long an entry takes: it ends when its task is due."""
_OCTETS = 75
"""How long a line may be without its end (RFC 5545, 3.1)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One task: what it is called, what is to be known of it, and by when it is due, in UTC microseconds.

    `key` is its occasion's; `where` is the customer's zone.
    """

    key: str
    summary: str
    description: str
    due: int
    where: Zone


def calendar_entry(entry: Entry, now: int) -> bytes:
    """One VEVENT. Imported again it takes the place of the former, since its UID follows from the occasion's key.

    A task that is due at a midnight stands on the whole day before it; any other ends, in UTC, when it is due.
    """
    lines = [
        "BEGIN:VEVENT",
        f"UID:{digest(entry.key)[:40]}@rightreason",
        f"DTSTAMP:{_utc(now)}",
        *_times(entry),
        f"SUMMARY:{_escaped(entry.summary)}",
        f"DESCRIPTION:{_escaped(entry.description)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]
    return b"".join(map(_folded, lines))


def calendar(entries: Iterable[Entry], now: int) -> bytes:
    """A whole calendar of these entries, as of `now` (UTC microseconds)."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//rightreason//tasks//EN", "METHOD:PUBLISH")
    body = (calendar_entry(entry, now) for entry in entries)
    return b"".join((*map(_folded, head), *body, _folded("END:VCALENDAR")))


def _times(entry: Entry) -> tuple[str, str]:
    day = entry.where.local_day(entry.due)
    if entry.where.midnight(day) == entry.due:
        return f"DTSTART;VALUE=DATE:{_date(date_of(day - 1))}", f"DTEND;VALUE=DATE:{_date(date_of(day))}"
    return f"DTSTART:{_utc(entry.due - LENGTH)}", f"DTEND:{_utc(entry.due)}"


def _utc(at: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at):%Y%m%dT%H%M%SZ}"


def _date(day: date) -> str:
    return f"{day:%Y%m%d}"


def _escaped(text: str) -> str:
    """A value of kind TEXT (RFC 5545, 3.3.11)."""
    escaped = without_controls(text).strip().replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """A line with CRLF at its end, folded where it is longer than 75 octets, and never within a letter."""
    parts, part, room = [], b"", _OCTETS
    for letter in line:
        octets = letter.encode()
        if len(part) + len(octets) > room:
            parts.append(part)
            part, room = b"", _OCTETS - 1  # a further line begins with a space
        part += octets
    return b"\r\n ".join((*parts, part)) + b"\r\n"
