"""Tasks: what people have to do, each for one occasion."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from scheduler.store import customers
from scheduler.store.batch import KEYS, Batch
from scheduler.store.row import OF_GIVEN, customer_of, place_of, rows_of
from scheduler.store.states import OUTGOING, State

if TYPE_CHECKING:
    from scheduler.store.database import Store

_ADD = Batch(
    "INSERT INTO task (bucket, customer, occasion, assignee, script, due, state, created, outcome)"
    " SELECT bucket, customer, key, assignee, script, due, 'assigned', :now, '' FROM {given}",
    {**KEYS, "assignee": "text", "script": "text", "due": "bigint"},
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
_LIST = (
    "SELECT occasion, assignee, script, due, state, created, ended, outcome FROM task{those}"
    " ORDER BY due, bucket, customer, occasion"
)
_FILTERS = {"key": "occasion = :key", "assignee": "assignee = :assignee", "state": "state = :state"}


@dataclass(frozen=True, slots=True)
class Task:
    """What `assignee` has to do until `due` for the occasion `key`; `script` tells them what to say."""

    key: str
    assignee: str
    script: str
    due: int
    state: State = State.ASSIGNED
    created: int = 0
    ended: int | None = None
    outcome: str = ""

    @property
    def customer(self) -> str:
        """The customer whom it is about."""
        return customer_of(self.key)


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of a store."""

    store: Store

    def create(self, tasks: Sequence[Task], *, now: int) -> list[str]:
        """Assigns tasks for occasions on their way out; the keys of others are returned."""
        with self.store.write() as connection:
            keys = [task.key for task in tasks]
            customers.lock(connection, {customer_of(key) for key in keys})
            queued = {row.key for row in rows_of(connection, keys, lock=True) if row.state in OUTGOING}
            rows = [
                {
                    **place_of(task.key),
                    "assignee": task.assignee,
                    "script": task.script,
                    "due": task.due,
                }
                for task in {task.key: task for task in tasks}.values()
                if task.key in queued
            ]
            _ADD.run(connection, rows, now=now)
            _STATE.run(connection, rows, state=str(State.ASSIGNED))
        return [key for key in keys if key not in queued]

    def finish(self, key: str, outcome: str, *, now: int, dropped: bool = False) -> bool:
        """Ends an assigned task as done, or as dropped; False where there is none."""
        state = str(State.DROPPED if dropped else State.DONE)
        with self.store.write() as connection:
            customers.lock(connection, [customer_of(key)])
            ended = _END.run(connection, [place_of(key)], state=state, outcome=outcome, now=now)
            if ended:
                _STATE.run(connection, [place_of(key)], state=state)
        return ended > 0

    def get(self, key: str) -> Task | None:
        """The task for that occasion."""
        return next(iter(self._found(key=key)), None)

    def list(self, *, assignee: str | None = None, state: State | None = None) -> list[Task]:
        """Tasks in the order in which they are due."""
        return [*self._found(assignee=assignee, state=state)]

    def _found(self, **asked: str | None) -> Sequence[Task]:
        given = {name: str(value) for name, value in asked.items() if value is not None}
        those = " WHERE " + " AND ".join(_FILTERS[name] for name in given) if given else ""
        with self.store.read() as connection:
            rows = connection.execute(text(_LIST.format(those=those)), given)
            return [Task(row[0], row[1], row[2], row[3], State(row[4]), row[5], row[6], row[7]) for row in rows]
