from __future__ import annotations

from datetime import date
from typing import Any

from webhook_senders import OTHER, Sender, standard
from webshop import Shop

from scheduler.wallclock import SECOND

SAYS: dict[str, Any] = {
    "type": "subscription.started",
    "timestamp": "2026-11-02T08:59:00Z",
    "data": {"customer": "17", "product": "the Flour Club", "renews_on": "2027-11-02", "plan": {"interval": "year"}},
}
SENDER = Sender("/v1/webhooks/standard", standard, SAYS)


def test_a_message_is_an_event_of_its_customer(shop: Shop) -> None:
    assert SENDER.send(shop).json() == {"added": 1, "updated": 0, "unchanged": 0}
    event = shop.event("webhook msg_1")
    assert (event.name, event.at) == ("subscription_started", shop.now - 60 * SECOND)
    assert event.properties == {
        "product": "the Flour Club",
        "renews_on": date(2027, 11, 2),
        "plan_interval": "year",
    }


def test_the_next_key_is_good_too(shop: Shop) -> None:
    assert SENDER.send(shop, key=OTHER).json()["added"] == 1


def test_the_same_id_with_other_content_is_a_conflict(shop: Shop) -> None:
    SENDER.send(shop)
    answer = SENDER.send(shop, {**SAYS, "type": "subscription.ended"})
    assert answer.status_code == 409
    assert shop.event("webhook msg_1").name == "subscription_started"
