"""Whole columns at once, as Polars holds them: cells as texts, as instants, as numbered values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from scheduler.decisions.facts import Value
from scheduler.decisions.kernel import NONE
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.instants import Calendar
from scheduler.wallclock import DAY, Zone

_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,6})?"
_WITH_OFFSET = _TIME + r"(?:Z|[+-]\d\d:?\d\d)$"
_ON_THE_WALL = _TIME + "$"
_CLOCKS_MOVE = 2 * DAY
_BEFORE_ALL = -(2**63)

Read = Callable[[Any], Value | None]
"""Makes a value of a cell; None for one that is empty after all."""


def as_it_is(cell: Any) -> Value:
    """Cells that are values already."""
    return cell  # type: ignore[no-any-return] # by its column's type


def texts(cells: pl.Series) -> pl.Series:
    """Cells as trimmed texts; what is empty is null."""
    found = cells
    if cells.dtype.is_float():
        whole = cells.cast(pl.Int64, strict=False)
        found = cells.cast(pl.String).zip_with(cells.is_null() | (cells != whole), whole.cast(pl.String))
    elif cells.dtype != pl.String:
        found = cells.cast(pl.String)
    found = found.str.strip_chars()
    return found if (found != "").all() else found.set(found == "", None)


def instants(cells: pl.Series, calendar: Calendar) -> tuple[pl.Series, dict[str, Rejected]]:
    """Cells as instants in UTC microseconds, null where there is none; and each text that is none, with its cause.

    Raises `Rejected` where all of the column lacks the zone that it needs.
    """
    if cells.dtype == pl.Date or (isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is None):
        if calendar.zone is None:
            raise Rejected(Cause.NO_OFFSET, "no zone is known; name one: --timezone Europe/Berlin", cells.name)
        return _on_the_wall(cells.cast(pl.Datetime("us")).to_physical(), calendar.zone), {}
    if isinstance(cells.dtype, pl.Datetime):
        return cells.dt.cast_time_unit("us").to_physical(), {}
    written = texts(cells)
    found = _usual(written, calendar.zone)
    left = found.is_null() & written.is_not_null()
    if not left.any():
        return found, {}
    read: dict[str, int] = {}
    unreadable: dict[str, Rejected] = {}
    for text in written.filter(left).unique(maintain_order=True).to_list():
        try:
            read[text] = calendar.instant(text, cells.name)
        except Rejected as refused:
            unreadable[text] = refused
    rest = written.replace_strict(list(read), list(read.values()), default=None, return_dtype=pl.Int64)
    return found.zip_with(~left, rest), unreadable


def _usual(written: pl.Series, zone: Zone | None) -> pl.Series:
    """What is written in the usual ways; the rest is null, and read text by text."""
    uniform = written.str.replace(" ", "T", literal=True) if written.str.contains(" ", literal=True).any() else written
    found = _in(uniform, _WITH_OFFSET, "%Y-%m-%dT%H:%M:%S%.f%#z")
    if zone is None or not found.null_count():
        return found
    wall = _in(uniform, _ON_THE_WALL, "%Y-%m-%dT%H:%M:%S%.f")
    return found.zip_with(found.is_not_null(), _on_the_wall(wall, zone))


def _in(written: pl.Series, pattern: str, form: str) -> pl.Series:
    fitting = written.set(~written.str.contains(pattern), None)
    return fitting.str.to_datetime(form, time_unit="us", strict=False).to_physical()


def _on_the_wall(wall: pl.Series, zone: Zone) -> pl.Series:
    """The first instants at which the zone's clock shows these times, in microseconds."""
    shown = wall.drop_nulls()
    if not len(shown):
        return wall
    changes, offsets = zone.changes(int(shown.min()) - _CLOCKS_MOVE, int(shown.max()) + _CLOCKS_MOVE)  # type: ignore[arg-type] # numbers
    ends = pl.Series([at + offset for at, offset in zip(changes, offsets, strict=False)], dtype=pl.Int64)
    after = ends.search_sorted(wall, side="right")
    found = wall - pl.Series(offsets).gather(after)
    skipped = found < pl.Series([_BEFORE_ALL, *changes]).gather(after)
    if not skipped.any():
        return found
    odd = wall.filter(skipped).unique().to_list()
    return found.zip_with(~skipped, wall.replace_strict(odd, [_shows(zone, one) for one in odd], default=None))


def _shows(zone: Zone, wall: int) -> int:
    day, time_of_day = divmod(wall, DAY)
    at = zone.shows(day, time_of_day)
    return zone.midnight(day) if at is None else at


def coded(cells: pl.Series) -> tuple[pl.Series, list[Any]]:
    """The number of each cell's content, null where it is missing; and the different contents."""
    different = cells.drop_nulls().unique(maintain_order=True)
    if cells.dtype == pl.String:
        codes = cells.cast(pl.Enum(different)).to_physical().cast(pl.Int64)
    else:
        numbers = pl.int_range(len(different), eager=True)
        codes = cells.replace_strict(different, numbers, default=None, return_dtype=pl.Int64)
    return codes, different.to_list()


def numbered(cells: pl.Series, read: Read) -> tuple[pl.Series, list[Value]]:
    """The number of each cell's value, NONE where it is missing; and the different values.

    1 and 1.0 are equal, true is another.
    """
    codes, contents = coded(cells)
    if read is as_it_is:
        return codes.fill_null(NONE), contents
    known: dict[tuple[type, Value], int] = {}
    table = [
        NONE if (value := read(one)) is None else known.setdefault((_kind(value), value), len(known))
        for one in contents
    ]
    if table != list(range(len(table))):
        codes = pl.Series(table, dtype=pl.Int64).gather(codes)
    return codes.fill_null(NONE), [value for _, value in known]


def _kind(value: Value) -> type:
    return float if value.__class__ is int else value.__class__
