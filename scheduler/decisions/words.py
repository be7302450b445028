"""Rules, conditions and times in the words that explanations use."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from scheduler.decisions.causes import Cause
from scheduler.decisions.facts import Event, Value
from scheduler.errors import BadInstant
from scheduler.rulebook.model import (
    ALL_DAYS,
    ANY,
    CONTACT,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    ContactCondition,
    CustomerCondition,
    EventCondition,
    EventDateTrigger,
    Hours,
    NamedCondition,
    NoneOf,
    OpenCondition,
    RuleKeys,
    SilenceTrigger,
)
from scheduler.wallclock import Zone, parse_instant

NOTHING = "nothing"
"""What a gate wants that asks for nothing, and what stands for a value that is missing."""

_COMPARES = {
    "is": "is {}",
    "is_not": "is not {}",
    "in": "is one of {}",
    "not_in": "is none of {}",
    "at_least": "is at least {}",
    "at_most": "is at most {}",
    "more_than": "is more than {}",
    "less_than": "is less than {}",
    "multiple_of": "is a multiple of {}",
    "contains": "contains {}",
    "older_than": "is older than {}",
    "newer_than": "is newer than {}",
}


def day(at: int, zone: Zone) -> str:
    """Write the local day of an instant, like `10 Apr 2026`."""
    return _day(zone.wall(at))


def moment(at: int, zone: Zone) -> str:
    """Write an instant as local time, like `10 Apr 2026 09:30`; a midnight as its day alone."""
    wall = zone.wall(at)
    return day(at, zone) if at == zone.midnight(zone.local_day(at)) else f"{day(at, zone)} {wall:%H:%M}"


def time_of_day(minutes: int) -> str:
    """Write minutes after midnight like `09:30`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def hours(written: Hours) -> str:
    """Write hours like `09:00 to 20:00, mon to sat`; hours that name no days hold on all of them."""
    days = sorted(ALL_DAYS if written.days is None else written.days, key=ALL_DAYS.index)
    in_a_row = len(days) > 2 and ALL_DAYS.index(days[-1]) - ALL_DAYS.index(days[0]) == len(days) - 1
    listed = f"{days[0]} to {days[-1]}" if in_a_row else ", ".join(days) or "on no day"
    named = "" if len(days) == len(ALL_DAYS) else f", {listed}"
    return f"{time_of_day(written.from_ or 0)} to {time_of_day(1440 if written.to is None else written.to)}{named}"


def value(written: Value | None) -> str:
    """Write a value of a fact."""
    match written:
        case None:
            return NOTHING
        case bool():
            return str(written).lower()
        case float() if written.is_integer():
            return str(int(written))
        case date():
            return _day(written)
    return str(written)


def dated(written: Value | None, zone: Zone) -> str:
    """Write a value that tells a date or an instant, the instant as local time."""
    if isinstance(written, str):
        with suppress(BadInstant):
            return moment(parse_instant(written, zone), zone)
    return value(written)


def number(written: float) -> str:
    """Write a number with at most two digits after the point."""
    return f"{written:z.2f}".rstrip("0").rstrip(".")


def comparison(written: Comparison) -> str:
    """Write comparisons, joined by `and`; nothing where there are none."""
    parts = []
    for key, wanted in written.compares.items():
        if key == "known":
            parts.append("is known" if wanted else "is not known")
        else:
            listed = ", ".join(map(value, wanted)) if isinstance(wanted, tuple) else value(wanted)
            parts.append(_COMPARES[key].format(listed))
    return " and ".join(parts)


def condition(written: Condition, named: Mapping[str, NamedCondition]) -> str:
    """Write a condition; a named one in its own `means`."""
    match written:
        case str():
            return named[written].means if written in named else written
        case CustomerCondition(customer=attribute):
            return f"{attribute} {comparison(written)}"
        case OpenCondition(open=thing, for_=span):
            return f"a {thing} is open" + (f" for at least {span}" if span else "")
        case AllOf(all_of=parts):
            return " and ".join(_part(part, named) for part in parts)
        case AnyOf(any_of=parts):
            return " or ".join(_part(part, named) for part in parts)
        case NoneOf(none_of=parts):
            return f"not ({' or '.join(_part(part, named) for part in parts)})"
        case EventCondition():
            return _event(written) + recent(written)
        case ContactCondition():
            return _contact(written) + recent(written)
    raise TypeError(f"{written!r} is no condition")


def negated(written: Condition, named: Mapping[str, NamedCondition]) -> str:
    """Write that a condition must not hold."""
    match written:
        case EventCondition() if written.aggregate[0] == "happened":
            return f"no {subject(written)}{recent(written)}"
        case OpenCondition(open=thing, for_=span):
            return f"no {thing} open" + (f" for {span} or longer" if span else "")
    return f"not: {_part(written, named)}"


def _part(written: Condition, named: Mapping[str, NamedCondition]) -> str:
    """Write a condition inside another one: what joins several stands in brackets."""
    said = condition(written, named)
    return f"({said})" if isinstance(written, AllOf | AnyOf) and len(_joined(written)) > 1 else said


def _joined(written: AllOf | AnyOf) -> tuple[Condition, ...]:
    return written.all_of if isinstance(written, AllOf) else written.any_of


def ended(rule: RuleKeys) -> str:
    """Write what the no of a rule's gate `until` means: its goal is reached, or its occasion has lost its ground."""
    match rule.when:
        case SilenceTrigger(silence=name):
            lost = "we have been in touch again" if name == CONTACT else f"{name} has happened again"
        case EventDateTrigger(event=name, same=str()):
            lost = f"a newer {name} has moved the date"
        case _:
            return Cause.UNTIL.meaning
    return lost if rule.until is None else f"{lost}, or {Cause.UNTIL.meaning}"


def subject(written: EventCondition) -> str:
    """Write which events a condition looks at, like `order_placed with category tools`."""
    where = "".join(
        f" with {key} {comparison(test).removeprefix('is ')}" for key, test in (written.where or {}).items()
    )
    return f"{written.event}{where}" + (f" of the same {written.same}" if written.same else "")


def _event(written: EventCondition) -> str:
    aggregate, name = written.aggregate
    if aggregate == "happened":
        return f"{subject(written)} has happened"
    if aggregate == "count":
        return f"the number of {subject(written)} {comparison(written)}"
    return f"the {aggregate} {name} of {subject(written)} {comparison(written)}"


def _contact(written: ContactCondition) -> str:
    contacts = "any contact by us" if written.contact == ANY else f"a contact by {written.contact}"
    if written.asks_for:
        contacts += f" that asked for {' or '.join(written.asks_for)}"
    if written.by:
        contacts += f" by {' or '.join(written.by)}"
    return f"the number of: {contacts} {comparison(written)}" if written.count else f"there was {contacts}"


def recent(written: EventCondition | ContactCondition) -> str:
    """Write how far back a condition counts."""
    return (f" within {written.within}" if written.within else "") + (" since the trigger" if written.since else "")


def event(written: Event, zone: Zone) -> str:
    """Write an event with its day, like `nps_answered on 10 Apr 2026`."""
    return f"{written.name} on {day(written.at, zone)}"


def _day(written: date) -> str:
    return f"{written.day} {written:%b %Y}"
