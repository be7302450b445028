"""Holds: what is not sent until somebody has looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from scheduler.store.batch import Statement
from scheduler.store.watch import notify

if TYPE_CHECKING:
    from scheduler.store.database import Store

ALL = "all"
"""The name of the hold of everything."""
HELD = "(SELECT 1 FROM daemon WHERE kind = 'hold' AND name IN ('rule:' || rule, 'channel:' || channel))"
"""In a statement about occasions: the holds of the rule or the channel of each."""

_PLACE = text(
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('hold', :name, :who, 0, :now, 0, :cause) ON CONFLICT (kind, name) DO NOTHING"
)
_LIFT = text("DELETE FROM daemon WHERE kind = 'hold' AND name = :name")
_LIFTED = text(
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('lifted', :name, '', 0, :now, 0, '') ON CONFLICT (kind, name) DO UPDATE SET seen = excluded.seen"
)
_WHEN = text("SELECT seen FROM daemon WHERE kind = 'lifted' AND name = :name")
_LIST = Statement("SELECT name, cause, holder, seen FROM daemon WHERE kind = 'hold' ORDER BY seen, name")
_PLACING = text("SELECT pg_advisory_xact_lock(730)")
_MARKING = text("SELECT pg_advisory_xact_lock_shared(730)")
"""On PostgreSQL a hold waits for the marks that are being written, and they for it; on SQLite all writers do."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing of `name` (all, rule:NAME, channel:NAME) is sent; why, by whom, and since when."""

    name: str
    cause: str
    who: str
    since: int


@dataclass(frozen=True, slots=True)
class Holds:
    """The holds of a store."""

    store: Store

    def place(self, name: str, cause: str, who: str, *, now: int) -> bool:
        """Holds it; False where it was held already, for the cause that was given then.

        Once this returns, nothing of it is marked any more. What was marked before may still leave.
        """
        with self.store.write() as connection:
            if self.store.is_postgresql:
                connection.execute(_PLACING)
            notify(connection)
            return connection.execute(_PLACE, {"name": name, "cause": cause, "who": who, "now": now}).rowcount > 0

    def lift(self, name: str, *, now: int) -> bool:
        """Lets it go on; whether it was held."""
        with self.store.write() as connection:
            notify(connection)
            lifted = connection.execute(_LIFT, {"name": name}).rowcount > 0
            if lifted:
                connection.execute(_LIFTED, {"name": name, "now": now})
        return lifted

    def lifted(self, name: str) -> int | None:
        """When it was lifted last (UTC microseconds); None where it never was."""
        with self.store.read() as connection:
            when: int | None = connection.execute(_WHEN, {"name": name}).scalar()
        return when

    def list(self) -> list[Hold]:
        """All holds, the oldest first."""
        with self.store.read() as connection:
            return [Hold(*row) for row in _LIST.all(connection, {})]


def names(connection: Connection) -> frozenset[str]:
    """What is held."""
    return frozenset(name for name, *_ in _LIST.all(connection, {}))


def kept_names(connection: Connection) -> frozenset[str]:
    """What is held; nothing else can be before the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_MARKING)
    return names(connection)


def is_held(rule: str, channel: str, held: frozenset[str]) -> bool:
    """Whether what leaves by a rule and a channel is among what is held, by these names."""
    return not held.isdisjoint((ALL, f"rule:{rule}", f"channel:{channel}"))
