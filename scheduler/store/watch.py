"""Notices that somebody wrote."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, PoolProxiedConnection, text

from scheduler.store.failures import as_store_error

CHANNEL = "rightreason"
_WRITTEN = text(f"SELECT pg_notify('{CHANNEL}', '')")


class Watch:
    """Keeps a connection of its own, to be asked whether anybody wrote, in this process or another.

    On SQLite that is `PRAGMA data_version`, which every commit changes; on PostgreSQL a notification that writes of
    facts, activations and holds send.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._version = 0
        self._listens = engine.dialect.name == "postgresql"
        self._connection: PoolProxiedConnection | None = None
        self._open()

    def changed(self) -> bool:
        """Whether anybody wrote since the watch began or was last asked; also where the connection was lost between.

        Raises `StoreError` where the database can't be reached; it may be asked again, and tries anew. It never waits
        for somebody who writes.
        """
        if self._connection is not None:
            before = self._version
            try:
                self._version = self._seen()
            except self._engine.dialect.loaded_dbapi.Error as error:
                if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
                    with as_store_error(self._engine):
                        raise
                self.close()
            else:
                return self._version != before
        self._open()
        return True

    def close(self) -> None:
        """Ends the watch."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # it listens, so it must not go back to the others
            connection.invalidate()

    def _open(self) -> None:
        with as_store_error(self._engine):
            self._connection = self._engine.raw_connection()
            try:
                if self._listens:
                    self._driver.autocommit = True
                    self._driver.execute(f"LISTEN {CHANNEL}")
                else:
                    self._driver.execute("PRAGMA busy_timeout = 0")
                self._version = self._seen()
            except BaseException:
                self.close()
                raise

    @property
    def _driver(self) -> Any:
        return None if self._connection is None else self._connection.driver_connection

    def _seen(self) -> int:
        if self._listens:
            # the server hands over what has come when it answers
            self._driver.execute("SELECT 1")
            return self._version + sum(1 for _ in self._driver.notifies(timeout=0))
        return int(self._driver.execute("PRAGMA data_version").fetchone()[0])


def notify(connection: Connection) -> None:
    """Tells those who watch, once the transaction is committed; SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(_WRITTEN)
