"""Leases: who may work, until when, and the token that proves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from scheduler.errors import LeaseTaken
from scheduler.store.batch import Statement

if TYPE_CHECKING:
    from scheduler.store.database import Store

LIVING = "SELECT name || '#' || CAST(token AS TEXT) FROM daemon WHERE kind = 'lease' AND expires > :now"
"""The senders whose lease lives at `:now`."""

_ENROL = text(
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('lease', :name, '', 0, 0, 0, '') ON CONFLICT (kind, name) DO NOTHING"
)
_READ = "SELECT holder, token, seen, expires FROM daemon WHERE kind = 'lease' AND name = :name"
_HERE, _LOCKED = Statement(_READ), Statement(_READ + " FOR UPDATE")
_TAKE = text(
    "UPDATE daemon SET holder = :holder, token = :token, seen = :seen, expires = :expires"
    " WHERE kind = 'lease' AND name = :name"
)
_NEWEST = text("SELECT COALESCE(MAX(token), 0) FROM daemon WHERE kind = 'lease'")
_END_SHARES = text("DELETE FROM daemon WHERE kind = 'slice' OR (kind = 'lease' AND name <> 'daemon')")
_END = text("UPDATE daemon SET holder = '', expires = 0, token = :token WHERE kind = 'lease'")

_LOST = (
    "this daemon gave no sign of life for so long that others took over its work, or a newer program brought the "
    "database up to date; start it again"
)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of `holder` to work until `expires`, unless renewed; a newer holder has a higher `token`."""

    name: str
    holder: str
    token: int
    expires: int

    @property
    def sender(self) -> str:
        """How rows name the holder that claimed them."""
        return f"{self.name}#{self.token}"


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases of a store."""

    store: Store

    def acquire(self, holder: str, *, now: int, ttl: int, name: str = "daemon") -> Lease:
        """Takes the lease for `ttl` microseconds. Raises `LeaseTaken` while another holder's lives."""
        with self.store.write() as connection:
            connection.execute(_ENROL, {"name": name})
            other, token, seen, expires = _read(connection, name)
            if other not in ("", holder) and expires > now:
                raise taken_by(other, seen)
            lease = Lease(name, holder, token + 1, now + ttl)
            _write(connection, lease, now)
        return lease

    def renew(self, lease: Lease, *, now: int, ttl: int) -> Lease:
        """The lease for `ttl` microseconds from now. Raises `LeaseTaken` where it was lost to somebody."""
        with self.store.write() as connection:
            ensure_held(connection, lease)
            renewed = replace(lease, expires=now + ttl)
            _write(connection, renewed, now)
        return renewed

    def release(self, lease: Lease, *, now: int) -> None:
        """Gives the lease back at once; nothing where it was lost already."""
        with self.store.write() as connection:
            if _read(connection, lease.name)[1] == lease.token:
                _write(connection, replace(lease, holder="", expires=now), now)

    @contextmanager
    def alone(self, job: str, holder: str, *, now: int, ttl: int) -> Iterator[bool]:
        """Whether nobody else does the job by that name until the end of the block, or for `ttl` microseconds.

        That is so at once on SQLite, where one worker is at work.
        """
        if not self.store.is_postgresql:
            yield True
            return
        try:
            lease = self.acquire(holder, now=now, ttl=ttl, name=job)
        except LeaseTaken:
            yield False
            return
        try:
            yield True
        finally:
            self.release(lease, now=now)

    def held(self, name: str = "daemon") -> tuple[Lease, int] | None:
        """The lease as it was taken last and when its holder was last seen, whether it lives or not."""
        with self.store.read() as connection:
            found = _HERE.all(connection, {"name": name})
        for holder, token, seen, expires in found:
            return Lease(name, holder, token, expires), seen
        return None


def ensure_held(connection: Connection, lease: Lease) -> None:
    """Raises `LeaseTaken` where somebody else has taken the lease meanwhile; nobody can before the transaction ends."""
    holder, token, seen, _ = _read(connection, lease.name)
    if token != lease.token:
        raise taken_by(holder, seen)


def newest(connection: Connection) -> int:
    """The highest token that anybody has had."""
    return int(connection.execute(_NEWEST).scalar_one())


def end_all(connection: Connection, *, above: int = 0) -> None:
    """Takes the leases of all; the next token will be one that nobody has had, here or up to `above`."""
    token = max(newest(connection), above) + 1
    connection.execute(_END_SHARES)
    connection.execute(_END, {"token": token})


def taken_by(holder: str, seen: int) -> LeaseTaken:
    """The error that names who has the lease, and when they were last seen; '' for nobody any more."""
    if not holder:
        return LeaseTaken(_LOST, holder="", seen="")
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=seen)
    return LeaseTaken(holder=holder, seen=at.isoformat(timespec="seconds"))


def _read(connection: Connection, name: str) -> tuple[str, int, int, int]:
    statement = _LOCKED if connection.dialect.name == "postgresql" else _HERE
    for holder, token, seen, expires in statement.all(connection, {"name": name}):
        return holder, token, seen, expires
    return "", -1, 0, 0


def _write(connection: Connection, lease: Lease, now: int) -> None:
    given = {"holder": lease.holder, "token": lease.token, "seen": now, "expires": lease.expires, "name": lease.name}
    connection.execute(_TAKE, given)
