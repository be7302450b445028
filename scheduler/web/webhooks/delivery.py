"""What a webhook brings, as it is taken in the transaction that writes it: once, and only what is newest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import structlog

from scheduler.store import Store
from scheduler.store.received import Received
from scheduler.wallclock import DAY
from scheduler.web.facts.writer import Facts, NotTaken
from scheduler.web.webhooks.adapter import Part

REMEMBERED = 30 * DAY
"""So long after a version of something came, an older one is known for what it is: no sender tries for longer."""


class Replayed(NotTaken):
    """This very message came before; who sends it again signs it anew."""


@dataclass(frozen=True)
class Delivery(Facts):
    """The parts of a message of a sender; `once` is what of it may come only once before `until` (UTC microseconds)."""

    sender: str = ""
    parts: tuple[Part, ...] = ()
    once: str = ""
    until: int = 0

    def __len__(self) -> int:
        return 1 + len(self.parts)

    def settled(self, store: Store, *, now: int) -> Facts:
        """The facts that are taken, as the store is by now; raises `Replayed`."""
        received = Received(store)
        received.forget(now=now)
        if self.once and not received.is_first(self.once, until=self.until):
            raise Replayed
        parts = [facts for part in self.parts for facts in self._taken(part, store, now)]
        return Facts(
            tuple(one for facts in parts for one in facts.customers),
            tuple(one for facts in parts for one in facts.events),
            tuple(one for facts in parts for one in facts.consents),
        )

    def _taken(self, part: Part, store: Store, now: int) -> Iterator[Facts]:
        received, until = Received(store), now + REMEMBERED
        if part.known and not store.customers.revisions([part.known]):
            return
        if part.note:
            if not received.is_first(f"{self.sender} {part.note} {part.known}", until=until):
                return
            store.notes.add(self.sender, part.note, part.known, now=now)
            structlog.get_logger().warning(part.note, sender=self.sender)
        if part.thing and not received.is_newest(part.thing, part.version, until=until):
            return
        events = part.facts.events
        if part.whose:
            customer = received.whose([part.whose]).get(part.whose)
            if customer is None:
                structlog.get_logger().warning("passed over what belongs to an unknown event", sender=self.sender)
                return
            events = tuple(replace(one, customer=customer) for one in events)
        if part.thing:
            events = tuple(replace(one, replaces=one.event.id) for one in events)
        yield replace(part.facts, events=events)
