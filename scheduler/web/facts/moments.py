"""When something occurred, by the sender's clock and ours (Segment's spec, "Timestamps")."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.events import EARLIEST
from scheduler.intake.texts import shown
from scheduler.wallclock import DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")


def instant(written: str, field: str) -> int:
    """The instant, in UTC microseconds, of an ISO 8601 text with an offset; raises `Rejected`."""
    example = "write it like 2026-03-01T09:00:00.000Z"
    try:
        moment = datetime.fromisoformat(written) if _INSTANT.fullmatch(written) else None
        at = None if moment is None or moment.tzinfo is None else (moment - _EPOCH) // _TICK
    except (ValueError, OverflowError):
        moment = at = None
    if moment is None:
        raise Rejected(Cause.NO_INSTANT, f"{shown(written)} is no moment in time; {example}", field)
    if at is None:
        raise Rejected(Cause.NO_OFFSET, f"{shown(written)} has no offset from UTC; {example}", field)
    return at


def occurred_at(timestamp: str | None, original: str | None, sent: str | None, *, received: int, tolerance: int) -> int:
    """When a message occurred, in UTC microseconds; `received` is when it came.

    That is its `timestamp`, or `originalTimestamp` where it has no other. Where only one of them is given, it is by
    the sender's clock. If that clock, as `sentAt` shows it, is off by more than `tolerance` (microseconds), it counts
    as long before the receipt as it was written before it was sent. Else it is taken as it stands, so that it is the
    same each time that the message is sent. Without either, it occurred as it was received. Raises `Rejected`.
    """
    written = timestamp or original
    if not written:
        return received
    field = "timestamp" if timestamp else "originalTimestamp"
    at = instant(written, field)
    if sent and not (timestamp and original):
        ahead = instant(sent, "sentAt") - received
        if abs(ahead) > tolerance:
            at -= ahead
    if at < EARLIEST:
        raise Rejected(Cause.TOO_EARLY, f"{shown(written)} is before 1971, as a clock that was never set says", field)
    if at > received + DAY:
        message = f"{shown(written)} has not been yet; what is to come belongs in a property"
        raise Rejected(Cause.IN_THE_FUTURE, message, field)
    return at
