"""What the ledger remembers of customers: the contacts that were made, and the occasions that are over."""

# ruff: noqa: S608 (the statement is put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection

from scheduler.decisions.facts import Contact
from scheduler.rulebook.model import AsksFor
from scheduler.store.chunks import About, Those
from scheduler.store.row import IS_WITHDRAWN
from scheduler.store.states import CONTACTED, OVER, State

_OCCASIONS = About(
    "SELECT customer, key, rule, COALESCE(decided_for, opens), channel, asks_for, exempt, state FROM {of}occasion"
    " WHERE {those} AND state NOT IN ('planned', 'waiting')"
    # what was withdrawn may come out again
    f" AND NOT ({IS_WITHDRAWN})"
    " ORDER BY bucket, customer, 4, key"
)
_ASKS_FOR = {str(kind): kind for kind in AsksFor}


def remembered(connection: Connection, those: Those) -> tuple[Mapping[str, list[Contact]], Mapping[str, set[str]]]:
    """The contacts that were made, the oldest first, and the keys of what is over, by customer where there are any."""
    contacts: dict[str, list[Contact]] = defaultdict(list)
    ended: dict[str, set[str]] = defaultdict(set)
    for customer, key, rule, at, channel, asks_for, exempt, state in _OCCASIONS.ask(connection, those):
        if state in CONTACTED or state == State.HELD_OUT:
            held_out = state == State.HELD_OUT
            contacts[customer].append(Contact(key, rule, at, channel, _ASKS_FOR[asks_for], bool(exempt), held_out))
        if state in OVER:
            ended[customer].add(key)
    return contacts, ended
