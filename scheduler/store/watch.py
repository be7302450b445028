"""Notices that somebody wrote."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, text

CHANNEL = "rightreason"
_WRITTEN = text("SELECT pg_notify('rightreason', '')")


class Watch:
    """Keeps a connection of its own, to be asked whether anybody wrote, in this process or another.

    On SQLite that is `PRAGMA data_version`, on PostgreSQL a notification that each writing transaction sends.
    """

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.raw_connection()
        self._listens = engine.dialect.name == "postgresql"
        if self._listens:
            self._driver.autocommit = True
            self._driver.execute(f"LISTEN {CHANNEL}")
        self._version = 0
        self._version = self._seen()

    def changed(self) -> bool:
        """Whether anybody wrote since the watch began or was last asked."""
        before, self._version = self._version, self._seen()
        return before != self._version

    def close(self) -> None:
        """Ends the watch."""
        # it listens, so it must not go back to the others
        self._connection.invalidate()

    @property
    def _driver(self) -> Any:
        return self._connection.driver_connection

    def _seen(self) -> int:
        if self._listens:
            return self._version + sum(1 for _ in self._driver.notifies(timeout=0))
        return int(self._driver.execute("PRAGMA data_version").fetchone()[0])


def notify(connection: Connection) -> None:
    """Tells those who watch, once the transaction is committed; SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(_WRITTEN)
