"""One file of a folder of history: customers, events or consent, as .csv, .jsonl or .parquet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from scheduler.decisions.facts import Value
from scheduler.errors import InputError
from scheduler.intake.causes import Rejected
from scheduler.intake.instants import Calendar
from scheduler.intake.values import Column as Kinds
from scheduler.intake.values import reader, typed

ENDINGS = (".parquet", ".csv", ".jsonl")
_INSTANTS = {"at", "known_at"}
_LENGTH_OF_A_DATE = 10


@dataclass(frozen=True)
class HistoryFile:
    """A file with the columns that a fact needs."""

    path: Path
    table: pl.LazyFrame
    calendar: Calendar
    kinds: dict[str, Kinds] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Its columns, in order."""
        return self.table.collect_schema().names()

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self.table.select(pl.len()).collect().item())

    def select(self, fields: Sequence[str], more: Iterable[str], *, key: str) -> pl.LazyFrame:
        """Some columns: `key` and `fields` as texts and instants (missing ones empty), and of `more` what there is."""
        schema = self.table.collect_schema()
        kept = [self._field(name, schema.get(name)) for name in dict.fromkeys((key, *fields))]
        return self.table.select(*kept, *(name for name in more if name in schema and name not in {key, *fields}))

    def _field(self, name: str, kind: pl.DataType | None) -> pl.Expr:
        if kind is None:
            return pl.lit(None, pl.Int64 if name in _INSTANTS else pl.String).alias(name)
        if name not in _INSTANTS:
            text = pl.col(name).cast(pl.String)
            return pl.when(text.str.strip_chars() == "").then(None).otherwise(text).alias(name)
        if isinstance(kind, pl.Datetime):
            instant = pl.col(name)
            if kind.time_zone is None:
                there = "UTC" if self.calendar.zone is None else self.calendar.zone.name
                instant = instant.dt.replace_time_zone(there, ambiguous="earliest", non_existent="null")
            return instant.dt.convert_time_zone("UTC").dt.cast_time_unit("us").dt.epoch("us").alias(name)
        return pl.col(name).cast(pl.String).map_elements(self._instant, return_dtype=pl.Int64).alias(name)

    def _instant(self, written: str) -> int | None:
        try:
            return self.calendar.instant(written.strip(), "at") if written.strip() else None
        except Rejected:
            return None

    def values(self, name: str, different: Sequence[object]) -> list[Value | None]:
        """Read the different values of a column; None for one that is no value."""
        if all(type(one) is int or type(one) is float for one in different[:1]) and self._is_numeric(name):
            return list(different)  # type: ignore[arg-type] # numbers all of them
        if self.path.suffix != ".csv":
            return [self._typed(one, name) for one in different]
        read = reader(self._kinds(name).kind, self.calendar, name)
        return [read(text) if (text := str(one).strip()) else None for one in different]

    def _is_numeric(self, name: str) -> bool:
        return self.table.collect_schema()[name].is_integer()

    def _typed(self, one: object, name: str) -> Value | None:
        value = typed(one, self.calendar, name)
        if not isinstance(value, str):
            return value
        # Most texts are no dates, and a look at their length is far cheaper than to read them.
        if len(value) == _LENGTH_OF_A_DATE and self.calendar.is_date(value):
            return self.calendar.date(value, name)
        return value or None

    def _kinds(self, name: str) -> Kinds:
        """What the cells of a whole column are; looked at once for each."""
        if name not in self.kinds:
            self.kinds[name] = Kinds(self.calendar, written=True)
            for cell in self.table.select(pl.col(name).unique()).collect().to_series():
                self.kinds[name].look(cell)
        return self.kinds[name]


def history_file(folder: Path, name: str, needed: Sequence[str], calendar: Calendar) -> HistoryFile | None:
    """Find `name` in a folder; None where it isn't there. Raises `InputError` where it can't be used."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder")
    there = [folder / f"{name}{ending}" for ending in ENDINGS if (folder / f"{name}{ending}").is_file()]
    if not there:
        return None
    if len(there) > 1:
        raise InputError(f"{folder} has {' and '.join(one.name for one in there)}; which of them is meant? Keep one")
    [path] = there
    try:
        table = _scan(path)
        columns = table.collect_schema().names()
    except (PolarsError, OSError) as error:
        raise InputError(f"{path} can't be read: {str(error).splitlines()[0]}") from error
    if lacking := [column for column in needed if column not in columns]:
        raise InputError(
            f"{path} has no column {lacking[0]!r}, which all {name} need (its columns: {', '.join(columns)})"
        )
    return HistoryFile(path, table, calendar)


def _scan(path: Path) -> pl.LazyFrame:
    if path.suffix == ".parquet":
        return pl.scan_parquet(path)
    if path.suffix == ".jsonl":
        return pl.scan_ndjson(path, infer_schema_length=None)
    return pl.scan_csv(path, infer_schema=False)
