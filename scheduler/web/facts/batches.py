"""What one request brings: its messages read one by one, and what is told of each that can't be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.texts import shown
from scheduler.store import CustomerEvent, Taken
from scheduler.web.facts.messages import KINDS, UNUSED
from scheduler.web.facts.writer import Attributes, Facts

MALFORMED = "malformed"
"""The cause where a message does not have the form of its kind."""
AGAIN = "another event has this messageId; give this one its own, or say which it `replaces`"
_MOST_TOLD = 3


class Refused(BaseModel):
    """A message that was not taken, and why."""

    position: int = Field(description="its place in the batch, from 0")
    message_id: str | None = Field(None, alias="messageId")
    cause: str = Field(description="the cause in one word")
    detail: str = Field(description="the cause in a sentence, with the place")


class Answer(BaseModel):
    """What became of the messages of a request."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "success": True,
                "customers": 1,
                "added": 2,
                "updated": 0,
                "unchanged": 1,
                "unused": 0,
                "refused": [],
            }
        }
    )
    success: bool = Field(description="whether none was refused")
    customers: int = Field(description="messages that say who a customer is")
    added: int = Field(description="events that are new")
    updated: int = Field(description="events that took the place of another")
    unchanged: int = Field(description="events that were there already")
    unused: int = Field(description="messages of a kind of which nothing is kept")
    refused: list[Refused] = Field(description="messages that were not taken: to send them again changes nothing")


@dataclass
class Reading:
    """Messages on their way in, `received` at an instant (UTC microseconds) and `sent` as the batch says.

    `tolerance` (microseconds) is how far clocks may differ.
    """

    received: int
    tolerance: int
    sent: str | None = None
    customers: list[tuple[str, Attributes]] = field(default_factory=list)
    events: list[CustomerEvent] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    unused: int = 0

    def read(self, messages: Sequence[Any]) -> None:
        """Take what can be taken, each message by its `type`."""
        for position, message in enumerate(messages):
            if not isinstance(message, dict):
                self._refuse(position, {}, MALFORMED, "a message is an object")
            elif (kind := message.get("type")) in UNUSED:
                self.unused += 1
            elif not isinstance(kind, str) or kind not in KINDS:
                known = ", ".join(KINDS)
                self._refuse(position, message, MALFORMED, f"type: {shown(str(kind))} is none; there are {known}")
            else:
                self.read_one(position, kind, message)

    def read_one(self, position: int, kind: str, message: dict[str, Any]) -> None:
        """Take one message of a kind that is kept, or note why not."""
        try:
            found = KINDS[kind].model_validate(message)
            facts = found.facts(self.sent, received=self.received, tolerance=self.tolerance)
        except ValidationError as error:
            self._refuse(position, message, MALFORMED, _in_words(error))
        except Rejected as rejected:
            self._refuse(position, message, str(rejected.cause), str(rejected))
        else:
            self.customers += facts.customers
            self.events += facts.events
            self.positions += [position] * len(facts.events)

    @property
    def facts(self) -> Facts:
        """All that can be taken."""
        return Facts(tuple(self.customers), tuple(self.events))

    def answer(self, taken: Taken) -> dict[str, Any]:
        """What became of the messages, by the names of `Answer`."""
        again = [_refusal(self.positions[one.position], one.id, str(Cause.SAME_ID), AGAIN) for one in taken.refused]
        refused = sorted([*self.refused, *again], key=lambda one: int(one["position"]))
        return {
            "success": not refused,
            "customers": len(self.customers),
            "added": taken.added,
            "updated": taken.updated,
            "unchanged": taken.unchanged,
            "unused": self.unused,
            "refused": refused,
        }

    def _refuse(self, position: int, message: Mapping[str, Any], cause: str, detail: str) -> None:
        given = message.get("messageId")
        self.refused.append(_refusal(position, given if isinstance(given, str) else None, cause, detail))


def _refusal(position: int, message_id: str | None, cause: str, detail: str) -> dict[str, Any]:
    return {"position": position, "messageId": message_id, "cause": cause, "detail": detail}


def _in_words(error: ValidationError) -> str:
    """What Pydantic found, without what was sent."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found[:_MOST_TOLD])
