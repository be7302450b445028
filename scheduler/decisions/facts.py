"""What is known about a customer, as plain values.

Instants are UTC microseconds since 1970. A value is text, a number, true/false or a date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from scheduler.rulebook.model import AsksFor

Value = str | int | float | bool | date
"""What an attribute or a property may be; a missing one is absent, never None."""

NOTHING: Mapping[str, Value] = MappingProxyType({})

ADDRESSES: Mapping[str, str] = MappingProxyType({"email": "email", "sms": "phone", "phone": "phone", "post": "address"})
"""The attribute that holds a channel's address; a channel that is not named here needs none."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a customer: it occurred `at` and became known `known_at`."""

    id: str
    name: str
    at: int
    known_at: int
    properties: Mapping[str, Value] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Consent:
    """A record of consent given or withdrawn; None as topic or channel means any."""

    topic: str | None
    channel: str | None
    given: bool
    at: int


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that was made (or held out) before: the ledger's memory, as the gates need it.

    `at` is the instant it was decided for; `occasion` its key.
    """

    occasion: str
    rule: str
    at: int
    channel: str
    asks_for: AsksFor
    exempt: bool = False
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer and all that is known about them.

    `attributes` holds `name`, `email`, `phone`, `address`, `timezone`, `country`, `language`, `birthday` (a date),
    `owner` and anything else; `events` are in order of (`at`, `id`); `suppressed` names the channels
    whose present address must not be used; `ended` holds the keys of the occasions that are over.
    """

    id: str
    attributes: Mapping[str, Value] = field(default_factory=lambda: NOTHING)
    events: tuple[Event, ...] = ()
    consents: tuple[Consent, ...] = ()
    suppressed: frozenset[str] = frozenset()
    paused_until: int | None = None
    contacts: tuple[Contact, ...] = ()
    ended: frozenset[str] = field(default_factory=frozenset)
    revision: int = 0


def known_by(customer: Customer, now: int) -> Customer:
    """Return the customer as they were known at `now`: without what happened, or was learned, later."""
    events = tuple(event for event in customer.events if event.at <= now and event.known_at <= now)
    consents = tuple(record for record in customer.consents if record.at <= now)
    contacts = tuple(contact for contact in customer.contacts if contact.at <= now)
    if (len(events), len(consents), len(contacts)) == tuple(
        map(len, (customer.events, customer.consents, customer.contacts))
    ):
        return customer
    return replace(customer, events=events, consents=consents, contacts=contacts)
