"""Channels that take everything and remember it, or answer what they are told to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from scheduler.channels.channel import Channel, Handover, HandoverKind, Promise
from scheduler.channels.registry import Channels
from scheduler.messages.message import Message
from scheduler.settings import Settings


class Sink:
    """One channel; `answers` are given first, then everything is accepted."""

    def __init__(self, name: str, promises: Promise = Promise.NOTHING) -> None:
        self.name, self.promises = name, promises
        self.taken: list[tuple[int, str, Message]] = []
        self.answers: list[Handover] = []

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        answer = self.answers.pop(0) if self.answers else Handover(HandoverKind.SENT)
        self.taken.append((now, key, message))
        return answer

    def close(self) -> None:
        pass


class Sinks(Channels):
    """A sink for every channel; `before` happens whenever a channel is asked for, which is before the mark."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.by_name: dict[str, Sink] = defaultdict(lambda: Sink("?"))
        self.before: Callable[[], None] = lambda: None

    def __getitem__(self, name: str) -> Channel:
        before, self.before = self.before, lambda: None
        before()
        return self.sink(name)

    def sink(self, name: str) -> Sink:
        """The sink of a channel."""
        if name not in self.by_name:
            self.by_name[name] = Sink(name)
        return self.by_name[name]

    @property
    def taken(self) -> list[tuple[int, str, str]]:
        """When what was delivered by which channel, in order."""
        return sorted((now, key, name) for name, sink in self.by_name.items() for now, key, _ in sink.taken)
