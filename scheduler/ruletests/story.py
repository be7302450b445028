"""Stories: what is written of a customer, as the facts that the engine decides by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from scheduler.decisions.facts import Consent, Customer, Event, Value, known_by
from scheduler.decisions.occasions import zone_of
from scheduler.errors import BadInstant
from scheduler.rulebook.model import HouseRules, Scalar
from scheduler.rulebook.rule_tests import CONSENT, Attributes, ExpectedContact, RuleTest
from scheduler.wallclock import Zone, day_of, parse_instant

_A_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_AN_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")


@dataclass(frozen=True)
class Story:
    """A customer of a test, with all that will have happened to them by its end."""

    test: RuleTest
    name: str
    house: HouseRules

    @cached_property
    def zone(self) -> Zone:
        """The customer's zone."""
        return zone_of(Customer(self.name, self._attributes), self.house)

    @cached_property
    def customer(self) -> Customer:
        """The customer at the end of the story."""
        return Customer(self._id, self._attributes, tuple(self._events()), tuple(self._consents()))

    def known_at(self, moment: int) -> Customer:
        """The customer as they are known just before a moment."""
        return known_by(self.customer, moment - 1)

    @property
    def since(self) -> int:
        """The midnight that begins the first day, in UTC microseconds."""
        return self.zone.midnight(day_of(self.test.begins))

    @property
    def until(self) -> int:
        """The midnight that ends the last day."""
        return self.zone.midnight(day_of(self.test.ends) + 1)

    def span(self, wish: ExpectedContact) -> tuple[int, int]:
        """The day or the minute that a wish speaks of, [start, end)."""
        if wish.on is not None:
            day = day_of(wish.on)
            return self.zone.midnight(day), self.zone.midnight(day + 1)
        start = parse_instant(wish.at or "", self.zone)
        return start, start + 60_000_000

    # --- facts

    @property
    def _begins(self) -> int:
        """The midnight before anything that is written, also before what happens ahead of the first day."""
        return self.zone.midnight(day_of(min((self.test.begins, *self.test.days))))

    @property
    def _written(self) -> Attributes:
        return self.test.customers[self.name]

    @property
    def _id(self) -> str:
        return str(self._written.get("id", self.name))

    @cached_property
    def _attributes(self) -> Mapping[str, Value]:
        return {
            key: _value(value, None)
            for key, value in self._written.items()
            if key not in (CONSENT, "id") and not isinstance(value, tuple)
        }

    def _consents(self) -> Iterator[Consent]:
        topics = self._written.get(CONSENT, ())
        for topic in topics if isinstance(topics, tuple) else (topics,):
            yield Consent(str(topic), None, True, self._begins)
        for at, name, said in self._happened():
            if name == CONSENT:
                yield from (Consent(topic, None, given is True, at) for topic, given in said.items())

    def _events(self) -> Iterator[Event]:
        for number, (at, name, properties) in enumerate(self._happened()):
            if name != CONSENT:
                told = {key: _value(value, self.zone) for key, value in properties.items()}
                yield Event(f"{number:06}", name, at, at, told)

    def _happened(self) -> Iterator[tuple[int, str, Mapping[str, Scalar]]]:
        for moment in sorted(self.test.timeline):
            at = parse_instant(moment, self.zone)
            for happening in self.test.timeline[moment]:
                yield from ((at, name, properties) for name, properties in happening.items())


def stories(test: RuleTest, house: HouseRules) -> list[Story]:
    """The stories of a test's customers."""
    return [Story(test, name, house) for name in test.customers]


def _value(written: Scalar | tuple[Scalar, ...], where: Zone | None) -> Value:
    """A value as an import would take it: texts that are dates become dates, moments get the customer's offset."""
    if isinstance(written, tuple):
        raise TypeError("a list is no value")
    if not isinstance(written, str):
        return written
    if _A_DATE.fullmatch(written):
        try:
            return date.fromisoformat(written)
        except ValueError:
            return written
    if where is not None and _AN_INSTANT.fullmatch(written):
        try:
            return where.iso(parse_instant(written, where))
        except (BadInstant, OverflowError):  # a year that clocks don't reach
            return written
    return written
