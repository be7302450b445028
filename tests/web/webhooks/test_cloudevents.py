from __future__ import annotations

import json
from typing import Any

import pytest
from webhook_senders import KEYS, post, stored
from webshop import Shop

from scheduler.web.webhooks.cloudevents import event_name

BEARER = {"Authorization": f"Bearer {KEYS['write_key']}"}
ONE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "A1",
    "source": "/shops/berlin",
    "type": "com.example.order.placed",
    "subject": "17",
    "time": "2026-11-01T18:30:00Z",
    "data": {"order_id": "A1", "amount": 49.9, "gift": True, "note": None},
}
ID = "/shops/berlin A1"


def send(shop: Shop, event: Any, kind: str = "application/cloudevents+json") -> Any:
    return post(shop, "/v1/events", json.dumps(event).encode(), BEARER, f"{kind}; charset=utf-8")


def test_a_structured_event_is_taken(shop: Shop) -> None:
    assert send(shop, ONE).json() == {"added": 1, "updated": 0, "unchanged": 0}
    event = shop.event(ID)
    assert event.name == "order_placed"
    assert event.at == shop.now - (14 * 60 + 30) * 60_000_000
    assert event.known_at == shop.now
    assert event.properties == {"order_id": "A1", "amount": 49.9, "gift": True}


def test_an_event_in_binary_mode_is_the_same(shop: Shop) -> None:
    headers = {f"ce-{name}": ONE[name] for name in ("specversion", "id", "source", "type", "subject", "time")}
    body = json.dumps(ONE["data"]).encode()
    assert post(shop, "/v1/events", body, {**BEARER, **headers}).json()["added"] == 1
    assert send(shop, ONE).json()["unchanged"] == 1


def test_headers_of_binary_mode_are_percent_decoded(shop: Shop) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "seen", "ce-subject": "J%C3%BCrgen"}
    assert post(shop, "/v1/events", b"", {**BEARER, **headers}).json()["added"] == 1
    assert shop.event("s 1", "Jürgen").properties == {}


def test_a_batch_is_taken_whole_or_not_at_all(shop: Shop) -> None:
    batch = "application/cloudevents-batch+json"
    answer = send(shop, [ONE, {**ONE, "id": "A2", "subject": ""}], batch)
    assert (answer.status_code, answer.json()["cause"]) == (400, "missing")
    assert answer.json()["detail"].startswith("event 2: subject: is empty")
    assert stored(shop.workspace).events == 0
    assert send(shop, [ONE, {**ONE, "id": "A2"}], batch).json()["added"] == 2


def test_an_event_that_comes_again_changes_nothing_even_without_its_time(shop: Shop) -> None:
    timeless = {name: value for name, value in ONE.items() if name != "time"}
    send(shop, timeless)
    first = shop.event(ID)
    shop.now += 60_000_000
    assert send(shop, timeless).json()["unchanged"] == 1
    assert shop.event(ID) == first


def test_the_same_id_of_another_source_is_another_event(shop: Shop) -> None:
    send(shop, ONE)
    assert send(shop, {**ONE, "source": "/shops/paris"}).json()["added"] == 1


def test_the_same_id_with_other_content_is_a_conflict(shop: Shop) -> None:
    send(shop, ONE)
    answer = send(shop, {**ONE, "data": {"order_id": "A9"}})
    assert answer.status_code == 409
    assert ID in answer.json()["detail"]
    assert shop.event(ID).properties["order_id"] == "A1"


def test_of_a_batch_with_a_conflict_the_others_are_taken(shop: Shop) -> None:
    send(shop, ONE)
    batch = [{**ONE, "data": {}}, {**ONE, "id": "A2"}]
    answer = send(shop, batch, "application/cloudevents-batch+json")
    assert answer.status_code == 409
    assert answer.json()["detail"].endswith(ID)
    assert [event.id for event in shop.customer("17").events] == [ID, "/shops/berlin A2"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"subject": None}, "subject"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2027-11-01T18:30:00Z"}, "time"),
        ({"data": [1]}, "data"),
        ({"datacontenttype": "text/xml", "data": "<a/>"}, "data"),
        ({"data_base64": "AAAA"}, "data"),
        ({"type": "..."}, "type"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(shop: Shop, change: dict[str, Any], place: str) -> None:
    answer = send(shop, {**ONE, **change})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{place}: ")
    assert stored(shop.workspace).events == 0


@pytest.mark.parametrize("authorization", ["", "Bearer another", "Bearer ", "Digest the-key-of-the-shop", "Basic é"])
def test_who_has_no_write_key_hands_nothing_in(shop: Shop, authorization: str) -> None:
    headers = {b"authorization": authorization.encode()}
    answer = shop.client.post("/v1/events", json=ONE, headers=headers)
    assert answer.status_code == 401
    assert stored(shop.workspace).events == 0


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Order Placed", "order_placed"),
        ("orderPlaced", "order_placed"),
        ("com.example.order.placed", "order_placed"),
        ("de.patient-oven.order.placed.v2", "order_placed_v2"),
        ("com.example", "com_example"),
        ("order.placed", "order_placed"),
    ],
)
def test_a_type_names_an_event_without_the_domain_before_it(written: str, name: str) -> None:
    assert event_name(written) == name
