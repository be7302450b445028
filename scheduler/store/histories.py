"""Reads customers with all that is known about them, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from scheduler.decisions.facts import Consent, Customer, Event
from scheduler.store import values
from scheduler.store.addresses import suppressed
from scheduler.store.chunks import About, Rows, Those, in_chunks
from scheduler.store.remembered import remembered

if TYPE_CHECKING:
    from scheduler.store.database import Store

_EVENTS = About(
    "SELECT customer, id, name, at, known_at, CAST(properties AS TEXT) FROM {of}event"
    " WHERE {those} AND replaced_by IS NULL ORDER BY bucket, customer, at, id"
)
_CONSENTS = About(
    "SELECT customer, topic, channel, given, at FROM {of}consent WHERE {those}"
    " ORDER BY bucket, customer, at, topic, channel, given"
)


def read(store: Store, ids: Iterable[str] | None, *, chunk: int) -> Iterator[Customer]:
    """Complete customers in order of (bucket, id), read `chunk` by chunk; without ids all."""
    for found in in_chunks(store, ids, partial(_customers, pepper=store.pepper), chunk=chunk):
        yield from found


def _customers(connection: Connection, those: Those, *, pepper: bytes) -> list[Customer]:
    events = _events(_EVENTS.ask(connection, those))
    consents: dict[str, list[Consent]] = defaultdict(list)
    for customer, topic, channel, agreed, at in _CONSENTS.ask(connection, those):
        consents[customer].append(Consent(topic or None, channel or None, bool(agreed), at))
    contacts, ended = remembered(connection, those)
    attributes = dict(zip((row[1] for row in those.rows), values.read_all([row[2] for row in those.rows]), strict=True))
    unusable = suppressed(connection, attributes, pepper)
    return [
        Customer(
            id_,
            attributes[id_],
            tuple(events.get(id_, ())),
            tuple(consents.get(id_, ())),
            unusable.get(id_, frozenset()),
            paused_until,
            tuple(contacts.get(id_, ())),
            frozenset(ended.get(id_, ())),
            revision,
        )
        for _, id_, _, revision, paused_until in those.rows
    ]


def _events(rows: Rows) -> dict[str, list[Event]]:
    events: dict[str, list[Event]] = {}
    present, append = None, list[Event]().append
    texts = {row[5]: None for row in rows}
    properties = dict(zip(texts, values.read_all(texts), strict=True))
    for customer, id_, name, at, known_at, written in rows:
        if customer != present:
            theirs: list[Event] = []
            present, events[customer], append = customer, theirs, theirs.append
        append(Event(id_, name, at, known_at, properties[written]))
    return events
