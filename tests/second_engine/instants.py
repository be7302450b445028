"""The instants at which an answer may change: far more than are needed, so that none is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from scheduler.durations import Duration
from scheduler.rulebook.model import OpenCondition, Rulebook
from second_engine.occasions import Occasion
from second_engine.person import Person
from second_engine.windows import days
from second_engine.written import find


def spans(book: Rulebook) -> set[Duration]:
    """Every duration that is written anywhere in the rules."""
    return set(find(Duration, book.house, book.rules, book.conditions))


def after(at: int, written: Iterable[Duration]) -> Iterator[int]:
    """What may change because something happened at an instant: then, and when a span since then has passed."""
    yield from (at, at + 1)
    for span in written:
        if span.exact:
            yield from (at + span.microseconds - 1, at + span.microseconds, at + span.microseconds + 1)


def of_facts(person: Person, book: Rulebook) -> Iterator[int]:
    """The instants that a customer's facts bring with them."""
    customer, clock, written = person.customer, person.clock, spans(book)
    waits = {one.for_ for one in find(OpenCondition, book.rules, book.conditions) if one.for_ is not None}
    for event in customer.events:
        yield from (event.known_at, event.known_at + 1)
        yield from after(event.at, written)
        yield from (clock.later(event.at, wait) for wait in waits)
    for value in customer.attributes.values():
        if isinstance(value, date):
            yield from after(clock.midnight(value), written)
    for contact in person.contacts:
        yield from after(contact.at, written)
    yield from (record.at for record in customer.consents)
    if customer.paused_until is not None:
        yield customer.paused_until


def of_days(person: Person, book: Rulebook, since: int, until: int) -> Iterator[int]:
    """The midnights of a walk, and when hours open and close."""
    clock, house = person.clock, person.house
    channels = [*person.channels, "any"]
    written = [house.hours(channel) for channel in channels]
    written += [rule.send_hours for rule in book.rules.values() if rule.send_hours is not None]
    times = {time for one in written for time in (one.from_, one.to) if time is not None}
    for day in days(clock.day(since), clock.day(until)):
        yield clock.midnight(day)
        yield from (at for time in times if (at := clock.time_of_day(day, time)) is not None)


def of_occasion(occasion: Occasion) -> Iterator[int]:
    """When an occasion begins to speak, and when its channels open."""
    yield from (first for first, _ in occasion.moments)
    yield from occasion.window.channels_open
