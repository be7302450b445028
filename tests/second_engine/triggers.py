"""What gives rise to occasions: events, dates, contacts, and the returns of a period."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from scheduler.decisions.facts import Contact, Event
from scheduler.durations import Duration, Unit
from scheduler.rulebook.model import (
    ContactTrigger,
    DateTrigger,
    EventDateTrigger,
    EventTrigger,
    EveryTrigger,
    HouseRules,
    Rule,
    SilenceTrigger,
    Weekday,
)
from second_engine.clock import A_DAY, EPOCH, MICROSECOND, Clock
from second_engine.comparisons import passes
from second_engine.occasions import Trigger
from second_engine.person import Person
from second_engine.windows import days

WEEKDAYS = tuple(Weekday)
CONTACT = "contact"
LONGEST = 250
"""As many characters may an anchor have."""
ALWAYS = -(2**62)
"""An instant before all others: a date among the attributes is known from the beginning."""


def triggers(rule: Rule, person: Person, since: int, until: int) -> Iterator[Trigger]:
    """All triggers of a rule whose windows may meet [since, until), but for the contacts that the walk makes."""
    clock, when = person.clock, rule.when
    farthest = timedelta(days=_reach(rule, person.house))
    first, last = clock.day(since) - farthest, clock.day(until) + farthest
    match when:
        case EventTrigger():
            yield from (_happened(event, clock) for event in _such(when, when.event, person))
        case EventDateTrigger():
            yield from (found for event in _such(when, when.event, person) if (found := _due(event, when.date, clock)))
        case SilenceTrigger() if when.silence != CONTACT:
            yield from (_happened(event, clock) for event in _such(when, when.silence, person))
        case SilenceTrigger() | ContactTrigger():
            yield from (found for contact in person.contacts if (found := of_contact(rule, contact, clock)))
        case DateTrigger():
            yield from (_on(day, clock) for day in _dates(when, person, first, last))
        case EveryTrigger():
            shift = timedelta(days=_spread(rule, person.customer.id))
            returns = _returns(when, rule.starts, clock, last) if rule.starts else []
            ends = min(rule.ends or last, last)
            yield from (_on(day + shift, clock) for day in returns if first <= day + shift <= ends)


def of_contact(rule: Rule, contact: Contact, clock: Clock) -> Trigger | None:
    """What a contact triggers of this rule; a held out one nothing."""
    when = rule.when
    follows = isinstance(when, ContactTrigger) and when.contact == contact.rule
    ceased = isinstance(when, SilenceTrigger) and when.silence == CONTACT
    if contact.held_out or not (follows or ceased):
        return None
    anchor = contact.occasion
    if len(anchor) > LONGEST:  # a key that holds many others has grown long: a digest stands for it
        anchor = "sha256-" + hashlib.sha256(anchor.encode()).hexdigest()
    return Trigger(anchor, contact.at, clock.day(contact.at), contact.at, contact.at, contact=contact)


def share(*parts: str) -> float:
    """A number in [0, 1) that is drawn by lot from these parts."""
    return float(int(hashlib.sha256("/".join(parts).encode()).hexdigest()[:8], 16) / 2**32)


def _such(when: EventTrigger | EventDateTrigger | SilenceTrigger, name: str, person: Person) -> list[Event]:
    return [one for one in person.customer.events if one.name == name and passes(one.properties, when.where)]


def _happened(event: Event, clock: Clock) -> Trigger:
    return Trigger(event.id, event.at, clock.day(event.at), _known(event), event.at, event=event)


def _known(event: Event) -> int:
    return max(event.at, event.known_at)


def _due(event: Event, name: str, clock: Clock) -> Trigger | None:
    """The date, or the instant written in ISO 8601, that an event holds."""
    value = event.properties.get(name)
    if isinstance(value, date):
        return Trigger(event.id, clock.midnight(value), value, _known(event), event.at, dated=True, event=event)
    at = _instant(value, clock) if isinstance(value, str) else None
    return None if at is None else Trigger(event.id, at, clock.day(at), _known(event), event.at, event=event)


def _instant(text: str, clock: Clock) -> int | None:
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if len(text.strip()) <= len("2026-03-01"):
        return None  # a date is no instant
    return clock.instant(read) if read.tzinfo is None else (read - EPOCH) // MICROSECOND


def _on(day: date, clock: Clock) -> Trigger:
    midnight = clock.midnight(day)
    return Trigger(day.isoformat(), midnight, day, ALWAYS, midnight, dated=True)


def _dates(when: DateTrigger, person: Person, first: date, last: date) -> Iterator[date]:
    """The date itself, or its returns in the years after it."""
    value = person.attribute(when.date)
    if not isinstance(value, date):
        return
    if when.once:
        yield value
        return
    for year in range(max(value.year + 1, first.year), last.year + 1):
        try:
            yield value.replace(year=year)
        except ValueError:
            yield date(year, 3, 1) if person.house.leap_day == "mar 1" else date(year, 2, 28)


def _returns(when: EveryTrigger, starts: date, clock: Clock, last: date) -> Iterator[date]:
    """The days on which a period returns, up to the last."""
    if when.every == "week":
        wanted = WEEKDAYS.index(when.on) if isinstance(when.on, Weekday) else starts.weekday()
        yield from (day for day in days(starts, last) if day.weekday() == wanted)
    elif when.every == "month":
        wanted = when.on if isinstance(when.on, int) else starts.day
        # In a month that is too short it is the last day.
        yield from (
            day
            for day in days(starts, last)
            if day.day == wanted or (day.day < wanted and (day + A_DAY).month != day.month)
        )
    else:
        number, day = 0, starts
        while when.every.count and day <= last:
            number += 1
            day = clock.plus(starts, Duration(number * when.every.count, when.every.unit))
            yield day


def _spread(rule: Rule, customer: str) -> int:
    when = rule.when
    if not isinstance(when, EveryTrigger) or when.spread is None:
        return 0
    return math.floor(share(rule.name, customer, "spread") * when.spread.nominal_days)


def _reach(rule: Rule, house: HouseRules) -> float:
    """More days than lie between a trigger and either end of its window."""
    written = [rule.after, rule.ahead, rule.before, house.default_window, *(use.ahead for use in rule.by)]
    spans = [one for one in written if isinstance(one, Duration)]
    spans += [Duration(1, Unit.YEARS)] if rule.after == "value_window" else []
    # Holidays make business days longer than they usually are.
    return 10 + sum(span.nominal_days * (3 if span.unit is Unit.BUSINESS_DAYS else 1.1) for span in spans)
