"""What stands in the JSON of a message: texts, amounts and instants by their place, like `("customer", "id")`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from scheduler.decisions.facts import Event, Value
from scheduler.intake import customers, texts
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.events import EARLIEST
from scheduler.store import CustomerEvent
from scheduler.wallclock import DAY, SECOND
from scheduler.web.facts.moments import instant
from scheduler.web.facts.values import CALENDAR

LATEST = 253_402_214_400
"""The last second of the year 9999, in every zone."""

Place = str | int


def found(payload: Any, *place: Place) -> Any:
    """What stands there; None where nothing does."""
    for step in place:
        if isinstance(payload, dict):
            payload = payload.get(step)
        elif isinstance(payload, list) and isinstance(step, int) and step < len(payload):
            payload = payload[step]
        else:
            return None
    return payload


def objects(payload: Any, *place: Place) -> list[dict[str, Any]]:
    """The objects in the list that stands there."""
    listed = found(payload, *place)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def text(payload: Any, *place: Place) -> str:
    """The text, or the number as text, that stands there; empty where there is none that can be taken."""
    with suppress(Rejected):
        return texts.text(texts.text_of(found(payload, *place), _named(place)), _named(place))
    return ""


def needed(payload: Any, *place: Place) -> str:
    """The text of one line, or the number as text, that stands there. Raises `Rejected` where there is none."""
    return customers.needed(texts.text_of(found(payload, *place), _named(place)), _named(place))


def amount(payload: Any, *place: Place) -> float | None:
    """The number that stands there, also as text; None where there is none."""
    with suppress(ValueError, OverflowError):
        number = float(text(payload, *place))
        return number if math.isfinite(number) else None
    return None


def moment(payload: Any, *place: Place, now: int) -> int:
    """The instant, in UTC microseconds, that stands there as ISO 8601 or in seconds since 1970.

    Raises `Rejected` where there is none from 1971 up to a day from now.
    """
    written = found(payload, *place)
    if isinstance(written, int) and not isinstance(written, bool) and 0 <= written <= LATEST:
        at = written * SECOND
    else:
        at = instant(needed(payload, *place), _named(place))
    if at < EARLIEST:
        raise Rejected(Cause.TOO_EARLY, "is before 1971, as a clock that was never set says", _named(place))
    if at > now + DAY:
        raise Rejected(Cause.IN_THE_FUTURE, "has not been yet", _named(place))
    return at


def moment_or(other: int, payload: Any, *place: Place, now: int) -> int:
    """As `moment`; where nothing stands there, the other one."""
    return other if found(payload, *place) in (None, "") else moment(payload, *place, now=now)


def said(**values: Value | None) -> dict[str, Value]:
    """Those of the values that are there."""
    return {name: value for name, value in values.items() if value not in (None, "")}


def happened(
    id_: str, customer: str, name: str, at: int, properties: Mapping[str, Value], *, now: int
) -> CustomerEvent:
    """An event of a customer that is known since `now`."""
    return CustomerEvent(customer, Event(id_, name, at, now, properties))


def id_of(*parts: str) -> str:
    """The id of what a sender tells of: the sender, and what they call it."""
    return ":".join(parts)


def attributes(written: Mapping[str, str], *, now: int) -> dict[str, Value]:
    """The attributes that are filled and can be read; a sender who has a wrong phone number could do nothing about it.

    So a field that can't be read is passed over, and what was known of it stays.
    """
    read: dict[str, Value] = {}
    where = {"country": written["country"]} if written.get("country") else {}
    for field, value in written.items():
        with suppress(Rejected):
            read |= customers.customer({"id": "-", **where, field: value.strip()}, CALENDAR, now=now)[1]
    return read


def _named(place: tuple[Place, ...]) -> str:
    return ".".join(str(step) for step in place)
