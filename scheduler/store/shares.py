"""Shares: which worker works for which customers.

On SQLite there is one worker, by the one lease, and it works for all of them. On PostgreSQL several do, each with a
lease of its own and some of the slices of the buckets. A slice is one worker's at a time, and only that worker gives
it up: between two batches, when nothing of it is under way. A worker whose lease has run out is expelled: the lease is
gone, so that nothing can be claimed or marked by it any more, and its slices are free. So long as a worker's lease is
held its slices are its own, and to ask for the lease is all that a mark has to do.

Workers that stay share evenly, the earlier ones the larger parts; one that passes by takes only what is free.
"""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from scheduler.store.buckets import SLICES
from scheduler.store.lease import Lease, ensure_held, taken_by
from scheduler.store.watch import notify

if TYPE_CHECKING:
    from scheduler.store.database import Store

ALL = tuple(range(SLICES))
_STAYS, _PASSES = "run:", "tick:"
"""How the leases of workers are named on PostgreSQL, by whether they stay; behind it comes their holder."""

_ONE_BY_ONE = text(
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('lease', 'daemon', '', 1, :now, 0, '') ON CONFLICT (kind, name)"
    " DO UPDATE SET token = daemon.token + 1, seen = :now RETURNING token"
)
"""Whoever changes who works for whom waits here for others who do; the token is one that nobody has had."""
_JOIN = text(
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('lease', :name, :holder, :token, :now, :expires, '') ON CONFLICT (kind, name)"
    " DO UPDATE SET holder = :holder, token = :token, seen = :now, expires = :expires"
)
_WORKERS = text(
    "SELECT name, holder, token, expires, seen FROM daemon"
    f" WHERE kind = 'lease' AND (name LIKE '{_STAYS}%' OR name LIKE '{_PASSES}%') ORDER BY token"
)
_EXPEL = text("DELETE FROM daemon WHERE kind = 'lease' AND name = :name AND token = :token")
_SLICES = text("SELECT CAST(name AS INTEGER), holder FROM daemon WHERE kind = 'slice'")
_GIVE = text(
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('slice', :name, :holder, 0, :now, 0, '') ON CONFLICT (kind, name)"
    " DO UPDATE SET holder = :holder, seen = :now"
)
_UNDER_WAY = text("SELECT 1 FROM occasion WHERE state = 'sending' AND sender = :sender LIMIT 1")
_UNCLAIM = text("UPDATE occasion SET sender = '' WHERE state IN ('queued', 'retry') AND sender = :sender")


@dataclass(frozen=True, slots=True)
class AtWork:
    """A worker's lease, when it was last seen (UTC microseconds), and its slices."""

    lease: Lease
    seen: int
    slices: tuple[int, ...]

    @property
    def stays(self) -> bool:
        """Whether others share with it."""
        return not self.lease.name.startswith(_PASSES)


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of a store's workers."""

    store: Store

    def join(self, holder: str, *, now: int, ttl: int, stays: bool = True) -> Lease:
        """A new worker's lease for `ttl` microseconds; `settle` gives it its slices.

        Raises `LeaseTaken` on SQLite while another worker's lease lives, and on PostgreSQL where a worker that does not
        stay would find nothing free. There an earlier worker by the same holder is expelled.
        """
        if not self.store.is_postgresql:
            return self.store.leases.acquire(holder, now=now, ttl=ttl)
        with self.store.write() as connection:
            token = int(connection.execute(_ONE_BY_ONE, {"now": now}).scalar_one())
            lease = Lease((_STAYS if stays else _PASSES) + holder, holder, token, now + ttl)
            if not stays:
                _ensure_free(connection, lease, now)
            given = {"name": lease.name, "holder": holder, "token": token, "expires": lease.expires, "now": now}
            connection.execute(_JOIN, given)
            notify(connection)
        return lease

    def settle(self, lease: Lease, *, now: int) -> tuple[int, ...] | None:
        """Expels whose lease has run out, gives up what others are to have, and takes what is free, up to a fair share.

        Returns the slices that are the worker's from now on; None: all customers. Nothing may be under way of it but
        what the outbox says is being sent: then it gives up nothing yet. Raises `LeaseTaken` where it was expelled.
        """
        if not self.store.is_postgresql or self.is_settled(lease, now=now):
            return self._of(lease)
        with self.store.write() as connection:
            connection.execute(_ONE_BY_ONE, {"now": now})
            ensure_held(connection, lease)
            living, dead = _told_apart(_at_work(connection), lease, now)
            for one in dead:
                connection.execute(_EXPEL, {"name": one.lease.name, "token": one.lease.token})
            spare, free = _to_change(living, lease)
            if spare and connection.execute(_UNDER_WAY, {"sender": lease.sender}).first():
                spare = []
            if spare:
                connection.execute(_UNCLAIM, {"sender": lease.sender})
            _give(connection, spare, "", now)
            _give(connection, free, lease.sender, now)
            if dead or spare:
                notify(connection)
        return self._of(lease)

    def is_settled(self, lease: Lease, *, now: int) -> bool:
        """Whether there is nobody to expel, and the worker has all that it may have, and no more."""
        if not self.store.is_postgresql:
            return True
        living, dead = _told_apart(self.at_work(), lease, now)
        is_there = any(one.lease.token == lease.token for one in living)
        return is_there and not dead and not any(_to_change(living, lease))

    def leave(self, lease: Lease, *, now: int) -> None:
        """Ends a worker: what it had is free; nothing where its lease was lost already."""
        if not self.store.is_postgresql:
            self.store.leases.release(lease, now=now)
            return
        with self.store.write() as connection:
            connection.execute(_ONE_BY_ONE, {"now": now})
            connection.execute(_EXPEL, {"name": lease.name, "token": lease.token})
            notify(connection)

    def at_work(self) -> list[AtWork]:
        """All workers that are there, the first one first, whether their leases live or not."""
        if not self.store.is_postgresql:
            held = self.store.leases.held()
            return [AtWork(*held, ALL)] if held and held[0].holder else []
        with self.store.read() as connection:
            return _at_work(connection)

    def _of(self, lease: Lease) -> tuple[int, ...] | None:
        """The slices of a worker, which it alone can give up; none where it was expelled."""
        if not self.store.is_postgresql:
            return None
        return next((one.slices for one in self.at_work() if one.lease.token == lease.token), ())


def _at_work(connection: Connection) -> list[AtWork]:
    slices: dict[str, list[int]] = {}
    for number, sender in connection.execute(_SLICES):
        slices.setdefault(sender, []).append(number)
    found = []
    for name, holder, token, expires, seen in connection.execute(_WORKERS):
        lease = Lease(name, holder, token, expires)
        found.append(AtWork(lease, seen, tuple(sorted(slices.get(lease.sender, ())))))
    return found


def _told_apart(workers: Iterable[AtWork], own: Lease, now: int) -> tuple[list[AtWork], list[AtWork]]:
    """The living, among them who asks, and the dead."""
    living, dead = list[AtWork](), list[AtWork]()
    for one in workers:
        lives = one.lease.expires > now or one.lease.token == own.token
        (living if lives else dead).append(one)
    return living, dead


def _to_change(living: Sequence[AtWork], own: Lease) -> tuple[list[int], list[int]]:
    """The slices that a worker is to give up, and those that it may take."""
    mine = next(one for one in living if one.lease.token == own.token)
    fair = SLICES
    if mine.stays:
        staying = [one.lease.token for one in living if one.stays]
        each, left_over = divmod(SLICES, len(staying))
        fair = each + (staying.index(own.token) < left_over)
    taken = {slice_ for one in living for slice_ in one.slices}
    free = [slice_ for slice_ in ALL if slice_ not in taken]
    return list(mine.slices[fair:]) if mine.stays else [], free[: max(0, fair - len(mine.slices))]


def _ensure_free(connection: Connection, own: Lease, now: int) -> None:
    living = [one for one in _at_work(connection) if one.lease.expires > now and one.lease.name != own.name]
    if sum(len(one.slices) for one in living) == SLICES:
        raise taken_by(living[0].lease.holder, living[0].seen)


def _give(connection: Connection, slices: Iterable[int], sender: str, now: int) -> None:
    given = [{"name": str(slice_), "holder": sender, "now": now} for slice_ in slices]
    if given:
        connection.execute(_GIVE, given)
