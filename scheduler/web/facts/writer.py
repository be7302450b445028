"""Group commit: what requests bring at the same time goes into the database in one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.decisions.facts import Value
from scheduler.errors import Busy, FactError
from scheduler.store import CustomerConsent, CustomerEvent, Store, Taken

MOST_WAITING = 20_000
"""As many facts may wait for their commit; more are turned away."""
MOST_AT_ONCE = 2_000
"""A group grows no further once it has as many facts."""

Attributes = Mapping[str, Value | None]
"""What is said of a customer; None takes away what was known."""


class NotTaken(FactError):
    """These facts are refused before anything of them is written, whatever else is written with them."""


@dataclass(frozen=True)
class Facts:
    """What one request brings: what is said of customers, to merge into what is known of them, events, and consents.

    Customers that are unknown are created.
    """

    customers: tuple[tuple[str, Attributes], ...] = ()
    events: tuple[CustomerEvent, ...] = ()
    consents: tuple[CustomerConsent, ...] = ()

    def __len__(self) -> int:
        return len(self.customers) + len(self.events) + len(self.consents)

    def settled(self, store: Store, *, now: int) -> Facts:  # noqa: ARG002 - for those to whom it makes a difference
        """What of them is taken, as the store is at the beginning of their transaction; may raise `NotTaken`."""
        return self


_Waiting = tuple[Facts, "asyncio.Future[Taken]"]


class Writer:
    """Commits facts to a store as of `clock` (UTC microseconds since 1970), one group after the other.

    Whoever comes while a group is being written is in the next one; nobody waits for others to come.
    """

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store, self._clock = store, clock
        self._waiting: deque[_Waiting] = deque()
        self._held = 0
        self._work: asyncio.Task[None] | None = None

    async def take(self, facts: Facts) -> Taken:
        """Commit these facts, all or none; what became of the events among them.

        Returns once they are durable. An event that is there already, and differs in `at` alone, is unchanged. Raises
        `Busy` where too many wait; `FactError` for values that can't be stored; `StoreError` where the database fails.
        """
        if not facts:
            return Taken()
        if self._held + len(facts) > max(MOST_WAITING, len(facts)):
            raise Busy
        turn: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._waiting.append((facts, turn))
        self._held += len(facts)
        if self._work is None:
            self._work = asyncio.create_task(self._write())
        return await turn

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._write_group(self._next())
        finally:
            self._work = None

    async def _write_group(self, group: Sequence[_Waiting]) -> None:
        became: Sequence[Taken | Exception]
        try:
            became = await asyncio.to_thread(self._commit, [facts for facts, _ in group])
        except Exception as error:  # noqa: BLE001 - whoever waits is told of it
            became = [error] * len(group)
        finally:
            self._held -= sum(len(facts) for facts, _ in group)
        for (_, turn), one in zip(group, became, strict=True):
            if turn.done():  # whoever brought it did not wait
                continue
            if isinstance(one, Taken):
                turn.set_result(one)
            else:
                turn.set_exception(one)

    def _next(self) -> list[_Waiting]:
        group = [self._waiting.popleft()]
        size = len(group[0][0])
        while self._waiting and size + len(self._waiting[0][0]) <= MOST_AT_ONCE:
            group.append(self._waiting.popleft())
            size += len(group[-1][0])
        return group

    def _commit(self, group: Sequence[Facts]) -> list[Taken | FactError]:
        """Write a group in one transaction; where one of them has what can't be stored, each in its own."""
        try:
            return self._together(group)
        except FactError as error:
            if len(group) == 1:
                return [error]
        return [one for facts in group for one in self._commit([facts])]

    def _together(self, brought: Sequence[Facts]) -> list[Taken | FactError]:
        now, refused = self._clock(), dict[int, FactError]()
        with self._store.together() as both:
            group = []
            for number, facts in enumerate(brought):
                try:
                    group.append(facts.settled(both, now=now))
                except NotTaken as error:
                    refused[number] = error
                    group.append(Facts())
            people: list[tuple[str, Attributes]] = [one for facts in group for one in facts.customers]
            consents = [one for facts in group for one in facts.consents]
            if people or consents:
                # All are locked at once, in one order: else two processes could wait for each other.
                also = {one.customer for facts in group for one in facts.events}
                also |= {one.customer for one in consents}
                people += [(customer, {}) for customer in sorted(also)]
                both.customers.add(people, now=now, merge=True)
            if consents:
                both.consents.add(consents, now=now, create_customers=True)
            events = [facts.events for facts in group]
            taken = both.events.add_each(events, now=now, create_customers=True, at_may_differ=True)
            return [refused.get(number, one) for number, one in enumerate(taken)]
