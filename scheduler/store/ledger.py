"""The ledger: each occasion's row, planned, decided, and looked up."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text

from scheduler.store import customers
from scheduler.store.batch import KEYS, OF_THOSE, PLACES, THOSE, Batch, Insertion
from scheduler.store.buckets import bucket_of, places
from scheduler.store.row import (
    CANCEL,
    COLUMNS,
    OF_GIVEN,
    TYPES,
    Row,
    because_of,
    columns_of,
    customer_of,
    place_of,
    row_of,
    rows_of,
)
from scheduler.store.states import OUTGOING, State
from scheduler.store.taken import Refusal, Taken

if TYPE_CHECKING:
    from scheduler.store.database import Store

_PLANNED = (
    "rule",
    "anchor",
    "trigger_at",
    "opens",
    "closes",
    "asks_for",
    "next_at",
    "template",
    "reason",
    "version",
    "revision",
    "exempt",
)
"""What planning says of an occasion that is still open."""

_SELECT = f"SELECT {COLUMNS} FROM occasion"
_ROW = {"bucket": "smallint", **TYPES}
_INSERT = Insertion("occasion", {**_ROW, "sender": "text"})
_BURY = Insertion("occasion", {**_ROW, "sender": "text"}, "ON CONFLICT DO NOTHING")
_MOVE = Batch(
    f"UPDATE occasion SET {', '.join(f'{name} = given.{name}' for name in _PLANNED)}{OF_GIVEN}",
    {**KEYS, **{name: TYPES[name] for name in _PLANNED}},
)
_RETURN = Batch("UPDATE occasion SET state = 'planned', because = '[]', decided_at = NULL" + OF_GIVEN, KEYS)
_DECIDED = ("state", "next_at", "because", "decided_for", "revision", "channel")
_DECIDE = Batch(
    f"UPDATE occasion SET {', '.join(f'{name} = given.{name}' for name in _DECIDED)}, decided_at = :now,"
    # what is to be sent all the same stays with who has claimed it
    " sender = CASE WHEN given.state IN ('queued', 'retry') THEN occasion.sender ELSE '' END,"
    " template = CASE WHEN given.template = '' THEN occasion.template ELSE given.template END,"
    " reason = CASE WHEN given.reason = '' THEN occasion.reason ELSE given.reason END" + OF_GIVEN,
    {**KEYS, **{name: TYPES[name] for name in (*_DECIDED, "template", "reason")}},
)
_DUE = text(
    _SELECT + " WHERE state IN ('planned', 'waiting') AND next_at <= :now ORDER BY next_at, bucket, customer, key"
    " LIMIT :limit"
)
_NEXT = tuple(
    text(f"SELECT MIN(next_at) FROM occasion WHERE state IN {states}")
    for states in ("('planned', 'waiting')", "('queued', 'retry')")
)
_OPEN_ROWS = Batch(
    f"SELECT {COLUMNS} FROM {THOSE}occasion WHERE {OF_THOSE}"
    " AND state IN ('planned', 'waiting') ORDER BY bucket, customer, key",
    PLACES,
)
_WHEN = "COALESCE(decided_for, next_at, opens)"


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of an occasion that was in state `was`, from the facts at `revision`.

    For `queued`, `next_at` is when it may be sent, if not given the instant it was decided for. Empty `template`
    and `reason` leave those of the plan.
    """

    key: str
    was: State
    revision: int
    state: State
    next_at: int | None = None
    because: tuple[str, ...] = ()
    decided_for: int | None = None
    channel: str = ""
    template: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of a store."""

    store: Store

    def put(self, rows: Sequence[Row]) -> Taken:
        """Takes what planning says: new keys become planned rows, open ones are moved where something differs.

        What is over or on its way out is never touched, but what was withdrawn is planned again. A row of an unknown
        customer is refused.
        """
        latest = {row.key: row for row in rows}
        refused: list[Refusal] = []
        added: list[dict[str, Any]] = []
        moved: list[dict[str, Any]] = []
        back: list[dict[str, Any]] = []
        with self.store.write() as connection:
            known = customers.lock(connection, {row.customer for row in rows})
            there = {row.key: row for row in rows_of(connection, latest, lock=True)}
            for position, row in enumerate(rows):
                if row.customer not in known or customer_of(row.key) != row.customer:
                    refused.append(Refusal(position, row.key, f"there is no customer {row.customer} for it"))
                    latest.pop(row.key, None)
            for key, row in latest.items():
                before = there.get(key)
                if before is None:
                    added.append({**columns_of(row), "state": "planned", "sender": ""})
                elif before.is_withdrawn:
                    back.append(columns_of(row))
                elif before.state.is_open and any(getattr(row, name) != getattr(before, name) for name in _PLANNED):
                    moved.append(columns_of(row))
            _INSERT.run(connection, added)
            _MOVE.run(connection, moved + back)
            _RETURN.run(connection, back)
        unchanged = len(rows) - len(refused) - len(added) - len(moved) - len(back)
        return Taken(len(added) + len(back), len(moved), unchanged, tuple(refused))

    def due(self, now: int, limit: int = 1000) -> list[Row]:
        """Rows that are to be decided by now, the oldest first."""
        with self.store.read() as connection:
            return [row_of(row) for row in connection.execute(_DUE, {"now": now, "limit": limit})]

    def next_due(self) -> int | None:
        """The earliest instant at which a row is to be decided or sent."""
        with self.store.read() as connection:
            found = [connection.execute(earliest).scalar() for earliest in _NEXT]
        return min((at for at in found if at is not None), default=None)

    def open_rows(self, ids: Iterable[str]) -> list[Row]:
        """The planned and waiting rows of these customers."""
        with self.store.read() as connection:
            return [row_of(row) for row in _OPEN_ROWS.all(connection, places(ids))]

    def record(self, decisions: Sequence[Decided], *, now: int) -> list[str]:
        """Writes decisions; those whose row or customer has changed meanwhile are left, and their keys returned."""
        stale: list[str] = []
        rows: list[dict[str, Any]] = []
        with self.store.write() as connection:
            keys = [decided.key for decided in decisions]
            revisions = customers.lock(connection, {customer_of(key) for key in keys})
            there = {row.key: row for row in rows_of(connection, keys, lock=True)}
            for decided in decisions:
                row = there.get(decided.key)
                if row is None or row.state != decided.was or revisions.get(row.customer) != decided.revision:
                    stale.append(decided.key)
                else:
                    rows.append(_columns(decided, now))
            _DECIDE.run(connection, rows, now=now)
        return stale

    def cancel(self, keys: Iterable[str], because: Sequence[str], *, now: int) -> int:
        """Cancels what is neither over nor being sent; how many that were."""
        wanted = set(keys)
        with self.store.write() as connection:
            customers.lock(connection, {customer_of(key) for key in wanted})
            found = [
                {**place_of(row.key), "because": because_of(because)}
                for row in rows_of(connection, wanted, lock=True)
                if row.state.is_open or row.state in OUTGOING
            ]
            CANCEL.run(connection, found, now=now)
        return len(found)

    def bury(self, rows: Iterable[Row]) -> None:
        """Takes rows that are over just as they are, of customers that are no longer there; one that is there stays."""
        given = [{**columns_of(row), "sender": ""} for row in rows]
        with self.store.write() as connection:
            _BURY.run(connection, given)

    def row(self, key: str) -> Row | None:
        """The row with that key."""
        with self.store.read() as connection:
            return next(iter(rows_of(connection, [key])), None)

    def rows(
        self,
        *,
        states: Iterable[State] | None = None,
        rule: str | None = None,
        customer: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Rows in order of the instant they were decided for, are to be looked at, or open; that in [since, until)."""
        given = {
            "states": None if states is None else [str(state) for state in states],
            "rule": rule,
            "customer": customer,
            "bucket": None if customer is None else bucket_of(customer),
            "since": since,
            "until": until,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        conditions = " AND ".join(_FILTERS[name] for name in asked) or "1 = 1"
        statement = text(f"{_SELECT} WHERE {conditions} ORDER BY {_WHEN}, bucket, customer, key")
        if limit is not None:
            statement, asked = text(f"{statement} LIMIT :limit"), {**asked, "limit": limit}
        if states is not None:
            statement = statement.bindparams(bindparam("states", expanding=True))
        with self.store.read() as connection:
            return [row_of(row) for row in connection.execute(statement, asked)]


_FILTERS = {
    "states": "state IN :states",
    "rule": "rule = :rule",
    "customer": "customer = :customer",
    "bucket": "bucket = :bucket",
    "since": f"{_WHEN} >= :since",
    "until": f"{_WHEN} < :until",
}


def _columns(decided: Decided, now: int) -> dict[str, Any]:
    next_at = decided.next_at
    if decided.state.is_over:
        next_at = None
    elif next_at is None and decided.state in OUTGOING:
        next_at = decided.decided_for if decided.decided_for is not None else now
    return {
        **place_of(decided.key),
        "state": str(decided.state),
        "next_at": next_at,
        "because": because_of(decided.because),
        "decided_for": decided.decided_for,
        "revision": decided.revision,
        "channel": decided.channel,
        "template": decided.template,
        "reason": decided.reason,
    }
