"""What measures look at: events, occasions and tasks as columns, for the customers of some buckets at a time.

The database hands out each column of many rows as one JSON list, so that no row becomes an object of its own. What has
left for the archive is read from there once, and counts as if it had stayed.
"""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, text

from scheduler.store import archive
from scheduler.store.batch import fetched
from scheduler.store.buckets import BUCKETS

if TYPE_CHECKING:
    import polars

    from scheduler.store.database import Store

AT_ONCE = 10_000
"""About so many customers are read at a time."""

_NUMBERS = {"known_at", "at", "decided_for", "due", "created", "ended"}
_CUSTOMER = ("id", "known_at")
_EVENT = ("customer", "id", "name", "at", "properties")
_OCCASION = ("customer", "key", "rule", "asks_for", "state", "channel", "decided_for", "because")
_TASK = ("customer", "occasion", "state", "created", "due", "ended")
_AS_TEXT = {"because": "CAST(because AS TEXT)"}
_TOLD = "CASE WHEN name IN :told THEN CAST(properties AS TEXT) END"
_DECIDED = "decided_for IS NOT NULL AND state NOT IN ('planned', 'waiting')"


@dataclass(frozen=True)
class Part:
    """What is known of the customers of some buckets; instants are UTC microseconds.

    `customers` has `id, known_at`; `events`, those that were not replaced, `customer, id, name, at, properties` (JSON
    as text, or null where nobody asked); `occasions`, those that are decided, `customer, key, rule, asks_for, state,
    channel, decided_for, because` (JSON as text); `tasks` have `customer, occasion, state, created, due, ended`.
    """

    customers: polars.DataFrame
    events: polars.DataFrame
    occasions: polars.DataFrame
    tasks: polars.DataFrame


def parts(
    store: Store, folder: Path, names: Sequence[str], told: Sequence[str], at_once: int = AT_ONCE
) -> Iterator[Part]:
    """All customers with their events of these `names`, with properties where `told`, each customer in one part.

    `folder` is that of the archive. All parts are of one state of the database. Raises `StoreError`.
    """
    with store.read() as connection:
        customers = connection.execute(text("SELECT COUNT(*) FROM customer")).scalar_one()
        left = _archived(folder, names)  # after the first look: what is archived from now on is there still
        step = max(1, min(BUCKETS, BUCKETS * at_once // max(1, customers)))
        for first in range(0, BUCKETS, step):
            last = min(BUCKETS, first + step) - 1
            yield _part(connection, left, first, last, {"names": [*names, ""], "told": [*told, ""]})


def _part(
    connection: Connection, left: Mapping[str, polars.DataFrame], first: int, last: int, more: Mapping[str, Any]
) -> Part:
    there = {"first": first, "last": last}
    asked = {**there, **more}
    return Part(
        _read(connection, "customer", _CUSTOMER, "1 = 1", there),
        _joined(
            _read(connection, "event", _EVENT, "replaced_by IS NULL AND name IN :names", asked),
            left.get("event"),
            ["id"],
            first,
            last,
        ),
        _joined(_read(connection, "occasion", _OCCASION, _DECIDED, there), left.get("occasion"), ["key"], first, last),
        _joined(_read(connection, "task", _TASK, "1 = 1", there), left.get("task"), ["occasion"], first, last),
    )


def _read(
    connection: Connection, table: str, columns: Sequence[str], where: str, given: Mapping[str, Any]
) -> polars.DataFrame:
    """The columns of the rows in some buckets."""
    import polars as pl

    aggregate = "json_group_array" if connection.dialect.name == "sqlite" else "json_agg"
    named = [f"{_asked(table, name)} AS {name}" for name in columns]
    lists = [f"CAST({aggregate}({name}) AS TEXT)" for name in columns]
    statement = text(
        f"SELECT {', '.join(lists)} FROM (SELECT {', '.join(named)} FROM {table}"
        f" WHERE bucket BETWEEN :first AND :last AND {where}) AS rows"
    ).bindparams(*(bindparam(name, expanding=True) for name in given if name in {"names", "told"}))
    (row,) = fetched(connection.execute(statement, dict(given)))
    kinds = {name: pl.Int64() if name in _NUMBERS else pl.String() for name in columns}
    return pl.DataFrame(
        [
            pl.Series(name, [found or "[]"]).str.json_decode(pl.List(kind)).explode(empty_as_null=False)
            for (name, kind), found in zip(kinds.items(), row, strict=True)
        ]
    )


def _asked(table: str, name: str) -> str:
    return _TOLD if (table, name) == ("event", "properties") else _AS_TEXT.get(name, name)


# --- what has left


def _archived(folder: Path, names: Sequence[str]) -> dict[str, polars.DataFrame]:
    """The rows of the archive by table, each with its bucket; nothing of a table of which none have left."""
    import polars as pl

    wanted = {
        "event": (_EVENT, pl.col("replaced_by").is_null() & pl.col("name").is_in(list(names))),
        "occasion": (_OCCASION, pl.col("decided_for").is_not_null()),
        "task": (_TASK, pl.lit(value=True)),
    }
    found = {}
    for table, (columns, those) in wanted.items():
        if archive.files(folder, table):
            rows = archive.read(folder, table).filter(those).select("bucket", *columns)
            found[table] = rows.with_columns(pl.col(name).dt.epoch("us") for name in columns if name in _NUMBERS)
    return found


def _joined(
    rows: polars.DataFrame, left: polars.DataFrame | None, key: Sequence[str], first: int, last: int
) -> polars.DataFrame:
    """The rows of the database with those that have left; after a restore a row may be in both."""
    import polars as pl

    if left is None:
        return rows
    own = left.filter(pl.col("bucket").is_between(first, last)).drop("bucket")
    return pl.concat([rows, own]).unique(key, keep="first", maintain_order=True)
