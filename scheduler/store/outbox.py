"""The outbox: occasions on their way out, each marked before its message leaves."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from scheduler.store import customers
from scheduler.store.batch import KEYS, Batch
from scheduler.store.lease import LIVING, Lease, ensure_held
from scheduler.store.row import COLUMNS, OF_GIVEN, Row, customer_of, place_of, row_of, rows_of
from scheduler.store.states import MAY_BECOME, OUTGOING, State

if TYPE_CHECKING:
    from scheduler.store.database import Store

_READY = "state IN ('queued', 'retry') AND next_at <= :now"
_QUEUED = text(f"SELECT {COLUMNS} FROM occasion WHERE {_READY} ORDER BY next_at, bucket, customer, key LIMIT :limit")
_CLAIM = (
    "UPDATE occasion SET sender = :sender WHERE (bucket, customer, key) IN (SELECT bucket, customer, key FROM occasion"
    f" WHERE {_READY} AND (sender IN ('', :sender) OR sender NOT IN ({LIVING}))"
    f" ORDER BY next_at, bucket, customer, key LIMIT :limit{{skipping}}) RETURNING {COLUMNS}"
)
_CLAIM_HERE = text(_CLAIM.format(skipping=""))
_CLAIM_ROWS = text(_CLAIM.format(skipping=" FOR UPDATE SKIP LOCKED"))
_NUMBERED = {**KEYS, "number": "integer"}
_MARK = Batch(
    "UPDATE occasion SET state = 'sending', sender = :sender, attempts = given.number, next_at = NULL" + OF_GIVEN,
    _NUMBERED,
)
_TRY = Batch(
    "INSERT INTO attempt (bucket, customer, occasion, number, started, outcome, provider_id, error)"
    " SELECT bucket, customer, key, number, :now, 'sending', '', '' FROM {given}",
    _NUMBERED,
)
_ENDED = {**_NUMBERED, "state": "text", "provider_id": "text", "error": "text"}
_RECORD = Batch(
    "UPDATE occasion SET state = given.state, next_at = given.next_at, error = given.error, sender = '',"
    " provider_id = CASE WHEN given.provider_id = '' THEN occasion.provider_id ELSE given.provider_id END,"
    " message_id = CASE WHEN given.message_id = '' THEN occasion.message_id ELSE given.message_id END" + OF_GIVEN,
    {**_ENDED, "next_at": "bigint", "message_id": "text"},
)
_TRIED = Batch(
    "UPDATE attempt SET ended = :now, outcome = given.state, error = given.error,"
    " provider_id = CASE WHEN given.provider_id = '' THEN attempt.provider_id ELSE given.provider_id END"
    " FROM {given} WHERE attempt.bucket = given.bucket AND attempt.customer = given.customer"
    " AND attempt.occasion = given.key AND attempt.number = given.number",
    _ENDED,
)
_CRASHED = text(
    "UPDATE occasion SET state = 'unconfirmed', error = :error, next_at = NULL"
    f" WHERE state = 'sending' AND sender NOT IN ({LIVING}) RETURNING {COLUMNS}"
)
_ATTEMPTS = text(
    "SELECT number, started, ended, outcome, provider_id, error FROM attempt"
    " WHERE bucket = :bucket AND customer = :customer AND occasion = :key ORDER BY number"
)
CRASHED = "the process that was sending it ended before the outcome was known"


@dataclass(frozen=True, slots=True)
class Marked:
    """What may leave now, with the number of its attempt; whose customer has changed; and what is not there to send."""

    marked: Mapping[str, int]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a message; `next_at` is when to try again."""

    key: str
    state: State
    provider_id: str = ""
    error: str = ""
    next_at: int | None = None
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver."""

    number: int
    started: int
    ended: int | None
    outcome: str
    provider_id: str
    error: str


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox of a store."""

    store: Store

    def queued(self, now: int, limit: int = 100) -> list[Row]:
        """What may be sent by now, the oldest first, whoever has claimed it."""
        with self.store.read() as connection:
            return [row_of(row) for row in connection.execute(_QUEUED, {"now": now, "limit": limit})]

    def claim(self, lease: Lease, now: int, limit: int = 100) -> list[Row]:
        """What may be sent by now, the oldest first, and is nobody else's from now on while this lease lives."""
        statement = _CLAIM_ROWS if self.store.is_postgresql else _CLAIM_HERE
        given = {"sender": lease.sender, "now": now, "limit": limit}
        with self.store.write() as connection:
            ensure_held(connection, lease)
            found = [row_of(row) for row in connection.execute(statement, given)]
        return sorted(found, key=lambda row: (row.next_at or 0, row.key))

    def mark_sending(self, revisions: Mapping[str, int], *, lease: Lease | None, now: int) -> Marked:
        """Marks rows as `sending`: queued ones, whose customer is at the revision that the gates were asked at.

        Once this returns, the mark is on the disk and the message may leave. Raises `LeaseTaken` where the lease is
        no longer held. Without a lease, what is `sending` is taken for crashed as soon as anybody asks.
        """
        sender = lease.sender if lease else "nobody"
        marked: dict[str, int] = {}
        changed: list[str] = []
        with self.store.write() as connection:
            if lease is not None:
                ensure_held(connection, lease)
            present = customers.lock(connection, {customer_of(key) for key in revisions})
            rows = []
            for row in rows_of(connection, revisions, lock=True):
                if row.state not in OUTGOING:
                    continue
                if present.get(row.customer) != revisions[row.key]:
                    changed.append(row.key)
                else:
                    marked[row.key] = row.attempts + 1
                    rows.append({**place_of(row.key), "number": row.attempts + 1})
            _MARK.run(connection, rows, sender=sender)
            _TRY.run(connection, rows, now=now)
        gone = tuple(key for key in revisions if key not in marked and key not in changed)
        return Marked(marked, tuple(changed), gone)

    def record(self, outcomes: Sequence[Tried], *, now: int) -> list[str]:
        """Writes what became of messages; the keys of those that can't have become so are returned."""
        refused: list[str] = []
        rows: list[dict[str, Any]] = []
        with self.store.write() as connection:
            keys = [outcome.key for outcome in outcomes]
            customers.lock(connection, {customer_of(key) for key in keys})
            there = {row.key: row for row in rows_of(connection, keys, lock=True)}
            for outcome in outcomes:
                row = there.get(outcome.key)
                if row is None or outcome.state not in MAY_BECOME.get(row.state, ()):
                    refused.append(outcome.key)
                    continue
                rows.append(
                    {
                        **place_of(outcome.key),
                        "state": str(outcome.state),
                        "provider_id": outcome.provider_id,
                        "message_id": outcome.message_id,
                        "error": outcome.error,
                        "next_at": (outcome.next_at or now) if outcome.state in OUTGOING else None,
                        "number": row.attempts,
                    }
                )
            _RECORD.run(connection, rows)
            _TRIED.run(connection, rows, now=now)
        return refused

    def crashed(self, now: int) -> list[Row]:
        """Makes `unconfirmed` what somebody was sending who has no living lease; a person decides about it."""
        with self.store.write() as connection:
            found = [row_of(row) for row in connection.execute(_CRASHED, {"now": now, "error": CRASHED})]
            tried = [
                {
                    **place_of(row.key),
                    "number": row.attempts,
                    "state": str(row.state),
                    "error": row.error,
                    "provider_id": "",
                }
                for row in found
            ]
            _TRIED.run(connection, tried, now=now)
        return found

    def attempts(self, key: str) -> list[Attempt]:
        """The tries to deliver it, the first one first."""
        with self.store.read() as connection:
            return [Attempt(*row) for row in connection.execute(_ATTEMPTS, place_of(key))]
