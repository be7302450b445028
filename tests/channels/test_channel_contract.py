"""What every channel keeps, over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from http_server import Web
from smtp_server import KEY, NOW, Serve, mail

from scheduler.channels.channel import Channel, HandoverKind, Promise
from scheduler.channels.email import EmailChannel
from scheduler.channels.file import FileChannel
from scheduler.channels.phone import PhoneChannel
from scheduler.channels.post import PostChannel
from scheduler.channels.registry import CHANNELS
from scheduler.channels.sms import SmsChannel
from scheduler.channels.webhook import WebhookChannel
from scheduler.messages.message import Card, Message, Notice, Text
from scheduler.settings.brand import Brand
from scheduler.settings.sms import Sms
from scheduler.settings.webhook import Webhook
from scheduler.wallclock import zone

pytest_plugins = ["smtp_server", "http_server"]

Case = tuple[Channel, Message]
CASES = (
    *("file: an e-mail", "file: a text", "file: a card", "file: a notice"),
    *("email", "sms", "post", "phone", "webhook"),
)
NAMES = {case.partition(":")[0] for case in CASES}


@pytest.fixture(params=CASES)
def case(
    request: pytest.FixtureRequest, tmp_path: Path, serve: Serve, connect: Callable[..., EmailChannel], web: Web
) -> Iterator[Case]:
    text = Text("+49301234567", "Say thank you.\n", "phone")
    card = Card("Sample Street 1", "Ana", ("Sample Street 1",), "Happy birthday!\n", Brand.model_validate({}))
    notice = Notice("check_in", "After the purchase", "c1", "Their kettle has arrived.", "nothing")

    def sms() -> SmsChannel:
        account = {"account": "AC" + "0" * 32, "from": "Shop", "base_url": web().url}
        return SmsChannel(Sms.model_validate(account), "hush")

    def webhook() -> WebhookChannel:
        settings = Webhook.model_validate({"url": web().url, "allow_private": True})
        return WebhookChannel(settings, "whsec_" + "c2VjcmV0" * 4)

    cases: dict[str, Callable[[], Case]] = {
        "file: an e-mail": lambda: (FileChannel(tmp_path / "outbox"), mail()),
        "file: a text": lambda: (FileChannel(tmp_path / "outbox"), text),
        "file: a notice": lambda: (FileChannel(tmp_path / "outbox"), notice),
        "file: a card": lambda: (FileChannel(tmp_path / "outbox"), card),
        "email": lambda: (connect(serve()), mail()),
        "sms": lambda: (sms(), text),
        "post": lambda: (PostChannel(tmp_path / "post", zone("Europe/Berlin")), card),
        "phone": lambda: (PhoneChannel(), text),
        "webhook": lambda: (webhook(), notice),
    }
    channel, message = cases[request.param]()
    yield channel, message
    channel.close()


def test_every_channel_is_held_to_the_contract() -> None:
    assert {*CHANNELS, "file"} == NAMES


def test_a_message_is_sent(case: Case) -> None:
    channel, message = case
    assert channel.deliver(message, KEY, NOW).kind is HandoverKind.SENT


def test_messages_follow_each_other(case: Case) -> None:
    channel, message = case
    outcomes = [channel.deliver(message, f"r/c/{number}", NOW).kind for number in range(3)]
    assert outcomes == [HandoverKind.SENT] * 3


@pytest.mark.parametrize("case", ["email", "sms", "webhook"], indirect=True)
def test_a_channel_with_several_connections_takes_messages_from_several_threads(case: Case) -> None:
    channel, message = case
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda number: channel.deliver(message, f"r/c/{number}", NOW).kind, range(12))
    assert list(found) == [HandoverKind.SENT] * 12


def test_a_closed_channel_can_be_used_again(case: Case) -> None:
    channel, message = case
    channel.deliver(message, KEY, NOW)
    channel.close()
    channel.close()
    assert channel.deliver(message, "r/c/2", NOW).kind is HandoverKind.SENT


def test_a_channel_that_takes_a_key_answers_the_same_when_asked_again(case: Case) -> None:
    channel, message = case
    first, second = (channel.deliver(message, KEY, now) for now in (NOW, NOW + 86_400_000_000))
    assert channel.promises is Promise.NOTHING or first == second


def test_a_channel_says_its_name_and_what_it_promises(case: Case) -> None:
    channel: Any = case[0]
    assert channel.name in NAMES
    assert isinstance(channel.promises, Promise)
