"""Signs that a customer is not well, looked for in the facts and not in the gates.

No ask may come near them, whatever the rules say, so a backtest looks at what was known around each ask once more, by
itself. The signs are conditions of the rule language; those that can't be judged by events and attributes alone (what
we did, how old something is, what a trigger was) are told as not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scheduler.decisions.program import Program
from scheduler.durations import Duration
from scheduler.rulebook.model import (
    AllOf,
    AnyOf,
    AsksFor,
    Condition,
    CustomerCondition,
    EventCondition,
    NoneOf,
    OpenCondition,
    Serves,
)

SCORED, SCORE = "nps_answered", "score"
LOW = 6
"""Net promoter score: who answers 0 to 6 is a detractor (Reichheld, Harvard Business Review, December 2003)."""
LATELY = Duration.parse("30 days")
TROUBLES = frozenset({"ticket", "complaint", "claim", "dispute", "issue", "case", "incident"})
"""Open things of these names are troubles; others may well be good ones, like a membership."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign that a customer is not well, and what it means in words."""

    name: str
    means: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Signs:
    """What is looked for, and what is not, each with its cause."""

    looked_for: tuple[Sign, ...]
    not_known: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Needs:
    """The events, the properties of events and the attributes of customers that a condition looks at.

    `facts_alone` is false where it also asks about what we did, how old something is, or what a trigger was.
    """

    events: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    facts_alone: bool = True

    def __add__(self, other: Needs) -> Needs:
        """What both need."""
        return Needs(
            self.events + other.events,
            self.properties + other.properties,
            self.attributes + other.attributes,
            self.facts_alone and other.facts_alone,
        )


def signs_of(program: Program) -> Signs:
    """The signs for a program's house: a low score, an open trouble, and whatever blocks asks of any kind there."""
    looked_for, not_known = [], {}
    for sign in _signs(program):
        needs = needs_of(sign.condition, program)
        unread = [name for name in needs.events if name not in program.events]
        if not needs.facts_alone:
            not_known[sign.name] = "it asks about more than events and attributes"
        elif unread:
            not_known[sign.name] = f"no rule looks at {unread[0]}"
        else:
            looked_for.append(sign)
    return Signs(tuple(looked_for), not_known)


def needs_of_signs(program: Program) -> Needs:
    """What the signs look at, of whatever events the rules look at too."""
    return sum((needs_of(sign.condition, program) for sign in signs_of(program).looked_for), Needs())


def needs_of(condition: Condition, program: Program) -> Needs:
    """What a condition looks at."""
    match condition:
        case str():
            named = program.rulebook.conditions
            return needs_of(named[condition].condition, program) if condition in named else Needs(facts_alone=False)
        case AllOf(all_of=parts) | AnyOf(any_of=parts) | NoneOf(none_of=parts):
            return sum((needs_of(part, program) for part in parts), Needs())
        case OpenCondition():
            pair = program.house.open_things[condition.open]
            return Needs((*pair.opened_by, *pair.closed_by), () if pair.key is None else (pair.key,))
        case CustomerCondition():
            ages = condition.older_than is not None or condition.newer_than is not None
            return Needs(attributes=(condition.customer,), facts_alone=not ages)
        case EventCondition():
            _, name = condition.aggregate
            properties = (*(condition.where or {}), *([name] if name else []))
            of_a_trigger = condition.since is not None or condition.same is not None
            return Needs((condition.event,), properties, facts_alone=not of_a_trigger)
    return Needs(facts_alone=False)


def asks_of_us(program: Program) -> list[bool]:
    """Whether each rule asks for something that serves us: a review, a referral, a purchase."""
    return [rule.asks_for.serves is Serves.US for rule in program.rules]


def _signs(program: Program) -> Iterator[Sign]:
    house = program.house
    low = EventCondition.model_validate({"event": SCORED, "latest": SCORE, "at_most": LOW, "within": str(LATELY)})
    yield Sign("low_score", f"their newest {SCORED} of the last {LATELY} was {LOW} or less", low)
    for thing in sorted(TROUBLES & house.open_things.keys()):
        yield Sign(f"open.{thing}", f"a {thing} of theirs was open", OpenCondition(open=thing))
    kinds = [kind for kind in AsksFor if kind.serves is Serves.US]
    for name in dict.fromkeys(name for kind in kinds for name in house.ask(kind).blocked_while or ()):
        named = program.rulebook.conditions.get(name)
        yield Sign(f"blocked_while.{name}", named.means if named else name, name)
