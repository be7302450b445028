"""What can be asked of a database about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from scheduler.store.database import Store

MOST = 5
"""So many faults are told."""

_SERVER_CLOCK = text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)")


def faults(store: Store) -> list[str]:
    """What does not fit together in a SQLite database, in its words, up to `MOST`; reads all of it.

    A file so damaged that it can't be read raises `StoreError`.
    """
    with store.read() as connection:
        found = [str(line) for (line,) in connection.exec_driver_sql(f"PRAGMA quick_check({MOST})")]
    return [] if found == ["ok"] else found


def server_clock(store: Store) -> int | None:
    """What the database server's clock shows, in UTC microseconds; None where it is this machine's."""
    if not store.is_postgresql:
        return None
    with store.read() as connection:
        return int(connection.execute(_SERVER_CLOCK).scalar_one())
