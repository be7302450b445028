"""Holds: what is not sent until somebody has looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from scheduler.store.watch import notify

if TYPE_CHECKING:
    from scheduler.store.database import Store

_PLACE = text(
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('hold', :name, :who, 0, :now, 0, :cause) ON CONFLICT (kind, name) DO NOTHING"
)
_LIFT = text("DELETE FROM daemon WHERE kind = 'hold' AND name = :name")
_LIST = text("SELECT name, cause, holder, seen FROM daemon WHERE kind = 'hold' ORDER BY seen, name")


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
        """Holds it; False where it was held already, for the cause that was given then."""
        with self.store.write() as connection:
            notify(connection)
            return connection.execute(_PLACE, {"name": name, "cause": cause, "who": who, "now": now}).rowcount > 0

    def lift(self, name: str) -> bool:
        """Lets it go on; whether it was held."""
        with self.store.write() as connection:
            notify(connection)
            return connection.execute(_LIFT, {"name": name}).rowcount > 0

    def list(self) -> list[Hold]:
        """All holds, the oldest first."""
        with self.store.read() as connection:
            return [Hold(*row) for row in connection.execute(_LIST)]
