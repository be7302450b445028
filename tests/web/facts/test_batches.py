from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from webshop import NOW, Shop, iso

from scheduler.web.facts.routes import AT_ONCE


def order(number: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "userId": "17",
        "event": "Order Placed",
        "messageId": f"m{number}",
        "timestamp": iso(NOW),
    } | more


def test_messages_are_taken_in_their_order(shop: Shop) -> None:
    batch = [
        {"type": "identify", "userId": "17", "traits": {"plan": "basic"}},
        order(1),
        {"type": "identify", "userId": "17", "traits": {"plan": "premium"}},
        order(2),
    ]
    assert shop.post("/v1/batch", {"batch": batch}).json() == {
        "success": True,
        "customers": 2,
        "added": 2,
        "updated": 0,
        "unchanged": 0,
        "unused": 0,
        "refused": [],
    }
    assert shop.customer("17").attributes == {"plan": "premium"}


def test_the_good_of_a_batch_are_taken_and_the_bad_are_named(shop: Shop) -> None:
    shop.post("/v1/track", order(2, properties={"total": 1}))
    batch = [order(1), order(2, properties={"total": 2}), order(3, timestamp="2099-01-01T00:00:00Z"), 7, {"type": "x"}]
    answer = shop.post("/v1/batch", {"batch": batch})
    found = answer.json()
    assert (answer.status_code, found["success"], found["added"]) == (200, False, 1)
    assert [(one["position"], one["messageId"], one["cause"]) for one in found["refused"]] == [
        (1, "m2", "same_id"),
        (2, "m3", "in_the_future"),
        (3, None, "malformed"),
        (4, None, "malformed"),
    ]
    assert found["refused"][3]["detail"] == ("type: 'x' is none; there are track, identify, page, screen, group, alias")


@pytest.mark.parametrize(
    "odd",
    [{"messageId": "\ud800x"}, {"messageId": "m3", "properties": {"a\ud800": "\0"}}, {"event": "a" + "-" * 1_000}],
)
def test_what_is_no_text_is_refused_and_told_of(shop: Shop, odd: dict[str, Any]) -> None:
    answer = shop.post("/v1/batch", {"batch": [order(1), order(2) | odd]})
    found = answer.json()
    assert (answer.status_code, found["added"], [one["position"] for one in found["refused"]]) == (200, 1, [1])
    assert len(answer.content) < 1_000


def test_the_clock_of_the_sender_is_read_from_the_batch(shop: Shop) -> None:
    off = 7_200_000_000
    shop.post("/v1/batch", {"batch": [order(1, timestamp=iso(NOW + off))], "sentAt": iso(NOW + off)})
    assert shop.event("m1").at == NOW


def test_many_messages_are_read_beside_and_taken_whole(shop: Shop) -> None:
    number = AT_ONCE + 1
    answer = shop.post("/v1/batch", {"batch": [order(one) for one in range(number)] + [7]})
    assert (answer.json()["added"], answer.json()["refused"][0]["position"]) == (number, number)
    assert shop.workspace.store.counts().events == number


@pytest.mark.parametrize("kind", ["page", "screen", "group", "alias"])
def test_kinds_of_which_nothing_is_kept_are_let_pass(shop: Shop, kind: str) -> None:
    alone = shop.post(f"/v1/{kind}", {"userId": "17", "name": "Home"})
    inside = shop.post("/v1/batch", {"batch": [{"type": kind, "userId": "17"}]})
    assert [(one.status_code, one.json()["unused"], one.json()["success"]) for one in (alone, inside)] == [
        (200, 1, True)
    ] * 2
    assert shop.workspace.store.counts().customers == 0


def test_a_packed_body_is_read(shop: Shop) -> None:
    packed = gzip.compress(json.dumps({"batch": [order(1)]}).encode())
    headers = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"}
    answer = shop.post("/v1/batch", None, content=packed, headers=headers)
    assert answer.json()["added"] == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "Expecting property name enclosed in double quotes at line 1, character 2"),
        (b'{"batch": [\xff]}', "byte 12 is not UTF-8"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"1" * 5_000, "a number has too many digits"),
        (b"[]", "the body is no JSON object"),
        (b'{"batch": {}}', '{"batch": [MESSAGE, \u2026]}'),
    ],
)
def test_a_body_that_can_not_be_read_is_refused_whole(shop: Shop, body: bytes, words: str) -> None:
    answer = shop.post("/v1/batch", None, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert words in answer.json()["detail"]
