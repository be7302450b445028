"""What every channel keeps, over all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from smtp_server import KEY, NOW, Serve, mail

from scheduler.channels.channel import Channel, HandoverKind, Promise
from scheduler.channels.email import EmailChannel
from scheduler.channels.file import FileChannel
from scheduler.channels.phone import PhoneChannel
from scheduler.channels.registry import CHANNELS
from scheduler.messages.message import Message, Text

pytest_plugins = ["smtp_server"]

Case = tuple[Channel, Message]
CASES = ("file: an e-mail", "file: a text", "email", "phone")
NAMES = {case.partition(":")[0] for case in CASES}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path, serve: Serve, connect: Callable[..., EmailChannel]) -> Case:
    text = Text("+49301234567", "Say thank you.\n", "phone")
    cases: dict[str, Callable[[], Case]] = {
        "file: an e-mail": lambda: (FileChannel(tmp_path / "outbox"), mail()),
        "file: a text": lambda: (FileChannel(tmp_path / "outbox"), text),
        "email": lambda: (connect(serve()), mail()),
        "phone": lambda: (PhoneChannel(), text),
    }
    return cases[request.param]()


def test_every_channel_is_held_to_the_contract() -> None:
    assert {*CHANNELS, "file"} == NAMES


def test_a_message_is_sent(case: Case) -> None:
    channel, message = case
    assert channel.deliver(message, KEY, NOW).kind is HandoverKind.SENT


def test_messages_follow_each_other(case: Case) -> None:
    channel, message = case
    outcomes = [channel.deliver(message, f"r/c/{number}", NOW).kind for number in range(3)]
    assert outcomes == [HandoverKind.SENT] * 3


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
