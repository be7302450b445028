"""The ledger: each occasion's row, planned, decided, and looked up."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text

from scheduler.store import customers
from scheduler.store.batch import KEYS, OF_THOSE, PLACES, THOSE, Batch, Insertion, Update
from scheduler.store.buckets import OfSlices, bucket_of, places
from scheduler.store.retention import archived_until
from scheduler.store.row import (
    CANCEL,
    COLUMNS,
    IS_WITHDRAWN,
    NO_LONGER,
    OF_GIVEN,
    TYPES,
    Row,
    Said,
    because_of,
    columns_of,
    customer_of,
    locking,
    place_of,
    row_of,
    rows_of,
)
from scheduler.store.states import OUTGOING, State
from scheduler.store.taken import Refusal, Taken

if TYPE_CHECKING:
    from scheduler.store.database import Store

_PLANNED = tuple(name for name in Said._fields if name not in ("key", "customer", "revision"))
"""What planning says of an occasion that is still open; the revision it was said at goes with it."""

_SELECT = f"SELECT {COLUMNS} FROM occasion"
_SAID = {name: TYPES[name] for name in (*_PLANNED, "revision")}
_ADD = Insertion(
    "occasion",
    {**_SAID, **KEYS},
    "ON CONFLICT DO NOTHING",
    always={
        **dict.fromkeys(("channel", "message_id", "provider_id", "error", "sender"), "''"),
        **dict.fromkeys(("attempts", "breaks"), "0"),
        "state": "'planned'",
        "because": "'[]'",
    },
)
_MOVE = Update("occasion", KEYS, _SAID)
_BURY = Insertion("occasion", {"bucket": "smallint", **TYPES}, "ON CONFLICT DO NOTHING")
_PLANNED_OF = attrgetter(*_PLANNED)
_OPEN_OR_WITHDRAWN = (
    f"SELECT key, customer, state, {', '.join(_PLANNED)} FROM {THOSE}occasion WHERE {OF_THOSE}"
    f" AND (state IN ('planned', 'waiting') OR ({IS_WITHDRAWN})) ORDER BY bucket, customer, key"
)
_CHANGEABLE = locking(_OPEN_OR_WITHDRAWN, PLACES)
"""What planning may change."""
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
_BROKE = Batch(
    "UPDATE occasion SET breaks = occasion.breaks + given.broke, error = given.error" + OF_GIVEN,
    {**KEYS, "broke": "integer", "error": "text"},
)
_DUE = OfSlices(
    _SELECT + " WHERE state IN ('planned', 'waiting') AND next_at <= :now{slices}"
    " ORDER BY next_at, bucket, customer, key LIMIT :limit"
)
_NEXT = tuple(
    OfSlices(f"SELECT MIN(next_at) FROM occasion WHERE state IN {states}{{slices}}")
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
    and `reason` leave those of the plan. `error` says what stopped the deciding, `broke` that it counts as a break.
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
    error: str = ""
    broke: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of a store."""

    store: Store

    def put(
        self,
        rows: Sequence[Said | Row],
        *,
        whole: Iterable[str] = (),
        over: Collection[str] = (),
        now: int = 0,
    ) -> Taken:
        """Takes what planning says: new keys become planned rows, open ones are moved where something differs.

        What is over or on its way out is never touched, but what was withdrawn is planned again. A row of an unknown
        customer is refused. Of customers whose plan is `whole`, open rows that it does not name are withdrawn at `now`;
        those in `over`, whose windows have closed, stay to be ended.
        """
        with self.store.write() as connection:
            planned = _Planned(rows, set(whole), over)
            known = customers.lock(connection, planned.customers)
            planned.refuse_others(known)
            planned.compare(_CHANGEABLE[connection.dialect.name].all(connection, places(known)))
            until = archived_until(connection)  # what closed before may be over, and have left
            added = _ADD.run(connection, [_written(row) for row in planned.rows.values() if row.closes >= until])
            _MOVE.run(connection, [_written(row) for row in planned.moved + planned.back])
            _RETURN.run(connection, [place_of(row.key) for row in planned.back])
            CANCEL.run(connection, planned.gone, now=now)
        return planned.taken(added)

    def due(self, now: int, limit: int = 1000) -> list[Row]:
        """Rows that are to be decided by now, the oldest first."""
        with self.store.read() as connection:
            return [row_of(row) for row in _DUE.all(connection, self.store.slices, now=now, limit=limit)]

    def next_due(self) -> int | None:
        """The earliest instant at which a row is to be decided or sent."""
        with self.store.read() as connection:
            found = [at for earliest in _NEXT for (at,) in earliest.all(connection, self.store.slices)]
        return min((at for at in found if at is not None), default=None)

    def open_rows(self, ids: Iterable[str]) -> list[Row]:
        """The planned and waiting rows of these customers."""
        with self.store.read() as connection:
            return [row_of(row) for row in _OPEN_ROWS.all(connection, places(ids))]

    def record(self, decisions: Sequence[Decided], *, now: int) -> list[str]:
        """Writes decisions; those whose row or customer has changed meanwhile are left, and their keys returned."""
        stale: list[str] = []
        rows: list[dict[str, Any]] = []
        stopped: list[dict[str, Any]] = []
        with self.store.write() as connection:
            keys = [decided.key for decided in decisions]
            revisions = customers.lock(connection, {customer_of(key) for key in keys})
            there = {row.key: row for row in rows_of(connection, keys, lock=True)}
            for decided in decisions:
                row = there.get(decided.key)
                if row is None or row.state != decided.was or revisions.get(row.customer) != decided.revision:
                    stale.append(decided.key)
                    continue
                rows.append(_columns(decided, now))
                if decided.error:
                    stopped.append({**place_of(row.key), "broke": int(decided.broke), "error": decided.error})
            _DECIDE.run(connection, rows, now=now)
            _BROKE.run(connection, stopped)
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
        given = [(bucket_of(row.customer), *columns_of(replace(row, sender=""))) for row in rows]
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


class _Planned:
    """What planning says, compared with what is there: `rows` are those that are not."""

    def __init__(self, rows: Sequence[Said | Row], whole: set[str], over: Collection[str]) -> None:
        self.said, self.whole, self.over = rows, whole, over
        self.customers = whole.union(row.customer for row in rows)
        self.rows: dict[str, Said | Row] = {}
        self.refused: list[Refusal] = []
        self.moved: list[Said | Row] = []
        self.back: list[Said | Row] = []
        self.gone: list[dict[str, Any]] = []

    def refuse_others(self, known: Collection[str]) -> None:
        for position, row in enumerate(self.said):
            if row.customer in known and customer_of(row.key) == row.customer:
                self.rows[row.key] = row
            else:
                self.refused.append(Refusal(position, row.key, f"there is no customer {row.customer} for it"))

    def compare(self, there: Iterable[tuple[Any, ...]]) -> None:
        for key, customer, state, *planned in there:
            row = self.rows.pop(key, None)
            if row is None:
                if customer in self.whole and state != State.CANCELLED and key not in self.over:
                    self.gone.append({**place_of(key), "because": because_of(NO_LONGER)})
            elif state == State.CANCELLED:
                self.back.append(row)
            elif tuple(planned) != _PLANNED_OF(row):
                self.moved.append(row)

    def taken(self, added: int) -> Taken:
        moved, back, gone = len(self.moved), len(self.back), len(self.gone)
        unchanged = len(self.said) - len(self.refused) - added - moved - back
        return Taken(added + back, moved, unchanged, tuple(self.refused), gone)


def _written(row: Said | Row) -> tuple[Any, ...]:
    """What planning says of an occasion: `_SAID` in that order, then its key."""
    return (*_PLANNED_OF(row), row.revision, bucket_of(row.customer), row.customer, row.key)


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
