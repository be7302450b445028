"""What an adapter is: how a sender proves that a message is theirs, and which facts it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scheduler.web.bodies import media_type
from scheduler.web.facts.writer import Facts


@dataclass(frozen=True)
class Message:
    """A request as it came, `now` (UTC microseconds): the names of its headers are in lower case, its body is raw.

    A signature may be as many microseconds old, or ahead, as `skew` says.
    """

    headers: Mapping[str, str]
    body: bytes
    now: int
    skew: int

    @property
    def media_type(self) -> str:
        """Its `Content-Type` without parameters."""
        return media_type(self.headers.get("content-type", ""))


@dataclass(frozen=True)
class House:
    """What the house rules say that an adapter may have to know; it is read when it is asked for."""

    read_marketing: Callable[[], str | None]

    @cached_property
    def marketing(self) -> str | None:
        """The topic of rules that ask for a purchase; None where no rules are active."""
        return self.read_marketing()


@dataclass(frozen=True)
class Part:
    """Facts that are taken together, or not.

    With a `thing`, they are its `version`: where a newer one has come they are passed over, and else its events take
    the place of those with their ids. Without one, events that are there already are left as they are.

    `whose` is the id of an event whose customer these events are of, and `known` a customer: unless it is there, they
    are passed over. `note` is what somebody asks the operator for; it is taken once.
    """

    facts: Facts = field(default_factory=Facts)
    thing: str = ""
    version: int = 0
    whose: str = ""
    known: str = ""
    note: str = ""


@dataclass(frozen=True)
class Adapter:
    """A way in, at `/v1` and `path`.

    `name` is the sender's; `setting` names the setting of the group `serve` that holds its keys, one a line, each as
    `key_of` reads it (raising `ValueError`). It takes bodies of these media `types`.

    `prove` raises `Problem` unless a message is signed by one of the keys, and answers with what of it may come only
    once; nothing where its sender does not sign the time, and may send the same again. `read` gives the parts that a
    message of theirs holds, from its JSON (None where the body is empty), and raises `Rejected` where one can't be
    read. With `ids`, these are the sender's own: one that comes with other content is a conflict, which they are told
    of; others could do nothing about it.
    """

    name: str
    path: str
    setting: str
    key_of: Callable[[str], bytes]
    prove: Callable[[Message, tuple[bytes, ...]], bytes]
    read: Callable[[Message, Any, House], tuple[Part, ...]]
    types: tuple[str, ...] = ("application/json",)
    ids: bool = False
