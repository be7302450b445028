"""SMS and webhooks as a worker sends them: from the facts to what arrives, and back into the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from http_server import Answer, Web, WebServer, answer_of
from keeping import AT_ONCE, Business, at, in_business, local
from pydantic import SecretStr

from scheduler.channels.registry import Channels
from scheduler.settings.sms import Sms
from scheduler.settings.webhook import Webhook

pytest_plugins = ["http_server"]

NUMBER = "+491701234567"
WEBHOOK = '{"name": "{{ customer.name }}", "bought": "{{ event.what }}"}'


@contextmanager
def served_by(server: WebServer, folder: Path, by: str) -> Iterator[Business]:
    """A business whose customers are thanked at once, by channels that lead to this server."""
    sms = {"account": "AC" + "0" * 32, "token": "hush", "from": "Shop", "base_url": server.url}
    webhook = {"url": server.url, "secret": SecretStr("whsec_" + "c2VjcmV0" * 4), "allow_private": True}
    with in_business(folder) as business:
        settings = business.workspace.settings.model_copy(
            update={"sms": Sms.model_validate(sms), "webhook": Webhook.model_validate(webhook)}
        )
        channels = Channels(settings)
        business.worker = replace(business.worker, channels=channels)
        house = 'timezone: Europe/Berlin\nsend_hours: {any: {from: "00:00", to: "24:00", days: all}}\n'
        house += "frequency_caps: []\nchannels: {sms: {consent: opt_out}}\n"
        business.goes_by(AT_ONCE.replace("[email]", f"[{by}]"), "2026-03-01", house, words__webhook__json=WEBHOOK)
        business.customer(phone=NUMBER)
        yield business
        channels.close()


def buys(business: Business, name: str, when: str) -> Any:
    """Let Ana buy something, and the worker tick; the row of her thanks."""
    business.event("bought", when, id=name, what='a "fine" kettle')
    business.tick(when)
    return business.row(f"thanks/ana/{name}")


def test_an_sms_arrives_and_is_known_by_its_sid(web: Web, tmp_path: Path) -> None:
    server = web(answer_of(201, sid="SM1"))
    with served_by(server, tmp_path, "sms") as business:
        row = buys(business, "b1", "2026-03-02 15:00")
    assert (row.state, row.provider_id, server.asked[0].form["Body"]) == ("sent", "SM1", "This is for you.")


def test_whoever_answered_stop_gets_no_other_sms(web: Web, tmp_path: Path) -> None:
    server = web(answer_of(400, code=21610))
    with served_by(server, tmp_path, "sms") as business:
        first = buys(business, "b1", "2026-03-02 15:00")
        second = buys(business, "b2", "2026-03-03 15:00")
    assert (first.state, first.error) == ("failed", "withdrawn: they answered STOP (Twilio's error 21610)")
    assert (second.state, second.because, len(server.asked)) == ("waiting", ("reachable",), 1)


def test_an_sms_that_may_have_gone_out_is_not_sent_again(web: Web, tmp_path: Path) -> None:
    server = web(Answer(drops="after"))
    with served_by(server, tmp_path, "sms") as business:
        row = buys(business, "b1", "2026-03-02 15:00")
        business.tick("2026-03-02 18:00")
    assert (row.state, len(server.asked)) == ("unconfirmed", 1)


def test_a_contact_that_may_have_arrived_is_posted_again_as_the_same(web: Web, tmp_path: Path) -> None:
    server = web(Answer(drops="after"))
    with served_by(server, tmp_path, "webhook") as business:
        first = buys(business, "b1", "2026-03-02 15:00")
        business.tick("2026-03-02 15:30")
        state = business.row("thanks/ana/b1").state
    assert (first.state, state, len(server.asked)) == ("retry", "sent", 2)
    assert len({asked.headers["webhook-id"] for asked in server.asked}) == 1
    contact = json.loads(server.asked[1].body)
    assert contact["body"] == {"name": "Ana", "bought": 'a "fine" kettle'}
    assert (contact["key"], contact["at"]) == ("thanks/ana/b1", "2026-03-02T14:30:00Z")


@pytest.mark.parametrize(
    ("by", "said", "tried"),
    [
        ("webhook", "7200", "2026-03-02 17:00"),
        ("sms", "Mon, 02 Mar 2026 16:00:00 GMT", "2026-03-02 17:00"),
        ("sms", "60", "2026-03-02 15:30"),
        ("webhook", "9" * 30, "2026-03-03 15:00"),
        ("webhook", "soon", "2026-03-02 15:30"),
    ],
)
def test_a_provider_that_asks_for_a_longer_wait_gets_it(
    web: Web, tmp_path: Path, by: str, said: str, tried: str
) -> None:
    server = web(Answer(429, headers={"Retry-After": said}))
    with served_by(server, tmp_path, by) as business:
        row = buys(business, "b1", "2026-03-02 15:00")
    assert (row.state, local(row.next_at)) == ("retry", tried)


def test_a_wait_ends_with_the_last_try_in_the_window(web: Web, tmp_path: Path) -> None:
    server = web(Answer(503, headers={"Retry-After": "86400"}))
    with served_by(server, tmp_path, "webhook") as business:
        business.event("bought", "2026-03-02 15:00", id="b1", what="a kettle")
        business.plan("2026-03-02 15:00")
        business.tick("2026-03-04 10:00")
        row = business.row("thanks/ana/b1")
    assert (local(row.closes), row.state, local(row.next_at)) == ("2026-03-04 15:00", "retry", "2026-03-04 14:59")


@pytest.mark.parametrize(
    ("answer", "state"), [(Answer(drops="after"), "unconfirmed"), (Answer(502), "unconfirmed"), (Answer(429), "failed")]
)
def test_a_contact_that_may_have_arrived_when_its_window_ends_has_not_failed(
    web: Web, tmp_path: Path, answer: Answer, state: str
) -> None:
    with served_by(web(answer), tmp_path, "webhook") as business:
        business.event("bought", "2026-03-02 15:00", id="b1", what="a kettle")
        business.plan("2026-03-02 15:00")
        business.tick("2026-03-04 14:45")
        row = business.row("thanks/ana/b1")
    assert row.state == state
    assert row.error.endswith("; its window closes before the next try")


@pytest.mark.parametrize("send", ["", "  send: words\n"])
def test_a_contact_by_webhook_alone_needs_no_template(web: Web, tmp_path: Path, send: str) -> None:
    server = web()
    with served_by(server, tmp_path, "webhook") as business:
        bare = AT_ONCE.replace("  send: words\n", send).replace("[email]", "[webhook]")
        business.goes_by(bare, "2026-03-02 14:00")
        buys(business, "b1", "2026-03-02 15:00")
    contact = json.loads(server.asked[0].body)
    assert (contact["rule"], contact["customer"], contact["body"]) == ("thanks", "ana", None)


def test_a_receiver_that_wants_nothing_holds_the_channel(web: Web, tmp_path: Path) -> None:
    server = web(Answer(410))
    with served_by(server, tmp_path, "webhook") as business:
        buys(business, "b1", "2026-03-02 15:00")
        buys(business, "b2", "2026-03-02 15:10")
        holds = [hold.name for hold in business.store.holds.list()]
        business.store.holds.lift("channel:webhook", now=at("2026-03-02 15:20"))
        business.tick("2026-03-02 15:40")
        states = business.states()
    assert (holds, len(server.asked)) == (["channel:webhook"], 3)
    assert states == {"thanks/ana/b1": "sent", "thanks/ana/b2": "sent"}
