"""Statements over many rows at once.

The rows go in as one JSON text and stand in the statement as the table `given`. So there is one statement for both
databases and for any number of rows, and one round trip.
"""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, CursorResult, bindparam, text

_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

PLACES: Mapping[str, str] = {"bucket": "smallint", "customer": "text"}
"""The columns that say about whom a row is."""

THOSE = "(SELECT bucket AS of_bucket, customer AS of_customer FROM {given}) AS those CROSS JOIN "
"""Stands before a table of which the rows about the customers of `given`, as `PLACES`, are wanted: `OF_THOSE`.

SQLite would look through whole buckets for a list of pairs; a join it follows from each pair.
"""

OF_THOSE = "bucket = of_bucket AND customer = of_customer"

KEYS: Mapping[str, str] = {**PLACES, "key": "text"}
"""The columns that say which occasion a row is about."""

NOTHING_MORE: Mapping[str, str] = MappingProxyType({})


def given_table(columns: Mapping[str, str]) -> dict[str, str]:
    """By dialect, what the table of rows that go in as `:given` is in a statement."""
    here = ", ".join(f"value ->> '{name}' AS {name}" for name in columns)
    there = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in columns.items())
    typed = ", ".join(f"{name} {'text' if kind == 'json' else kind}" for name, kind in columns.items())
    return {
        "sqlite": f"(SELECT {here} FROM json_each(:given)) AS given",
        "postgresql": f"(SELECT {there} FROM json_to_recordset(CAST(:given AS json)) AS rows({typed})) AS given",
    }


def given(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as the parameter `given`."""
    return _write(rows)


class Statement:
    """A statement, with the names of those parameters in it that are lists.

    SQLite's driver is given one without lists as it is: SQLAlchemy takes longer over it than SQLite.
    """

    def __init__(self, statement: str, *lists: str) -> None:
        self._written = None if lists else statement
        self._text = text(statement).bindparams(*(bindparam(name, expanding=True) for name in lists))

    def run(self, connection: Connection, given: Mapping[str, Any]) -> int:
        """Executes it; the number of rows that it changed."""
        if connection.dialect.name == "sqlite" and self._written is not None:
            return driver_cursor(connection).execute(self._written, given).rowcount
        return connection.execute(self._text, given).rowcount

    def all(self, connection: Connection, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Executes it; what it answers."""
        if connection.dialect.name == "sqlite" and self._written is not None:
            return driver_cursor(connection).execute(self._written, given).fetchall()
        return fetched(connection.execute(self._text, given))


class Batch:
    """A statement in which `{given}` stands for rows of these columns, each with its PostgreSQL type."""

    def __init__(self, statement: str, columns: Mapping[str, str]) -> None:
        self._statements = {
            dialect: Statement(statement.format(given=given)) for dialect, given in given_table(columns).items()
        }

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]], **more: Any) -> int:
        """Executes it, if there are any rows; the number of rows that it changed. `more` are single parameters."""
        return self._statement(connection).run(connection, {"given": given(rows), **more}) if rows else 0

    def all(self, connection: Connection, rows: Sequence[Mapping[str, Any]], **more: Any) -> list[tuple[Any, ...]]:
        """Executes it, if there are any rows; what it answers."""
        return self._statement(connection).all(connection, {"given": given(rows), **more}) if rows else []

    def _statement(self, connection: Connection) -> Statement:
        return self._statements[connection.dialect.name]


class _Each:
    """A statement about each row, as it is put to SQLite; and to PostgreSQL, about all of them.

    SQLite has no round trips to save, and takes many columns out of a JSON text slowly, or by their names.
    """

    def __init__(self, columns: Mapping[str, str], here: str, there: str) -> None:
        self._names, self._here, self._there = tuple(columns), here, Batch(there, columns)

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Executes it, if there are any rows, each in the order of the columns; the number of rows that it wrote."""
        if connection.dialect.name == "postgresql":
            return self._there.run(connection, [dict(zip(self._names, row, strict=True)) for row in rows])
        return driver_cursor(connection).executemany(self._here, rows).rowcount if rows else 0


class Insertion(_Each):
    """Inserts rows of these columns, each with its PostgreSQL type; `conflict` says what happens to those there.

    `always` is SQL of what stands in further columns of all of them.
    """

    def __init__(
        self, table: str, columns: Mapping[str, str], conflict: str = "", *, always: Mapping[str, str] = NOTHING_MORE
    ) -> None:
        names, constants = ", ".join([*columns, *always]), list(always.values())
        here = f"VALUES ({', '.join([*('?' for _ in columns), *constants])})"
        there = f"SELECT {', '.join([*columns, *constants])} FROM {{given}}"
        into = f"INSERT INTO {table} ({names})"
        super().__init__(columns, f"{into} {here} {conflict}", f"{into} {there} {conflict}")


class Update(_Each):
    """Writes these columns into the rows with these keys, each with its PostgreSQL type; the keys come last."""

    def __init__(self, table: str, keys: Mapping[str, str], columns: Mapping[str, str]) -> None:
        # Python 3.12 takes `?1` for a name up to its third patch, and warns of rows that are no dicts.
        here = f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in columns)}"
        here += f" WHERE {' AND '.join(f'{name} = ?' for name in keys)}"
        there = f"UPDATE {table} SET {', '.join(f'{name} = given.{name}' for name in columns)} FROM {{given}}"
        there += f" WHERE {' AND '.join(f'{table}.{name} = given.{name}' for name in keys)}"
        super().__init__({**columns, **keys}, here, there)


def driver_cursor(connection: Connection) -> sqlite3.Cursor:
    """A cursor of SQLite's own, in the transaction of this connection."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - there is no other driver of that dialect
    return driver.cursor()


def fetched(result: CursorResult[Any]) -> list[tuple[Any, ...]]:
    """All rows, straight from the driver: a fifth of the time of SQLAlchemy's own rows."""
    return list(result.cursor.fetchall())


@contextmanager
def no_collection() -> Iterator[None]:
    """Let no garbage be looked for: what is read here is kept, and to look among it takes as long as to read it."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
