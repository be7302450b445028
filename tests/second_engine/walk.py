"""The walk through one customer: every open occasion is asked at every instant at which an answer may have changed."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from scheduler.decisions.facts import Contact, Customer
from scheduler.rulebook.model import Exemption, Rule, Rulebook, Status
from second_engine import instants
from second_engine.channels import channel_refusals
from second_engine.gates import GATE_OF, ending, refusals
from second_engine.hours import hours
from second_engine.occasions import Occasion, Trigger, key_of
from second_engine.person import Person, person
from second_engine.triggers import of_contact, share, triggers
from second_engine.windows import days, moments, window

NEVER: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class SecondDecision:
    """What was decided about one occasion, and for which gates; instants are UTC microseconds."""

    customer: str
    rule: str
    occasion: str
    outcome: str
    at: int
    channel: str | None = None
    because: tuple[str, ...] = ()


def second_decisions(
    book: Rulebook,
    customers: Iterable[Customer],
    since: int,
    until: int,
    *,
    activated: Mapping[str, int] = NEVER,
) -> list[SecondDecision]:
    """Walk [since, until) for each customer: one decision for each occasion whose window meets it, in order."""
    decided: list[SecondDecision] = []
    for customer in customers:
        decided += Walk(book, person(customer, book), since, until, activated).decisions()
    return decided


class Walk:
    """The walk of one customer through [since, until)."""

    def __init__(self, book: Rulebook, walker: Person, since: int, until: int, activated: Mapping[str, int]) -> None:
        self.book, self.person, self.since, self.until, self.activated = book, walker, since, until, activated
        self.rules = [rule for rule in book.rules.values() if rule.status is not Status.DRAFT]
        self.spans = instants.spans(book)
        self.occasions: list[Occasion] = []
        self.ended: dict[str, SecondDecision] = {}
        self.to_come: list[int] = []
        self.over = walker.customer.ended | {contact.occasion for contact in walker.contacts}
        for rule in self.rules:
            for trigger in triggers(rule, walker, since, until):
                self._add(rule, trigger)

    def decisions(self) -> list[SecondDecision]:
        """Walk, and tell what came of each occasion."""
        self._look_at([*instants.of_facts(self.person, self.book), self.since])
        self._look_at(instants.of_days(self.person, self.book, self.since, self.until))
        last = None
        while self.to_come:
            now = heapq.heappop(self.to_come)
            if now != last:
                self._ask_all(now)
            last = now
        return [self.ended.get(one.key) or self._unspoken(one) for one in self.occasions]

    def _add(self, rule: Rule, trigger: Trigger) -> None:
        """Take an occasion into the walk, in its turn."""
        house, clock = self.person.house, self.person.clock
        found = window(rule, house, clock, trigger)
        speaks = moments(rule, house, clock, found, trigger.known)
        key = key_of(rule.name, self.person.customer.id, trigger.anchor)
        occasion = Occasion(key, rule, trigger, found, speaks, self._is_admitted(rule, trigger))
        if occasion.key not in self.over and occasion.meets(self.since, self.until):
            self.occasions.append(occasion)
            self.occasions.sort(key=lambda one: one.turn)
            self._look_at(instants.of_occasion(occasion))

    def _is_admitted(self, rule: Rule, trigger: Trigger) -> bool:
        """Whether `backfill` lets a trigger from before the activation pass."""
        if trigger.at >= self.activated.get(rule.name, trigger.at) or rule.backfill == "open":
            return True
        return rule.backfill != "none" and trigger.at >= self.person.clock.midnight(rule.backfill)

    def _look_at(self, found: Iterable[int]) -> None:
        for at in found:
            if self.since <= at < self.until:
                heapq.heappush(self.to_come, at)

    def _ask_all(self, now: int) -> None:
        """Ask all that may speak now, in their turn; after a contact, all that are left once more."""
        while any(self._speaks(one, now) for one in self.occasions if one.key not in self.ended):
            pass

    def _speaks(self, occasion: Occasion, now: int) -> bool:
        """Ask an occasion; whether it made a contact."""
        if not occasion.may_speak(now):
            return False
        end = ending(self.person, occasion, now)
        if end is not None:
            self._end(occasion, end, now, because=(GATE_OF[end],))
            return False
        if any(refusals(self.person, occasion, now)):
            return False
        for number, use in enumerate(occasion.rule.by):
            if not any(channel_refusals(self.person, occasion, number, now)):
                return self._contact(occasion, self.person.channel(use.channel) or "", now)
        return False

    def _contact(self, occasion: Occasion, channel: str, now: int) -> bool:
        """Every gate but the last says yes: a contact, or one that is held out."""
        rule = occasion.rule
        held_out = self._is_held_out(rule)
        exempt = Exemption.FREQUENCY_CAPS in rule.exempt
        contact = Contact(occasion.key, rule.name, now, channel, rule.asks_for, exempt, held_out)
        self.person.contacts.append(contact)
        self._look_at(instants.after(now, self.spans))
        if held_out:
            self._end(occasion, "held_out", now, channel=channel, because=("holdout",))
            return False
        self._end(occasion, "contact", now, channel=channel)
        for follower in self.rules:
            if trigger := of_contact(follower, contact, self.person.clock):
                self._add(follower, trigger)
        return True

    def _is_held_out(self, rule: Rule) -> bool:
        return share(rule.name, self.person.customer.id) < rule.holdout

    def _end(
        self, occasion: Occasion, outcome: str, at: int, *, channel: str | None = None, because: tuple[str, ...] = ()
    ) -> None:
        rule, customer = occasion.rule.name, self.person.customer.id
        self.ended[occasion.key] = SecondDecision(customer, rule, occasion.key, outcome, at, channel, because)

    # --- what never spoke

    def _unspoken(self, occasion: Occasion) -> SecondDecision:
        """Too late or still waiting, with what stood in its way."""
        is_over = occasion.ends < self.until
        outcome, at = ("too_late", occasion.ends) if is_over else ("waiting", self.until)
        rule, customer = occasion.rule.name, self.person.customer.id
        return SecondDecision(customer, rule, occasion.key, outcome, at, because=self._causes(occasion))

    def _causes(self, occasion: Occasion) -> tuple[str, ...]:
        """All gates that refuse at the last moment inside the hours of the first channel, or at the last at all."""
        asked = self._last_moment(occasion)
        if asked is None:
            return ("window",)
        found = list(refusals(self.person, occasion, asked))
        by_channel = [
            list(channel_refusals(self.person, occasion, number, asked)) for number in range(len(occasion.rule.by))
        ]
        if all(by_channel):
            found += by_channel[0]
        return tuple(found) or (("holdout",) if self._is_held_out(occasion.rule) else ("window",))

    def _last_moment(self, occasion: Occasion) -> int | None:
        end = min(occasion.window.closes, self.until) - 1
        spans = [(first, min(last, end)) for first, last in occasion.moments if first <= end]
        first_channel = self.person.channel(occasion.rule.by[0].channel)
        inside = []
        for first, last in spans:
            for day in days(self.person.clock.day(first), self.person.clock.day(last)):
                if found := hours(occasion.rule, first_channel, self.person, day):
                    begins, ends = max(found[0], first), min(found[1] - 1, last)
                    inside += [ends] if begins <= ends else []
        return max(inside or [last for _, last in spans], default=None)
