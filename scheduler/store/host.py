"""Where a database belongs, and how often it has shown a sign of life there: what a copy or a restored one betrays."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from scheduler.errors import StoreError

if TYPE_CHECKING:
    from scheduler.store.database import Store

MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
"""Where a machine has its own name (machine-id(5))."""

_READ = text("SELECT holder, token, seen FROM daemon WHERE kind = 'host' AND name = 'database'")
_TAKEN = (
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('host', 'database', :identity, :beats, :now, 0, '')"
    " ON CONFLICT (kind, name) DO {there}"
)
_TAKE = text(_TAKEN.format(there="UPDATE SET holder = :identity, token = :beats, seen = :now"))
_BEGIN = text(_TAKEN.format(there="NOTHING"))
_BEAT = text(
    "UPDATE daemon SET token = token + 1, seen = :now WHERE kind = 'host' AND name = 'database' RETURNING token"
)
_MAY_ASK = text("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")
_SERVER = text("SELECT system_identifier FROM pg_control_system()")
_DATABASE = text("SELECT oid FROM pg_database WHERE datname = current_database()")


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """That a database belongs to `identity`, and beat `beats` times, last at `seen` (UTC microseconds)."""

    identity: str
    beats: int
    seen: int


@dataclass(frozen=True, slots=True)
class Host:
    """Where the database of a store belongs."""

    store: Store

    def identity(self) -> str:
        """What this database is now: another one for a copy of it. Raises `StoreError`.

        SQLite: the machine's id, or the name of a machine that has none, and the number of the file; it stays when the
        folder is moved. PostgreSQL: the identifiers of the server and of the database.
        """
        return hashlib.sha256(f"rightreason\0{self._place()}".encode()).hexdigest()[:32]

    def known(self) -> Heartbeat | None:
        """What was written down last; None before the first time."""
        with self.store.read() as connection:
            found = connection.execute(_READ).first()
        return None if found is None else Heartbeat(*found)

    def begin(self, identity: str, *, now: int) -> None:
        """Write down that the database, which has been nobody's, belongs here; nothing where somebody was faster."""
        with self.store.write() as connection:
            connection.execute(_BEGIN, {"identity": identity, "beats": 0, "now": now})

    def take(self, identity: str, *, beats: int = 0, now: int) -> None:
        """Write down that the database belongs here."""
        with self.store.write() as connection:
            connection.execute(_TAKE, {"identity": identity, "beats": beats, "now": now})

    def beat(self, *, now: int) -> int:
        """Give a sign of life; how many there were by now, 0 where nobody has taken the database yet."""
        with self.store.write() as connection:
            return int(connection.execute(_BEAT, {"now": now}).scalar() or 0)

    def _place(self) -> str:
        if not self.store.is_postgresql:
            file = Path(str(self.store.engine.url.database))
            try:
                return f"{_machine()}/{file.stat().st_ino}"
            except OSError as error:
                raise StoreError(f"{file}: {error.strerror}") from None
        with self.store.read() as connection:
            may_ask = connection.execute(_MAY_ASK).scalar_one()  # some servers don't let everybody
            server = connection.execute(_SERVER).scalar_one() if may_ask else ""
            return f"{server}/{connection.execute(_DATABASE).scalar_one()}"


def _machine() -> str:
    for path in MACHINE_IDS:
        try:
            if name := path.read_text(encoding="ascii").strip():
                return name
        except (OSError, UnicodeDecodeError):
            continue
    return socket.gethostname()
