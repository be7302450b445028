from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from webhook_senders import Sender, post, sample, shopify
from webshop import Shop, iso

from scheduler.decisions.facts import Consent
from scheduler.logs import log_as_json
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.reader import load_rulebook
from scheduler.wallclock import DAY, parse_instant, zone

ORDER = sample("shopify_order")
FULFILLMENT = sample("shopify_fulfillment")
REFUND = sample("shopify_refund")
CUSTOMER = ORDER["customer"]
SENDER = Sender("/v1/webhooks/shopify", shopify, ORDER)
RULES = Path(__file__).parents[3] / "rules"


def at(written: str) -> int:
    return parse_instant(written, zone("UTC"))


def names(shop: Shop) -> list[str]:
    return [event.name for event in shop.customer("17").events]


def test_an_order_is_placed_by_its_customer(shop: Shop) -> None:
    assert SENDER.send(shop).json() == {"added": 1, "updated": 0, "unchanged": 0}
    event = shop.event("shopify:order:5001")
    assert (event.name, event.at) == ("order_placed", at("2026-10-20T08:00:00Z"))
    assert event.properties == {
        "order_id": "5001",
        "order_number": "#1001",
        "product": "Bertha the mixer",
        "amount": 254.9,
        "currency": "EUR",
        "financial_status": "paid",
    }
    assert shop.customer("17").attributes == {
        "name": "Ana Ruiz",
        "email": "ana@example.com",
        "country": "DE",
        "phone": "+493023125000",
        "language": "de-DE",
    }


def test_an_updated_order_takes_the_place_of_the_earlier_one_in_whichever_order_they_come(shop: Shop) -> None:
    newer = {**ORDER, "total_price": "199.00", "updated_at": "2026-10-21T10:00:00Z"}
    SENDER.send(shop)
    assert SENDER.send(shop, newer).json() == {"added": 0, "updated": 1, "unchanged": 0}
    assert SENDER.send(shop).status_code == 200
    assert shop.event("shopify:order:5001").properties["amount"] == 199
    assert names(shop) == ["order_placed"]


def test_older_news_of_a_customer_does_not_win(shop: Shop) -> None:
    moved = {**CUSTOMER, "email": "ana@new.example.com", "updated_at": "2026-10-25T10:00:00Z"}
    SENDER.send(shop, moved)
    SENDER.send(shop, CUSTOMER)
    assert shop.customer("17").attributes["email"] == "ana@new.example.com"


def test_a_cancelled_order_is_an_event_of_its_own(shop: Shop) -> None:
    cancelled = {
        "cancelled_at": "2026-10-20T12:00:00Z",
        "cancel_reason": "customer",
        "updated_at": "2026-10-20T12:00:00Z",
    }
    SENDER.send(shop, {**ORDER, **cancelled})
    event = shop.event("shopify:order:5001:cancelled")
    assert (event.name, event.at) == ("order_cancelled", at("2026-10-20T12:00:00Z"))
    assert (event.properties["order_id"], event.properties["reason"]) == ("5001", "customer")


def test_a_shipment_is_of_the_customer_of_its_order(shop: Shop) -> None:
    SENDER.send(shop)
    assert SENDER.send(shop, FULFILLMENT).json()["added"] == 1
    event = shop.event("shopify:fulfillment:7001")
    assert (event.name, event.at) == ("order_shipped", at("2026-10-21T08:00:00Z"))
    assert event.properties == {"order_id": "5001", "product": "Bertha the mixer", "carrier": "DHL"}


def test_a_delivery_stays_when_it_was_whatever_changes_later(shop: Shop) -> None:
    SENDER.send(shop)
    for updated in ("2026-10-23T15:00:00Z", "2026-10-29T15:00:00Z"):
        SENDER.send(shop, {**FULFILLMENT, "shipment_status": "delivered", "updated_at": updated})
    event = shop.event("shopify:fulfillment:7001:delivered")
    assert (event.name, event.at) == ("order_delivered", at("2026-10-23T15:00:00Z"))
    assert event.properties == {"order_id": "5001", "product": "Bertha the mixer"}


def test_a_return_is_told_with_what_came_back(shop: Shop) -> None:
    SENDER.send(shop)
    SENDER.send(shop, REFUND)
    event = shop.event("shopify:refund:8001")
    assert (event.name, event.at) == ("order_returned", at("2026-10-30T09:00:00Z"))
    assert event.properties == {
        "order_id": "5001",
        "product": "Bertha the mixer",
        "amount": 249,
        "reason": "too loud",
    }


def test_money_alone_is_no_return(shop: Shop) -> None:
    SENDER.send(shop)
    never_left = {**REFUND["refund_line_items"][0], "restock_type": "cancel"}
    for items in ([], [never_left]):
        SENDER.send(shop, {**REFUND, "refund_line_items": items})
    assert names(shop) == ["order_placed"]


def test_what_comes_before_its_order_comes_again_with_it(shop: Shop) -> None:
    delivered = {**FULFILLMENT, "shipment_status": "delivered", "updated_at": "2026-10-23T15:00:00Z"}
    for early in (delivered, REFUND):
        assert SENDER.send(shop, early).json() == {"added": 0, "updated": 0, "unchanged": 0}
    SENDER.send(shop, {**ORDER, "fulfillments": [delivered], "refunds": [REFUND]})
    assert names(shop) == ["order_placed", "order_shipped", "order_delivered", "order_returned"]


@pytest.mark.parametrize(
    "says",
    [
        {**ORDER, "customer": None},
        {**ORDER, "test": True},
        {"id": 1, "admin_graphql_api_id": "gid://shopify/Product/1", "title": "flour"},
    ],
    ids=["nobody", "a test", "a product"],
)
def test_what_is_of_no_use_is_let_pass(shop: Shop, says: dict[str, Any]) -> None:
    assert SENDER.send(shop, says).status_code == 200
    assert shop.workspace.store.counts().customers == 0


def test_what_a_message_is_about_does_not_depend_on_what_is_not_signed(shop: Shop) -> None:
    body = json.dumps(ORDER).encode()
    post(shop, SENDER.path, body, {**shopify(body), "X-Shopify-Topic": "orders/cancelled"})
    assert names(shop) == ["order_placed"]


def test_an_attribute_that_can_not_be_read_is_passed_over(shop: Shop) -> None:
    SENDER.send(shop, {**CUSTOMER, "phone": "call me", "email": "ana@ruiz@example.com"})
    assert shop.customer("17").attributes == {"name": "Ana Ruiz", "country": "DE"}


def consents(shop: Shop) -> list[Consent]:
    return [one.consent for one in shop.workspace.store.consents.of("17")]


def agreeing(state: str, when: str | None, version: str = "2026-10-26T10:00:00Z") -> dict[str, Any]:
    consent = {"state": state, "opt_in_level": "confirmed_opt_in", "consent_updated_at": when}
    return {**CUSTOMER, "email_marketing_consent": consent, "updated_at": version}


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(RULES.parent)


@pytest.fixture
def housed(shop: Shop, rulebook: Rulebook) -> Shop:
    """A shop with the starter's rules: there, asks for a purchase belong to the topic `offers`."""
    shop.workspace.store.rulebooks.activate(rulebook.files, rulebook.version, "maja", rules=[], now=shop.now)
    return shop


def test_a_yes_to_marketing_is_consent_to_the_topic_of_purchases(housed: Shop) -> None:
    when = "2026-10-26T09:00:00Z"
    SENDER.send(housed, agreeing("subscribed", when))
    assert consents(housed) == [Consent("offers", "email", True, at(when))]
    (record,) = housed.workspace.store.consents.of("17")
    assert record.source == "Shopify: email_marketing_consent subscribed confirmed_opt_in"


def test_a_no_is_taken_with_and_without_its_time(housed: Shop) -> None:
    SENDER.send(housed, agreeing("unsubscribed", "2026-10-27T09:00:00Z"))
    SENDER.send(housed, agreeing("unsubscribed", None, "2026-10-27T10:00:00Z"))
    assert consents(housed) == [
        Consent("offers", "email", False, at("2026-10-27T09:00:00Z")),
        Consent("offers", "email", False, housed.now),
    ]


def test_a_yes_of_tomorrow_does_not_outdo_a_no_of_today(housed: Shop) -> None:
    SENDER.send(housed, agreeing("subscribed", iso(housed.now + DAY // 2)))
    assert consents(housed) == [Consent("offers", "email", True, housed.now)]


@pytest.mark.parametrize(("state", "when"), [("subscribed", None), ("not_subscribed", None), ("pending", None)])
def test_what_is_no_proof_of_a_yes_is_none(housed: Shop, state: str, when: str | None) -> None:
    SENDER.send(housed, agreeing(state, when))
    assert consents(housed) == []


def test_where_no_rules_say_what_marketing_is_a_yes_is_for_nothing_and_a_no_for_everything(shop: Shop) -> None:
    SENDER.send(shop, agreeing("subscribed", "2026-10-26T09:00:00Z"))
    assert consents(shop) == []
    when = "2026-10-27T09:00:00Z"
    SENDER.send(shop, agreeing("unsubscribed", when, "2026-10-28T10:00:00Z"))
    assert consents(shop) == [Consent(None, "email", False, at(when))]


def test_who_asks_to_be_forgotten_hears_nothing_more_and_the_operator_is_told_once(shop: Shop) -> None:
    SENDER.send(shop)
    asks = {"shop_id": 1, "shop_domain": "oven.example", "customer": {"id": 17}, "orders_to_redact": [5001]}
    for _ in range(2):
        assert SENDER.send(shop, asks).status_code == 200
    assert consents(shop) == [Consent(None, None, False, shop.now)]
    notes = shop.workspace.store.notes.list("17")
    assert [(one.who, one.what) for one in notes if one.who == "Shopify"] == [
        ("Shopify", "a customer asks to be erased")
    ]


def test_who_asks_for_their_data_is_noted_for_the_operator(shop: Shop) -> None:
    asks = {"shop_id": 1, "customer": {"id": 17}, "orders_requested": [5001], "data_request": {"id": 9}}
    SENDER.send(shop, asks)
    assert shop.workspace.store.counts().customers == 0
    assert shop.workspace.store.notes.list("17") == []
    SENDER.send(shop)
    SENDER.send(shop, asks)
    assert [one.what for one in shop.workspace.store.notes.list("17")] == ["a customer asks for their data"]


def test_a_shop_that_leaves_is_noted_for_the_operator(shop: Shop) -> None:
    SENDER.send(shop, {"shop_id": 1, "shop_domain": "oven.example"})
    (note,) = shop.workspace.store.notes.list()
    assert note.what == "the shop asks that the data of all of its customers be erased"


def test_the_log_names_nobody(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    asks = {"customer": {"id": 17, "email": "ana@example.com"}, "orders_to_redact": []}
    changed = {**FULFILLMENT, "shipment_status": "delivered", "updated_at": "2026-10-23T15:00:00Z"}
    with log_as_json():
        for says in (
            REFUND,
            ORDER,
            changed,
            {**changed, "line_items": [], "updated_at": "2026-10-24T15:00:00Z"},
            asks,
            {**ORDER, "id": None},
        ):
            SENDER.send(shop, says)
    written = capsys.readouterr().err
    assert written.count('"event": "request"') == 6
    for told in ("belongs to an unknown event", "asks to be erased", "left as they are", '"status": 400'):
        assert told in written
    for private in ("ana@example.com", "Ana", "Ruiz", "23125000", "Bertha", "too loud"):
        assert private not in written
