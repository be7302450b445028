"""Occasions: one rule, one customer, one trigger; their keys, and what they need of the customer and the event."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote

from scheduler.decisions.facts import Customer, Event
from scheduler.durations import Duration, Unit
from scheduler.rulebook.model import HouseRules
from scheduler.wallclock import Zone, date_of, day_of, zone, zone_of_country

_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


@dataclass(frozen=True, slots=True)
class Occasion:
    """One rule, one customer, one trigger, and the window [opens, closes) in which it may speak.

    `opens` includes a channel's head start, `own_opening` does not; `known` is from when on the engine can know of
    it; `slot_opens` is from when on each of the rule's channels is open; `value_at` is when an ask anchored on a
    delivery has had its value window. Instants are UTC microseconds.
    """

    key: str
    rule: int
    anchor: str
    trigger: int
    opens: int
    own_opening: int
    known: int
    closes: int
    value_at: int
    admitted: bool
    held: bool
    event: Event | None
    slot_opens: tuple[int, ...]


def occasion_key(rule: str, customer: str, anchor: str) -> str:
    """Write the key RULE/CUSTOMER/ANCHOR, each part percent-encoded."""
    parts = (rule, customer, anchor)
    # Most parts need no encoding, and a look is far cheaper than to encode.
    return "/".join(part if _PLAIN.fullmatch(part) else quote(part, safe="") for part in parts)


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


def value_window_of(house: HouseRules, event: Event) -> Duration:
    """Return how long a delivery needs until it has given its value; 60 days where the house is silent."""
    window = house.value_window
    if window is None:
        return Duration(60, Unit.DAYS)
    category = event.properties.get(window.property) if window.property else None
    return window.windows.get(str(category), window.default)


def ripe_at(house: HouseRules, own_zone: Zone, event: Event) -> int:
    """Return the midnight that begins the event's day plus its value window."""
    window = value_window_of(house, event)
    if window.exact:
        return event.at + window.microseconds
    return own_zone.midnight(day_of(window.later(date_of(own_zone.local_day(event.at)))))
