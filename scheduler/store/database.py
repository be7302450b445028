"""The database: opened, made and migrated on first use; and its transactions."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from scheduler.errors import StoreError, UnusableDatabase
from scheduler.store import backups, erasure, journal
from scheduler.store.backups import Backup
from scheduler.store.batch import driver_cursor
from scheduler.store.consents import Consents
from scheduler.store.copies import Progress
from scheduler.store.customers import Customers
from scheduler.store.events import Events
from scheduler.store.failures import as_store_error
from scheduler.store.forecasts import Forecasts
from scheduler.store.holds import Holds
from scheduler.store.lease import Leases
from scheduler.store.ledger import Ledger
from scheduler.store.migrations import bring_up_to_date, version, versions
from scheduler.store.notes import Notes
from scheduler.store.outbox import Outbox
from scheduler.store.replay import Replayed
from scheduler.store.rulebooks import Rulebooks
from scheduler.store.shares import Shares
from scheduler.store.suppressions import Suppressions
from scheduler.store.survey import Counts, Survey, counts, ever_had, survey
from scheduler.store.tasks import Tasks
from scheduler.store.traffic import Traffic
from scheduler.store.watch import Watch

BUSY_SECONDS = 60
"""How long a writer waits for another one on SQLite."""

LOG_PAGES = 8_000
"""From so many pages of 4 KiB on a commit carries SQLite's log over into the database, and takes ten times as long.

By SQLite's own 1,000 that is one of fifty commits of a single event and its plan; and the less often, the less there
is to carry over, as what is written again and again is so but once.
"""

PATIENCE = {"connect_timeout": 10, "tcp_user_timeout": 30_000}
"""How long (in seconds, and milliseconds) to wait for a PostgreSQL server that doesn't answer, unless its URL says."""

_PASSWORD = re.compile(r":(?!//).*@", re.DOTALL)

LOOK_UP = "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off"
"""Our statements look up a few rows by their keys; PostgreSQL, which can't know how few, would read whole tables."""


@dataclass(frozen=True)
class Store:
    """A database with everything in it, by noun.

    Every method of `customers`, `events`, `ledger` and so on is one transaction; inside `together` they are one
    transaction all together. A failure of the database is raised as `StoreError`.

    With `slices`, what is to be planned, decided, sent and tidied up is that of the customers in these slices alone.
    """

    engine: Engine
    pepper: bytes = b""
    connection: Connection | None = None
    slices: tuple[int, ...] | None = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database, whatever others write meanwhile."""
        if self.connection is not None:
            yield self.connection
            return
        with as_store_error(self.engine), self.engine.connect() as connection:
            if self.is_postgresql:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection that writes all or nothing."""
        if self.connection is not None:
            yield self.connection
            return
        with as_store_error(self.engine), self.engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def together(self) -> Iterator[Store]:
        """A store whose calls are one transaction: committed at the end of the block, or not at all."""
        with self.write() as connection:
            yield replace(self, connection=connection)

    @property
    def url(self) -> str:
        """Where it is, without the password."""
        return self.engine.url.set(drivername=self.engine.dialect.name).render_as_string(hide_password=True)

    @property
    def is_postgresql(self) -> bool:
        """Whether this is PostgreSQL; else it is SQLite."""
        return self.engine.dialect.name == "postgresql"

    def watch(self) -> Watch:
        """Notices what anybody writes from now on."""
        return Watch(self.engine)

    def erase(self, customer: str, *, now: int) -> bool:
        """Erases all that says who the customer was, for good; whether there was one.

        Rows of the ledger, records of consent and suppressions stay under hashes keyed with the pepper. Raises
        `StoreError` while a message to them is being sent.
        """
        return erasure.erase(self, customer, now=now)

    def back_up(self, file: Path, *, now: int, progress: Progress = lambda *_: None) -> Backup:
        """Writes the database as of now to `file`, while it is in use. Raises `StoreError`."""
        with as_store_error(self.engine):
            return backups.back_up(self, file, now=now, progress=progress)

    def copy(self, file: Path) -> None:
        """Writes a SQLite database as of now to `file`, to try things on. Raises `StoreError`."""
        with as_store_error(self.engine):
            backups.copy(self, file)

    def restore(self, file: Path, *, now: int, progress: Progress = lambda *_: None) -> Replayed:
        """Puts a backup in place of all that is in here, replays what came after it, and holds everything.

        Raises `StoreError`, `NewerDatabase`; then nothing is changed.
        """
        with as_store_error(self.engine):
            return backups.restore(self, file, now=now, progress=progress)

    def survey(self) -> Survey:
        """The names of the events and attributes that there are, and how common each is."""
        with self.read() as connection:
            return survey(connection)

    def ever_had(self, event: str, name: str) -> bool:
        """Whether any event called `event` has ever had a property `name`."""
        with self.read() as connection:
            return ever_had(connection, event, name)

    def counts(self) -> Counts:
        """How much there is of what."""
        with self.read() as connection:
            return counts(connection)

    @property
    def customers(self) -> Customers:
        """Customers, complete; what is to be planned."""
        return Customers(self)

    @property
    def events(self) -> Events:
        """What happened."""
        return Events(self)

    @property
    def consents(self) -> Consents:
        """Consent given and withdrawn."""
        return Consents(self)

    @property
    def suppressions(self) -> Suppressions:
        """Addresses that must not be used."""
        return Suppressions(self)

    @property
    def ledger(self) -> Ledger:
        """Occasions, from planned to their end."""
        return Ledger(self)

    @property
    def outbox(self) -> Outbox:
        """Occasions that are being delivered."""
        return Outbox(self)

    @property
    def tasks(self) -> Tasks:
        """What people have to do."""
        return Tasks(self)

    @property
    def traffic(self) -> Traffic:
        """How much left, and how much of it came back."""
        return Traffic(self)

    @property
    def forecasts(self) -> Forecasts:
        """What the ledger said beforehand of each hour."""
        return Forecasts(self)

    @property
    def rulebooks(self) -> Rulebooks:
        """The rulebooks that are and were active."""
        return Rulebooks(self)

    @property
    def leases(self) -> Leases:
        """Who may work."""
        return Leases(self)

    @property
    def shares(self) -> Shares:
        """Who works for whom."""
        return Shares(self)

    @property
    def holds(self) -> Holds:
        """What is held back."""
        return Holds(self)

    @property
    def notes(self) -> Notes:
        """The audit."""
        return Notes(self)


def open_store(url: str, *, create: bool = True, pepper: bytes = b"") -> Store:
    """The store at `sqlite:///PATH` or `postgresql://…`, made and migrated on first use.

    `pepper` keys the hashes of erased addresses. Raises `NewerDatabase`; `StoreError` where the URL can't be used
    or, without `create`, there is no database yet.
    """
    engine = _engine(url, create=create)
    store = Store(engine, pepper)
    try:
        with as_store_error(engine):
            bring_up_to_date(engine, create=create)
    except BaseException:
        engine.dispose()
        raise
    return store


def migrate(url: str) -> tuple[str | None, str]:
    """Brings the database at that URL up to date; the version it was at, None where there was none, and is at.

    Raises `NewerDatabase`, `StoreError`.
    """
    engine = _engine(url, create=True)
    try:
        with as_store_error(engine):
            with engine.connect() as connection:
                before = version(connection)
            bring_up_to_date(engine)
    finally:
        engine.dispose()
    return before, versions()[-1]


def version_of(url: str) -> str | None:
    """The version of the database at that URL, None where it is empty; changes nothing. Raises `StoreError`."""
    engine = _engine(url, create=False)
    try:
        with as_store_error(engine), engine.connect() as connection:
            return version(connection)
    finally:
        engine.dispose()


def _engine(url: str, *, create: bool) -> Engine:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # the latter of a host or a port that is none
        raise UnusableDatabase(
            f"{_PASSWORD.sub(':***@', url).partition('?')[0]!r} is no database URL; "
            "write sqlite:///PATH or postgresql://USER@HOST/NAME"
        ) from None
    if address.get_backend_name() == "postgresql":
        return create_engine(
            address.set(drivername="postgresql+psycopg"),
            connect_args={
                "options": LOOK_UP,
                **{name: at for name, at in PATIENCE.items() if name not in address.query},
            },
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=8,
        )
    if address.drivername != "sqlite" or not address.database or address.database == ":memory:":
        raise UnusableDatabase(
            f"{address.render_as_string(hide_password=True)!r} is no database that can be used; "
            "write sqlite:///PATH or postgresql://USER@HOST/NAME"
        )
    path = Path(address.database)
    if not path.exists():
        if not create:
            raise StoreError(f"there is no database at {path}; import something first")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)  # it holds people's data
    # What is asked of the database is about customers: it must not stand in the words of an exception.
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True, pool_size=8)
    event.listen(engine, "do_connect", _only_what_is_there)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _only_what_is_there(_dialect: object, _record: object, arguments: list[str], options: dict[str, object]) -> None:
    # SQLite would make an empty file in the place of one that was taken away.
    arguments[0] = f"{Path(arguments[0]).absolute().as_uri()}?mode=rw"
    options["uri"] = True


def _set_up(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    # The driver's own transactions begin too late: reads outside of them see several states. `_begin` does it.
    connection.isolation_level = None
    # FULL and not NORMAL: a mark that a power cut takes back would be a message sent twice.
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536;"
        f"PRAGMA wal_autocheckpoint = {LOG_PAGES}"
    )
    path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
    record.info["files"] = {one: _file_at(one) for one in (path, journal.attach(connection, path))}


def _begin(connection: Connection) -> None:
    # A writer that starts as a reader fails as soon as another one was faster: it asks for the lock first.
    writes = connection.get_execution_options().get("writes", False)
    for path, file in connection.info["files"].items():
        if _file_at(path) != file:
            # SQLite would go on in the removed file: marks would be lost, and so messages sent twice.
            connection.invalidate()
            raise StoreError(f"{path} was removed or replaced while it was in use")
    driver_cursor(connection).execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
