"""What a channel is, and what can come of handing a message over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from scheduler.messages.message import Message


class HandoverKind(StrEnum):
    """What became of a message."""

    SENT = "sent"
    RETRY = "retry"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


class Promise(StrEnum):
    """What a channel can promise about asking it twice with the same key."""

    IDEMPOTENCY_KEY = "idempotency_key"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Handover:
    """What became of one message.

    `sent`: accepted; `provider_id` is what the other side calls it. `retry`: it may be sent later, as it certainly did
    not go; or it is `uncertain` whether it did, and the channel may be asked twice. `wait`: not before so many
    microseconds.
    `failed`: it certainly did not go and never will. `unconfirmed`: it may have gone out; only a person can say.
    `detail` says why, in words for the ledger and without addresses. `suppress`: the address is no good. `hold`: the
    channel itself is refused, so nothing more is to be sent by it until somebody has looked.
    """

    kind: HandoverKind
    detail: str = ""
    provider_id: str = ""
    suppress: bool = False
    hold: bool = False
    wait: int = 0
    uncertain: bool = False


class Channel(Protocol):
    """Hands messages over. It belongs to one worker: calls come one after the other."""

    @property
    def name(self) -> str:
        """What rules call it."""

    @property
    def promises(self) -> Promise:
        """Whether it may be asked again with the same key after an unknown outcome."""

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        """Hand one message over; never raises for what the message or the other side does.

        `key` is the occasion's, `RULE/CUSTOMER/ANCHOR` with each part percent-encoded; `now` is an instant in UTC
        microseconds.
        """

    def close(self) -> None:
        """Let go of connections; a channel may be used again after it."""
