from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webhook_senders import OTHER, STANDARD, Sender, post, sample, shopify, standard, stored, stripe
from webshop import Shop, serving

from scheduler.errors import SettingsError
from scheduler.wallclock import SECOND

BOUGHT = {
    "type": "order.placed",
    "timestamp": "2026-11-01T18:30:00Z",
    "data": {"customer": "17", "order_id": "A1", "amount": 49.9},
}
STANDARD_SENDER = Sender("/v1/webhooks/standard", standard, BOUGHT)
SHOPIFY_SENDER = Sender("/v1/webhooks/shopify", shopify, sample("shopify_order"))
STRIPE_SENDER = Sender("/v1/webhooks/stripe", stripe, sample("stripe_subscription"))
ALL = [STANDARD_SENDER, SHOPIFY_SENDER, STRIPE_SENDER]
TIMED = [STANDARD_SENDER, STRIPE_SENDER]
TOLERANCE = 300 * SECOND
WAYS = ["/v1/events", *(sender.path for sender in ALL)]


def by_path(sender: Sender) -> str:
    return sender.path.rpartition("/")[2]


@pytest.fixture
def nothing(shop: Shop) -> Iterator[Shop]:
    """A shop of which, after the test, nothing more is stored than before."""
    before = stored(shop.workspace)
    yield shop
    assert stored(shop.workspace) == before


def is_refused(answer: Any, status: int, words: str) -> bool:
    """Whether an answer is a problem with this status, whose detail holds these words."""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"]) == (status, status), problem
    assert words in problem["detail"]
    return True


@pytest.mark.parametrize("sender", ALL, ids=by_path)
def test_what_is_signed_is_taken(shop: Shop, sender: Sender) -> None:
    answer = sender.send(shop)
    assert answer.status_code == 200, answer.text
    assert stored(shop.workspace).customers == 1


@pytest.mark.parametrize("sender", ALL, ids=by_path)
def test_what_is_not_signed_is_not_taken(nothing: Shop, sender: Sender) -> None:
    assert is_refused(post(nothing, sender.path, b"{}", {}), 401, "not signed")


@pytest.mark.parametrize("sender", ALL, ids=by_path)
def test_what_another_key_signed_is_not_taken(nothing: Shop, sender: Sender) -> None:
    key = "whsec_" + "QUJD" * 10 if sender is STANDARD_SENDER else "another secret"
    assert is_refused(sender.send(nothing, key=key), 401, "signature is not right")


@pytest.mark.parametrize("sender", ALL, ids=by_path)
def test_what_was_changed_on_its_way_is_not_taken(nothing: Shop, sender: Sender) -> None:
    headers = sender.sign(b'{"data": 1}', nothing.now)
    assert is_refused(post(nothing, sender.path, b'{"data": 2}', headers), 401, "signature is not right")


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        (
            STANDARD_SENDER,
            {b"webhook-id": b"1", b"webhook-timestamp": b"soon", b"webhook-signature": b"v1,AAAA v1, v2,\xe9 v1"},
        ),
        (SHOPIFY_SENDER, {b"x-shopify-hmac-sha256": b"n\xe9e"}),
        (STRIPE_SENDER, {b"stripe-signature": b"t=1,v1=zz,v1,=,v1=" + b"0" * 64}),
    ],
    ids=["standard", "shopify", "stripe"],
)
def test_headers_of_any_kind_are_no_signature(nothing: Shop, sender: Sender, headers: dict[bytes, bytes]) -> None:
    answer = nothing.client.post(sender.path, content=b"{}", headers={b"content-type": b"application/json", **headers})
    assert answer.status_code == 401


@pytest.mark.parametrize("sender", TIMED, ids=by_path)
@pytest.mark.parametrize(
    ("off", "words"), [(-TOLERANCE - SECOND, "300 s ago"), (TOLERANCE + SECOND, "300 s ahead")], ids=["old", "early"]
)
def test_what_was_not_signed_lately_is_not_taken(nothing: Shop, sender: Sender, off: int, words: str) -> None:
    assert is_refused(sender.send(nothing, at=nothing.now + off), 401, words)


@pytest.mark.parametrize("sender", TIMED, ids=by_path)
def test_what_was_signed_within_the_tolerance_is_taken(shop: Shop, sender: Sender) -> None:
    assert sender.send(shop, at=shop.now - TOLERANCE).status_code == 200


@pytest.mark.parametrize("sender", TIMED, ids=by_path)
def test_the_same_message_is_taken_once(shop: Shop, sender: Sender) -> None:
    assert sender.send(shop).status_code == 200
    before, signed_at = stored(shop.workspace), shop.now
    for shop.now in (signed_at, signed_at + TOLERANCE):
        assert is_refused(sender.send(shop, at=signed_at), 409, "came before")
    shop.now += SECOND
    assert is_refused(sender.send(shop, at=signed_at), 401, "300 s ago")
    assert stored(shop.workspace) == before


def test_the_same_message_is_taken_once_whichever_of_its_signatures_is_left(shop: Shop) -> None:
    body = b'{"type": "seen", "timestamp": "2026-11-01T18:30:00Z", "data": {"customer": "17"}}'
    first, second = (standard(body, shop.now, key) for key in (STANDARD, OTHER))
    both = {**first, "webhook-signature": f"{first['webhook-signature']} {second['webhook-signature']}"}
    assert post(shop, STANDARD_SENDER.path, body, both).status_code == 200
    assert is_refused(post(shop, STANDARD_SENDER.path, body, second), 409, "came before")


@pytest.mark.parametrize("sender", TIMED, ids=by_path)
def test_a_message_that_is_signed_anew_is_good_and_changes_nothing(shop: Shop, sender: Sender) -> None:
    sender.send(shop)
    shop.now += 3600 * SECOND
    answer = sender.send(shop)
    assert answer.status_code == 200
    assert answer.json()["added"] == answer.json()["updated"] == 0
    assert answer.json()["unchanged"] > 0


def test_shopify_may_send_the_same_again_and_it_changes_nothing(shop: Shop) -> None:
    SHOPIFY_SENDER.send(shop)
    before = shop.customer("17").revision
    answer = SHOPIFY_SENDER.send(shop)
    assert (answer.status_code, answer.json()) == (200, {"added": 0, "updated": 0, "unchanged": 1})
    assert shop.customer("17").revision == before


def test_a_message_that_can_not_be_read_may_be_sent_again(nothing: Shop) -> None:
    for _ in range(2):
        answer = STANDARD_SENDER.send(nothing, {"type": "order.placed", "data": {}})
        assert is_refused(answer, 400, "customer: is empty")


@pytest.mark.parametrize("path", WAYS)
def test_another_type_is_not_taken(nothing: Shop, path: str) -> None:
    assert is_refused(post(nothing, path, b"a=1", {}, "application/x-www-form-urlencoded"), 415, "application/")


@pytest.mark.parametrize("path", WAYS)
def test_a_packed_body_is_not_taken(nothing: Shop, path: str) -> None:
    assert is_refused(post(nothing, path, b"a=1", {"Content-Encoding": "gzip"}), 415, "Content-Encoding")


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("length", [[], [(b"content-length", b"52428800")]], ids=["without length", "with length"])
def test_fifty_megabytes_are_refused_while_they_come(
    nothing: Shop, path: str, length: list[tuple[bytes, bytes]]
) -> None:
    status, taken = asyncio.run(send_megabytes(nothing.client.app, path, length, megabytes=50))
    assert status == 413
    assert taken <= 600 * 1024


async def send_megabytes(app: Any, path: str, length: list[tuple[bytes, bytes]], *, megabytes: int) -> tuple[int, int]:
    """The status that the application answers to so much, and how many bytes of it were asked for."""
    piece, taken, statuses = bytes(64 * 1024), 0, []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": taken < megabytes * 2**20}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if message["type"] == "http.response.start" else [])

    headers = [(b"content-type", b"application/json"), *length]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b"", "root_path": ""}
    await app({**scope, "scheme": "http", "server": ("shop", 80), "client": ("sender", 1)}, receive, send)
    return statuses[0], taken


def test_a_way_in_without_a_key_is_closed(tmp_path: Path, sqlite_file: Path) -> None:
    shutil.copy(sqlite_file, tmp_path / "rightreason.db")
    with serving(tmp_path, serve={}) as shop:
        for path in WAYS:
            signed = {**shopify(b"{}"), **stripe(b"{}", shop.now), **standard(b"{}", shop.now)}
            assert is_refused(post(shop, path, b"{}", signed), 403, "_file")


def test_a_key_of_standard_webhooks_that_is_none_is_told_of_at_the_start(tmp_path: Path, sqlite_file: Path) -> None:
    shutil.copy(sqlite_file, tmp_path / "rightreason.db")
    with (
        pytest.raises(SettingsError, match=r"serve\.webhook_key"),
        serving(tmp_path, serve={"webhook_key": "password"}),
    ):
        pass
