"""Notes: the audit of who did what about whom."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from scheduler.store.batch import Batch

if TYPE_CHECKING:
    from scheduler.store.database import Store

_ADD = Batch(
    "INSERT INTO note (at, who, what, about, detail) SELECT :now, who, what, about, detail FROM {given}",
    {"who": "text", "what": "text", "about": "text", "detail": "json"},
)
_LIST = "SELECT at, who, what, about, CAST(detail AS TEXT) FROM note{those} ORDER BY number DESC LIMIT :limit"
_ALL = text(_LIST.format(those=""))
_ABOUT = text(_LIST.format(those=" WHERE about = :about"))


@dataclass(frozen=True, slots=True)
class Note:
    """That `who` did `what` about something or somebody."""

    at: int
    who: str
    what: str
    about: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of a store."""

    store: Store

    def add(self, who: str, what: str, about: str, detail: Mapping[str, Any] | None = None, *, now: int) -> None:
        """Notes it; `detail` is anything JSON can hold."""
        with self.store.write() as connection:
            write(connection, [(who, what, about, detail or {})], now=now)

    def list(self, about: str | None = None, *, limit: int = 100) -> list[Note]:
        """The newest notes, first the last."""
        with self.store.read() as connection:
            statement, given = (_ALL, {}) if about is None else (_ABOUT, {"about": about})
            rows = connection.execute(statement, {**given, "limit": limit})
            return [Note(at, who, what, whom, json.loads(detail)) for at, who, what, whom, detail in rows]


def write(connection: Connection, notes: Iterable[tuple[str, str, str, Mapping[str, Any]]], *, now: int) -> None:
    """Appends notes of (who, what, about, detail)."""
    rows = [
        {"who": who, "what": what, "about": about, "detail": json.dumps(detail, ensure_ascii=False)}
        for who, what, about, detail in notes
    ]
    _ADD.run(connection, rows, now=now)
