"""Retention: what has ended moves from the database to the archive, in small batches.

A batch is one transaction: its rows are read and locked, written to a file that is read back, and deleted. So they are
always in one place; what a crash leaves between is settled by what the database remembers of the batch.
"""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, TextClause, text

from scheduler.durations import MINUTE
from scheduler.store import archive, journal
from scheduler.store.batch import Statement, fetched, given, given_table
from scheduler.store.row import NAMES, TYPES
from scheduler.store.states import CONTACTED, OPEN, OUTGOING, OVER, State

if TYPE_CHECKING:
    from scheduler.store.database import Store

BATCH = 2_000
"""As many rows leave in one transaction: other writers wait no longer than that takes."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_MONTH_AND_MORE = timedelta(days=32)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What may leave a table: rows from before an instant, but for those that `stay`.

    `stay` names events, or the rules whose contacts stay; with `no_contacts` no contacts leave at all.
    """

    table: str
    before: int
    stay: tuple[str, ...] = ()
    no_contacts: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """How many rows may leave, and the instants of the first and the last of them."""

    rows: int = 0
    first: int | None = None
    last: int | None = None


NONE_FOUND = Found()


def _listed(states: frozenset[State]) -> str:
    return "(" + ", ".join(f"'{state}'" for state in sorted(states)) + ")"


# --- the tables: their key, the columns of the files, which instant a row is of, and when it may leave


@dataclass(frozen=True)
class _Table:
    key: Mapping[str, str]
    columns: Mapping[str, str]
    at: str
    may_leave: str
    json: str = ""


_PERSON = {"bucket": "smallint", "customer": "text"}
_UNSETTLED = _listed(OPEN | OUTGOING | {State.SENDING, State.UNCONFIRMED, State.ASSIGNED})
_WAITED_FOR = (
    " AND NOT EXISTS (SELECT 1 FROM occasion AS other WHERE other.bucket = {0}.bucket"
    " AND other.customer = {0}.customer AND other.{1} = {0}.{2} AND other.state IN " + _UNSETTLED + ")"
)
_KINDS = {"bigint": "number", "integer": "number", "boolean": "bool", "json": "text", "text": "text"}
_INSTANTS = {"at", "known_at", "due", "created", "started", "ended", "assigned_at", "escalated_at"} | {
    name for name, kind in TYPES.items() if kind == "bigint" and name != "revision"
}
_NUMBERS = {"bucket", "number", "minute", "sent", "bounced", "complained"}
_THEIRS = "bucket customer occasion"


def _columns(names: str) -> dict[str, str]:
    return {name: "at" if name in _INSTANTS else "number" if name in _NUMBERS else "text" for name in names.split()}


_OCCASION = {name: "at" if name in _INSTANTS else _KINDS[TYPES[name]] for name in NAMES if name != "sender"}
_TABLES: Mapping[str, _Table] = {
    "event": _Table(
        key={**_PERSON, "at": "bigint", "id": "text"},
        columns=_columns("bucket id customer name at known_at replaces replaced_by properties"),
        json="properties",
        at="at",
        may_leave="event.known_at < :before AND (event.replaced_by IS NOT NULL OR event.name NOT IN {stay})"
        + _WAITED_FOR.format("event", "anchor", "id"),
    ),
    "occasion": _Table(
        key={**_PERSON, "key": "text"},
        columns={"bucket": "number", **_OCCASION},
        json="because",
        at="closes",
        may_leave=f"occasion.state IN {_listed(OVER - {State.UNCONFIRMED, State.ASSIGNED})}"
        " AND COALESCE(occasion.decided_for, occasion.opens) < :before"
        f" AND (occasion.state NOT IN {_listed(CONTACTED | {State.HELD_OUT})}"
        " OR (:contacts = 1 AND occasion.rule NOT IN {stay}))"
        # by the occasions of a customer an erasure finds the notes about them
        " AND NOT EXISTS (SELECT 1 FROM note WHERE note.about = occasion.key)"
        + _WAITED_FOR.format("occasion", "anchor", "key"),
    ),
    "task": _Table(
        key={**_PERSON, "occasion": "text"},
        columns=_columns(f"{_THEIRS} assignee script due state created ended outcome role assigned_at escalated_at"),
        at="ended",
        may_leave="task.ended IS NOT NULL",
    ),
    "attempt": _Table(
        key={**_PERSON, "occasion": "text", "number": "integer"},
        columns=_columns(f"{_THEIRS} number started ended outcome provider_id error"),
        at="started",
        may_leave="1 = 1" + _WAITED_FOR.format("attempt", "key", "occasion"),
    ),
    "note": _Table(
        key={"number": "bigint"},
        columns=_columns("number at who what about detail"),
        json="detail",
        at="at",
        # a restored database is brought up to date by the one kind, and by the other an erasure knows former addresses
        may_leave=f"note.who NOT IN ('{journal.ERASED[0]}', '{journal.BACKED_UP[0]}')"
        " AND note.what <> 'attributes changed'",
    ),
    "traffic": _Table(
        key={"channel": "text", "minute": "bigint"},
        columns=_columns("channel minute sent bounced complained"),
        at=f"minute * {MINUTE}",
        may_leave="1 = 1",
    ),
}

_STAY = {
    "sqlite": "(SELECT value FROM json_each(:stay))",
    "postgresql": "(SELECT value FROM json_array_elements_text(CAST(:stay AS json)) AS stays(value))",
}
_MARK = text(
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('archive', 'occasion', '', 0, :before, 0, '') ON CONFLICT (kind, name) DO UPDATE"
    " SET seen = CASE WHEN daemon.seen < excluded.seen THEN excluded.seen ELSE daemon.seen END"
)
_MARKED = Statement("SELECT seen FROM daemon WHERE kind = 'archive' AND name = 'occasion'")
_WROTE = text(
    "INSERT INTO daemon (kind, name, holder, token, seen, expires, cause)"
    " VALUES ('archived', :name, '', 0, 0, 0, '') ON CONFLICT (kind, name) DO NOTHING"
)
_WRITTEN = text("SELECT name FROM daemon WHERE kind = 'archived'")
_SETTLED = text("DELETE FROM daemon WHERE kind = 'archived' AND name = :name")


def archived_until(connection: Connection) -> int:
    """The instant before which occasions may have left: those whose windows had closed. 0 where none has left."""
    return next((seen for (seen,) in _MARKED.all(connection, {})), 0)


def found(store: Store, leaving: Leaving) -> Found:
    """How much may leave a table now."""
    table, there = _TABLES[leaving.table], _where(leaving)
    with store.read() as connection:
        asked = f"SELECT COUNT(*), MIN({table.at}), MAX({table.at}) FROM {leaving.table} WHERE {there}"
        rows, first, last = connection.execute(_said(connection, asked), _asked(leaving)).one()
    return Found(rows, first, last)


def leave(
    store: Store,
    folder: Path,
    leaving: Leaving,
    *,
    progress: Callable[[int], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Moves what may leave a table to the archive, the oldest month first; how many rows that were.

    `progress` is told of each batch, and after any `stopping` may end it. Raises `StoreError` where the archive can't
    be written; what had not left by then is still in the database.
    """
    settle(store, folder)
    there, done = found(store, leaving), 0
    if there.first is None or there.last is None:
        return 0
    for month, since, until in _months(there.first, min(there.last, leaving.before - 1)):
        after: Mapping[str, Any] | None = None
        while not stopping() and (keys := _next(store, leaving, since, until, after)):
            with archive.locked(folder):
                moved = _move(store, folder, leaving, month, keys)
            done, after = done + moved, keys[-1]
            progress(moved)
    settle(store, folder)
    return done


def settle(store: Store, folder: Path) -> None:
    """Ends what a crash left of a batch: its file counts if its transaction was committed, and only then."""
    if not folder.exists():
        return
    with archive.locked(folder):
        with store.read() as connection:
            written = {name for (name,) in connection.execute(_WRITTEN)}
        archive.settle(folder, written.__contains__)
        done = [{"name": name} for name in written if (folder / name).exists()]
        if done:
            with store.write() as connection:
                connection.execute(_SETTLED, done)


def _next(
    store: Store, leaving: Leaving, since: int, until: int, after: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """The keys of the next rows of [since, until), in order."""
    table = _TABLES[leaving.table]
    names = ", ".join(table.key)
    behind = "" if after is None else f" AND ({names}) > ({', '.join(f':after_{name}' for name in table.key)})"
    statement = (
        f"SELECT {names} FROM {leaving.table} WHERE {table.at} >= :since AND {table.at} < :until{behind}"
        f" AND {_where(leaving)} ORDER BY {names} LIMIT {BATCH}"
    )
    asked = _asked(leaving) | {f"after_{name}": value for name, value in (after or {}).items()}
    with store.read() as connection:
        rows = fetched(connection.execute(_said(connection, statement), {**asked, "since": since, "until": until}))
    return [dict(zip(table.key, row, strict=True)) for row in rows]


def _move(store: Store, folder: Path, leaving: Leaving, month: str, keys: Sequence[Mapping[str, Any]]) -> int:
    table = _TABLES[leaving.table]
    columns = ", ".join(
        f"CAST({leaving.table}.{name} AS TEXT)" if name == table.json else f"{leaving.table}.{name}"
        for name in table.columns
    )
    theirs = " AND ".join(f"{leaving.table}.{name} = those.of_{name}" for name in table.key)
    those = f"(SELECT {', '.join(f'{name} AS of_{name}' for name in table.key)} FROM {{given}}) AS those"
    order = ", ".join(f"{leaving.table}.{name}" for name in table.key)
    select = f"SELECT {columns} FROM {those} CROSS JOIN {leaving.table} WHERE {theirs} AND {_where(leaving)}"
    names = ", ".join(table.key)
    delete = f"DELETE FROM {leaving.table} WHERE ({names}) IN (SELECT {names} FROM {{given}})"
    file = archive.next_file(folder, leaving.table, month)
    new = file.with_name(file.name + archive.NEW)
    with store.write() as connection:
        journal.overwrite(connection)  # or else an erasure would not reach what is left in free pages
        lock = f" FOR UPDATE OF {leaving.table}" if store.is_postgresql else ""
        asked = {**_asked(leaving), "given": given(keys)}
        statement = _said(connection, f"{select} ORDER BY {order}{lock}", leaving.table)
        rows = fetched(connection.execute(statement, asked))
        if not rows:
            return 0
        frame = archive.frame(table.columns, rows)
        archive.write(new, frame)
        gone = [dict(zip(table.key, one, strict=True)) for one in _keys(table, rows)]
        connection.execute(_said(connection, delete, leaving.table), {"given": given(gone)})
        connection.execute(_WROTE, {"name": archive.name_of(folder, file)})
        if leaving.table == "occasion":
            connection.execute(_MARK, {"before": leaving.before})
    new.replace(file)
    archive.sync(file.parent)
    return len(rows)


def _keys(table: _Table, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    places = [list(table.columns).index(name) for name in table.key]
    return (tuple(row[place] for place in places) for row in rows)


def _where(leaving: Leaving) -> str:
    table = _TABLES[leaving.table]
    return f"{table.at} < :before AND {table.may_leave}"


def _asked(leaving: Leaving) -> dict[str, Any]:
    asked: dict[str, Any] = {"before": leaving.before}
    if "{stay}" in _TABLES[leaving.table].may_leave:
        asked["stay"] = json.dumps(leaving.stay)
    if ":contacts" in _TABLES[leaving.table].may_leave:
        asked["contacts"] = int(not leaving.no_contacts)
    return asked


def _said(connection: Connection, statement: str, table: str = "") -> TextClause:
    return _statement(connection.dialect.name, statement, table)


@lru_cache
def _statement(dialect: str, statement: str, table: str) -> TextClause:
    keys = given_table(_TABLES[table].key)[dialect] if table else ""
    return text(statement.format(stay=_STAY[dialect], given=keys))


def _months(first: int, last: int) -> Iterator[tuple[str, int, int]]:
    """The months from that of one instant to that of another: their names, beginnings and ends."""
    month = _at(first).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while _in_us(month) <= last:
        later = (month + _A_MONTH_AND_MORE).replace(day=1)
        yield f"{month:%Y-%m}", _in_us(month), _in_us(later)
        month = later


def _at(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def _in_us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
