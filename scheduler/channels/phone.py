"""The phone channel: a person calls. The task is in the ledger; what to say goes with it."""

from __future__ import annotations

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.messages.message import Message


class PhoneChannel:
    """Hands a task to a person; nothing leaves the house, so asking twice changes nothing."""

    name = "phone"
    promises = Promise.IDEMPOTENCY_KEY

    def deliver(self, message: Message, key: str, now: int) -> Handover:  # noqa: ARG002 - the task is the ledger's row
        """The task is assigned."""
        return Handover(HandoverKind.SENT, "assigned")

    def close(self) -> None:
        """Nothing to let go of."""
