"""Decisions as they are printed: the same keys for preview, backtest and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from scheduler.decisions.compiled import PLAIN
from scheduler.decisions.decide import chunks
from scheduler.decisions.facts import NOTHING, Customer, Event
from scheduler.decisions.occasions import anchor_in, zone_of
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.decisions.reason import fill_reason
from scheduler.rulebook.model import Rule, Rulebook
from scheduler.wallclock import Zone

if TYPE_CHECKING:
    from scheduler.store import Store

KEYS = (
    *("at", "customer", "rule", "campaign", "serves", "asks_for", "reason", "channel", "template", "occasion"),
    *("outcome", "because", "until"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A decision with what people want to read beside it; `rule` is None where there is no such rule any more."""

    decision: Decision
    rule: Rule | None
    reason: str
    name: str
    zone: Zone

    @property
    def is_contact(self) -> bool:
        """Whether it was decided to contact them."""
        return self.decision.outcome is Outcome.CONTACT

    @property
    def who(self) -> str:
        """The customer's name, or else the id."""
        return self.name or self.decision.customer

    def as_object(self) -> dict[str, Any]:
        """The decision with stable keys and ISO 8601 instants of the customer's zone."""
        one = self.decision
        return {
            "at": self.zone.iso(one.at),
            "customer": one.customer,
            "rule": one.rule,
            "campaign": self.rule.campaign if self.rule else "",
            "serves": str(one.serves),
            "asks_for": str(one.asks_for),
            "reason": self.reason,
            "channel": one.channel,
            "template": self.rule.template if self.rule else "",
            "occasion": one.occasion,
            "outcome": str(one.outcome),
            "because": list(one.because),
            "until": None if one.until is None else self.zone.iso(one.until),
        }


def told(decision: Decision, customer: Customer, rulebook: Rulebook) -> Told:
    """A decision about a customer, by these rules; the event that triggered it is looked for where it has none."""
    rule = rulebook.rules[decision.rule]
    if decision.event is None and rule.triggering_event is not None:
        decision = replace(decision, event=_triggering(decision, customer))
    event = decision.event.properties if decision.event else NOTHING
    return Told(
        decision,
        rule,
        fill_reason(rule.reason, event, customer.attributes),
        str(customer.attributes.get("name", "")),
        zone_of(customer, rulebook.house),
    )


class _OfCustomer(Protocol):
    @property
    def customer(self) -> str: ...


T = TypeVar("T", bound=_OfCustomer)


def with_customers(store: Store, items: Iterable[T]) -> Iterator[tuple[T, Customer]]:
    """Decisions, or changes of them, in their order; all that is known of their customers is read for them alone."""
    for part in chunks(items, PLAIN.chunk):
        customers = {one.id: one for one in store.customers.read({item.customer for item in part})}
        for item in part:
            if item.customer in customers:  # or else erased meanwhile
                yield item, customers[item.customer]


def _triggering(decision: Decision, customer: Customer) -> Event | None:
    anchor = anchor_in(decision.occasion)
    return next((event for event in customer.events if event.id == anchor), None)
