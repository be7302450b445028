from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from webhook_senders import Sender, sample, stripe
from webshop import Shop

from scheduler.wallclock import DAY, SECOND

CREATED = sample("stripe_subscription")
SENDER = Sender("/v1/webhooks/stripe", stripe, CREATED)
BEGAN = CREATED["created"] * SECOND


def changed(
    kind: str, created: int = CREATED["created"] + 3600, id_: str = "evt_2", before: Any = None, **fields: Any
) -> dict[str, Any]:
    """An event about the same subscription."""
    event = deepcopy(CREATED) | {"id": id_, "type": f"customer.subscription.{kind}", "created": created}
    event["data"]["object"] |= fields
    if before is not None:
        event["data"]["previous_attributes"] = before
    return event


def names(shop: Shop, customer: str = "17") -> list[str]:
    return sorted(event.name for event in shop.customer(customer).events)


def test_a_subscription_starts_and_says_when_it_renews(shop: Shop) -> None:
    assert SENDER.send(shop).json()["added"] == 2
    event = shop.event("stripe:sub_1:started")
    assert (event.name, event.at) == ("subscription_started", BEGAN)
    assert event.properties == {
        "subscription_id": "sub_1",
        "product": "the Flour Club",
        "category": "club",
        "amount": 99,
        "currency": "EUR",
        "interval": "year",
    }
    renewal = shop.event("stripe:sub_1:renews:evt_1")
    assert (renewal.name, renewal.at) == ("renewal_set", BEGAN)
    assert renewal.properties == {
        "subscription_id": "sub_1",
        "product": "the Flour Club",
        "renews_on": date(2027, 10, 30),
    }


def test_the_customer_is_ours_where_the_metadata_names_them_and_else_theirs(shop: Shop) -> None:
    SENDER.send(shop, changed("created", metadata={}))
    assert "subscription_started" in names(shop, "cus_9")


def test_a_subscription_that_is_not_paid_for_has_not_started(shop: Shop) -> None:
    SENDER.send(shop, changed("created", status="incomplete"))
    assert shop.workspace.store.counts().customers == 0
    SENDER.send(shop, changed("updated", id_="evt_3", before={"status": "incomplete"}))
    assert names(shop) == ["renewal_set", "subscription_changed", "subscription_started"]
    assert shop.event("stripe:sub_1:started").at == BEGAN


def test_the_newest_change_counts_in_whichever_order_they_come(shop: Shop) -> None:
    SENDER.send(shop)
    later = changed("updated", CREATED["created"] + 7200, "evt_3", {"status": "active"}, status="past_due")
    SENDER.send(shop, later)
    SENDER.send(shop, changed("updated", before={"default_payment_method": None}))
    event = shop.event("stripe:sub_1:changed")
    assert (event.name, event.at) == ("subscription_changed", BEGAN + 7200 * SECOND)
    assert (event.properties["status"], event.properties["ends"]) == ("past_due", False)


def test_what_will_end_renews_no_more(shop: Shop) -> None:
    SENDER.send(shop)
    SENDER.send(shop, changed("updated", before={"cancel_at_period_end": False}, cancel_at_period_end=True))
    renewals = [event for event in shop.customer("17").events if event.name == "renewal_set"]
    assert [event.properties.get("renews_on") for event in renewals] == [date(2027, 10, 30), None]


@pytest.mark.parametrize("ends", [10**12, 10**400, -(10**15), True], ids=["far", "farther", "before", "true"])
def test_a_period_that_ends_at_no_date_has_no_day_of_renewal(shop: Shop, ends: int) -> None:
    event = deepcopy(CREATED)
    event["data"]["object"].pop("items", None)
    event["data"]["object"]["current_period_end"] = ends
    SENDER.send(shop, event)
    (renewal,) = [event for event in shop.customer("17").events if event.name == "renewal_set"]
    assert "renews_on" not in renewal.properties


def test_a_change_of_something_else_leaves_the_renewal(shop: Shop) -> None:
    SENDER.send(shop)
    SENDER.send(shop, changed("updated", before={"default_payment_method": None}))
    assert names(shop).count("renewal_set") == 1


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"feedback": "too_expensive", "reason": "cancellation_requested", "comment": "a pity"}, "too_expensive"),
        ({"feedback": None, "reason": "payment_failed", "comment": None}, "payment_failed"),
    ],
)
def test_a_subscription_is_cancelled_for_a_reason(shop: Shop, details: dict[str, Any], reason: str) -> None:
    SENDER.send(shop)
    ended = CREATED["created"] + DAY // SECOND
    SENDER.send(shop, changed("deleted", status="canceled", ended_at=ended, cancellation_details=details))
    event = shop.event("stripe:sub_1:cancelled")
    assert (event.name, event.at) == ("subscription_cancelled", BEGAN + DAY)
    assert event.properties["reason"] == reason
    assert event.properties.get("comment") == details["comment"]
    assert event.properties["subscription_id"] == "sub_1"


def test_each_attempt_to_pay_that_failed_is_an_event(shop: Shop) -> None:
    failed = sample("stripe_invoice")
    for number in (1, 2):
        SENDER.send(shop, failed | {"id": f"evt_7{number}"})
    event = shop.event("stripe:in_1:evt_71")
    assert event.name == "payment_failed"
    assert event.properties == {
        "invoice_id": "in_1",
        "subscription_id": "sub_1",
        "amount": 99,
        "currency": "EUR",
        "attempt": 1,
    }
    assert names(shop) == ["payment_failed", "payment_failed"]


def test_an_invoice_is_paid_once(shop: Shop) -> None:
    paid = sample("stripe_invoice") | {"type": "invoice.paid"}
    paid["data"]["object"] |= {"amount_paid": 9900, "currency": "jpy"}
    SENDER.send(shop, paid)
    event = shop.event("stripe:in_1:paid")
    assert (event.name, event.properties["amount"]) == ("invoice_paid", 9900)


def test_a_customer_brings_attributes_and_older_ones_do_not_win(shop: Shop) -> None:
    person = {
        "id": "cus_9",
        "object": "customer",
        "name": "Ana Ruiz",
        "email": "ana@new.example.com",
        "address": {"country": "DE"},
        "preferred_locales": ["de-DE"],
        "metadata": {"customer_id": "17"},
    }
    event = {"id": "evt_5", "type": "customer.updated", "created": CREATED["created"], "data": {"object": person}}
    SENDER.send(shop, event)
    older = {**person, "email": "ana@example.com"}
    SENDER.send(shop, {**event, "id": "evt_4", "created": event["created"] - 60, "data": {"object": older}})
    assert shop.customer("17").attributes == {
        "name": "Ana Ruiz",
        "email": "ana@new.example.com",
        "country": "DE",
        "language": "de-DE",
    }


def test_what_is_of_no_use_is_let_pass(shop: Shop) -> None:
    assert SENDER.send(shop, {"id": "evt_6", "type": "charge.succeeded", "created": 1, "data": {}}).status_code == 200
    assert shop.workspace.store.counts().customers == 0
