"""Conditions that can't be asked, or whose answer never changes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from scheduler.rulebook.findings import Finding, error, meant, warning
from scheduler.rulebook.lint.subject import Subject, at
from scheduler.rulebook.lint.walk import Written, comparisons, inside, of_rule, parts, resolved, written
from scheduler.rulebook.model import (
    ANY,
    AsksFor,
    Comparison,
    ContactCondition,
    CustomerCondition,
    EventCondition,
    OpenCondition,
    Place,
    Rule,
    Scalar,
    is_name,
)
from scheduler.rulebook.templates import CHANNELS

MOST_GATES = 62
"""As many gates as the engine can ask of a rule."""
_ALWAYS_ASKED = 8  # active, window, again, until, reachable, consent, send_hours, holdout
_ASKED_OF_ASKS = 2  # value_window, gives
_AGGREGATES = ("count", "sum", "average", "min", "max", "latest", "first")


def names(subject: Subject) -> Iterator[Finding]:
    """Names of conditions, rules, things and channels that do not exist."""
    complete = all_read(subject)
    for seen in written(subject):
        match seen.condition:
            case str() as name if complete and name not in subject.book.conditions:
                if f"conditions.{name}" not in subject.broken:
                    way_out = meant(name, subject.book.conditions, "write it under conditions, with its means")
                    yield error("unknown-condition", seen.at(), f"there is no condition '{name}'", way_out)
            case OpenCondition(open=thing) if thing not in subject.house.open_things:
                if "open_things" not in subject.broken and f"open_things.{thing}" not in subject.broken:
                    way_out = meant(thing, subject.house.open_things, "add it to the house rules' open_things")
                    allowed = tuple(subject.house.open_things)
                    yield error("unknown-thing", seen.at("open"), f"there is no thing '{thing}'", way_out, allowed)
            case ContactCondition(contact=rule) as condition:
                if complete and not known_rule(subject, rule) and rule != ANY:
                    way_out = meant(rule, subject.book.rules, "write the name of a rule, or any")
                    yield error("unknown-rule", seen.at("contact"), f"there is no rule '{rule}'", way_out)
                for channel in condition.by or ():
                    if channel not in CHANNELS:
                        yield unknown_channel(seen.at("by"), channel)


def all_read(subject: Subject) -> bool:
    """Whether every file could be read, so that what is not there is nowhere."""
    return not any(broken.startswith("rules/") for broken in subject.broken)


def known_rule(subject: Subject, name: str) -> bool:
    """Whether there is a rule of this name, be it one that could not be read."""
    return name in subject.book.rules or f"rules.{name}" in subject.broken


def unknown_channel(place: Place, channel: str, more: tuple[str, ...] = ()) -> Finding:
    """The finding about a channel that does not exist; `more` may stand there too."""
    allowed = (*CHANNELS, *more)
    return error("unknown-channel", place, f"there is no channel '{channel}'", meant(channel, allowed), allowed)


def circles(subject: Subject) -> Iterator[Finding]:
    """Named conditions that rest on themselves."""
    for name, named in subject.book.conditions.items():
        path = _path_back(subject, name, name, (name,), {name})
        if path and name == min(path):
            message = f"'{name}' rests on itself: {' → '.join((*path, name))}"
            way_out = "write one of them without the others"
            yield error("condition-circle", subject.place(f"conditions.{name}"), message, way_out)
        del named


def _path_back(subject: Subject, name: str, goal: str, path: tuple[str, ...], seen: set[str]) -> tuple[str, ...]:
    """The names from the first one up to the one that rests on `goal`; those `seen` lead nowhere, or are on the way."""
    named = subject.condition(name)
    if named is None:
        return ()
    for _, condition in inside(named.condition, ""):
        if condition == goal:
            return path
        if isinstance(condition, str) and condition not in seen:
            seen.add(condition)
            found = _path_back(subject, condition, goal, (*path, condition), seen)
            if found:
                return found
    return ()


def questions(subject: Subject) -> Iterator[Finding]:
    """Conditions that compare nothing, or compare with nothing."""
    for seen in written(subject):
        match seen.condition:
            case EventCondition():
                yield from _of_events(seen, seen.condition)
            case ContactCondition():
                yield from _of_contacts(seen, seen.condition)
            case CustomerCondition():
                if not seen.condition.compares:
                    way_out = "add one, like is: gold, or known: true"
                    message = f"nothing is compared with '{seen.condition.customer}'"
                    yield error("no-comparison", seen.at("customer"), message, way_out)
                yield from _never_true(seen.condition, seen.at("customer"))


def _of_events(seen: Written, condition: EventCondition) -> Iterator[Finding]:
    asked = [key for key in _AGGREGATES if getattr(condition, key) is not None]
    if len(asked) > 1:
        message = f"{' and '.join(asked)} stand in one condition"
        yield error("two-aggregates", seen.at(asked[1]), message, "write two conditions, in all_of")
    yield from _of_compared(seen, condition, asked)
    for key in asked:
        if key in ("min", "max") and condition.within is not None:
            message = f"'{key}' looks at all events and takes no 'within'"
            yield error("within-min-max", seen.at("within"), message, "take within out, or use latest")
    yield from _of_time(seen, condition)
    for key, comparison in (condition.where or {}).items():
        yield from of_property(key, comparison, seen.at(f"where.{key}"))


def of_property(key: str, comparison: Comparison, place: Place) -> Iterator[Finding]:
    """What is wrong with a comparison in a `where`."""
    if not comparison.compares:
        yield error("no-comparison", place, f"nothing is compared with '{key}'", "add one, like is: coffee")
    yield from _no_ages(comparison, place, place)
    yield from _never_true(comparison, place)


def _of_contacts(seen: Written, condition: ContactCondition) -> Iterator[Finding]:
    yield from _of_compared(seen, condition, ["count"] if condition.count else [])
    yield from _of_time(seen, condition)


def _of_compared(seen: Written, condition: EventCondition | ContactCondition, asked: list[str]) -> Iterator[Finding]:
    compares = condition.compares
    if asked and not compares:
        yield error("no-comparison", seen.at(asked[0]), f"'{asked[0]}' is compared with nothing", "add at_least: 1")
    if compares and not asked:
        key = next(iter(compares))
        values = "count: true" if isinstance(condition, ContactCondition) else "count: true or latest: a_property"
        message = f"'{key}' has nothing to compare: it is not said which value of the events is meant"
        yield error("nothing-to-compare", seen.at(key), message, f"add {values}")
    yield from _no_ages(condition, seen.at("older_than"), seen.at("newer_than"))
    yield from _never_true(condition, seen.at())


def _no_ages(comparison: Comparison, older: Place, newer: Place) -> Iterator[Finding]:
    for key, value, place in (
        ("older_than", comparison.older_than, older),
        ("newer_than", comparison.newer_than, newer),
    ):
        if value is not None:
            message = f"'{key}' compares dates of customers only"
            yield error("wrong-comparison", place, message, "use within, or a condition on a customer")


def _of_time(seen: Written, condition: EventCondition | ContactCondition) -> Iterator[Finding]:
    if condition.within is not None and condition.since is not None:
        message = "'within' and 'since' both say from when on"
        yield error("within-and-since", seen.at("since"), message, "keep one of them")
    if condition.within is not None and condition.within.count == 0:
        message = f"nothing lies within {condition.within}"
        yield error("never-true", seen.at("within"), message, "write at least 1 day: that is today")


# --- comparisons that exclude each other -------------------------------------------------------------------------


def _never_true(comparison: Comparison, place: Place) -> Iterator[Finding]:
    if why := _conflict(comparison):
        yield error("never-true", place, f"this is never true: {why}", "keep the comparison that is meant")


def _conflict(c: Comparison) -> str:
    compares = c.compares
    if c.known is False and len(compares) > 1:
        return "what is not known compares with nothing"
    if c.older_than and c.newer_than and c.older_than.nominal_days >= c.newer_than.nominal_days:
        return f"nothing is older than {c.older_than} and newer than {c.newer_than}"
    bounds = [(key, compares[key]) for key in ("at_least", "more_than", "at_most", "less_than") if key in compares]
    for low, least in bounds:
        for high, most in bounds:
            if low in ("at_least", "more_than") and high in ("at_most", "less_than") and _comparable(least, most):
                strict = low == "more_than" or high == "less_than"
                if least > most or (strict and least == most):
                    return f"{low} {least} and {high} {most} exclude each other"
    wanted = [c.is_] if c.is_ is not None else list(c.in_ or ())
    if wanted and not any(_may_be(value, c) for value in wanted):
        return f"no value of '{'is' if c.is_ is not None else 'in'}' passes the other comparisons"
    return ""


def _comparable(one: object, other: object) -> bool:
    return isinstance(one, str) == isinstance(other, str)


_CHECKS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {"at_least": operator.ge, "at_most": operator.le, "more_than": operator.gt, "less_than": operator.lt}
)


def _may_be(value: Scalar, c: Comparison) -> bool:
    if value == c.is_not or value in (c.not_in or ()) or (c.in_ is not None and value not in c.in_):
        return False
    if c.contains is not None and (not isinstance(value, str) or c.contains not in value):
        return False
    bounds = [(check, getattr(c, key)) for key, check in _CHECKS.items() if getattr(c, key) is not None]
    return all(check(value, bound) for check, bound in bounds if _comparable(value, bound))


# --- kinds -------------------------------------------------------------------------------------------------------


def kinds(subject: Subject) -> Iterator[Finding]:
    """Texts that are compared with numbers."""
    seen: dict[str, tuple[str, Place]] = {}
    for name, comparison, place in comparisons(subject):
        found = _kinds(comparison)
        if len(found) > 1:
            message = f"'{name}' is compared with {' and with '.join(sorted(found))}"
            yield warning("mixed-kinds", place, message, "texts compare with texts, numbers with numbers")
        for kind in found:
            first, first_place = seen.setdefault(name, (kind, place))
            if first != kind and len(found) == 1:
                message = f"'{name}' is compared with {kind} here and with {first} in {first_place}"
                yield warning("mixed-kinds", place, message, "one of them is never true; write both alike")
    for condition in written(subject):
        value = condition.condition
        if isinstance(value, EventCondition | ContactCondition) and _counts(value):
            wrong = _kinds(value) - {"a number"}
            if wrong:
                message = f"a count or sum is compared with {wrong.pop()}"
                yield warning("mixed-kinds", condition.at(), message, "write a number, without quotes")


def _counts(condition: EventCondition | ContactCondition) -> bool:
    if isinstance(condition, ContactCondition):
        return bool(condition.count)
    return condition.aggregate[0] in ("count", "sum", "average")


def _kinds(comparison: Comparison) -> set[str]:
    found: set[str] = set()
    for key, value in comparison.compares.items():
        if key in ("known", "older_than", "newer_than"):
            continue
        found |= {_kind(item) for item in (value if isinstance(value, tuple) else (value,))}
    return found


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a text" if isinstance(value, str) else "a number"


# --- in a rule ---------------------------------------------------------------------------------------------------


def in_rules(subject: Subject) -> Iterator[Finding]:
    """Conditions that do not fit the rule that uses them."""
    for rule in subject.rules:
        for number, condition in enumerate(rule.unless, 1):
            if condition in rule.only_if:
                message = f"it is also in only_if ({rule.only_if.index(condition) + 1}), so the rule can never match"
                yield error("contradiction", at(rule, f"unless.{number}"), message, "keep it in one of them")
        if rule.triggering_event is None:
            yield from _same(subject, rule)
        if isinstance(rule.until, str):
            yield from _goal(subject, rule, rule.until)


def too_many(subject: Subject) -> Iterator[Finding]:
    """Rules that ask more before a contact than a decision can hold."""
    house = subject.house
    for rule in subject.rules:
        asked = _ALWAYS_ASKED + len(rule.only_if) + len(rule.unless) + len(house.frequency_caps)
        if rule.asks_for is not AsksFor.NOTHING:
            asked += _ASKED_OF_ASKS + len(house.ask(rule.asks_for).blocked_while or ())
        if asked > MOST_GATES:
            key = "only_if" if len(rule.only_if) > len(rule.unless) else "unless"
            message = f"'{rule.name}' asks {asked} questions before each contact; {MOST_GATES} are the most"
            yield error("too-many-conditions", at(rule, key), message, "join some of them by all_of or any_of")


def _same(subject: Subject, rule: Rule) -> Iterator[Finding]:
    for path, condition in of_rule(rule):
        for inner, nested in inside(condition, path):
            if parts(nested)[0] or not any(
                isinstance(asked, EventCondition) and asked.same for asked in resolved(subject, nested)
            ):
                continue
            place = at(rule, f"{inner}.same" if isinstance(nested, EventCondition) else inner)
            message = f"'same' compares with the triggering event, and none triggers '{rule.name}'"
            yield error("same-needs-event", place, message, "take same out, or let an event trigger")


def _goal(subject: Subject, rule: Rule, event: str) -> Iterator[Finding]:
    if not is_name(event):
        message = f"'{event}' is no name of an event"
        yield error("bad-name", at(rule, "until"), message, "write one, or a condition like {event: referral_made}")
    if event in subject.book.conditions:
        message = f"'{event}' means an event here; the condition of that name is not asked"
        way_out = f"for the condition write until: {{all_of: [{event}]}}"
        yield warning("until-is-event", at(rule, "until"), message, way_out)
