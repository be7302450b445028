"""One customer as the engine sees them at some instant: what has happened, what is known, what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.decisions.facts import Contact, Customer, Event, Value
from scheduler.rulebook.model import PREFERRED, HouseRules, NamedCondition, Rulebook
from scheduler.wallclock import zone_of_country
from second_engine.clock import Clock
from second_engine.written import channels


@dataclass
class Person:
    """A customer, the house they belong to, and the contacts made so far: those from before, then those of the walk."""

    customer: Customer
    house: HouseRules
    conditions: Mapping[str, NamedCondition]
    channels: frozenset[str]
    clock: Clock
    contacts: list[Contact] = field(default_factory=list)
    before: int = 0
    task_rules: frozenset[str] = frozenset()

    def events(self, names: str | tuple[str, ...], now: int) -> list[Event]:
        """The events of these names that have happened and are known, the newest last."""
        wanted = (names,) if isinstance(names, str) else names
        seen = [one for one in self.customer.events if one.name in wanted and max(one.at, one.known_at) <= now]
        return sorted(seen, key=lambda one: (one.at, one.id))

    def asked(self, now: int) -> list[Contact]:
        """The contacts up to now, those held out among them, in the order in which they were made."""
        return [one for one in self.contacts if one.at <= now]

    def contacted(self, now: int) -> list[Contact]:
        """The contacts that were really made up to now."""
        return [one for one in self.asked(now) if not one.held_out]

    def tasks(self, now: int) -> list[Contact]:
        """The tasks that the walk made up to now: no event tells of them yet."""
        return [
            one
            for one in self.contacts[self.before :]
            if one.at <= now and not one.held_out and one.rule in self.task_rules
        ]

    def attribute(self, name: str) -> Value | None:
        """What is known of them under this name."""
        return self.customer.attributes.get(name)

    def channel(self, written: str) -> str | None:
        """The channel that a rule means: `preferred` is theirs, if it is one that the rules know."""
        if written != PREFERRED:
            return written
        preferred = self.attribute("preferred_channel")
        return preferred if isinstance(preferred, str) and preferred in self.channels else None


def person(customer: Customer, book: Rulebook) -> Person:
    """The customer, as these rules see them."""
    own, country = customer.attributes.get("timezone"), customer.attributes.get("country")
    country = country if isinstance(country, str) else None
    of_country = zone_of_country(country) if country else None
    clock = Clock(own if isinstance(own, str) else of_country or book.house.timezone, country)
    contacts = sorted(customer.contacts, key=lambda one: one.at)
    tasks = frozenset(rule.name for rule in book.rules.values() if rule.assign is not None)
    return Person(customer, book.house, book.conditions, channels(book), clock, contacts, len(contacts), tasks)
