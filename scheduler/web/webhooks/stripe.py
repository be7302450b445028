"""Stripe's webhooks: subscriptions, their renewals and payments.

The customer is who stands as `customer_id` in the subscription's metadata, or else Stripe's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from scheduler.decisions.facts import Value
from scheduler.wallclock import DAY, date_of
from scheduler.web.facts.writer import Facts
from scheduler.web.webhooks.adapter import Adapter, House, Message, Part
from scheduler.web.webhooks.reading import (
    LATEST,
    amount,
    attributes,
    found,
    happened,
    id_of,
    moment,
    moment_or,
    needed,
    objects,
    said,
    text,
)
from scheduler.web.webhooks.signatures import ensure_recent, ensure_signed, from_hex

_NOT_BEGUN = {"incomplete", "incomplete_expired"}
_RENEWS = {"active", "trialing", "past_due"}
_WITHOUT_CENTS = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf")
)
"""Stripe's zero-decimal currencies: others are in hundredths."""
_RENEWAL = {"current_period_end", "cancel_at_period_end", "cancel_at", "status", "items"}
"""What a renewal depends on."""
_id = partial(id_of, "stripe")


def prove(message: Message, keys: tuple[bytes, ...]) -> bytes:
    """Raise `Problem` unless the time and the body are signed, and recent; what was signed."""
    written = [one.strip().partition("=") for one in message.headers.get("stripe-signature", "").split(",")]
    seconds = next((value for name, _, value in written if name == "t"), "")
    content = f"{seconds}.".encode() + message.body
    ensure_signed(content, [from_hex(value) for name, _, value in written if name == "v1"], keys)
    ensure_recent(seconds, now=message.now, skew=message.skew)
    return content


def read(message: Message, payload: Any, _house: House) -> tuple[Part, ...]:
    """What a message says; nothing of what is not used here."""
    use = _USES.get(needed(payload, "type"))
    return use(payload, found(payload, "data", "object"), message.now) if use else ()


def _changed(event: Any, subscription: Any, now: int) -> tuple[Part, ...]:
    """A subscription as it is made or changed. It has begun once it is paid for, or on trial."""
    if text(subscription, "status") in _NOT_BEGUN:
        return ()
    id_, customer, of = _subscription(subscription)
    began = moment_or(moment(subscription, "created", now=now), subscription, "start_date", now=now)
    started = happened(_id(id_, "started"), customer, "subscription_started", began, of, now=now)
    parts = [Part(Facts(events=(started,)))]
    told = moment(event, "created", now=now)
    if text(event, "type").endswith(".updated"):
        state = said(status=text(subscription, "status"), ends=found(subscription, "cancel_at_period_end") is True)
        changed = happened(_id(id_, "changed"), customer, "subscription_changed", told, of | state, now=now)
        parts.append(Part(Facts(events=(changed,)), thing=_id(id_, "changed"), version=told))
    before = found(event, "data", "previous_attributes")
    if not isinstance(before, dict) or before.keys() & _RENEWAL:
        # its own event each time, as a newer one of the same subscription moves the date, or takes it away
        renews = said(subscription_id=id_, product=of.get("product"), renews_on=_renews_on(subscription))
        renewal = happened(_id(id_, "renews", needed(event, "id")), customer, "renewal_set", told, renews, now=now)
        parts.append(Part(Facts(events=(renewal,))))
    return tuple(parts)


def _deleted(event: Any, subscription: Any, now: int) -> tuple[Part, ...]:
    id_, customer, of = _subscription(subscription)
    details = found(subscription, "cancellation_details")
    why = said(reason=text(details, "feedback") or text(details, "reason"), comment=text(details, "comment"))
    at = moment_or(moment(event, "created", now=now), subscription, "ended_at", now=now)
    ended = happened(_id(id_, "cancelled"), customer, "subscription_cancelled", at, of | why, now=now)
    return (Part(Facts(events=(ended,))),)


def _invoice(event: Any, invoice: Any, now: int) -> tuple[Part, ...]:
    paid = text(event, "type") == "invoice.paid"
    of = found(invoice, "parent", "subscription_details") or found(invoice, "subscription_details")
    subscription = text(of, "subscription") or text(invoice, "subscription")
    number, currency = needed(invoice, "id"), text(invoice, "currency")
    properties = said(
        invoice_id=number,
        subscription_id=subscription,
        amount=_money(amount(invoice, "amount_paid" if paid else "amount_due"), currency),
        currency=currency.upper(),
        attempt=None if paid else amount(invoice, "attempt_count"),
    )
    customer = text(of, "metadata", "customer_id") or needed(invoice, "customer")
    # each attempt that failed is an event of its own
    id_ = _id(number, "paid") if paid else _id(number, needed(event, "id"))
    name = "invoice_paid" if paid else "payment_failed"
    return (
        Part(Facts(events=(happened(id_, customer, name, moment(event, "created", now=now), properties, now=now),))),
    )


def _person(event: Any, person: Any, now: int) -> tuple[Part, ...]:
    customer = text(person, "metadata", "customer_id") or needed(person, "id")
    written = {
        "name": text(person, "name"),
        "email": text(person, "email"),
        "country": text(person, "address", "country"),
        "phone": text(person, "phone"),
        "language": text(person, "preferred_locales", 0),
    }
    facts = Facts(customers=((customer, attributes(written, now=now)),))
    return (Part(facts, thing=_id(needed(person, "id")), version=moment(event, "created", now=now)),)


def _subscription(subscription: Any) -> tuple[str, str, dict[str, Value]]:
    """Its id, its customer, and what it is of. Names of products are not sent: a price's nickname, or metadata."""
    id_, item = needed(subscription, "id"), next(iter(objects(subscription, "items", "data")), {})
    currency = text(item, "price", "currency")
    of = said(
        subscription_id=id_,
        product=text(subscription, "metadata", "product") or text(item, "price", "nickname"),
        category=text(subscription, "metadata", "category"),
        amount=_money(amount(item, "price", "unit_amount"), currency),
        currency=currency.upper(),
        interval=text(item, "price", "recurring", "interval"),
    )
    return id_, text(subscription, "metadata", "customer_id") or needed(subscription, "customer"), of


def _renews_on(subscription: Any) -> date | None:
    """The day (UTC) on which its period ends and another begins; None where none will."""
    ends = found(subscription, "items", "data", 0, "current_period_end") or found(subscription, "current_period_end")
    if (
        text(subscription, "status") not in _RENEWS
        or found(subscription, "cancel_at_period_end") is True
        or found(subscription, "cancel_at") is not None
        or not isinstance(ends, int)
        or isinstance(ends, bool)
        or not 0 < ends <= LATEST
    ):
        return None
    return date_of(ends * 1_000_000 // DAY)


def _money(smallest: float | None, currency: str) -> float | None:
    """An amount in the smallest unit of its currency as one of the currency."""
    return smallest if smallest is None or currency in _WITHOUT_CENTS else smallest / 100


_USES: dict[str, Callable[[Any, Any, int], tuple[Part, ...]]] = {
    "customer.created": _person,
    "customer.updated": _person,
    "customer.subscription.created": _changed,
    "customer.subscription.updated": _changed,
    "customer.subscription.deleted": _deleted,
    "invoice.paid": _invoice,
    "invoice.payment_failed": _invoice,
}

ADAPTER = Adapter(
    name="Stripe",
    path="/webhooks/stripe",
    setting="stripe_key",
    key_of=str.encode,
    prove=prove,
    read=read,
)
