"""Suppressions: addresses that must not be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from scheduler.store import addresses, customers, journal
from scheduler.store.addresses import hashed, normal
from scheduler.store.taken import Taken

if TYPE_CHECKING:
    from scheduler.store.database import Store

_ADD = text(
    "INSERT INTO suppression (channel, address, cause, since) VALUES (:channel, :address, :cause, :since)"
    " ON CONFLICT (channel, address) DO NOTHING"
)
_LIFT = text("DELETE FROM suppression WHERE channel = :channel AND address IN (:address, :erased)")
_ALL = text("SELECT channel, address, cause, since FROM suppression ORDER BY since, channel, address")


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that `channel` must not use, why, and since when."""

    channel: str
    address: str
    cause: str
    since: int


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The suppressions of a store."""

    store: Store

    def add(self, suppressions: Sequence[Suppression], *, now: int) -> Taken:
        """Suppresses these addresses; those that are suppressed already keep their cause."""
        rows = [(s, normal(s.address)) for s in suppressions]
        added = 0
        with self.store.write() as connection:
            for suppression, address in rows:
                given = {"address": address, "cause": suppression.cause, "since": suppression.since}
                added += connection.execute(_ADD, {"channel": suppression.channel, **given}).rowcount
            journal.suppress(connection, [_hashed(s, address, self.store.pepper) for s, address in rows])
            self._touch(connection, [(s.channel, address) for s, address in rows], now=now)
        return Taken(added=added, unchanged=len(rows) - added)

    def lift(self, channel: str, address: str, *, now: int) -> bool:
        """Lets the address be used again; whether it was suppressed."""
        plain = normal(address)
        with self.store.write() as connection:
            erased = hashed(plain, self.store.pepper)
            lifted = connection.execute(_LIFT, {"channel": channel, "address": plain, "erased": erased}).rowcount > 0
            journal.lift(connection, channel, erased)
            self._touch(connection, [(channel, plain)], now=now)
        return lifted

    def list(self) -> list[Suppression]:
        """All of them, the oldest first."""
        with self.store.read() as connection:
            return [Suppression(*row) for row in connection.execute(_ALL)]

    def _touch(self, connection: Connection, used: Sequence[tuple[str, str]], *, now: int) -> None:
        ids = {id_ for channel, address in used for id_ in addresses.users(connection, channel, address)}
        customers.lock(connection, ids)
        customers.touch(connection, ids, now=now)


def _hashed(suppression: Suppression, address: str, pepper: bytes) -> dict[str, object]:
    """A suppression as the journal has it."""
    said = {"channel": suppression.channel, "cause": suppression.cause, "since": suppression.since}
    return {**said, "address": hashed(address, pepper)}
