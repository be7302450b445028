"""What templates can name: the customer, the event, the reason, the rule, the brand, the links, the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from scheduler.decisions.facts import NOTHING, Value
from scheduler.messages.formats import CURRENCY, LOCALE, locale_of
from scheduler.messages.links import PREFERENCES, UNSUBSCRIBE, Links
from scheduler.messages.plain import one_line, without_controls
from scheduler.messages.sandbox import Named
from scheduler.settings.brand import Brand

NAMES: Mapping[str, frozenset[str] | None] = {
    "customer": None,
    "event": None,
    "reason": frozenset(),
    "today": frozenset({"year", "month", "day", "weekday", "isoweekday"}),
    "rule": frozenset({"name", "campaign", "owner", "asks_for", "serves"}),
    "brand": frozenset(
        {"name", "colour", "on_colour", "link_colour", "address", "language", "currency", "base_url"}
        | {"review_url", "refer_url", "shop_url"}
    ),
    "links": frozenset({"survey", "scale", "page", "review", "refer", "shop", "preferences", "unsubscribe"}),
}
"""The names that templates have, and what they hold; None where it depends on the facts."""


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What templates may know of the rule, as plain values."""

    name: str
    campaign: str = ""
    owner: str = ""
    asks_for: str = "nothing"
    serves: str = "customer"


@dataclass(frozen=True, slots=True)
class Context:
    """One contact, as plain values.

    `template` and `channel` say what is rendered; `customer` holds the attributes, among them the addresses and
    `language`; `today` is the customer's local day; `links` are those of this customer and occasion.
    """

    template: str
    channel: str
    rule: RuleFacts
    customer_id: str
    reason: str
    brand: Brand
    links: Links
    today: date
    customer: Mapping[str, Value] = field(default_factory=lambda: NOTHING)
    event: Mapping[str, Value] = field(default_factory=lambda: NOTHING)

    @property
    def language(self) -> str:
        """The customer's language as a tag, or else the house's."""
        return str(self.customer.get("language") or self.brand.language).replace("_", "-")

    def values(self, language: str) -> dict[str, Any]:
        """The names that templates have, with dates and amounts as that language writes them.

        What is not known is left out, and texts hold no control characters.
        """
        brand, links = self.brand, self.links
        addresses = {"review": brand.review_url, "refer": brand.refer_url, "shop": brand.shop_url}
        return {
            "customer": Named("customer", {**_clean(self.customer), "id": self.customer_id}),
            "event": Named("event", _clean(self.event)),
            "reason": one_line(self.reason),
            "today": self.today,
            "rule": _named_rule(self.rule),
            "brand": Named("brand", _given({name: getattr(brand, name) for name in NAMES["brand"] or ()})),
            "links": Named(
                "links",
                {
                    "survey": links.survey,
                    "scale": links.scale,
                    "page": links.page,
                    "preferences": links.to(PREFERENCES),
                    "unsubscribe": links.to(UNSUBSCRIBE),
                    **_given(addresses),
                },
            ),
            LOCALE: locale_of(language, brand.language),
            CURRENCY: brand.currency,
        }


@lru_cache(maxsize=1024)
def _named_rule(rule: RuleFacts) -> Named:
    return Named("rule", {name: getattr(rule, name) for name in RuleFacts.__slots__})


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: without_controls(value) if isinstance(value, str) and not value.isprintable() else value
        for name, value in values.items()
        if value is not None
    }
