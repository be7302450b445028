"""Gates 1 and 3 to 6 of `docs/decisions.md`: those that are asked whatever the channel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from scheduler.decisions.facts import Event
from scheduler.rulebook.model import (
    DateTrigger,
    EventDateTrigger,
    EveryTrigger,
    SilenceTrigger,
    Status,
)
from second_engine.asks import ask_refusals
from second_engine.comparisons import passes
from second_engine.conditions import holds, same_key
from second_engine.occasions import Occasion
from second_engine.person import Person
from second_engine.triggers import CONTACT

End = Literal["cancelled", "superseded", "goal_reached"]
GATE_OF: dict[End, str] = {"cancelled": "active", "superseded": "again", "goal_reached": "until"}


def ending(person: Person, occasion: Occasion, now: int) -> End | None:
    """How the occasion ends now, if gate 1, 3 or 4 ends it."""
    if _is_cancelled(person, occasion, now):
        return "cancelled"
    if not _may_speak_again(person, occasion, now):
        return "superseded"
    return "goal_reached" if _is_pointless(person, occasion, now) else None


def refusals(person: Person, occasion: Occasion, now: int) -> Iterator[str]:
    """The names of the gates that say no now, of those that are asked whatever the channel."""
    rule = occasion.rule
    has_not_started = rule.starts is not None and person.clock.day(now) < rule.starts
    if _is_cancelled(person, occasion, now) or has_not_started:
        yield "active"
    if not _may_speak_again(person, occasion, now):
        yield "again"
    if _is_pointless(person, occasion, now):
        yield "until"
    for number, condition in enumerate(rule.only_if, 1):
        if not holds(condition, person, occasion, now):
            yield f"only_if.{condition if isinstance(condition, str) else number}"
    for number, condition in enumerate(rule.unless, 1):
        if holds(condition, person, occasion, now):
            yield f"unless.{condition if isinstance(condition, str) else number}"
    yield from ask_refusals(person, occasion, now)


# --- 1 active, 3 again


def _is_cancelled(person: Person, occasion: Occasion, now: int) -> bool:
    rule = occasion.rule
    is_over = rule.ends is not None and person.clock.day(now) > rule.ends
    return rule.status is not Status.ACTIVE or is_over or not occasion.is_admitted


def _may_speak_again(person: Person, occasion: Occasion, now: int) -> bool:
    again = occasion.rule.again
    spoken = [one for one in person.asked(now) if one.rule == occasion.rule.name]
    if not spoken or not (again.never or again.after):
        return True
    if again.never or again.after is None:
        return False
    last = max(one.at for one in spoken)
    if again.after.exact:
        return now >= last + again.after.microseconds
    return now >= person.clock.midnight(person.clock.plus(person.clock.day(last), again.after))


# --- 4 until


def _is_pointless(person: Person, occasion: Occasion, now: int) -> bool:
    return _goal_is_reached(person, occasion, now) or _is_void(person, occasion, now)


def _goal_is_reached(person: Person, occasion: Occasion, now: int) -> bool:
    rule = occasion.rule
    if rule.until is None:
        return False
    if not isinstance(rule.until, str):
        return holds(rule.until, person, occasion, now)
    after = occasion.counts_from
    if isinstance(rule.when, DateTrigger | EveryTrigger) and (rule.ahead or any(use.ahead for use in rule.by)):
        after = occasion.window.own_opening
    return any(event.at > after for event in person.events(rule.until, now))


def _is_void(person: Person, occasion: Occasion, now: int) -> bool:
    """Whether a silence has ended, or a date has been moved."""
    when, own = occasion.rule.when, occasion.event
    match when:
        case SilenceTrigger() if when.silence == CONTACT:
            made = person.contacted(now)
            return made[-1:] != [occasion.trigger.contact]
        case SilenceTrigger() if own is not None:
            newer = _newer(person, own, when.same, now)
            return any(passes(one.properties, when.where) for one in newer)
        case EventDateTrigger() if own is not None and when.same is not None:
            return bool(_newer(person, own, when.same, now))
    return False


def _newer(person: Person, own: Event, key: str | None, now: int) -> list[Event]:
    found = [one for one in person.events(own.name, now) if (one.at, one.id) > (own.at, own.id)]
    return found if key is None else [one for one in found if same_key(one, own, key)]
