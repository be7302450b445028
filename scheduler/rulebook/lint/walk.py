"""Every condition of a rulebook, with the place where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scheduler.rulebook.lint.subject import Subject, at
from scheduler.rulebook.model import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    CustomerCondition,
    EventCondition,
    EventDateTrigger,
    EventTrigger,
    NoneOf,
    Place,
    Rule,
    SilenceTrigger,
    Trigger,
)


@dataclass(frozen=True)
class Written:
    """A condition as it stands in a file: at `path` of a rule, or of the named conditions where `rule` is None."""

    condition: Condition
    path: str
    subject: Subject
    rule: Rule | None = None

    def at(self, key: str = "") -> Place:
        """Where the condition, or a key in it, was written."""
        path = f"{self.path}.{key}" if key else self.path
        return self.subject.place(path) if self.rule is None else at(self.rule, path)


def parts(condition: Condition) -> tuple[str, tuple[Condition, ...]]:
    """The key and the members of a combination; nothing of any other condition."""
    match condition:
        case AllOf():
            return "all_of", condition.all_of
        case AnyOf():
            return "any_of", condition.any_of
        case NoneOf():
            return "none_of", condition.none_of
    return "", ()


def inside(condition: Condition, path: str) -> Iterator[tuple[str, Condition]]:
    """The condition and all that are nested in it, with their paths; names are not followed."""
    yield path, condition
    key, members = parts(condition)
    for number, member in enumerate(members, 1):
        yield from inside(member, f"{path}.{key}.{number}")


def of_rule(rule: Rule) -> Iterator[tuple[str, Condition]]:
    """The conditions of a rule as its lists hold them; a bare `until` is an event and no condition."""
    for key in ("only_if", "unless"):
        for number, condition in enumerate(getattr(rule, key), 1):
            yield f"{key}.{number}", condition
    if rule.until is not None and not isinstance(rule.until, str):
        yield "until", rule.until


def written(subject: Subject) -> Iterator[Written]:
    """Every condition of every rule and of the named ones, nested ones too."""
    for rule in subject.rules:
        for path, condition in of_rule(rule):
            for inner, nested in inside(condition, path):
                yield Written(nested, inner, subject, rule)
    for name, named in subject.book.conditions.items():
        for inner, nested in inside(named.condition, f"conditions.{name}"):
            yield Written(nested, inner, subject)


def resolved(subject: Subject, condition: Condition, seen: set[str] | None = None) -> Iterator[Condition]:
    """The condition and all that it rests on, through names as well, each of which is followed once."""
    seen = set() if seen is None else seen
    yield condition
    if isinstance(condition, str) and condition not in seen and (named := subject.condition(condition)):
        seen.add(condition)
        yield from resolved(subject, named.condition, seen)
    for member in parts(condition)[1]:
        yield from resolved(subject, member, seen)


def looked_at(trigger: Trigger) -> tuple[str, Mapping[str, Comparison]]:
    """The event that a trigger looks at, and its `where`; empty where it looks at none."""
    match trigger:
        case EventTrigger(event=event, where=where) | EventDateTrigger(event=event, where=where):
            return event, where or {}
        case SilenceTrigger(silence=event, where=where):
            return event, where or {}
    return "", {}


def comparisons(subject: Subject) -> Iterator[tuple[str, Comparison, Place]]:
    """Every comparison of a property or an attribute: `event.property` or `customer.attribute`, and where it stands."""
    for rule in subject.rules:
        event, where = looked_at(rule.when)
        for key, comparison in where.items():
            yield f"{event}.{key}", comparison, at(rule, f"when.where.{key}")
    for seen in written(subject):
        condition = seen.condition
        if isinstance(condition, EventCondition):
            for key, comparison in (condition.where or {}).items():
                yield f"{condition.event}.{key}", comparison, seen.at(f"where.{key}")
            aggregate, wanted = condition.aggregate
            if aggregate in ("latest", "first", "min", "max"):
                yield f"{condition.event}.{wanted}", condition, seen.at(aggregate)
        elif isinstance(condition, CustomerCondition):
            yield f"customer.{condition.customer}", condition, seen.at("customer")
