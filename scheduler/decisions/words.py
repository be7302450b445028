"""Rules, conditions and times in the words that explanations use."""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.decisions.facts import Event, Value
from scheduler.rulebook.model import (
    ALL_DAYS,
    ANY,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    ContactCondition,
    CustomerCondition,
    EventCondition,
    Hours,
    NamedCondition,
    NoneOf,
    OpenCondition,
)
from scheduler.wallclock import DAY, Zone

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
    wall = zone.wall(at)
    return f"{wall.day} {wall:%b %Y}"


def moment(at: int, zone: Zone) -> str:
    """Write an instant as local time, like `10 Apr 2026 09:30`; a midnight as its day alone."""
    wall = zone.wall(at)
    return day(at, zone) if at == zone.midnight(zone.local_day(at)) else f"{day(at, zone)} {wall:%H:%M}"


def time_of_day(minutes: int) -> str:
    """Write minutes after midnight like `09:30`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def hours(written: Hours) -> str:
    """Write hours like `09:00 to 20:00, mon to sat`."""
    days = written.days or ()
    named = "" if len(days) == len(ALL_DAYS) else f", {', '.join(days)}" if days else ", on no day"
    return f"{time_of_day(written.from_ or 0)} to {time_of_day(1440 if written.to is None else written.to)}{named}"


def value(written: Value | None) -> str:
    """Write a value of a fact."""
    if written is None:
        return "nothing"
    return str(written).lower() if isinstance(written, bool) else str(written)


def number(written: float) -> str:
    """Write a number without needless digits."""
    return f"{written:g}" if abs(written) < 1e6 else f"{written:.0f}"


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
            return " and ".join(condition(part, named) for part in parts)
        case AnyOf(any_of=parts):
            return " or ".join(condition(part, named) for part in parts)
        case NoneOf(none_of=parts):
            return "not (" + " or ".join(condition(part, named) for part in parts) + ")"
        case EventCondition():
            return _event(written) + recent(written)
        case ContactCondition():
            return _contact(written) + recent(written)
    raise TypeError(f"{written!r} is no condition")


def _event(written: EventCondition) -> str:
    aggregate, name = written.aggregate
    where = "".join(
        f" with {key} {comparison(test).removeprefix('is ')}" for key, test in (written.where or {}).items()
    )
    same = f" of the same {written.same}" if written.same else ""
    subject = f"{written.event}{where}{same}"
    if aggregate == "happened":
        return f"{subject} has happened"
    if aggregate == "count":
        return f"the number of {subject} {comparison(written)}"
    return f"the {aggregate} {name} of {subject} {comparison(written)}"


def _contact(written: ContactCondition) -> str:
    subject = "any contact by us" if written.contact == ANY else f"a contact by {written.contact}"
    if written.asks_for:
        subject += f" that asked for {' or '.join(written.asks_for)}"
    if written.by:
        subject += f" by {' or '.join(written.by)}"
    return f"the number of: {subject} {comparison(written)}" if written.count else f"there was {subject}"


def recent(written: EventCondition | ContactCondition) -> str:
    """Write how far back a condition counts."""
    return (f" within {written.within}" if written.within else "") + (" since the trigger" if written.since else "")


def event(written: Event, zone: Zone) -> str:
    """Write an event with its day, like `nps_answered on 10 Apr 2026`."""
    return f"{written.name} on {day(written.at, zone)}"


def ago(at: int, now: int) -> str:
    """Write how long ago an instant was, in whole days."""
    days = (now - at) // DAY
    return "today" if days < 1 else "1 day ago" if days == 1 else f"{days} days ago"
