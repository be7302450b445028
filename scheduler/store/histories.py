"""Reads customers with all that is known about them, many at a time."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from scheduler.decisions.facts import Consent, Contact, Customer, Event
from scheduler.rulebook.model import AsksFor
from scheduler.store import values
from scheduler.store.addresses import suppressed
from scheduler.store.batch import PLACES, Batch, fetched
from scheduler.store.buckets import places
from scheduler.store.row import NO_LONGER, because_of
from scheduler.store.states import CONTACTED, OVER, State

if TYPE_CHECKING:
    from scheduler.store.database import Store

Rows = Sequence[tuple[Any, ...]]
_FIRST = (-1, "")
_CUSTOMERS = "SELECT bucket, id, CAST(attributes AS TEXT), revision, paused_until FROM customer WHERE "
_EVENTS = (
    "SELECT customer, id, name, at, known_at, CAST(properties AS TEXT) FROM event"
    " WHERE {those} AND replaced_by IS NULL ORDER BY bucket, customer, at, id"
)
_CONSENTS = "SELECT customer, topic, channel, given, at FROM consent WHERE {those} ORDER BY bucket, customer, at"
_OCCASIONS = (
    "SELECT customer, key, rule, COALESCE(decided_for, opens), channel, asks_for, exempt, state FROM occasion"
    " WHERE {those} AND state NOT IN ('planned', 'waiting')"
    # what was withdrawn may come out again: `Row.is_withdrawn`
    f" AND NOT (state = 'cancelled' AND decided_for IS NULL AND CAST(because AS TEXT) = '{because_of(NO_LONGER)}')"
    " ORDER BY bucket, customer, 4, key"
)
_ABOUT_THEM = (_EVENTS, _CONSENTS, _OCCASIONS)
_NEXT = text(_CUSTOMERS + "(bucket, id) > (:bucket, :id) ORDER BY bucket, id LIMIT :chunk")
_RANGE = "(bucket, customer) >= (:bucket, :id) AND (bucket, customer) <= (:last_bucket, :last_id)"
_OF_RANGE = tuple(text(question.format(those=_RANGE)) for question in _ABOUT_THEM)
_LISTED = Batch(_CUSTOMERS + "(bucket, id) IN (SELECT bucket, customer FROM {given}) ORDER BY bucket, id", PLACES)
_LIST = "(bucket, customer) IN (SELECT bucket, customer FROM {given})"
_OF_LIST = tuple(Batch(question.format(those=_LIST), PLACES) for question in _ABOUT_THEM)
_ASKS_FOR = {str(kind): kind for kind in AsksFor}


def read(store: Store, ids: Iterable[str] | None, *, chunk: int) -> Iterator[Customer]:
    """Complete customers in order of (bucket, id), read `chunk` by chunk; without ids all."""
    if ids is not None:
        wanted = places(ids)
        for start in range(0, len(wanted), chunk):
            part = wanted[start : start + chunk]
            with store.read() as connection, _no_collection():
                rows = _LISTED.all(connection, part)
                about = tuple(question.all(connection, part) for question in _OF_LIST)
                found = _put_together(connection, rows, about, store.pepper)
            yield from found
        return
    after = _FIRST
    while True:
        with store.read() as connection, _no_collection():
            rows = fetched(connection.execute(_NEXT, {"bucket": after[0], "id": after[1], "chunk": chunk}))
            if not rows:
                return
            after = (rows[-1][0], rows[-1][1])
            span = {"bucket": rows[0][0], "id": rows[0][1], "last_bucket": after[0], "last_id": after[1]}
            about = tuple(fetched(connection.execute(question, span)) for question in _OF_RANGE)
            found = _put_together(connection, rows, about, store.pepper)
        yield from found


def _put_together(connection: Connection, rows: Rows, about: tuple[Rows, ...], pepper: bytes) -> list[Customer]:
    of_events, of_consents, of_occasions = about
    events = _events(of_events)
    consents: dict[str, list[Consent]] = defaultdict(list)
    for customer, topic, channel, agreed, at in of_consents:
        consents[customer].append(Consent(topic or None, channel or None, bool(agreed), at))
    contacts: dict[str, list[Contact]] = defaultdict(list)
    ended: dict[str, set[str]] = defaultdict(set)
    for customer, key, rule, at, channel, asks_for, exempt, state in of_occasions:
        if state in CONTACTED or state == State.HELD_OUT:
            held_out = state == State.HELD_OUT
            contacts[customer].append(Contact(key, rule, at, channel, _ASKS_FOR[asks_for], bool(exempt), held_out))
        if state in OVER:
            ended[customer].add(key)
    attributes = {row[1]: values.read(row[2]) for row in rows}
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
        for _, id_, _, revision, paused_until in rows
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


@contextmanager
def _no_collection() -> Iterator[None]:
    # All that is made here is kept: looking for garbage among it again and again takes as long as reading it.
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
