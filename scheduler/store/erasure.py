"""Erasure of a customer (GDPR, article 17): facts and texts go, counts stay without the person."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from scheduler.decisions.causes import Cause
from scheduler.decisions.facts import ADDRESSES
from scheduler.errors import StoreError
from scheduler.store import customers, journal, notes, values
from scheduler.store.addresses import ever_used, hashed, normals
from scheduler.store.buckets import bucket_of
from scheduler.store.row import COLUMNS, Row, place_of, row_of
from scheduler.store.states import OUTGOING, State

if TYPE_CHECKING:
    from scheduler.store.database import Store

ERASED = str(Cause.ERASED)
"""Why the occasions of an erased customer are cancelled, and why their addresses are suppressed."""

_THEIRS = " WHERE bucket = :bucket AND customer = :customer"
_ATTRIBUTES = text("SELECT CAST(attributes AS TEXT) FROM customer WHERE bucket = :bucket AND id = :customer")
_ROWS = text(f"SELECT {COLUMNS} FROM occasion{_THEIRS}")
_GONE = (
    text(f"DELETE FROM note WHERE about = :customer OR about IN (SELECT key FROM occasion{_THEIRS})"),
    *(text(f"DELETE FROM {table}{_THEIRS}") for table in ("event", "task", "attempt", "occasion")),
    text("DELETE FROM customer WHERE bucket = :bucket AND id = :customer"),
)
_CONSENTS = text("UPDATE consent SET bucket = :other_bucket, customer = :other" + _THEIRS)
_UNSUPPRESS = text("DELETE FROM suppression WHERE channel = :channel AND address = :plain")
_KEEP_SUPPRESSED = text(
    "INSERT INTO suppression (channel, address, cause, since) SELECT channel, :hashed, cause, since FROM suppression"
    " WHERE channel = :channel AND address = :plain ON CONFLICT (channel, address) DO NOTHING"
)
_FORGET_BOUNCES = text("DELETE FROM soft_bounce WHERE channel = :channel AND address = :plain")
_SUPPRESS = text(
    "INSERT INTO suppression (channel, address, cause, since) VALUES (:channel, :address, :cause, :now)"
    " ON CONFLICT (channel, address) DO NOTHING"
)


def erase(store: Store, customer: str, *, now: int) -> bool:
    """Erases all that says who the customer was; whether there was one.

    The ledger's rows stay, with their times and outcomes, and the records of consent, as proof, both under a
    pseudonym: a hash keyed with the store's pepper. Of the addresses keyed hashes stay, suppressed. Raises
    `StoreError` while a message to them is being sent.
    """
    other = pseudonym(customer, store.pepper)
    them = {"bucket": bucket_of(customer), "customer": customer}
    with store.together() as both, both.write() as connection:
        journal.overwrite(connection)
        if not customers.lock(connection, [customer]):
            return False
        rows = [row_of(columns) for columns in connection.execute(_ROWS, them)]
        if any(row.state is State.SENDING for row in rows):
            raise StoreError(f"a message to {customer} is being sent; erase them when its outcome is known")
        _suppress(connection, connection.execute(_ATTRIBUTES, them).scalar_one(), store.pepper, now)
        _hash_former(connection, customer, store.pepper)
        connection.execute(_CONSENTS, {**them, "other": other, "other_bucket": bucket_of(other)})
        for statement in _GONE:
            connection.execute(statement, them)
        buried = [_without_the_person(row, other, store.pepper) for row in rows]
        both.ledger.bury(buried)
        notes.write(connection, [(*journal.ERASED, other, {})], now=now)
        journal.erase(connection, them, other, now=now)
        journal.keep(connection, [place_of(row.key) for row in buried], now=now)
    if store.connection is None:
        journal.clear_logs(store.engine)
    return True


def pseudonym(name: str, pepper: bytes) -> str:
    """What stands in place of an erased customer's id, and of what else could tell who it was."""
    return "erased-" + hmac.new(pepper, name.encode(), "sha256").hexdigest()[:32]


def _suppress(connection: Connection, attributes: str, pepper: bytes, now: int) -> None:
    present = normals(values.read(attributes))
    for channel, attribute in ADDRESSES.items():
        if plain := present[attribute]:
            given = {"channel": channel, "address": hashed(plain, pepper), "cause": ERASED, "now": now}
            connection.execute(_UNSUPPRESS, {"channel": channel, "plain": plain})
            connection.execute(_SUPPRESS, given)
            journal.suppress(connection, [{**given, "since": now}])


def _hash_former(connection: Connection, customer: str, pepper: bytes) -> None:
    """Of addresses that they have no more, suppressions stay under hashes, and bounces go."""
    for used in ever_used(connection, customer, pepper):
        for statement in (_KEEP_SUPPRESSED, _UNSUPPRESS, _FORGET_BOUNCES):
            connection.execute(statement, used)


def _without_the_person(row: Row, customer: str, pepper: bytes) -> Row:
    anchor = pseudonym(row.key, pepper)
    ended = row.state.is_open or row.state in OUTGOING
    return replace(
        row,
        key=f"{row.key.split('/')[0]}/{customer}/{anchor}",
        customer=customer,
        anchor=anchor,
        state=State.CANCELLED if ended else row.state,
        because=(ERASED,) if ended else row.because,
        next_at=None,
        reason="",
        message_id="",
        provider_id="",
        error="",
    )
