"""The outcomes of tasks that rules look for: any other one ends a task, and nothing follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scheduler.decisions.comparison import predicate
from scheduler.errors import InputError
from scheduler.rulebook.findings import meant
from scheduler.rulebook.lint.subject import Subject
from scheduler.rulebook.lint.walk import looked_at, written
from scheduler.rulebook.model import Comparison, EventCondition, EventTrigger, Rulebook
from scheduler.store.tasks import DONE, ENDED

_OUTCOME = "outcome"


class Unheard(InputError):
    """No rule looks for this outcome."""

    way_out = "Where that is right all the same, say --anyway; where it will not be done, --dropped."


def ensure_heard(outcome: str, rule: str, book: Rulebook) -> None:
    """Raise `Unheard` where rules look for outcomes of a rule's tasks, and none of them for this one."""
    compared = [*_compared(rule, book)]
    if not compared or any(predicate(one)(outcome) for one in compared) or _follows_any(rule, book):
        return
    known = sorted({str(value) for one in compared for value in (one.is_, *(one.in_ or ())) if value is not None})
    listed = f"rules look for {', '.join(known)}" if known else "rules look for others"
    near = meant(outcome, known)
    message = f"no rule looks for the outcome {outcome!r} of {rule}, so nothing would follow from it; {listed}"
    raise Unheard(f"{message}; {near}" if near else message)


def _compared(rule: str, book: Rulebook) -> Iterator[Comparison]:
    """What the outcome of a task that a rule made is compared with, wherever rules look at the end of tasks."""
    for where, more in _looks(book):
        if "rule" not in where or predicate(where["rule"])(rule):
            yield from (where[_OUTCOME],) if _OUTCOME in where else ()
            yield from more


def _follows_any(rule: str, book: Rulebook) -> bool:
    """Whether a contact follows from such a task's end, whatever came of it."""
    triggers = [one.when for one in book.rules.values() if isinstance(one.when, EventTrigger)]
    return any(
        trigger.event in (DONE, ENDED)
        and all(name == "rule" and predicate(one)(rule) for name, one in (trigger.where or {}).items())
        for trigger in triggers
    )


def _looks(book: Rulebook) -> Iterator[tuple[Mapping[str, Comparison], tuple[Comparison, ...]]]:
    """Each look at the end of tasks: its `where`, and how it compares the outcome of the newest or the first one."""
    for rule in book.rules.values():
        event, where = looked_at(rule.when)
        if event in (DONE, ENDED):
            yield where, ()
    for one in written(Subject(book, {})):
        if isinstance(one.condition, EventCondition) and one.condition.event in (DONE, ENDED):
            yield one.condition.where or {}, (one.condition,) if one.condition.aggregate[1] == _OUTCOME else ()
