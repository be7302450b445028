"""Gate 6: what an ask needs, beside its rule's own conditions."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.durations import Duration
from scheduler.rulebook.model import EventDateTrigger, EventTrigger, Serves, SilenceTrigger
from second_engine.conditions import holds
from second_engine.occasions import Occasion
from second_engine.person import Person
from second_engine.windows import SIXTY_DAYS, ripe_at


def ask_refusals(person: Person, occasion: Occasion, now: int) -> Iterator[str]:
    """The names of the gates that say no now, of those that the house's `asks` has for this kind."""
    ask = person.house.ask(occasion.rule.asks_for)
    if not _has_had_the_value(person, occasion, ask.value_window or "none", now):
        yield "value_window"
    for name in ask.blocked_while or ():
        if holds(name, person, occasion, now):
            yield f"blocked.{name}"
    if isinstance(ask.gives, Duration) and not _was_given(person, ask.gives, now):
        yield "gives"


def _has_had_the_value(person: Person, occasion: Occasion, mode: str, now: int) -> bool:
    house, clock, own = person.house, person.clock, occasion.event
    if mode == "none":
        return True
    if house.value_window is None:
        ripe = clock.midnight(clock.plus(clock.day(occasion.trigger.at), SIXTY_DAYS))
        return mode == "if delivered" or now >= ripe
    delivers = house.value_window.delivered_by
    by_event = isinstance(occasion.rule.when, EventTrigger | EventDateTrigger | SilenceTrigger)
    if by_event and own is not None and own.name in delivers:
        return now >= ripe_at(house, clock, own)
    delivered = person.events(delivers, now)
    if not delivered:
        return mode == "if delivered"
    return now >= ripe_at(house, clock, delivered[-1])


def _was_given(person: Person, span: Duration, now: int) -> bool:
    """Whether we gave something, on an earlier day, lately, after the last ask."""
    contacts, clock = person.contacted(now), person.clock
    asks = [one.at for one in contacts if one.asks_for.serves is Serves.US]
    gifts = [one.at for one in contacts if one.asks_for.serves is Serves.CUSTOMER]
    return any(
        clock.day(at) < clock.day(now) and clock.is_within(at, span, now) and (not asks or at > max(asks))
        for at in gifts
    )
