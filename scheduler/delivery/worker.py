"""A worker: who decides and delivers for a workspace, as long as it holds the lease."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from scheduler.channels.registry import Channels
from scheduler.delivery.outcomes import Known
from scheduler.errors import LeaseTaken, StoreError
from scheduler.settings import Settings
from scheduler.store import Lease, Store, Tried
from scheduler.workspace import Workspace

TTL = 120_000_000
"""How long a lease lives without a sign of life, in microseconds: twice as long as a writer waits for another one."""


@dataclass(frozen=True)
class Worker:
    """A workspace at work: its channels are open, and nobody else decides or delivers for it.

    `unwritten` is what became of messages and is not in the database yet. It outlives a database that can't be
    written to for a while; should the process end before it can, those messages are `unconfirmed`.
    """

    workspace: Workspace
    channels: Channels
    lease: Lease
    unwritten: list[Known] = field(default_factory=list, compare=False)

    @property
    def store(self) -> Store:
        """The workspace's store."""
        return self.workspace.store

    @property
    def settings(self) -> Settings:
        """The workspace's settings."""
        return self.workspace.settings

    def beat(self, now: int) -> None:
        """Give a sign of life; raises `LeaseTaken` where the lease was lost."""
        self.store.leases.renew(self.lease, now=now, ttl=TTL)

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
            store.holds.place(name, cause, "delivery", now=now)
        refused = set(store.outbox.record([one.tried for one in written], lease=self.lease, now=now))
        self.unwritten.clear()
        return [one.tried for one in written if one.tried.key not in refused]


@contextmanager
def at_work(workspace: Workspace, holder: str, now: int) -> Iterator[Worker]:
    """A worker, from taking the lease at `now` to giving it back; raises `LeaseTaken`, with who holds it.

    `holder` is who asks for it, like `this_process()`. The lease of a process of this machine that is no more is
    taken over.
    """
    lease = _taken(workspace.store, holder, now)
    channels = Channels(workspace.settings)
    worker = Worker(workspace, channels, lease)
    try:
        yield worker
    finally:
        channels.close()
        if worker.unwritten:
            with suppress(StoreError):
                worker.write_down(worker.unwritten[-1].at)
        workspace.store.leases.release(lease, now=now)


def this_process() -> str:
    """This process as the holder of a lease: HOST/PID."""
    return f"{socket.gethostname()}/{os.getpid()}"


def _taken(store: Store, holder: str, now: int) -> Lease:
    try:
        return store.leases.acquire(holder, now=now, ttl=TTL)
    except LeaseTaken as taken:
        other = str(taken.facts["holder"])
        if not _is_gone(other):
            raise
        # As its own heir the lease can be had at once, and what it was sending is known to be uncertain.
        store.leases.release(store.leases.acquire(other, now=now, ttl=TTL), now=now)
        return store.leases.acquire(holder, now=now, ttl=TTL)


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
