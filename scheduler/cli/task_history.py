"""What became of one task, from its making to its end, and what the customer had said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler.store import Row, Store, Task
    from scheduler.store.notes import Note

ENDED = "task ended"
"""What the audit says of a task that somebody ended."""
GIVEN = "task given to another"
"""What the audit says of a task that somebody gave to another."""
_SAID = ("score", "about", "reason", "comment", "may_stay_in_touch", "subject")
"""The properties of an event in which customers say something."""
_MOST = 10_000
"""So many notes about a customer are looked through."""


def history(store: Store, task: Task) -> list[tuple[int, str]]:
    """What happened to a task, and when; the first thing first."""
    return sorted(_history(store, task), key=lambda one: one[0])


def _history(store: Store, task: Task) -> Iterator[tuple[int, str]]:
    from scheduler.store.tasks import ESCALATED

    notes = [one for one in store.notes.list(task.customer, limit=_MOST) if one.detail.get("occasion") == task.key]
    steps = [one for one in reversed(notes) if one.what in (ESCALATED, GIVEN)]
    yield task.created, f"made for {steps[0].detail['from'] if steps else task.assignee}"
    for step in steps:
        yield step.at, _step(step)
    if task.ended is not None:
        by = next((f", says {one.who}" for one in notes if one.what == ENDED), "")
        yield task.ended, f"{task.state}: {task.outcome}{by}"


def _step(step: Note) -> str:
    to = step.detail["to"]
    if step.what == GIVEN:
        return f"given to {to}, says {step.who}"
    return "overdue, and nobody else is there" if step.detail["from"] == to else f"overdue, escalated to {to}"


def said(store: Store, row: Row) -> str:
    """What the event that made a task says in the customer's words and numbers; empty where it says nothing."""
    customer = store.customers.get(row.customer)
    event = next((one for one in customer.events if one.id == row.anchor), None) if customer else None
    if event is None:
        return ""
    words = ", ".join(f"{name} {event.properties[name]}" for name in _SAID if name in event.properties)
    return f"{event.name}: {words}" if words else ""
