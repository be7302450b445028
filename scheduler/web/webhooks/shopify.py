"""Shopify's webhooks: orders, shipments, returns, customers with their consent, and requests about their data.

Only the body is signed, neither the topic nor a time. So what a message is about is read from its body, by the id that
stands there (`gid://shopify/Order/1`), and a message that comes again changes nothing: whatever it says has an id, and
a version by `updated_at`. Orders bring their customer, shipments and returns along: whichever webhook comes first, and
also where one is lost, the facts are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from scheduler.decisions.facts import Consent, Value
from scheduler.store import CustomerConsent, CustomerEvent
from scheduler.web.facts.writer import Facts
from scheduler.web.webhooks.adapter import Adapter, House, Message, Part
from scheduler.web.webhooks.reading import (
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
from scheduler.web.webhooks.signatures import ensure_signed, from_base64

_MARKETING = {"email": "email_marketing_consent", "sms": "sms_marketing_consent"}
_CAME_TO_NOTHING = {"cancelled", "error", "failure"}
_ERASE = "a customer asks to be erased"
_ERASE_ALL = "the shop asks that the data of all of its customers be erased"
_TELL = "a customer asks for their data"
_id = partial(id_of, "shopify")


def prove(message: Message, keys: tuple[bytes, ...]) -> bytes:
    """Raise `Problem` unless the body is signed; a message may come again."""
    signature = from_base64(message.headers.get("x-shopify-hmac-sha256", ""))
    ensure_signed(message.body, [signature] if signature else [], keys)
    return b""


def read(message: Message, payload: Any, house: House) -> tuple[Part, ...]:
    """What a message says; nothing of what is not used here."""
    kind = text(payload, "admin_graphql_api_id").removeprefix("gid://shopify/").partition("/")[0]
    if not kind:
        return _request(payload, message.now)
    use = _USES.get(kind)
    return use(payload, message.now, house) if use else ()


def _order(order: dict[str, Any], now: int, house: House) -> tuple[Part, ...]:
    customer = text(order, "customer", "id")
    if not customer or found(order, "test") is True:
        return ()
    number = needed(order, "id")
    of = said(order_id=number, order_number=text(order, "name"), product=_product(order, "line_items"))
    paid = said(
        amount=amount(order, "total_price"),
        currency=text(order, "currency"),
        financial_status=text(order, "financial_status"),
    )
    at = moment(order, "created_at", now=now)
    events = [happened(_id("order", number), customer, "order_placed", at, {**of, **paid}, now=now)]
    if text(order, "cancelled_at"):
        at = moment(order, "cancelled_at", now=now)
        why = said(reason=text(order, "cancel_reason"))
        events.append(happened(_id("order", number, "cancelled"), customer, "order_cancelled", at, of | why, now=now))
    came = [_shipped(one, number, now) + _delivered(one, number, now) for one in objects(order, "fulfillments")]
    went = [_returned(one, number, now) for one in objects(order, "refunds")]
    return (
        *_customer(found(order, "customer"), now, house, language=text(order, "customer_locale")),
        _newest("order", order, now, events),
        *(Part(Facts(events=_theirs(events, customer))) for events in (*came, *went)),
    )


def _fulfillment(fulfillment: dict[str, Any], now: int, _house: House) -> tuple[Part, ...]:
    order = needed(fulfillment, "order_id")
    return (
        _newest("fulfillment", fulfillment, now, _shipped(fulfillment, order, now), whose=_id("order", order)),
        Part(Facts(events=tuple(_delivered(fulfillment, order, now))), whose=_id("order", order)),
    )


def _refund(refund: dict[str, Any], now: int, _house: House) -> tuple[Part, ...]:
    order = needed(refund, "order_id")
    return (Part(Facts(events=tuple(_returned(refund, order, now))), whose=_id("order", order)),)


def _shipped(fulfillment: dict[str, Any], order: str, now: int) -> list[CustomerEvent]:
    if text(fulfillment, "status") in _CAME_TO_NOTHING:
        return []
    properties = said(
        order_id=order, product=_product(fulfillment, "line_items"), carrier=text(fulfillment, "tracking_company")
    )
    at = moment(fulfillment, "created_at", now=now)
    return [happened(_id("fulfillment", needed(fulfillment, "id")), "", "order_shipped", at, properties, now=now)]


def _delivered(fulfillment: dict[str, Any], order: str, now: int) -> list[CustomerEvent]:
    """The delivery, when it is first told of: later changes of the same shipment don't move it."""
    if text(fulfillment, "shipment_status") != "delivered":
        return []
    properties = said(order_id=order, product=_product(fulfillment, "line_items"))
    id_ = _id("fulfillment", needed(fulfillment, "id"), "delivered")
    return [happened(id_, "", "order_delivered", moment(fulfillment, "updated_at", now=now), properties, now=now)]


def _returned(refund: dict[str, Any], order: str, now: int) -> list[CustomerEvent]:
    """What came back; money alone, or what had never left, is no return."""
    items = [one for one in objects(refund, "refund_line_items") if text(one, "restock_type") != "cancel"]
    if not items:
        return []
    paid = sum(amount(one, "amount") or 0 for one in objects(refund, "transactions"))
    product = text(items[0], "line_item", "title")
    properties = said(order_id=order, product=product, amount=round(paid, 2), reason=text(refund, "note"))
    at = moment(refund, "created_at", now=now)
    return [happened(_id("refund", needed(refund, "id")), "", "order_returned", at, properties, now=now)]


def _customer(person: Any, now: int, house: House, language: str = "") -> tuple[Part, ...]:
    customer = needed(person, "id")
    written = {
        "name": f"{text(person, 'first_name')} {text(person, 'last_name')}",
        "email": text(person, "email"),
        "country": text(person, "default_address", "country_code"),
        "phone": text(person, "phone") or text(person, "default_address", "phone"),
        "language": language,
    }
    consents = tuple(
        one for channel, key in _MARKETING.items() for one in _consent(person, customer, channel, key, now, house)
    )
    return (_newest("customer", person, now, (), people=(customer, attributes(written, now=now)), consents=consents),)


def _consent(
    person: dict[str, Any], customer: str, channel: str, key: str, now: int, house: House
) -> list[CustomerConsent]:
    """What they said of marketing by a channel: a yes counts only with its time, a no also without; none of tomorrow.

    Where no rules are active, nobody knows for which topic it stands: a yes is for none then, a no for all.
    """
    state, at = text(person, key, "state"), text(person, key, "consent_updated_at")
    given = state == "subscribed"
    asked = at or state in ("unsubscribed", "redacted")
    if not state or not asked or (given and house.marketing is None):
        return []
    said_at = min(moment_or(now, person, key, "consent_updated_at", now=now), now)  # not to outdo what comes till then
    record = Consent(house.marketing, channel, given, said_at)
    level = text(person, key, "opt_in_level")
    return [CustomerConsent(customer, record, " ".join(filter(None, ("Shopify:", key, state, level))))]


def _request(payload: Any, now: int) -> tuple[Part, ...]:
    """A request by law; whoever wants to be forgotten hears nothing more from now on."""
    customer = text(payload, "customer", "id")
    if found(payload, "data_request") is not None and customer:
        return (Part(note=_TELL, known=customer),)
    if found(payload, "orders_to_redact") is not None and customer:
        withdrawn = CustomerConsent(customer, Consent(None, None, False, now), "Shopify: customers/redact")
        return (Part(Facts(consents=(withdrawn,)), note=_ERASE, known=customer),)
    return (Part(note=_ERASE_ALL),) if text(payload, "shop_domain") else ()


def _newest(
    kind: str,
    payload: Any,
    now: int,
    events: list[CustomerEvent] | tuple[CustomerEvent, ...],
    *,
    people: tuple[str, Mapping[str, Value]] | None = None,
    consents: tuple[CustomerConsent, ...] = (),
    whose: str = "",
) -> Part:
    """Facts that are those of the newest version of a thing."""
    facts = Facts((people,) if people else (), tuple(events), consents)
    version = moment_or(0, payload, "updated_at", now=now)
    return Part(facts, thing=_id(kind, needed(payload, "id")) if version else "", version=version, whose=whose)


def _theirs(events: list[CustomerEvent], customer: str) -> tuple[CustomerEvent, ...]:
    return tuple(CustomerEvent(customer, one.event) for one in events)


def _product(payload: dict[str, Any], *place: str) -> str:
    """What they remember an order by: the dearest thing in it."""
    items = objects(payload, *place)
    return text(max(items, key=lambda one: amount(one, "price") or 0), "title") if items else ""


_USES: dict[str, Callable[[dict[str, Any], int, House], tuple[Part, ...]]] = {
    "Order": _order,
    "Fulfillment": _fulfillment,
    "Refund": _refund,
    "Customer": _customer,
}

ADAPTER = Adapter(
    name="Shopify",
    path="/webhooks/shopify",
    setting="shopify_key",
    key_of=str.encode,
    prove=prove,
    read=read,
)
