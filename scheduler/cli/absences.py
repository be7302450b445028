"""Why a rule has no occasion for a customer: what would have to happen, or be known, first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scheduler.decisions import words
from scheduler.decisions.columns import attribute_of
from scheduler.decisions.comparison import matcher
from scheduler.decisions.facts import Customer
from scheduler.decisions.occasions import zone_of
from scheduler.decisions.windows import pending
from scheduler.planning.rulebooks import Active
from scheduler.rulebook.model import (
    CONTACT,
    Comparison,
    ContactTrigger,
    DateTrigger,
    EventDateTrigger,
    EventTrigger,
    Rule,
    Rulebook,
    SilenceTrigger,
    Status,
)
from scheduler.wallclock import Zone


def absences(rules: Iterable[Rule], customer: Customer, going_by: Active, now: int) -> dict[str, list[str]]:
    """Why each of these rules, which have no occasion for a customer, has none: the rules by their cause in words."""
    found: dict[str, list[str]] = {}
    rulebook = going_by.program.rulebook
    where = zone_of(customer, rulebook.house)
    ahead = _ahead(customer, going_by, now)
    for rule in rules:
        why = silent_rule(rule.name, rulebook)
        if not why and rule.name in ahead:
            why = f"its window opens on {words.day(ahead[rule.name], where)}"
        found.setdefault(why or _untriggered(rule, customer, where), []).append(rule.name)
    return found


def _ahead(customer: Customer, going_by: Active, now: int) -> dict[str, int]:
    """When the next window of each rule opens that has one to come, however far ahead."""
    program, opens = going_by.program, dict[str, int]()
    for _, occasion, _ in pending(program, [customer], now, now, going_by.activated):
        if occasion.opens > now:
            name = program.rules[occasion.rule].name
            opens[name] = min(occasion.opens, opens.get(name, occasion.opens))
    return opens


def silent_rule(name: str, rulebook: Rulebook) -> str:
    """Why a rule has no occasions for anybody; nothing where it may have some."""
    rule = rulebook.rules.get(name)
    if rule is None:
        return "there is no such rule any more"
    if rule.status is Status.DRAFT:
        return "it is a draft"
    if isinstance(rule.when, ContactTrigger):
        parent = rulebook.rules.get(rule.when.contact)
        if parent is None:
            return f"it follows {rule.when.contact}, and there is no such rule any more"
        if parent.status is Status.DRAFT:
            return f"it follows {parent.name}, which is a draft"
    return ""


def _untriggered(rule: Rule, customer: Customer, where: Zone) -> str:
    match rule.when:
        case SilenceTrigger(silence=name) if name == CONTACT:
            return (
                "the silence after our last contact is over" if customer.contacts else "we have not contacted them yet"
            )
        case EventTrigger(event=name, where=asked) | SilenceTrigger(silence=name, where=asked):
            return _no_event(name, asked, customer, where)
        case EventDateTrigger(event=name, where=asked, date=of):
            dated = any(event.name == name and of in event.properties for event in customer.events)
            happened = any(event.name == name for event in customer.events)
            if happened and not dated:
                return f"no {name} tells its {of}"
            return _no_event(name, asked, customer, where, over=f"no time before or after its {of} is to come")
        case DateTrigger(date=name):
            known = attribute_of(customer, name)
            told = f"is {words.value(known)}, and no time before or after it is to come"
            return f"their {name} {'is not known' if known is None else told}"
        case ContactTrigger(contact=name):
            made = any(contact.rule == name for contact in customer.contacts)
            return f"the time after our {name} is over" if made else f"no contact by {name} was made yet"
    return "it returns no more"


def _no_event(
    name: str,
    asked: Mapping[str, Comparison] | None,
    customer: Customer,
    where: Zone,
    *,
    over: str = "the time after it is over",
) -> str:
    happened = [event for event in customer.events if event.name == name]
    if not happened:
        return f"{name} has not happened"
    fits = matcher(asked)
    fitting = [event for event in happened if fits is None or fits(event.properties)]
    if not fitting:
        told = " and ".join(f"{key} {words.comparison(test)}" for key, test in (asked or {}).items())
        return f"{name} has happened, but none of which {told}"
    return f"the last {name} was on {words.day(fitting[-1].at, where)}, and {over}"
