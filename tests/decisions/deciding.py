"""A small language for tests: rules in YAML, a customer's story, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from textwrap import dedent, indent
from typing import Any

from scheduler.decisions.decide import decide
from scheduler.decisions.facts import Consent, Contact, Customer, Event
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.decisions.program import Program, compile_rules
from scheduler.rulebook.model import AsksFor
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.wallclock import Zone, parse_instant, zone

BERLIN = "Europe/Berlin"

HOUSE = """\
timezone: Europe/Berlin
send_hours: {any: {from: "00:00", to: "24:00", days: all}}
frequency_caps: []
"""
"""A house without restraint, so that a test says itself what it is about."""


def program(rules: str, house: str = HOUSE, conditions: str = "") -> Program:
    """Compile rules written in YAML; each gets a reason, asks for nothing and goes by e-mail unless it says otherwise."""
    text = "campaign: test\n"
    if conditions:
        text += "conditions:\n" + indent(dedent(conditions), "  ") + "\n"
    text += "rules:\n" + indent(dedent(rules), "  ")
    book, findings = rulebook_from_texts({"rules/house_rules.yaml": dedent(house), "rules/test.yaml": text})
    unread = [finding for finding in findings if finding.code in {"unknown-key", "bad-value", "bad-duration"}]
    assert not unread, unread
    assert book.rules, findings
    return compile_rules(book)


@dataclass(frozen=True)
class Story:
    """One customer's facts, told in their local time."""

    zone: Zone
    customer: Customer
    number: int = 0
    told: Mapping[str, Any] = field(default_factory=dict)

    def at(self, text: str) -> int:
        """Read a local time."""
        return parse_instant(text, self.zone)

    def event(self, at: str, name: str, *, known: str | None = None, id: str | None = None, **properties: Any) -> Story:  # noqa: A002 - the event's own word
        """Let an event happen."""
        instant = self.at(at)
        identifier = id or f"e{self.number:03}"
        known_at = self.at(known) if known else instant
        event = Event(identifier, name, instant, known_at, properties)
        events = tuple(sorted((*self.customer.events, event), key=lambda one: (one.at, one.id)))
        return replace(self, customer=replace(self.customer, events=events), number=self.number + 1)

    def consent(self, at: str, topic: str | None = None, channel: str | None = None, *, given: bool = True) -> Story:
        """Let them agree, or withdraw."""
        record = Consent(topic, channel, given, self.at(at))
        return replace(self, customer=replace(self.customer, consents=(*self.customer.consents, record)))

    def contacted(self, at: str, rule: str, asks_for: str = "nothing", channel: str = "email", **more: bool) -> Story:
        """Let the ledger know of a contact."""
        contact = Contact(f"{rule}/ana/{at}", rule, self.at(at), channel, AsksFor(asks_for), **more)
        return replace(self, customer=replace(self.customer, contacts=(*self.customer.contacts, contact)))

    def where(self, **facts: Any) -> Story:
        """Change the customer's own fields."""
        return replace(self, customer=replace(self.customer, **facts))

    def decisions(self, rules: Program, since: str, until: str, **more: Any) -> list[Decision]:
        """Decide from one local time to another."""
        return list(decide(rules, [self.customer], self.at(since), self.at(until), **more))

    def contacts(self, rules: Program, since: str, until: str, **more: Any) -> list[str]:
        """Tell the contacts as `LOCAL TIME RULE CHANNEL`, in order of time."""
        made = [one for one in self.decisions(rules, since, until, **more) if one.outcome is Outcome.CONTACT]
        made.sort(key=lambda one: (one.at, one.rule))
        return [f"{self.local(one.at)} {one.rule} {one.channel}" for one in made]

    def outcome(self, rules: Program, since: str, until: str, **more: Any) -> tuple[str, tuple[str, ...]]:
        """Tell the outcome of the only occasion, and the gates that refused."""
        (decision,) = self.decisions(rules, since, until, **more)
        return str(decision.outcome), decision.because

    def local(self, at: int) -> str:
        """Write an instant in the customer's local time."""
        wall = self.zone.wall(at)
        text = f"{wall:%Y-%m-%d %H:%M}"
        return text if wall.second == wall.microsecond == 0 else f"{text}:{wall:%S.%f}"


def ana(timezone: str = BERLIN, **attributes: Any) -> Story:
    """A customer with an e-mail address, about whom nothing else is known."""
    known = {"name": "Ana", "email": "ana@example.com", "timezone": timezone, **attributes}
    present = {name: value for name, value in known.items() if value is not None}
    return Story(zone(timezone), Customer("ana", present))


def born(year: int, month: int, day: int) -> date:
    """A birthday."""
    return date(year, month, day)
