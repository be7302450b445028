"""Everything that is held about a customer, for themselves (GDPR, articles 15 and 20)."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from scheduler.store import archive
from scheduler.store.addresses import ever_used
from scheduler.store.buckets import bucket_of
from scheduler.wallclock import zone

if TYPE_CHECKING:
    from scheduler.store.database import Store

FORMAT = 1
"""Counted up where a key changes its meaning or goes; further keys may come."""

_JSON = ("properties", "because", "detail")
_THEIRS = "bucket = :bucket AND customer = :customer"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of `table` under the key `name`; `instants` are UTC microseconds, `dated` is JSON in which dates may be."""

    name: str
    table: str
    columns: tuple[str, ...]
    instants: tuple[str, ...]
    order: str
    dated: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    where: str = _THEIRS

    def read(self, connection: Connection, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows with these parameters."""
        selected = ", ".join(f"CAST({name} AS TEXT)" if name in self.dated else name for name in self.columns)
        found = connection.execute(
            text(f"SELECT {selected} FROM {self.table} WHERE {self.where} ORDER BY {self.order}"), given
        )
        return [self._told(dict(zip(self.columns, row, strict=True))) for row in found]

    def _told(self, row: dict[str, Any]) -> dict[str, Any]:
        for name in self.instants:
            row[name] = None if row[name] is None else _iso(row[name])
        for name in self.dated:
            row[name] = _plain(row[name])
        for name in self.flags:
            row[name] = bool(row[name])
        return row


CUSTOMER = Part(
    "customer",
    "customer",
    ("id", "attributes", "known_at", "changed_at", "paused_until"),
    ("known_at", "changed_at", "paused_until"),
    "id",
    dated=("attributes",),
    where="bucket = :bucket AND id = :customer",
)
PARTS = (
    Part(
        "events",
        "event",
        ("id", "name", "at", "known_at", "properties", "replaces", "replaced_by"),
        ("at", "known_at"),
        "at, id",
        dated=("properties",),
    ),
    Part("consents", "consent", ("at", "topic", "channel", "given", "source"), ("at",), "at", flags=("given",)),
    Part(
        "contacts",
        "occasion",
        (
            *("key", "rule", "anchor", "asks_for", "state", "reason", "because", "channel", "template", "version"),
            *("trigger_at", "opens", "closes", "next_at", "decided_for", "decided_at", "attempts"),
            *("message_id", "provider_id", "error"),
        ),
        ("trigger_at", "opens", "closes", "next_at", "decided_for", "decided_at"),
        "opens, key",
        dated=("because",),
    ),
    Part(
        "attempts",
        "attempt",
        ("occasion", "number", "started", "ended", "outcome", "provider_id", "error"),
        ("started", "ended"),
        "started, occasion, number",
    ),
    Part(
        "tasks",
        "task",
        (
            *("occasion", "assignee", "script", "due", "state", "created", "ended", "outcome"),
            *("role", "assigned_at", "deputy_at", "escalates_at", "escalated_at"),
        ),
        ("due", "created", "ended", "assigned_at", "deputy_at", "escalates_at", "escalated_at"),
        "created, occasion",
    ),
    Part(
        "notes",
        "note",
        ("at", "who", "what", "about", "detail"),
        ("at",),
        "number",
        dated=("detail",),
        where=f"about = :customer OR about IN (SELECT key FROM occasion WHERE {_THEIRS})",
    ),
)
"""What is held under a customer's id, in the order in which it is told."""

_SUPPRESSED = Part(
    "suppressions",
    "suppression",
    ("channel", "address", "cause", "since"),
    ("since",),
    "since",
    where="channel = :channel AND address IN (:plain, :hashed)",
)
_SOFT = Part(
    "soft_bounces",
    "soft_bounce",
    ("channel", "address", "number", "last"),
    ("last",),
    "last",
    where="channel = :channel AND address = :plain",
)
OF_ADDRESSES = (_SUPPRESSED, _SOFT)
"""What is held under an address, present or former."""


def export(store: Store, customer: str, *, now: int) -> dict[str, Any] | None:
    """All that is held about a customer, as JSON can hold it, as of one moment; None where there is no such customer.

    Instants are ISO 8601 in UTC, dates ISO 8601.
    """
    given = {"bucket": bucket_of(customer), "customer": customer}
    with store.read() as connection:
        whom = CUSTOMER.read(connection, given)
        if not whom:
            return None
        told = {part.name: part.read(connection, given) for part in PARTS}
        used = ever_used(connection, customer, store.pepper)
        of_addresses = {part.name: [row for one in used for row in part.read(connection, one)] for part in OF_ADDRESSES}
    return {"format": FORMAT, "exported_at": _iso(now), "customer": whom[0], **told, **of_addresses}


def archived(folder: Path, customer: str) -> dict[str, list[dict[str, Any]]]:
    """What the archive in a folder has about a customer, by table, told as `export` tells it."""
    return {
        table: [{name: _of_archive(name, value) for name, value in row.items()} for row in rows]
        for table, rows in archive.rows_of(folder, customer).items()
    }


def _of_archive(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return _plain(value) if name in _JSON and isinstance(value, str) else value


def _plain(written: str) -> Any:
    """JSON of the database, with its dates as texts."""
    return json.loads(written, object_hook=lambda one: one["date"] if one.keys() == {"date"} else one)


def _iso(at: int) -> str:
    return zone("UTC").iso(at)
