"""What came in by webhooks: what may come only once, and the newest version of what may come in any order.

Of both only a hash is kept, keyed with the store's pepper, as they may name customers; and no longer than is asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from scheduler.store.batch import Batch, Statement

if TYPE_CHECKING:
    from scheduler.store.database import Store

_FIRST = Statement(
    "INSERT INTO received (key, version, until) VALUES (:key, 0, :until) ON CONFLICT (key) DO NOTHING",
)
_NEWEST = Statement(
    "INSERT INTO received (key, version, until) VALUES (:key, :version, :until) ON CONFLICT (key) DO UPDATE"
    " SET version = excluded.version, until = excluded.until WHERE received.version <= excluded.version"
)
_FORGET = Statement("DELETE FROM received WHERE until <= :now")
_WHOSE = Batch("SELECT id, customer FROM event WHERE id IN (SELECT id FROM {given})", {"id": "text"})


@dataclass(frozen=True, slots=True)
class Received:
    """What a store received. `until` is the instant (UTC microseconds) up to which something has to be known."""

    store: Store

    def is_first(self, what: str, *, until: int) -> bool:
        """Notes that it came; False where it had come before."""
        with self.store.write() as connection:
            return _FIRST.run(connection, {"key": self._key(what), "until": until}) > 0

    def is_newest(self, what: str, version: int, *, until: int) -> bool:
        """Notes that this version of it came; False where a newer one had come before."""
        with self.store.write() as connection:
            return _NEWEST.run(connection, {"key": self._key(what), "version": version, "until": until}) > 0

    def forget(self, *, now: int) -> int:
        """Forgets what need not be known any more; how much that was."""
        with self.store.write() as connection:
            return _FORGET.run(connection, {"now": now})

    def whose(self, events: Collection[str]) -> dict[str, str]:
        """The customer of each of these events that there is."""
        with self.store.read() as connection:
            return dict(_WHOSE.all(connection, [{"id": event} for event in events]))

    def _key(self, what: str) -> str:
        return blake2b(what.encode(), digest_size=16, key=self.store.pepper).hexdigest()
