"""SQLite's own backups: copies of the database, taken while it is in use, and put in its place in one go."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from scheduler.errors import NewerDatabase, StoreError
from scheduler.store.migrations import versions

if TYPE_CHECKING:
    from scheduler.store.database import Store

STEP = 4096
"""So many pages are copied between two looks at the progress."""
_READY = ".restoring-"
"""How the folder is named in which a backup is made ready."""

Progress = Callable[[int, int], None]
"""Is told how much of how much is done."""


def write(store: Store, file: Path, progress: Progress) -> None:
    """Writes all of the store, as of now, to a file that is there and empty."""
    with closing(sqlite3.connect(file)) as target:
        _pour(store, target, progress)
        target.execute("PRAGMA journal_mode = DELETE")


def _pour(store: Store, target: sqlite3.Connection, progress: Progress) -> None:
    """Writes all of the store to another database: all of it, or nothing."""
    with store.read() as connection:
        # From here on it sees one state; else the copy would begin anew with each write of others.
        connection.exec_driver_sql("SELECT COUNT(*) FROM daemon").scalar()
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)  # noqa: S101 (tells mypy what the dialect says)
        source.backup(target, pages=STEP, progress=lambda _, left, whole: progress(whole - left, whole))


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def look_into(file: Path) -> tuple[str, int, int, int]:
    """The version of the database in a file, its customers, events and occasions. Raises `StoreError`."""
    try:
        with closing(_opened(file)) as found:
            for (problem,) in found.execute("PRAGMA integrity_check"):
                if problem != "ok":
                    raise _damaged(file, problem)
            (version,) = found.execute("SELECT version_num FROM alembic_version").fetchone()
            customers, events, occasions = (
                found.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own names
                for table in ("customer", "event", "occasion")
            )
    except UnicodeError:
        raise _damaged(file, "its texts can't be read") from None
    except (sqlite3.Error, TypeError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:  # or one of its kinds
            raise _damaged(file, error) from error
        raise StoreError(f"{file} is no backup of a database of ours: {error}") from error
    return str(version), customers, events, occasions


def _damaged(file: Path, cause: object) -> StoreError:
    return StoreError(f"{file} is damaged; take another backup ({' '.join(str(cause).split())})")


@contextmanager
def _prepared(ready: Path, file: Path) -> Iterator[Store]:
    """The copy of a backup, brought up to date and with our tables; raises `StoreError` that names the backup."""
    from scheduler.store.database import open_store

    try:
        prepared = open_store(f"sqlite:///{ready}")
    except StoreError as error:
        cause = str(error).replace(str(ready), str(file))
        raise StoreError(f"{file} can't be brought up to date; take another backup ({cause})") from None
    with prepared:
        with prepared.read() as connection:
            differs = _differs(connection)
        if differs:
            raise StoreError(
                f"{file} is no backup of a database of ours: {differs}; "
                "nothing was changed, take a file that `rightreason backup` wrote"
            )
        yield prepared


def _differs(connection: Connection) -> str:
    """Where the tables of a database are not ours, in words; empty where they are. Others may stand beside them."""
    from scheduler.store.tables import Table

    found = inspect(connection)
    there = {*found.get_table_names()}
    for name, table in Table.metadata.tables.items():
        if name not in there:
            return f"it has no table {name}"
        columns = {column["name"] for column in found.get_columns(name)}
        if others := sorted(columns ^ {*table.c.keys()}):
            return f"its table {name} has other columns ({', '.join(others)})"
    return ""


def put_in_place(store: Store, file: Path, held: str, progress: Progress) -> None:
    """Makes ready, beside the database, what is then put in its place in one go: up to date, and held."""
    version, *_ = look_into(file)
    if version not in versions():
        raise NewerDatabase(found=version)
    database = Path(str(store.engine.url.database))
    for left_over in database.parent.glob(f"{_READY}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    with TemporaryDirectory(prefix=_READY, dir=database.parent) as folder:
        ready = Path(folder) / database.name
        with closing(_opened(file)) as backup, closing(sqlite3.connect(ready)) as target:
            backup.backup(target)
        with _prepared(ready, file) as prepared:
            with prepared.write() as connection:
                connection.exec_driver_sql(held)
            with closing(store.engine.raw_connection()) as present:
                here = present.driver_connection
                assert isinstance(here, sqlite3.Connection)  # noqa: S101 (as above)
                _pour(prepared, here, progress)
