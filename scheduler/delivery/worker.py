"""A worker: who decides and delivers for a workspace, as long as it holds the lease."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from scheduler.channels.registry import Channels
from scheduler.errors import LeaseTaken
from scheduler.settings import Settings
from scheduler.store import Lease, Store
from scheduler.workspace import Workspace

TTL = 60_000_000
"""How long a lease lives without a sign of life, in microseconds."""


@dataclass(frozen=True)
class Worker:
    """A workspace at work: its channels are open, and nobody else decides or delivers for it."""

    workspace: Workspace
    channels: Channels
    lease: Lease

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


@contextmanager
def at_work(workspace: Workspace, holder: str, now: int) -> Iterator[Worker]:
    """A worker, from taking the lease at `now` to giving it back; raises `LeaseTaken`, with who holds it.

    `holder` is who asks for it, like `this_process()`. The lease of a process of this machine that is no more is
    taken over.
    """
    lease = _taken(workspace.store, holder, now)
    channels = Channels(workspace.settings)
    try:
        yield Worker(workspace, channels, lease)
    finally:
        channels.close()
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
