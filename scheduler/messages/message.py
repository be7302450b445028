"""What leaves: one frozen value a contact, ready for its channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from scheduler.settings.brand import Brand

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail to one recipient. `headers` are those beside the usual ones; no value holds a line end."""

    to: str
    subject: str
    html: str
    text: str
    from_: str
    reply_to: str = ""
    preheader: str = ""
    language: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    channel: str = "email"


@dataclass(frozen=True, slots=True)
class Text:
    """A text: what an SMS says, or what a person is to say on the phone. `to` is the number."""

    to: str
    text: str
    channel: str


@dataclass(frozen=True, slots=True)
class Card:
    """A card by post: `title` stands on its front, `text` (paragraphs with a blank line between them) on its back.

    `to` is the address on one line, as suppressions know it; `name` and the lines of `address` are what stands on the
    card, and an address of no lines is none. `brand` says who sends it, and its colours.
    """

    to: str
    name: str
    address: tuple[str, ...]
    text: str
    brand: Brand
    title: str = ""
    language: str = ""
    channel: str = "post"


@dataclass(frozen=True, slots=True)
class Notice:
    """A contact as another program is told of it; it has no address of its own.

    `text` is what the template writes, as JSON, or empty where there is no template.
    """

    rule: str
    campaign: str
    customer: str
    reason: str
    asks_for: str
    text: str = ""
    to: str = ""
    channel: str = "webhook"


Message = Email | Text | Card | Notice
"""What a channel delivers."""
