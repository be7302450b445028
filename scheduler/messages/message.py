"""What leaves: one frozen value a contact, ready for its channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

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


Message = Email | Text
"""What a channel delivers."""
