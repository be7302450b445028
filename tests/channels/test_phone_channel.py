from __future__ import annotations

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.phone import PhoneChannel
from scheduler.messages.message import Text

SCRIPT = Text("+49301234567", "Say thank you.\n", "phone")


def test_a_call_is_assigned_and_nothing_leaves_the_house() -> None:
    assert PhoneChannel().deliver(SCRIPT, "low_score/c1/e1", 0) == Handover(HandoverKind.SENT, "assigned")


def test_a_call_may_be_assigned_again_after_a_crash() -> None:
    assert PhoneChannel.promises is Promise.IDEMPOTENCY_KEY


def test_a_customer_without_a_number_is_still_a_task_since_a_person_may_find_it() -> None:
    assert PhoneChannel().deliver(Text("", "Say thank you.\n", "phone"), "low_score/c1/e1", 0).kind is HandoverKind.SENT
