"""Backups, taken while the database is in use, and restored: then all is held, and what came after is replayed.

SQLite by its online backup (`copies`), PostgreSQL by its own tools (`dumps`).
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.errors import StoreError
from scheduler.store import copies, dumps, journal, notes
from scheduler.store.copies import Progress
from scheduler.store.host import Host
from scheduler.store.lease import end_all, newest
from scheduler.store.migrations import bring_up_to_date
from scheduler.store.replay import Replayed, replay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scheduler.store.database import Store

RESTORED = "this database was restored from a backup: look at what waits before you release it"
UNFINISHED = "a backup was put in place, and not yet what came after it: type `rightreason restore` again"
"""Why all is held until what came after the backup is replayed."""

_HOLD = (
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('hold', 'all', 'restore', 0, {now}, 0, '{cause}')"
    " ON CONFLICT (kind, name) DO UPDATE SET holder = excluded.holder, seen = excluded.seen, cause = excluded.cause"
)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: the version of its database, and how much of what; its size in bytes."""

    version: str
    size: int
    customers: int
    events: int
    occasions: int


def back_up(store: Store, file: Path, *, now: int, progress: Progress = lambda *_: None) -> Backup:
    """Writes the database as of now to `file`, which is either complete, and found to be sound, or not there.

    `file` can be read by its owner only. `progress` is told of pages. Raises `StoreError`.
    """
    with _made(file) as unfinished:
        with store.together() as both, both.write() as connection:
            notes.write(connection, [(*journal.BACKED_UP, "", {})], now=now)
            journal.back_up(connection, now=now)
        if store.is_postgresql:
            counts = store.counts()
            version = dumps.dump(store.engine, unfinished)
            found = (version, counts.customers, counts.events, sum(counts.states.values()))
        else:
            copies.write(store, unfinished, progress)
            found = copies.look_into(unfinished)
        version, customers, events, occasions = found
        return Backup(version, unfinished.stat().st_size, customers, events, occasions)


def copy(store: Store, file: Path) -> None:
    """Writes a SQLite database as of now to `file`, to try things on. Raises `StoreError`."""
    if store.is_postgresql:
        raise StoreError("PostgreSQL is copied by its own tools: pg_dump and pg_restore")
    with _made(file) as unfinished:
        copies.write(store, unfinished, lambda *_: None)


def restore(store: Store, file: Path, *, now: int, progress: Progress = lambda *_: None) -> Replayed:
    """Puts the backup in place of all that is in the store, holds everything, and replays what came after it.

    Raises `StoreError` where somebody works on the database or it is no sound backup, `NewerDatabase` where a newer
    program made it; then nothing is changed. Should it be interrupted, all is held, and it can be done again.
    """
    if not file.is_file():
        raise StoreError(f"there is no backup at {file}")
    for one in store.shares.at_work():
        if one.lease.expires > now:
            raise StoreError(f"{one.lease.holder} works on this database; stop it first")
    with store.read() as connection:
        token = newest(connection)
    host = Host(store)
    before = host.known()
    held = _HOLD.format(now=now, cause=UNFINISHED)
    if store.is_postgresql:
        source = dumps.restore(store.engine, file, held)
        bring_up_to_date(store.engine)
    else:
        source = journal.SCHEMA
        copies.put_in_place(store, file, held, progress)
    restored = host.known()
    beats = max((one.beats for one in (before, restored) if one is not None), default=0)
    with store.together() as both, both.write() as connection:
        replayed = replay(both, source, now=now)
        end_all(connection, above=token)
        # It is at home here from now on, so that one look and one `release` are enough.
        Host(both).take(host.identity(), beats=beats, now=now)
        connection.exec_driver_sql(_HOLD.format(now=now, cause=RESTORED))
        if store.is_postgresql:
            dumps.clear(connection)
    return replayed


@contextmanager
def _made(file: Path) -> Iterator[Path]:
    """A new file of the owner's, to be filled; then it is on the disk by its name, and else there is none."""
    if file.exists():
        raise StoreError(f"{file} is there already; name another file")
    if not file.parent.is_dir():
        raise StoreError(f"there is no folder {file.parent}; make it, or name a file in another")
    unfinished = file.with_name(file.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield unfinished
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.rename(file)
        with suppress(OSError):  # not every system can
            folder = os.open(file.absolute().parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
    finally:
        unfinished.unlink(missing_ok=True)
