"""Conditions: what must be so, asked at an instant."""

from __future__ import annotations

from scheduler.decisions.facts import Contact, Event, Value
from scheduler.rulebook.model import (
    ANY,
    AllOf,
    AnyOf,
    Condition,
    ContactCondition,
    CustomerCondition,
    EventCondition,
    NoneOf,
    OpenCondition,
)
from second_engine.comparisons import ages, compares, passes, same_kind
from second_engine.occasions import Occasion
from second_engine.person import Person


def holds(condition: Condition, person: Person, occasion: Occasion, now: int) -> bool:
    """Whether a condition holds now, for the occasion that asks."""
    match condition:
        case str():
            return holds(person.conditions[condition].condition, person, occasion, now)
        case AllOf():
            return all(holds(one, person, occasion, now) for one in condition.all_of)
        case AnyOf():
            return any(holds(one, person, occasion, now) for one in condition.any_of)
        case NoneOf():
            return not any(holds(one, person, occasion, now) for one in condition.none_of)
        case CustomerCondition():
            value = person.attribute(condition.customer)
            return compares(value, condition) and ages(value, condition, person.clock, now)
        case EventCondition():
            return _of_events(condition, _events(condition, person, occasion, now))
        case ContactCondition():
            made = _contacts(condition, person, occasion, now)
            return compares(len(made), condition) if condition.count else bool(made)
        case OpenCondition():
            return _is_open(condition, person, now)
    raise TypeError(condition)


def same_key(one: Event, other: Event, key: str) -> bool:
    """Whether two events have the same value of a property; those without it share one."""
    mine, yours = one.properties.get(key), other.properties.get(key)
    if mine is None or yours is None:
        return mine is None and yours is None
    return same_kind(mine, yours) and mine == yours


def _is_recent(
    at: int, condition: EventCondition | ContactCondition, person: Person, occasion: Occasion, now: int
) -> bool:
    """Whether something lies within the time that a condition looks at."""
    if condition.since is not None and at <= occasion.counts_from:
        return False
    return condition.within is None or person.clock.is_within(at, condition.within, now)


def _events(condition: EventCondition, person: Person, occasion: Occasion, now: int) -> list[Event]:
    found = []
    for event in person.events(condition.event, now):
        own = occasion.event
        if condition.same is not None and own is not None and not same_key(event, own, condition.same):
            continue
        if passes(event.properties, condition.where) and _is_recent(event.at, condition, person, occasion, now):
            found.append(event)
    return found


def _of_events(condition: EventCondition, events: list[Event]) -> bool:
    aggregate, name = condition.aggregate
    if aggregate == "happened":
        return bool(events)
    if aggregate == "count":
        return compares(len(events), condition)
    if aggregate in {"first", "latest"}:
        return bool(events) and compares(events[0 if aggregate == "first" else -1].properties.get(name), condition)
    numbers = [value for event in events if (value := _number(event.properties.get(name))) is not None]
    if aggregate == "sum":
        return compares(round(sum(numbers), 6), condition)
    if not numbers:
        return False
    match aggregate:
        case "average":
            return compares(round(sum(numbers) / len(numbers), 6), condition)
        case "min":
            return compares(min(numbers), condition)
    return compares(max(numbers), condition)


def _number(value: Value | None) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _contacts(condition: ContactCondition, person: Person, occasion: Occasion, now: int) -> list[Contact]:
    return [
        one
        for one in person.contacted(now)
        if condition.contact in {ANY, one.rule}
        and (condition.asks_for is None or one.asks_for in condition.asks_for)
        and (condition.by is None or one.channel in condition.by)
        and _is_recent(one.at, condition, person, occasion, now)
    ]


def _is_open(condition: OpenCondition, person: Person, now: int) -> bool:
    """Whether the latest of some key is an opening, long enough ago; at a tie, the thing is closed."""
    thing = person.house.open_things[condition.open]
    openings = person.events(thing.opened_by, now)
    closings = person.events(thing.closed_by, now)
    for opening in openings:
        of_its_key = [one for one in openings if thing.key is None or same_key(one, opening, thing.key)]
        closings_of_its_key = [one for one in closings if thing.key is None or same_key(one, opening, thing.key)]
        latest = max(one.at for one in of_its_key)
        if any(one.at >= latest for one in closings_of_its_key):
            continue
        if condition.for_ is None or person.clock.later(latest, condition.for_) <= now:
            return True
    return thing.by_tasks and any(
        not any(closing.at >= task.at for closing in closings)
        and (condition.for_ is None or person.clock.later(task.at, condition.for_) <= now)
        for task in person.tasks(now)
    )
