"""The journal: what must stay known though the database were taken back to a backup.

It is a second SQLite database beside the first, attached to each of its connections and written in the same
transactions: what left is in both before it leaves, what is rolled back in neither, and erasing reaches both. Only its
own file is never taken back. It holds keys of occasions, times, states and providers' ids, withdrawn consents, hashes
of suppressed addresses, and pseudonyms of the erased: no text, name or address.

PostgreSQL keeps none: there the database that a backup takes the place of is asked for the same.
"""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from scheduler.decisions.causes import Cause
from scheduler.durations import HOUR
from scheduler.errors import StoreError
from scheduler.store.batch import KEYS, OF_THOSE, PLACES, Batch
from scheduler.store.failures import as_store_error

SCHEMA = "journal"
"""By this name its tables are spoken to."""
KEPT = 92 * 24 * HOUR
"""What left is forgotten after this time (microseconds): nobody goes back to a backup that is as old."""

OCCASION = (
    *("bucket", "customer", "key", "rule", "anchor", "trigger_at", "opens", "closes", "asks_for", "state"),
    *("decided_for", "decided_at", "channel", "version", "revision", "exempt", "attempts", "message_id", "provider_id"),
)
"""What it holds of an occasion; of other tables, all columns but the texts that people wrote."""
CONSENT = (*PLACES, "at", "topic", "channel", "given")

ERASED = ("erasure", str(Cause.ERASED))
BACKED_UP = ("backup", "backed up")
"""Who did what, as notes say it of these, in the database as in the journal."""

_TABLES = f"""
CREATE TABLE IF NOT EXISTS journal.occasion ({", ".join(OCCASION)}, at, PRIMARY KEY (bucket, customer, key))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal.consent ({", ".join(CONSENT)}, source,
    PRIMARY KEY (bucket, customer, at, topic, channel, given)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal.suppression (channel, address, cause, since, PRIMARY KEY (channel, address))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal.note (who, what, about, at, PRIMARY KEY (who, what, about, at)) WITHOUT ROWID;
"""
_KEEP = Batch(
    f"INSERT OR REPLACE INTO journal.occasion SELECT {', '.join(OCCASION)}, :now"
    " FROM (SELECT bucket AS of_bucket, customer AS of_customer, key AS of_key FROM {given}) AS those"
    f" CROSS JOIN occasion WHERE {OF_THOSE} AND key = of_key",
    KEYS,
)
_WITHDRAW = text(
    f"INSERT OR IGNORE INTO journal.consent VALUES ({', '.join(f':{name}' for name in CONSENT)}, 'the journal')"
)
_SUPPRESS = text("INSERT OR IGNORE INTO journal.suppression VALUES (:channel, :address, :cause, :since)")
_LIFT = text("DELETE FROM journal.suppression WHERE channel = :channel AND address = :address")
_NOTE = text("INSERT OR IGNORE INTO journal.note VALUES (:who, :what, :about, :now)")
_THEIRS = "WHERE bucket = :bucket AND customer = :customer"
_FORGET = text(f"DELETE FROM journal.occasion {_THEIRS}")
_FORGET_CONSENTS = text(f"DELETE FROM journal.consent {_THEIRS}")
_PRUNE = (
    text("DELETE FROM journal.occasion WHERE at < :before"),
    text("DELETE FROM journal.note WHERE at < :before AND who = :who AND what = :what"),
)


def beside(database: Path) -> Path:
    """The file of a SQLite database's journal."""
    return database.with_name(f"{database.name.removesuffix('.db')}.journal")


def attach(connection: sqlite3.Connection, database: Path) -> Path:
    """Attaches the journal of the database, which is made where there is none; its file. Raises `StoreError`."""
    file = beside(database)
    try:
        # Only where there is none: to close a file gives up all locks that this process has on it (fcntl(2)), and with
        # them those by which SQLite knows that others still use it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600))
        connection.execute(f"ATTACH ? AS {SCHEMA}", (f"{file.absolute().as_uri()}?mode=rw",))
        connection.executescript(
            # NORMAL: whether it is on the disk matters to marks alone, and those wait by `sync`
            f"PRAGMA {SCHEMA}.journal_mode = WAL; PRAGMA {SCHEMA}.synchronous = NORMAL;"
            f"PRAGMA {SCHEMA}.secure_delete = ON; {_TABLES}"
        )
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from None
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") not in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
            raise
        raise StoreError(
            f"{file}: the journal is damaged ({error}); move it away, and a new one is begun: "
            "it can't tell then what left since the last backup"
        ) from None
    return file


def keep(connection: Connection, rows: Sequence[Mapping[str, Any]], *, now: int) -> None:
    """Keeps how the occasions with these `KEYS` stand now."""
    if _is_kept(connection):
        _KEEP.run(connection, rows, now=now)


def sync(engine: Engine) -> None:
    """Returns when all that was committed to the journal is on the disk. Raises `StoreError`."""
    if engine.dialect.name != "sqlite":
        return
    log = beside(Path(str(engine.url.database)))
    log = log.with_name(f"{log.name}-wal")
    try:
        written = os.open(log, os.O_RDONLY)
        try:
            os.fsync(written)
        finally:
            os.close(written)
    except FileNotFoundError:
        return  # it went into the journal itself, and SQLite has waited for the disk
    except OSError as error:
        raise StoreError(f"{log}: {error.strerror}") from None


def withdraw(connection: Connection, consents: Sequence[Mapping[str, Any]]) -> None:
    """Keeps those of these records of consent that withdraw it."""
    withdrawn = [consent for consent in consents if not consent["given"]]
    if withdrawn and _is_kept(connection):
        connection.execute(_WITHDRAW, withdrawn)


def suppress(connection: Connection, suppressions: Sequence[Mapping[str, Any]]) -> None:
    """Keeps suppressions: `channel`, the hash of the `address`, `cause` and `since`."""
    if suppressions and _is_kept(connection):
        connection.execute(_SUPPRESS, suppressions)


def lift(connection: Connection, channel: str, hashed: str) -> None:
    """Forgets that the address of this hash is suppressed."""
    if _is_kept(connection):
        connection.execute(_LIFT, {"channel": channel, "address": hashed})


def erase(connection: Connection, them: Mapping[str, Any], other: str, *, now: int) -> None:
    """Forgets the customer at this `bucket`, and keeps that they were erased, under their pseudonym."""
    if not _is_kept(connection):
        return
    connection.execute(_FORGET, them)
    connection.execute(_FORGET_CONSENTS, them)
    connection.execute(_NOTE, {**said(ERASED), "about": other, "now": now})


def back_up(connection: Connection, *, now: int) -> None:
    """Keeps that a backup is made, and forgets what is too old for any."""
    if not _is_kept(connection):
        return
    for statement in _PRUNE:
        connection.execute(statement, {**said(BACKED_UP), "before": now - KEPT})
    connection.execute(_NOTE, {**said(BACKED_UP), "about": "", "now": now})


def said(note: tuple[str, str]) -> dict[str, str]:
    """Such a note as parameters."""
    return {"who": note[0], "what": note[1]}


def overwrite(connection: Connection) -> None:
    """From now on what this connection deletes is overwritten, and not only left out."""
    if _is_kept(connection):
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def clear_logs(engine: Engine) -> None:
    """Empties the logs of what was written, where what was erased would stand for a while; not while others read."""
    if engine.dialect.name != "sqlite":
        return
    with as_store_error(engine), closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience}")


def _is_kept(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
