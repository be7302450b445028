"""Archived events as files of events are: a column for each property, as `import` and `backtest --facts` take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.decisions.facts import Value
from scheduler.store import archive, values

if TYPE_CHECKING:
    import polars

COLUMNS = ("id", "customer", "name", "at", "known_at", "replaces")
_NO_PROPERTIES = {*COLUMNS, "not_before"}
_LARGEST = 2**63


def as_facts(folder: Path) -> tuple[polars.DataFrame, Sequence[str]]:
    """All archived events, and the properties that are left out as they are called like a column of every event.

    A property whose values are of several kinds is text.
    """
    import polars as pl

    rows = archive.read(folder, "event")
    if not rows.height:
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String)), ()
    told = [values.read(written) for written in rows["properties"]]
    names = sorted({name for one in told for name in one})
    taken = [name for name in names if name.casefold() not in _NO_PROPERTIES]
    properties = [_column(name, [one.get(name) for one in told]) for name in taken]
    return rows.select(COLUMNS).with_columns(properties), [name for name in names if name not in taken]


def _column(name: str, cells: Sequence[Value | None]) -> polars.Series:
    import polars as pl

    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int} and all(cell is None or abs(cell) < _LARGEST for cell in cells):  # type: ignore[arg-type] # all are whole numbers
        return pl.Series(name, cells, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, [None if cell is None else float(cell) for cell in cells], dtype=pl.Float64)  # type: ignore[arg-type] # all are numbers
    for kind, dtype in ((bool, pl.Boolean), (date, pl.Date)):
        if kinds == {kind}:
            return pl.Series(name, cells, dtype=dtype)
    return pl.Series(name, list(_texts(cells)), dtype=pl.String)


def _texts(cells: Iterable[Value | None]) -> Iterable[str | None]:
    for cell in cells:
        yield None if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)
