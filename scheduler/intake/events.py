"""Events as files bring them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b

from scheduler.decisions.facts import Event, Value
from scheduler.intake import texts
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.columns import Form
from scheduler.intake.customers import needed
from scheduler.intake.instants import Calendar
from scheduler.store import CustomerEvent
from scheduler.wallclock import DAY, zone

FORM = Form(
    fact="event",
    fields=("id", "customer", "name", "at", "known_at", "not_before", "replaces"),
    needed=("customer", "name", "at"),
    keys=("id", "customer", "at", "known_at", "not_before", "replaces"),
)
NAMED_FORM = Form(
    fact=FORM.fact,
    fields=tuple(field for field in FORM.fields if field != "name"),
    needed=("customer", "at"),
    keys=FORM.keys,
)
"""That of a file whose rows are all of one event: a column `name` is then a property, such as a product's name."""

EARLIEST = 365 * DAY
"""1971-01-01: what lies before it was written by a clock that was never set."""


def event(
    written: Mapping[str, str],
    properties: Mapping[str, Value],
    calendar: Calendar,
    identify: Callable[[str, str, int], str] | None,
    *,
    now: int,
) -> CustomerEvent:
    """A checked event from the filled fields of a row and its properties; raises `Rejected`.

    `identify` makes an id of customer, name and `at`; None where every row names its own.
    """
    customer = needed(written.get("customer", ""), "customer")
    name = needed(written.get("name", ""), "name")
    at = occurred(needed(written.get("at", ""), "at"), "at", calendar, now=now)
    known_at = at
    if known := written.get("known_at"):
        known_at = occurred(known, "known_at", calendar, now=now)
        if known_at < at:
            raise Rejected(Cause.KNOWN_BEFORE_AT, f"{known!r} is before it occurred ({written['at']!r})", "known_at")
    if (began := written.get("not_before")) and at < occurred(began, "not_before", calendar, now=now):
        raise Rejected(Cause.TOO_SOON, f"{written['at']!r} is before {began!r}, and it can't be", "at")
    event_id = identify(customer, name, at) if identify else needed(written.get("id", ""), "id")
    replaces = written.get("replaces")
    return CustomerEvent(
        customer,
        Event(event_id, name, at, known_at, properties),
        texts.line(replaces, "replaces") if replaces else None,
    )


def occurred(written: str, field: str, calendar: Calendar, *, now: int) -> int:
    """An instant from 1971 up to a day from now; raises `Rejected`."""
    at = calendar.instant(written, field)
    if at < EARLIEST:
        raise Rejected(Cause.TOO_EARLY, f"{_iso(at)} is before 1971, as a clock that was never set says", field)
    if at > now + DAY:
        message = f"{_iso(at)} has not been yet; what is to come belongs in a property, not in {field}"
        raise Rejected(Cause.IN_THE_FUTURE, message, field)
    return at


class Identities:
    """Ids for the events of a file that has none, the same each time the file is read.

    An id is a hash of customer, name, `at` and the properties as they are written; rows that are the same in all of
    them are told apart by counting. Memory grows by some 100 bytes a row.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def next(self, customer: str, name: str, at: int, properties: Mapping[str, object]) -> str:
        """The id of the next row with this content; `properties` as the file writes them."""
        content = json.dumps([customer, name, at, properties], default=str, ensure_ascii=False, sort_keys=True)
        digest = blake2b(content.encode("utf-8", "surrogateescape"), digest_size=12)
        count = self._seen.get(digest.digest(), 0) + 1
        self._seen[digest.digest()] = count
        return f"row-{digest.hexdigest()}" + (f"-{count}" if count > 1 else "")


def _iso(at: int) -> str:
    return zone("UTC").iso(at)
