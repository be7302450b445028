"""Backups of a SQLite database, taken while it is in use; PostgreSQL has its own `pg_dump`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.errors import StoreError
from scheduler.store.host import Host

if TYPE_CHECKING:
    from scheduler.store.database import Store

RESTORED = "this database was restored from a backup: what was sent after it may be sent again"


def back_up(store: Store, file: Path) -> None:
    """Writes the database as of now to `file`, which is either complete or not there. Raises `StoreError`."""
    if file.exists():
        raise StoreError(f"{file} is there already; name another file")
    unfinished = file.with_name(file.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    with store.read() as connection:
        if store.is_postgresql:
            raise StoreError("PostgreSQL is backed up by pg_dump")
        source = connection.connection.driver_connection
        with closing(sqlite3.connect(unfinished)) as target:
            assert isinstance(source, sqlite3.Connection)  # noqa: S101 (tells mypy what the dialect says)
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
    unfinished.rename(file)


def restore(store: Store, file: Path, *, now: int) -> None:
    """Puts the backup in place of all that is in the store, and holds everything until somebody lets it go on.

    Raises `StoreError` where it is no backup, or somebody else works on the database.
    """
    if store.is_postgresql:
        raise StoreError("PostgreSQL is restored by pg_restore")
    if not file.is_file():
        raise StoreError(f"there is no backup at {file}")
    found = store.leases.held()
    if found is not None and found[0].holder and found[0].expires > now:
        raise StoreError(f"{found[0].holder} works on this database; stop it first")
    host = Host(store)
    before = host.known()
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
        try:
            source.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{file} is no backup of a database of ours: {error}") from error
        connection = store.engine.raw_connection()
        try:
            source.backup(connection.driver_connection)  # type: ignore[arg-type] # SQLite's, as seen above
        finally:
            connection.close()
    from scheduler.store.migrations import bring_up_to_date

    bring_up_to_date(store.engine)
    restored = host.known()
    beats = max((one.beats for one in (before, restored) if one is not None), default=0)
    with store.together() as both:
        # It is at home here from now on, so that one look and one `release` are enough.
        Host(both).take(host.identity(), beats=beats, now=now)
        both.holds.place("all", RESTORED, "restore", now=now)
