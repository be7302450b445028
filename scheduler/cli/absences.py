"""Why a rule has no occasion for a customer: what would have to happen, or be known, first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scheduler.decisions import words
from scheduler.decisions.columns import attribute_of
from scheduler.decisions.comparison import matcher
from scheduler.decisions.facts import Customer
from scheduler.decisions.occasions import zone_of
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


def absences(rules: Iterable[Rule], customer: Customer, rulebook: Rulebook) -> dict[str, list[str]]:
    """Why each of these rules, which have no occasion for a customer, has none: the rules by their cause in words."""
    found: dict[str, list[str]] = {}
    where = zone_of(customer, rulebook.house)
    for rule in rules:
        found.setdefault(silent_rule(rule.name, rulebook) or _untriggered(rule, customer, where), []).append(rule.name)
    return found


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
            return f"no {name} tells its {of}" if happened and not dated else _no_event(name, asked, customer, where)
        case DateTrigger(date=name):
            known = attribute_of(customer, name)
            return f"their {name} is not known" if known is None else f"their {name}, {words.value(known)}, is not near"
        case ContactTrigger(contact=name):
            made = any(contact.rule == name for contact in customer.contacts)
            return f"the time after our {name} is over" if made else f"no contact by {name} was made yet"
    return "its next return is more than a year ahead, or it has ended"


def _no_event(name: str, asked: Mapping[str, Comparison] | None, customer: Customer, where: Zone) -> str:
    happened = [event for event in customer.events if event.name == name]
    if not happened:
        return f"{name} has not happened"
    fits = matcher(asked)
    fitting = [event for event in happened if fits is None or fits(event.properties)]
    if not fitting:
        told = " and ".join(f"{key} {words.comparison(test)}" for key, test in (asked or {}).items())
        return f"{name} has happened, but none of which {told}"
    return f"the last {name} was on {words.day(fitting[-1].at, where)}, and the time after it is over"
