from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from webshop import NOW, Shop, iso

SECOND = 1_000_000
HOUR = 3_600 * SECOND


def track(**more: Any) -> dict[str, Any]:
    return {"userId": "17", "event": "Order Placed", "messageId": "m1", "timestamp": iso(NOW - HOUR), **more}


def refusal(shop: Shop, **more: Any) -> tuple[int, str, str]:
    """The status, cause and sentence with which a message is refused; nothing of it is kept."""
    answer = shop.post("/v1/track", track(**more))
    assert answer.headers["content-type"] == "application/problem+json"
    assert shop.workspace.store.counts().events == 0
    problem = answer.json()
    assert problem["status"] == answer.status_code
    return answer.status_code, problem.get("cause"), problem["detail"]


def test_an_event_is_taken_under_the_name_that_rules_have_for_it(shop: Shop) -> None:
    answer = shop.post("/v1/track", track(properties={"orderId": "A-1", "total": 49.9, "gift": True}))
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": True, "customers": 0, "added": 1, "updated": 0, "unchanged": 0, "unused": 0, "refused": []},
    )
    event = shop.event("m1")
    assert (event.name, event.at, event.known_at) == ("order_placed", NOW - HOUR, NOW)
    assert event.properties == {"order_id": "A-1", "total": 49.9, "gift": True}


@pytest.mark.parametrize("written", ["Order Placed", "orderPlaced", "order.placed", "ORDER-PLACED", " order_placed "])
def test_however_a_name_is_written_rules_know_it_in_snake_case(shop: Shop, written: str) -> None:
    shop.post("/v1/track", track(event=written))
    assert shop.event("m1").name == "order_placed"


def test_properties_are_plain_values(shop: Shop) -> None:
    properties = {
        "delivery": {"day": "2026-12-24", "at": {"houseNumber": 7}},
        "products": [{"sku": "tea"}, {"sku": "cup"}],
        "coupon": None,
        "note": "  ",
        "code": "007",
        "feb30": "2026-02-30",
    }
    shop.post("/v1/track", track(properties=properties))
    assert shop.event("m1").properties == {
        "delivery_day": date(2026, 12, 24),
        "delivery_at_house_number": 7,
        "products": '[{"sku":"tea"},{"sku":"cup"}]',
        "code": "007",
        "feb30": "2026-02-30",
    }


def test_the_same_message_sent_again_changes_nothing(shop: Shop) -> None:
    shop.post("/v1/track", track())
    again = shop.post("/v1/track", track())
    assert (again.status_code, again.json()["added"], again.json()["unchanged"]) == (200, 0, 1)
    assert shop.customer("17").revision == 1


def test_a_message_that_is_sent_again_by_a_clock_set_meanwhile_is_the_same(shop: Shop) -> None:
    fast = 2 * HOUR
    shop.post("/v1/track", track(timestamp=iso(NOW + fast - 10 * SECOND), sentAt=iso(NOW + fast)))
    shop.now += 30 * SECOND
    again = shop.post("/v1/track", track(timestamp=iso(NOW + fast - 10 * SECOND), sentAt=iso(shop.now)))
    assert again.json()["unchanged"] == 1
    assert shop.event("m1").at == NOW - 10 * SECOND


def test_one_without_a_timestamp_occurred_as_it_first_came(shop: Shop) -> None:
    message = track()
    del message["timestamp"]
    shop.post("/v1/track", message)
    shop.now += HOUR
    assert shop.post("/v1/track", message).json()["unchanged"] == 1
    assert shop.event("m1").at == NOW


@pytest.mark.parametrize(
    ("field", "ahead", "occurred"),
    [
        ("timestamp", 301 * SECOND, NOW - HOUR),
        ("timestamp", -2 * HOUR, NOW - HOUR),
        ("originalTimestamp", 301 * SECOND, NOW - HOUR),
        ("timestamp", 299 * SECOND, NOW - HOUR + 299 * SECOND),
    ],
)
def test_a_clock_that_is_off_by_more_than_the_tolerance_is_corrected(
    shop: Shop, field: str, ahead: int, occurred: int
) -> None:
    message = {**track(), field: iso(NOW - HOUR + ahead), "sentAt": iso(NOW + ahead)}
    if field != "timestamp":
        del message["timestamp"]
    shop.post("/v1/track", message)
    assert shop.event("m1").at == occurred


def test_what_was_corrected_before_is_taken_as_it_is(shop: Shop) -> None:
    off = 5 * HOUR
    shop.post("/v1/track", track(originalTimestamp=iso(NOW - HOUR + off), sentAt=iso(NOW + off)))
    assert shop.event("m1").at == NOW - HOUR


def test_an_event_of_a_moment_to_come_becomes_known_with_it(shop: Shop) -> None:
    shop.post("/v1/track", track(timestamp=iso(NOW + 60 * SECOND)))
    event = shop.event("m1")
    assert (event.at, event.known_at) == (NOW + 60 * SECOND, NOW + 60 * SECOND)


def test_the_same_message_id_with_other_content_is_a_conflict(shop: Shop) -> None:
    shop.post("/v1/track", track(properties={"total": 1}))
    answer = shop.post("/v1/track", track(properties={"total": 2}))
    assert (answer.status_code, answer.json()["cause"]) == (409, "same_id")
    assert shop.event("m1").properties == {"total": 1}


def test_an_event_takes_the_place_of_the_one_that_it_replaces(shop: Shop) -> None:
    shop.post("/v1/track", track(properties={"total": 1}))
    answer = shop.post("/v1/track", track(messageId="m2", replaces="m1", properties={"total": 2}))
    assert answer.json()["updated"] == 1
    assert [event.id for event in shop.customer("17").events] == ["m2"]


def test_without_a_message_id_what_says_the_same_is_the_same_message(shop: Shop) -> None:
    message = track()
    del message["messageId"]
    shop.post("/v1/track", message)
    assert shop.post("/v1/track", message).json()["unchanged"] == 1
    assert shop.post("/v1/track", {**message, "properties": {"total": 2}}).json()["added"] == 1


@pytest.mark.parametrize(
    ("more", "cause", "words"),
    [
        ({"userId": None, "anonymousId": "a-1"}, "missing", "userId is missing: an anonymousId names nobody"),
        ({"userId": "17\r\nBcc: x"}, "control_character", "userId: holds a line break"),
        ({"userId": ["17"]}, "malformed", "userId"),
        ({"event": "?!"}, "missing", "event: '?!' holds no letter or digit"),
        ({"event": None}, "malformed", "event"),
        ({"timestamp": "1970-01-01T00:00:00Z"}, "too_early", "timestamp: '1970-01-01T00:00:00Z' is before 1971"),
        ({"timestamp": "2099-01-01T00:00:00Z"}, "in_the_future", "belongs in a property"),
        ({"timestamp": "2026-11-02T09:00:00"}, "no_offset", "has no offset from UTC"),
        ({"timestamp": "03/04/26"}, "no_instant", "write it like 2026-03-01T09:00:00.000Z"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "too_early", "is before 1971"),
        ({"sentAt": "now"}, "no_instant", "sentAt: 'now' is no moment"),
        ({"messageId": None, "timestamp": None}, "missing", "messageId: is missing, and so is the timestamp"),
        ({"messageId": "a\0b"}, "nul", "messageId: holds a NUL byte"),
        ({"properties": {"note": "a\0b"}}, "nul", "properties.note: holds a NUL byte"),
        ({"properties": {"note": "\ud800"}}, "not_utf8", "properties.note"),
        ({"properties": {"list": ["\u202e"]}}, "control_character", "properties.list: holds U+202E"),
        ({"properties": {"big": 2**70}}, "no_number", "too many digits"),
        ({"properties": {"big": float("inf")}}, "no_number", "inf is no number"),
        ({"properties": {"orderId": 1, "order_id": 2}}, "not_json", "is called order_id here"),
        ({"properties": {"text": "x" * 20_001}}, "too_long", "properties.text: 20001 characters"),
    ],
)
def test_what_can_not_be_taken_is_refused_with_place_and_cause(
    shop: Shop, more: dict[str, Any], cause: str, words: str
) -> None:
    status, found, detail = refusal(shop, **more)
    assert (status, found) == (400, cause)
    assert words in detail
