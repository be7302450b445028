"""What is overdue becomes another's: first a deputy's, then whoever's the role escalates to, each once."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.channels.alert import Alert, escalated, overdue
from scheduler.delivery.assigning import Assigner, assigner, people_of
from scheduler.delivery.worker import Worker
from scheduler.rulebook.model import HouseRules
from scheduler.rulebook.people import People
from scheduler.store import Task


def escalate(worker: Worker, house: HouseRules, now: int, tell: Callable[[str], None] = lambda _: None) -> list[Alert]:
    """Let the open tasks that are late go where they belong as of `now`; returns whom to tell.

    Each step is one transaction that changes nothing of a task that was ended or went on meanwhile: so it is taken
    once, whoever else is at work. Where nobody stands in and nobody is named, the assignee is told. Where the file
    of people can't be used, those from before count, and `tell` is told so.
    """
    tasks = worker.store.tasks
    late = tasks.escalating(now)
    if not late:
        return []
    worker.people, problem = people_of(worker.workspace.folder, worker.people)
    if problem:
        tell(problem)
    turns, alerts = assigner(tasks, worker.people, house, now), dict[Alert, None]()
    for task in late:
        to, is_last = _next(task, worker.people, turns, now)
        if not tasks.escalate(task, to, now=now, is_last=is_last):
            continue
        if to == task.assignee:
            alerts[overdue(to)] = None
        else:
            turns.count(to)
            alerts[escalated(to)] = None
    return [*alerts]


def _next(task: Task, people: People, turns: Assigner, now: int) -> tuple[str, bool]:
    """Whose it is now, and whether that is the last step: nobody stands in, or the deputy's time is over."""
    is_up = task.escalates_at is None or task.escalates_at <= now
    deputy = None if is_up else next(turns.able_deputies(task.assignee), None)
    if deputy is not None:
        return deputy, False
    role = people.roles.get(task.role or task.assignee)
    return turns.next_of(role.escalate_to) if role and role.escalate_to else task.assignee, True
