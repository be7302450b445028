"""The rows of one file, a slice of them at a time, however many there are.

Parquet is read where it lies. Text can only be read from its beginning: a large file of it is written as Parquet
first, with no more columns than are wanted.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from scheduler.decisions.facts import Value
from scheduler.errors import InputError
from scheduler.intake.causes import Rejected
from scheduler.intake.columns import Form
from scheduler.intake.delimited import DelimitedTable
from scheduler.intake.files import File, Format
from scheduler.intake.instants import Calendar
from scheduler.intake.series import Read, as_it_is
from scheduler.intake.texts import text_of
from scheduler.intake.values import Column, Kind, reader, typed

SLICE = 75_000
"""As many rows are held at a time."""

SMALL = 32 * 2**20
"""Text of up to so many bytes is held whole."""

_LINES = 5_000
_TEXTS = frozenset({str, type(None)})
_json = json.JSONEncoder(ensure_ascii=False).encode
_VALUES = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.Float64, pl.Boolean, pl.Date)
_NO_VALUES = (pl.List, pl.Array, pl.Struct, pl.Binary, pl.Object, pl.Time, pl.Duration)


class Scratch:
    """Temporary files, in a folder that is made when it is first needed; it goes with `close`, or when this does."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._numbers = count()
        self.close: Callable[[], object] = _nothing

    def new(self) -> Path:
        """A file that is not there yet."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="rightreason-"))
            self.close = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder / str(next(self._numbers))


def _nothing() -> None:
    """What there is to do without a folder."""


@dataclass(frozen=True)
class Rows:
    """The rows of a file, with those columns of a fact's form and those wanted further ones that it has.

    `unread` counts lines that are no rows.
    """

    shown: str
    columns: tuple[str, ...]
    count: int
    frame: pl.LazyFrame
    format: Format
    unread: int = 0

    def slices(self, *columns: str) -> Iterator[pl.DataFrame]:
        """These columns, or all, of `SLICE` rows and then the next. Raises `InputError`."""
        frame = self.frame.select(columns or self.columns)
        for start in range(0, self.count, SLICE):
            with readable(self.shown):
                found = frame.slice(start, SLICE).collect()
            yield found

    def numbered(self, column: str) -> Rows:
        """With a column of texts in order, where the file has none of that name."""
        if column in self.columns:
            return self
        numbers = pl.format("row-{}", pl.col(column).cast(pl.String).str.zfill(12)).alias(column)
        frame = self.frame.with_row_index(column).with_columns(numbers)
        return replace(self, columns=(column, *self.columns), frame=frame)

    def readers(self, further: Sequence[str], calendar: Calendar) -> dict[str, Read]:
        """How a cell of each of these columns is read; whole columns are looked through for it.

        A column of CSV is of numbers where every filled cell is one, and so on. The other formats have types of their
        own, and only texts that are dates become dates.
        """
        looks = {name: Column(calendar, written=self.format is Format.CSV) for name in further}
        schema = self.frame.collect_schema()
        unsettled = [name for name in further if schema[name] == pl.String]
        for start in range(0, self.count, SLICE):
            if not unsettled:
                break
            with readable(self.shown):
                cells = self.frame.select(unsettled).slice(start, SLICE).collect()
            for name in unsettled:
                _look(looks[name], cells[name].drop_nulls().unique().to_list(), self.format)
            unsettled = [name for name in unsettled if looks[name].open]
        return {name: self._reader(name, schema[name], looks[name].kind, calendar) for name in further}

    def _reader(self, name: str, dtype: pl.DataType, kind: Kind, calendar: Calendar) -> Read:
        if dtype in _VALUES:
            return as_it_is
        if dtype == pl.String and kind is Kind.TEXT and self.format is not Format.JSONL:
            return _trimmed
        of_text = _trimmed if kind is Kind.TEXT else reader(kind, calendar, name)

        def read(cell: Any) -> Value | None:
            found = json.loads(cell) if self.format is Format.JSONL else cell
            if isinstance(found, str):
                return of_text(text) if (text := found.strip()) else None
            if isinstance(found, float) and not math.isfinite(found):
                return None
            try:
                return typed(found, calendar, name)
            except Rejected as refused:
                raise InputError(f"{self.shown}: {refused}") from refused

        return read


def _trimmed(text: str) -> str | None:
    return text.strip() or None


def _look(column: Column, contents: list[str], form: Format) -> None:
    for content in contents:
        if not column.open:
            return
        column.look(json.loads(content) if form is Format.JSONL else content)


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Raises what Polars can't read in this block as `InputError`, with the file's name."""
    try:
        yield
    except (PolarsError, OSError, UnicodeError) as error:
        cause = str(error).strip().partition("\n")[0]
        raise InputError(
            f"{name} can't be read: {cause}; `rightreason import` takes what can be read of such a file, and says "
            "what is wrong with the rest"
        ) from error


def rows_of(file: File, form: Form, further: Collection[str], scratch: Scratch) -> Rows:
    """The rows of a file that holds facts of a form, with those of the further columns that it has.

    Raises `InputError` where it can't be read, a column is missing, or one holds no single values.
    """
    unread = 0
    with readable(file.shown):
        if file.format is Format.PARQUET:
            frame = pl.scan_parquet(file.path)
        elif file.format is Format.CSV:
            table = DelimitedTable(file)
            frame = pl.scan_csv(file.path, separator=table.delimiter, infer_schema=False)
            frame = frame.rename(str.strip).select(table.columns)
        else:
            frame, unread = _json_lines(file, form, further, scratch)
        schema = frame.collect_schema()
        columns = _columns(file.shown, schema.names(), form, further)
        frame = frame.select(_column(file.shown, schema[theirs], theirs, ours) for ours, theirs in columns.items())
        if file.format is Format.CSV:
            frame = _rewound(frame, file, scratch)
        height = frame.select(pl.len()).collect().item()
    return Rows(file.shown, tuple(columns), height, frame, file.format, unread)


def _columns(name: str, theirs: Sequence[str], form: Form, further: Collection[str]) -> dict[str, str]:
    """Their name of each of our columns."""
    known = {_ours(one, form): one for one in reversed(theirs) if _ours(one, form) in form.fields}
    for field in form.needed:
        if field not in known:
            raise InputError(
                f"{name} has no column {field!r}, which every {form.fact} needs (its columns: {', '.join(theirs)}); "
                f"rename the one that it is, or import the file with --column {field}=THEIRS"
            )
    return known | {one: one for one in further if one in theirs and one not in form.fields}


def _column(name: str, dtype: pl.DataType, theirs: str, ours: str) -> pl.Expr:
    if isinstance(dtype, _NO_VALUES):
        raise InputError(
            f"{name}: the column {theirs!r} is of the type {dtype}, which is no single value; make it one of texts, "
            "numbers, true and false, dates or instants"
        )
    column = pl.col(theirs).alias(ours)
    if dtype.is_float():
        return pl.when(column.is_finite()).then(column.cast(pl.Float64)).alias(ours)
    return column.cast(pl.String) if isinstance(dtype, pl.Categorical | pl.Enum) else column


def _rewound(frame: pl.LazyFrame, file: File, scratch: Scratch) -> pl.LazyFrame:
    """The same rows, to be read from anywhere."""
    if file.path.stat().st_size <= SMALL:
        return frame.collect().lazy()
    kept = scratch.new()
    frame.sink_parquet(kept, compression="lz4", statistics=False)
    return pl.scan_parquet(kept)


def _json_lines(file: File, form: Form, further: Collection[str], scratch: Scratch) -> tuple[pl.LazyFrame, int]:
    """A file of objects: the fields of a form as texts, the further ones as JSON; and how many lines hold no object."""
    names = [*form.fields, *(name for name in further if name not in form.fields)]
    small = file.path.stat().st_size <= SMALL
    held: list[pl.DataFrame] = []
    kept: list[Path] = []
    there: set[str] = set()
    unread = 0
    with file.path.open(encoding="utf-8-sig") as lines:
        while batch := list(islice(lines, _LINES)):
            objects, faults = _objects([line for line in batch if line.strip()])
            unread += faults
            theirs = {_ours(key, form): key for key in set().union(*objects)}
            there |= theirs.keys()
            held.append(_frame(objects, {name: theirs.get(name, name) for name in names}, form))
            if not small and len(held) * _LINES >= SLICE:
                kept.append(_kept(held, scratch))
                held.clear()
    if not there:
        raise InputError(f"{file.shown} holds no JSON object; write one a line")
    if kept and held:
        kept.append(_kept(held, scratch))
    frame = pl.scan_parquet(kept) if kept else pl.concat(held).lazy()
    return frame.select(name for name in names if name in there), unread


def _frame(objects: list[dict[str, Any]], theirs: Mapping[str, str], form: Form) -> pl.DataFrame:
    columns: dict[str, Sequence[str | None]] = {}
    for name, key in theirs.items():
        cells: list[Any] = [one.get(key) for one in objects]
        if name not in form.fields:
            cells = [None if cell is None else _json(cell) for cell in cells]
        elif not _TEXTS.issuperset(map(type, cells)):
            cells = list(map(_text, cells))
        columns[name] = cells
    return pl.DataFrame(columns, schema=dict.fromkeys(theirs, pl.String))


def _kept(frames: list[pl.DataFrame], scratch: Scratch) -> Path:
    file = scratch.new()
    pl.concat(frames).write_parquet(file, compression="lz4", statistics=False)
    return file


def _ours(name: str, form: Form) -> str:
    lower = name.casefold()
    return lower if lower in form.fields else name


def _text(cell: Any) -> str | None:
    try:
        return text_of(cell, "")
    except Rejected:
        return None  # a list or an object is no text: it is missing


def _objects(lines: list[str]) -> tuple[list[dict[str, Any]], int]:
    """The objects in these lines, and how many lines hold none."""
    try:
        found = json.loads(f"[{','.join(lines)}]")
        if len(found) == len(lines) and all(one.__class__ is dict for one in found):
            return found, 0
    except (ValueError, RecursionError):
        pass
    found = []
    for line in lines:
        try:
            one = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(one, dict):
            found.append(one)
    return found, len(lines) - len(found)
