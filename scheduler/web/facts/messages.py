"""Messages as Segment's libraries send them, checked, and the facts that are in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from scheduler.decisions.facts import Event
from scheduler.intake import texts
from scheduler.intake.causes import Cause, Rejected
from scheduler.store import CustomerEvent
from scheduler.web.facts.moments import occurred_at
from scheduler.web.facts.names import named
from scheduler.web.facts.traits import attributes
from scheduler.web.facts.values import flat
from scheduler.web.facts.writer import Facts

UNUSED = ("page", "screen", "group", "alias")
"""Kinds of messages that are let pass: nothing that they say is kept."""
NAMELESS = "the userId is missing: an anonymousId names nobody who could be contacted"
_Id = StrictStr | StrictInt


class Message(BaseModel):
    """What every message has. What else it holds is not used."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    user_id: _Id | None = Field(None, alias="userId", description="the id of the customer")
    message_id: _Id | None = Field(
        None, alias="messageId", description="the id of the event: with the same one it is the same, sent again"
    )
    timestamp: str | None = Field(None, description="when it occurred: ISO 8601 with an offset")
    original_timestamp: str | None = Field(
        None, alias="originalTimestamp", description="the same by the clock of the sender"
    )
    sent_at: str | None = Field(None, alias="sentAt", description="when it was sent, by the clock of the sender")
    context: dict[str, Any] | None = Field(None, description="where it comes from")

    def customer(self) -> str:
        """The id of the customer; raises `Rejected` where none is named."""
        return _id_of(self.user_id, "userId", NAMELESS)

    def at(self, sent: str | None, *, received: int, tolerance: int) -> int:
        """When it occurred; raises `Rejected`."""
        return occurred_at(
            self.timestamp, self.original_timestamp, self.sent_at or sent, received=received, tolerance=tolerance
        )


class Identify(Message):
    """Who a customer is: traits are merged into what is known of them; one that is null takes away what was known."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "userId": "17",
                "traits": {"email": "ann@example.com", "firstName": "Ann", "plan": "premium", "birthday": "1984-02-29"},
                "context": {"timezone": "Europe/Berlin", "locale": "de-DE"},
            }
        }
    )
    traits: dict[str, Any] | None = Field(None, description="what is known of them")

    def facts(self, _sent: str | None, *, received: int, tolerance: int) -> Facts:  # noqa: ARG002 - as the others
        """The customer's attributes; raises `Rejected`."""
        customer = self.customer()
        return Facts(customers=((customer, attributes(customer, self.traits or {}, self.context or {}, now=received)),))


class Track(Message):
    """Something that happened to a customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "userId": "17",
                "event": "Order Placed",
                "properties": {"order_id": "A-1", "total": 49.9, "product": "Tea"},
                "timestamp": "2026-11-02T09:00:00.000Z",
                "messageId": "order-A-1",
            }
        }
    )
    event: str = Field(description="its name; rules know it in snake_case, like order_placed")
    properties: dict[str, Any] | None = Field(None, description="what is known of it")
    replaces: _Id | None = Field(None, description="the id of the event whose place it takes (ours, not Segment's)")

    def facts(self, sent: str | None, *, received: int, tolerance: int) -> Facts:
        """The event; raises `Rejected`."""
        customer = self.customer()
        at = self.at(sent, received=received, tolerance=tolerance)
        properties = flat(self.properties or {}, "properties")
        event = Event(self._id(customer), named(self.event, "event"), at, max(at, received), properties)
        replaces = None if self.replaces is None else _id_of(self.replaces, "replaces", "is empty")
        return Facts(events=(CustomerEvent(customer, event, replaces),))

    def _id(self, customer: str) -> str:
        """Its `messageId`; without one, a hash of what it says, so that it is known when it is sent again."""
        if self.message_id not in (None, ""):
            return _id_of(self.message_id, "messageId", "is empty")
        written = self.timestamp or self.original_timestamp
        if not written:
            raise Rejected(Cause.MISSING, "is missing, and so is the timestamp: give one of them", "messageId")
        content = json.dumps([customer, self.event, written, self.properties], ensure_ascii=False, sort_keys=True)
        return f"http-{blake2b(content.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}"


class Other(Message):
    """A message of a kind that is let pass: nothing of it is kept."""

    def facts(self, _sent: str | None, *, received: int, tolerance: int) -> Facts:  # noqa: ARG002 - as the others
        """Nothing."""
        return Facts()


KINDS: Mapping[str, type[Identify | Track | Other]] = {
    "track": Track,
    "identify": Identify,
    **dict.fromkeys(UNUSED, Other),
}


def _id_of(given: str | int | None, field: str, missing: str) -> str:
    written = texts.text_of(given, field)
    if not written:
        raise Rejected(Cause.MISSING, missing, None if field == "userId" else field)
    return texts.line(written, field)
