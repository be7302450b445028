"""Windows and moments: from when to when an occasion may speak, and at what times in between."""

from __future__ import annotations

from datetime import date, timedelta

from scheduler.decisions.facts import Event
from scheduler.durations import Duration, Unit
from scheduler.rulebook.model import HouseRules, Rule
from second_engine.clock import Clock
from second_engine.occasions import Trigger, Window

NO_DAYS = Duration(0, Unit.DAYS)
SIXTY_DAYS = Duration(60, Unit.DAYS)


def window(rule: Rule, house: HouseRules, clock: Clock, trigger: Trigger) -> Window:
    """The window of an occasion of this rule with this trigger."""
    after = value_window(house, trigger.event) if rule.after == "value_window" else rule.after
    delay = rule.ahead or after
    assert not isinstance(delay, str)
    # What opens at a midnight closes at one; what opens at an instant keeps its time.
    by_midnights = trigger.dated if delay is None else not delay.exact
    if rule.ahead is not None:
        own_opening = _ahead(rule.ahead, clock, trigger)
    elif delay is None:
        own_opening = trigger.at
    elif delay.exact:
        own_opening = trigger.at + delay.microseconds
    else:
        own_opening = clock.midnight(clock.plus(trigger.day, delay))
    before = NO_DAYS if rule.before is None and rule.ahead is not None else rule.before
    if before is not None:
        closes = _end(before, clock, trigger.at, trigger.day, by_midnights)
    else:
        closes = _end(house.default_window, clock, own_opening, clock.day(own_opening), by_midnights)
    channels_open = tuple(own_opening if use.ahead is None else _ahead(use.ahead, clock, trigger) for use in rule.by)
    opens = min([own_opening, *channels_open])
    return Window(opens, own_opening, closes, channels_open, by_midnights)


def moments(rule: Rule, house: HouseRules, clock: Clock, found: Window, known: int) -> tuple[tuple[int, int], ...]:
    """The spans in which the rule may speak: its time of day and `lateness` after it, or else the whole window."""
    first, last = max(found.opens, known), found.closes - 1
    minutes = rule.at
    if minutes is None and found.opens_at_midnight:
        minutes = house.default_at
    spans = [(first, last)]
    if minutes is not None:
        times = [clock.time_of_day(day, minutes) for day in days(clock.day(found.opens), clock.day(last))]
        spans = [(at, at + house.lateness.microseconds) for at in times if at is not None]
    clipped = [(max(begins, first), min(ends, last)) for begins, ends in spans]
    return tuple((begins, ends) for begins, ends in clipped if begins <= ends)


def days(first: date, last: date) -> list[date]:
    """All days from the first to the last."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def value_window(house: HouseRules, event: Event | None) -> Duration:
    """How long a delivery needs until they have had its value."""
    stated = house.value_window
    if stated is None or event is None:
        return SIXTY_DAYS
    category = event.properties.get(stated.property) if stated.property is not None else None
    return stated.windows.get(str(category), stated.default)


def ripe_at(house: HouseRules, clock: Clock, event: Event) -> int:
    """When they have had the value of a delivery: as the day of the event plus its value window begins."""
    span = value_window(house, event)
    return event.at + span.microseconds if span.exact else clock.midnight(clock.plus(clock.day(event.at), span))


def _ahead(ahead: Duration, clock: Clock, trigger: Trigger) -> int:
    return trigger.at - ahead.microseconds if ahead.exact else clock.midnight(clock.minus(trigger.day, ahead))


def _end(span: Duration, clock: Clock, at: int, day: date, by_midnights: bool) -> int:
    if by_midnights and not span.exact:
        return clock.midnight(clock.plus(day, span))
    return clock.later(at, span)
