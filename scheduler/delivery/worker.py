"""A worker: who decides and delivers for a workspace, or a share of its customers, as long as it holds its lease."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from scheduler.channels.registry import Channels
from scheduler.delivery.outcomes import Known
from scheduler.errors import StoreError
from scheduler.rulebook.people import People
from scheduler.settings import Settings
from scheduler.store import Lease, Store, Tried
from scheduler.workspace import Workspace

TTL = 120_000_000
"""How long a lease lives without a sign of life, in microseconds: twice as long as a writer waits for another one."""

DELIVERY = "delivery"
"""Who holds a channel that refuses everything."""


@dataclass
class Worker:
    """A workspace at work: its channels are open, and nobody else decides or delivers for the same customers.

    `slices` are those of its customers; None: all. `unsettled`: they are to change, between two batches. `unwritten`
    is what became of messages and is not in the database yet. It outlives a database that can't be
    written to for a while; should the process end before it can, those messages are `unconfirmed`. `people` are those
    of the workspace's file when it could be read last.
    """

    workspace: Workspace
    channels: Channels
    lease: Lease
    unwritten: list[Known] = field(default_factory=list)
    slices: tuple[int, ...] | None = None
    unsettled: bool = False
    people: People = field(default_factory=People)

    @property
    def store(self) -> Store:
        """The workspace's store, whose work is that of this worker's customers."""
        return replace(self.workspace.store, slices=self.slices)

    @property
    def settings(self) -> Settings:
        """The workspace's settings."""
        return self.workspace.settings

    def beat(self, now: int) -> None:
        """Give a sign of life, and look who else is at work; raises `LeaseTaken` where the lease was lost."""
        self.lease = self.store.leases.renew(self.lease, now=now, ttl=TTL)
        self.unsettled = not self.store.shares.is_settled(self.lease, now=now)

    def keep(self, now: int) -> None:
        """As `beat`, where half of the lease's time is over: during a single tick no daemon gives signs of life."""
        if self.lease.expires - now < TTL // 2:
            self.beat(now)

    def settle(self, now: int) -> None:
        """Give up and take customers, so that all workers have fair shares. Belongs where nothing is under way.

        Raises `LeaseTaken` where the lease was lost.
        """
        if self.unwritten:
            return  # others would take it for uncertain
        self.slices = self.store.shares.settle(self.lease, now=now)
        self.unsettled = False

    def write_down(self, now: int) -> list[Tried]:
        """Write all that is `unwritten`; returns what is noted of the messages.

        What can't have become so, or is not this worker's to say any more, is passed over. Raises `StoreError`; then
        all of it stays for the next time, and to write some of it twice does no harm.
        """
        if not self.unwritten:
            return []
        written, store = list(self.unwritten), self.store
        if suppressed := [one.suppress for one in written if one.suppress is not None]:
            store.suppressions.add(suppressed, now=now)
        for name, cause in filter(None, (one.hold for one in written)):
            store.holds.place(name, cause, DELIVERY, now=now)
        with store.together() as both:
            refused = set(both.outbox.record([one.tried for one in written], lease=self.lease, now=now))
            no_good = Counter(one.suppress.channel for one in written if one.suppress and one.tried.key not in refused)
            for channel, number in sorted(no_good.items()):  # refused at once is as good as come back
                both.traffic.came_back(channel, left=now, sent=number, bounced=number)
        self.unwritten.clear()
        return [one.tried for one in written if one.tried.key not in refused]


@contextmanager
def at_work(workspace: Workspace, holder: str, now: int, *, stays: bool = False) -> Iterator[Worker]:
    """A worker, from taking the lease at `now` to giving it back; raises `LeaseTaken`, with who holds it.

    `holder` is who asks for it, like `this_process()`. The lease of a process of this machine that is no more is
    taken over. On PostgreSQL one that `stays` shares with others, and waits where they have not made room yet; any
    other takes what nobody works on.
    """
    shares = workspace.store.shares
    for one in shares.at_work():
        if _is_gone(one.lease.holder):
            shares.leave(one.lease, now=now)
    channels = Channels(workspace.settings)
    lease = shares.join(holder, now=now, ttl=TTL, stays=stays)
    worker = Worker(workspace, channels, lease)
    try:
        worker.settle(now)
        yield worker
    finally:
        channels.close()
        if worker.unwritten:
            with suppress(StoreError):
                worker.write_down(worker.unwritten[-1].at)
        shares.leave(worker.lease, now=max(now, worker.lease.expires - TTL))


def this_process() -> str:
    """This process as the holder of a lease: HOST/PID."""
    return f"{socket.gethostname()}/{os.getpid()}"


def _is_gone(holder: str) -> bool:
    host, _, number = holder.rpartition("/")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
