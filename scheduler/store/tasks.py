"""Tasks: what people have to do, each for one occasion.

That a task was made, and that it ended, are events as well, so that rules can use them; they are written in the same
transaction.
"""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from scheduler.decisions.facts import NOTHING, Event, Value
from scheduler.decisions.occasions import rule_of
from scheduler.store import customers, notes
from scheduler.store.batch import KEYS, Batch, fetched
from scheduler.store.events import CustomerEvent
from scheduler.store.row import OF_GIVEN, customer_of, place_of, rows_of
from scheduler.store.states import OUTGOING, State

if TYPE_CHECKING:
    from scheduler.store.database import Store

MADE, DONE, ENDED = "task_assigned", "task_done", "task_ended"
"""The events: a task was made; it was done, with what was written down; it was done or dropped."""
REASSIGNED = "task_reassigned"
"""The event that somebody gave a task to another."""
DROPPED = "dropped"
"""What `task_ended` has as the outcome of a task that was not done."""
ESCALATED = "task escalated"
"""What the audit says of a task that became another's, or should have."""

_MADE = {
    **dict.fromkeys(("assignee", "script", "role"), "text"),
    **dict.fromkeys(("due", "deputy_at", "escalates_at"), "bigint"),
}
_ADD = Batch(
    f"INSERT INTO task (bucket, customer, occasion, {', '.join(_MADE)}, state, outcome, created, assigned_at)"
    f" SELECT bucket, customer, key, {', '.join(_MADE)}, 'assigned', '', :now, :now FROM {{given}}",
    {**KEYS, **_MADE},
)
_STATE = Batch(
    "UPDATE occasion SET state = :state, next_at = NULL, sender = ''" + OF_GIVEN,
    KEYS,
)
_END = Batch(
    "UPDATE task SET state = :state, ended = :now, outcome = :outcome FROM {given} WHERE task.state = 'assigned'"
    " AND task.bucket = given.bucket AND task.customer = given.customer AND task.occasion = given.key",
    KEYS,
)
_ASSIGN = Batch(
    "UPDATE task SET assignee = :assignee, assigned_at = :now, escalated_at = NULL FROM {given}"
    " WHERE task.state = 'assigned' AND task.assignee = given.assignee AND task.bucket = given.bucket"
    " AND task.customer = given.customer AND task.occasion = given.key",
    {**KEYS, "assignee": "text"},
)
_ESCALATE = Batch(
    "UPDATE task SET assignee = :assignee, escalated_at = :now, deputy_at = NULL,"
    " assigned_at = CASE WHEN task.assignee = :assignee THEN task.assigned_at ELSE :now END,"
    " escalates_at = CASE WHEN given.is_last THEN NULL ELSE task.escalates_at END"
    " FROM {given} WHERE task.state = 'assigned' AND task.bucket = given.bucket"
    " AND task.customer = given.customer AND task.occasion = given.key AND task.assignee = given.assignee"
    " AND COALESCE(task.deputy_at, -1) = given.deputy_at AND COALESCE(task.escalates_at, -1) = given.escalates_at",
    {**KEYS, "assignee": "text", "is_last": "boolean", "deputy_at": "bigint", "escalates_at": "bigint"},
)
_FILTERS = {
    "key": "occasion = :key",
    "assignee": "assignee = :assignee",
    "state": "state = :state",
    "until": "state = 'assigned' AND (deputy_at <= :until OR escalates_at <= :until)",
}
_LOADS = text(  # each part goes by an index of its own, and looks at nothing that ended before
    "SELECT assignee, SUM(opened), SUM(lately) FROM ("
    "SELECT assignee, 1 AS opened, 0 AS lately FROM task WHERE state = 'assigned'"
    " UNION ALL SELECT assignee, 0, 1 FROM task WHERE assigned_at >= :since"
    ") AS loads GROUP BY assignee"
)
_NEXT_LATE = tuple(
    text(f"SELECT MIN({at}) FROM task WHERE state = 'assigned' AND {at} > :now") for at in ("deputy_at", "escalates_at")
)
_COUNTS = text(
    "SELECT COUNT(*), COALESCE(SUM(CASE WHEN due <= :now THEN 1 ELSE 0 END), 0) FROM task WHERE state = 'assigned'"
)


@dataclass(frozen=True, slots=True)
class Task:
    """What `assignee` has to do until `due` for the occasion `key`; `script` tells them what to say.

    `role` is the role whose terms hold for it, or empty. The assignee has had it since `assigned_at`. While it is open,
    it goes to a deputy at `deputy_at`, and at `escalates_at` to whom the role escalates; None: that is behind it. At
    `escalated_at` it did so last.
    """

    key: str
    assignee: str
    script: str
    due: int
    state: State = State.ASSIGNED
    created: int = 0
    ended: int | None = None
    outcome: str = ""
    role: str = ""
    assigned_at: int = 0
    deputy_at: int | None = None
    escalates_at: int | None = None
    escalated_at: int | None = None

    @property
    def customer(self) -> str:
        """The customer whom it is about."""
        return customer_of(self.key)

    @property
    def rule(self) -> str:
        """The rule that made it."""
        return rule_of(self.key)

    def is_overdue(self, now: int) -> bool:
        """Whether it is open, and should not be."""
        return self.state is State.ASSIGNED and self.due <= now


_NAMES = tuple(field.name for field in fields(Task))
_COLUMNS = ", ".join("occasion" if name == "key" else name for name in _NAMES)
_LIST = f"SELECT {_COLUMNS} FROM task{{those}} ORDER BY due, bucket, customer, occasion"


@dataclass(frozen=True, slots=True)
class Load:
    """How many tasks somebody has open, and how many became theirs since an instant."""

    open: int = 0
    today: int = 0


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of a store."""

    store: Store

    def create(self, tasks: Sequence[Task], *, now: int) -> list[str]:
        """Assigns tasks for occasions on their way out; the keys of others are returned."""
        with self.store.together() as both, both.write() as connection:
            keys = [task.key for task in tasks]
            customers.lock(connection, {customer_of(key) for key in keys})
            queued = {row.key for row in rows_of(connection, keys, lock=True) if row.state in OUTGOING}
            made = [task for task in {task.key: task for task in tasks}.values() if task.key in queued]
            rows = [{**place_of(task.key), **{name: getattr(task, name) for name in _MADE}} for task in made]
            _ADD.run(connection, rows, now=now)
            _STATE.run(connection, rows, state=str(State.ASSIGNED))
            both.events.add([_event(MADE, task.key, {"assignee": task.assignee}, now) for task in made], now=now)
        return [key for key in keys if key not in queued]

    def finish(
        self, key: str, outcome: str, *, now: int, dropped: bool = False, said: Mapping[str, Value] = NOTHING
    ) -> bool:
        """Ends an assigned task as done, with what was `said`, or as dropped; False where there is none."""
        state = str(State.DROPPED if dropped else State.DONE)
        with self.store.together() as both, both.write() as connection:
            customers.lock(connection, [customer_of(key)])
            if not _END.run(connection, [place_of(key)], state=state, outcome=outcome, now=now):
                return False
            _STATE.run(connection, [place_of(key)], state=state)
            events = [_event(ENDED, key, {"outcome": DROPPED if dropped else outcome}, now)]
            if not dropped:
                done = {**said, "rule": rule_of(key), "outcome": outcome}
                events.append(CustomerEvent(customer_of(key), Event(f"{DONE}:{key}", DONE, now, now, done)))
            both.events.add(events, now=now)
        return True

    def assign(self, task: Task, to: str, *, now: int) -> bool:
        """Gives an open task to another person; False where it was ended, or became another's, since it was read.

        It is due when it was, and still goes to a deputy and up as it would have.
        """
        with self.store.together() as both, both.write() as connection:
            customers.lock(connection, [task.customer])
            if not _ASSIGN.run(connection, [{**place_of(task.key), "assignee": task.assignee}], assignee=to, now=now):
                return False
            both.events.add([_event(REASSIGNED, task.key, {"assignee": to}, now, f":{now}:{to}")], now=now)
        return True

    def escalate(self, task: Task, to: str, *, now: int, is_last: bool) -> bool:
        """Lets an open task become another's, for good where it `is_last`; the audit says so.

        False where it was ended, or became another's, since it was read: then nothing changes.
        """
        there = {name: -1 if (at := getattr(task, name)) is None else at for name in ("deputy_at", "escalates_at")}
        with self.store.write() as connection:
            given = {**place_of(task.key), **there, "assignee": task.assignee, "is_last": is_last}
            if not _ESCALATE.run(connection, [given], assignee=to, now=now):
                return False
            detail = {"occasion": task.key, "from": task.assignee, "to": to}
            notes.write(connection, [("delivery", ESCALATED, task.customer, detail)], now=now)
        return True

    def get(self, key: str) -> Task | None:
        """The task for that occasion."""
        return next(iter(self._found(key=key)), None)

    def list(self, *, assignee: str | None = None, state: State | None = None) -> list[Task]:
        """Tasks in the order in which they are due."""
        return [*self._found(assignee=assignee, state=state)]

    def escalating(self, now: int) -> Sequence[Task]:
        """The open tasks that should be another's by now."""
        return self._found(until=now)

    def next_late(self, now: int) -> int | None:
        """The earliest instant after `now` at which an open task should become another's."""
        with self.store.read() as connection:
            found = [connection.execute(one, {"now": now}).scalar() for one in _NEXT_LATE]
        return min((at for at in found if at is not None), default=None)

    def loads(self, since: int) -> dict[str, Load]:
        """By assignee, how many tasks are open and how many became theirs at `since` or later."""
        with self.store.read() as connection:
            return {name: Load(*counts) for name, *counts in fetched(connection.execute(_LOADS, {"since": since}))}

    def counts(self, now: int) -> tuple[int, int]:
        """How many tasks are open, and how many of them are overdue."""
        with self.store.read() as connection:
            opened, overdue = connection.execute(_COUNTS, {"now": now}).one()
        return opened, overdue

    def _found(self, **asked: str | int | None) -> Sequence[Task]:
        given = {name: value for name, value in asked.items() if value is not None}
        those = " WHERE " + " AND ".join(_FILTERS[name] for name in given) if given else ""
        with self.store.read() as connection:
            rows = connection.execute(text(_LIST.format(those=those)), given)
            return [_task_of(row) for row in fetched(rows)]


def _task_of(columns: Sequence[Any]) -> Task:
    values = dict(zip(_NAMES, columns, strict=True))
    return Task(**{**values, "state": State(values["state"])})


def _event(name: str, key: str, said: Mapping[str, Value], now: int, nth: str = "") -> CustomerEvent:
    """What happened to a task; `nth` tells apart what may happen to it more than once."""
    properties = {"rule": rule_of(key), "occasion": key, **said}
    return CustomerEvent(customer_of(key), Event(f"{name}:{key}{nth}", name, now, now, properties))
