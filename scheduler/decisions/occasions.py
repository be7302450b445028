"""Occasions: one rule, one customer, one trigger; their keys, and what they need of the customer and the event."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from scheduler.decisions.facts import Customer, Event
from scheduler.rulebook.model import HouseRules
from scheduler.wallclock import Zone, zone, zone_of_country

LONGEST_ANCHOR = 250
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


class Occasion(NamedTuple):
    """One rule, one customer, one trigger, and the window [opens, closes) in which it may speak.

    `rule` is its number in the program; `known` is from when on the engine can know of it. Instants are UTC
    microseconds.
    """

    key: str
    rule: int
    customer: str
    anchor: str
    trigger: int
    opens: int
    known: int
    closes: int
    admitted: bool
    event: Event | None


def occasion_key(rule: str, customer: str, anchor: str) -> str:
    """Write the key RULE/CUSTOMER/ANCHOR, each part percent-encoded."""
    return f"{_encoded(rule)}/{_encoded(customer)}/{_encoded(anchor)}"


@lru_cache(maxsize=1024)  # a customer's occasions come one after the other, and often several of one event
def _encoded(part: str) -> str:
    # Most parts need no encoding, and a look is far cheaper than to encode.
    return part if _PLAIN.fullmatch(part) else quote(part, safe="")


def rule_of(key: str) -> str:
    """The rule of an occasion, by its key."""
    return unquote(key.partition("/")[0])


def anchor_in(key: str) -> str:
    """Read the anchor in an occasion's key: the id of an event where one triggered it."""
    return unquote(key.rpartition("/")[2])


def anchor_of(contact: str) -> str:
    """Return the anchor of what a contact gives rise to: the key of that contact's occasion.

    A key that holds the keys of many contacts before it has grown long; its SHA-256 stands for it then.
    """
    if len(contact) <= LONGEST_ANCHOR:
        return contact
    return f"sha256-{hashlib.sha256(contact.encode()).hexdigest()}"


def share_of(*parts: str) -> float:
    """Draw a number in [0, 1) that is always the same for the same parts: the base of holdouts."""
    digest = hashlib.sha256("/".join(parts).encode()).hexdigest()
    return int(digest[:8], 16) / 2**32


def zone_of(customer: Customer, house: HouseRules) -> Zone:
    """Return the customer's zone: their own, their country's primary one, or the house's."""
    own = customer.attributes.get("timezone")
    if isinstance(own, str):
        return zone(own)
    country = customer.attributes.get("country")
    name = zone_of_country(country) if isinstance(country, str) else None
    return zone(name or house.timezone)
