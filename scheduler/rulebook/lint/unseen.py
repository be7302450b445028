"""What the store has never seen: rules that can never match, as far as anybody knows."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.rulebook.findings import Finding, meant, warning
from scheduler.rulebook.lint.reasons import PLACEHOLDER
from scheduler.rulebook.lint.subject import Known, Subject, at
from scheduler.rulebook.lint.walk import inside, resolved, written
from scheduler.rulebook.model import (
    AnyOf,
    Condition,
    CustomerCondition,
    DateTrigger,
    EventCondition,
    EventDateTrigger,
    EventTrigger,
    Place,
    Rule,
    SilenceTrigger,
)
from scheduler.rulebook.templates import CHANNELS

MANY_LACK = 0.8
"""An attribute that fewer customers have is one that many lack."""

OWN_EVENTS = frozenset(
    (
        *("nps_answered", "csat_answered", "ces_answered", "exit_answered", "link_followed", "unsubscribed"),
        *("contact_bounced", "contact_complained", "contact_replied", "task_assigned", "task_done", "task_ended"),
        "task_reassigned",
    )
)
"""Events that the program itself writes: they need not have come in before to be known."""

IMPORT_FIRST = "import it first, or write the name of one that customers have"
"""The way out where no attribute is near the one that is asked for."""


def unseen(subject: Subject) -> Iterator[Finding]:
    """Events, attributes and channels that are unknown, and attributes that many customers lack."""
    known = subject.known
    if known is None:
        return
    for event, place in _events(subject):
        there = known.events | OWN_EVENTS
        if known.events and event not in there:
            way_out = meant(event, there, "import such events first, or write the name of one that comes in")
            yield warning("unseen-event", place, f"no event '{event}' has ever come in", way_out)
    for attribute, place in _attributes(subject):
        if known.attributes and attribute not in known.attributes:
            message = f"no customer has an attribute '{attribute}'"
            yield warning("unseen-attribute", place, message, meant(attribute, known.attributes, IMPORT_FIRST))
    for rule in subject.rules:
        for number, use in enumerate(subject.written_by.get(rule.name, ()), 1):
            if known.channels and use.channel in CHANNELS and use.channel not in known.channels:
                message = f"the channel '{use.channel}' is not set up"
                yield warning("unseen-channel", at(rule, f"by.{number}"), message, "set it up, or take it out")
    yield from _rare(subject, known)


def properties(subject: Subject) -> Iterator[Finding]:
    """Properties that no event of their name has ever had; the common ones are looked up first, since that is quick."""
    known = subject.known
    if known is None:
        return
    asked = (*_in_rules(subject), *_in_reasons(subject), *_in_conditions(subject), *_in_house(subject))
    for event, name, place in asked:
        common = known.properties.get(event, ())
        if common and name not in common and not known.ever_had(event, name):
            message = f"no '{event}' has ever had a property '{name}'"
            yield warning("unseen-property", place, message, meant(name, common), sorted(common))


def _events(subject: Subject) -> Iterator[tuple[str, Place]]:
    for rule in subject.rules:
        yield from _events_of(rule)
    for seen in written(subject):
        if isinstance(seen.condition, EventCondition):
            yield seen.condition.event, seen.at("event")
    window = subject.house.value_window
    for event in window.delivered_by if window else ():
        yield event, subject.place("value_window.delivered_by")
    for name, thing in subject.house.open_things.items():
        for key, events in (("opened_by", thing.opened_by), ("closed_by", thing.closed_by)):
            for event in events:
                yield event, subject.place(f"open_things.{name}.{key}")


def _events_of(rule: Rule) -> Iterator[tuple[str, Place]]:
    if rule.triggering_event is not None:
        key = "silence" if isinstance(rule.when, SilenceTrigger) else "event"
        yield rule.triggering_event, at(rule, f"when.{key}")
    if isinstance(rule.until, str):
        yield rule.until, at(rule, "until")


def _in_rules(subject: Subject) -> Iterator[tuple[str, str, Place]]:
    for rule in subject.rules:
        yield from _in_trigger(rule)


def _in_reasons(subject: Subject) -> Iterator[tuple[str, str, Place]]:
    for rule in subject.rules:
        if rule.triggering_event is not None:
            for about, name in PLACEHOLDER.findall(rule.reason):
                if about == "event":
                    yield rule.triggering_event, name, at(rule, "reason")


def _in_conditions(subject: Subject) -> Iterator[tuple[str, str, Place]]:
    for seen in written(subject):
        condition = seen.condition
        if not isinstance(condition, EventCondition):
            continue
        for name in condition.where or {}:
            yield condition.event, name, seen.at(f"where.{name}")
        aggregate, wanted = condition.aggregate
        if wanted:
            yield condition.event, wanted, seen.at(aggregate)
        if condition.same is not None:
            yield condition.event, condition.same, seen.at("same")
            if seen.rule is not None and isinstance(seen.rule.when, EventTrigger | EventDateTrigger):
                yield seen.rule.when.event, condition.same, seen.at("same")


def _in_house(subject: Subject) -> Iterator[tuple[str, str, Place]]:
    window = subject.house.value_window
    if window is not None and window.property is not None:
        for event in window.delivered_by:
            yield event, window.property, subject.place("value_window.property")
    for name, thing in subject.house.open_things.items():
        if thing.key is not None:
            for event in (*thing.opened_by, *thing.closed_by):
                yield event, thing.key, subject.place(f"open_things.{name}.key")


def _in_trigger(rule: Rule) -> Iterator[tuple[str, str, Place]]:
    match rule.when:
        case EventTrigger(event=event, where=where):
            own: dict[str, str | None] = {}
        case SilenceTrigger(silence=event, where=where, same=same):
            own = {"same": same}
        case EventDateTrigger(event=event, where=where, date=date, same=same):
            own = {"date": date, "same": same}
        case _:
            return
    for key, compared in own.items():
        if compared is not None:
            yield event, compared, at(rule, f"when.{key}")
    for name in where or {}:
        yield event, name, at(rule, f"when.where.{name}")


def _attributes(subject: Subject) -> Iterator[tuple[str, Place]]:
    for rule in subject.rules:
        if isinstance(rule.when, DateTrigger):
            yield rule.when.date, at(rule, "when.date")
    for seen in written(subject):
        if isinstance(seen.condition, CustomerCondition):
            yield seen.condition.customer, seen.at("customer")


def _rare(subject: Subject, known: Known) -> Iterator[Finding]:
    for rule in subject.rules:
        spared = {
            asked.customer
            for condition in rule.unless
            for asked in _any_of(subject, condition)
            if isinstance(asked, CustomerCondition) and asked.known is False
        }
        for number, condition in enumerate(rule.unless, 1):
            for path, nested in inside(condition, f"unless.{number}"):
                for asked in resolved(subject, nested) if isinstance(nested, str) else (nested,):
                    if not isinstance(asked, CustomerCondition) or asked.known is not None or asked.customer in spared:
                        continue
                    share = known.attributes.get(asked.customer, 1.0)
                    if share < MANY_LACK:
                        message = f"{1 - share:.0%} of the customers have no '{asked.customer}', and are not spared"
                        way_out = f"add {{customer: {asked.customer}, known: false}} to unless, if they should be"
                        yield warning("rare-attribute", at(rule, path), message, way_out)


def _any_of(subject: Subject, condition: Condition, seen: set[str] | None = None) -> Iterator[Condition]:
    """The condition, or those of which one is enough to make it true, through names as well."""
    seen = set() if seen is None else seen
    if isinstance(condition, str):
        if condition not in seen and (named := subject.condition(condition)) is not None:
            seen.add(condition)
            yield from _any_of(subject, named.condition, seen)
    elif isinstance(condition, AnyOf):
        for part in condition.any_of:
            yield from _any_of(subject, part, seen)
    else:
        yield condition
