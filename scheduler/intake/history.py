"""A folder of files as history to replay: its customers, events and consent as columns, part by part.

Files that are large are first cut into parts by customer, in a temporary folder, so that memory does not grow with
their size.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from scheduler.decisions.columns import Column, Columns
from scheduler.decisions.facts import ADDRESSES, Value
from scheduler.decisions.kernel import NONE
from scheduler.decisions.program import Program, Trigger
from scheduler.errors import InputError
from scheduler.intake.history_files import HistoryFile, history_file
from scheduler.intake.instants import Calendar
from scheduler.wallclock import zone

PART = 250_000
"""About as many events are held at a time."""

UNKNOWN = "of a customer who is not in the customers file"
TWICE = "with an id that was there before"
INCOMPLETE = "without id, customer, name or a readable at"

_RANKED = {Trigger.EVENT_DATE, Trigger.CONTACT, Trigger.CONTACT_SILENCE}


@dataclass
class FolderHistory:
    """The files of a folder, which may be read again and again; `left_out` counts, by cause, what was not taken."""

    folder: Path
    timezone: str = "UTC"
    left_out: Counter[str] = field(default_factory=Counter)

    def read(self, program: Program, *, chunk: int, arrays: bool) -> Iterator[Columns]:
        """All that `program` asks about, at most `chunk` customers at a time, each with all their facts.

        Raises `InputError` where the folder has no events, or a file can't be read.
        """
        self.left_out.clear()
        calendar = Calendar(zone(self.timezone))
        files = {
            name: history_file(self.folder, name, needed, calendar)
            for name, needed in (
                ("events", ("id", "customer", "name", "at")),
                ("customers", ("id",)),
                ("consent", ("customer", "topic", "status", "at")),
            )
        }
        if files["events"] is None:
            raise InputError(f"{self.folder} has no events to replay: it needs events.csv, .jsonl or .parquet")
        wanted = _Wanted(program, files, calendar)
        with ExitStack() as stack:
            parts = max(1, wanted.events.rows // PART)
            tables = wanted.tables
            if parts > 1:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rightreason-")))
                for name, table in tables.items():
                    _cut(table, folder / name, parts)
            for number in range(parts):
                if parts > 1:
                    part = {name: _read_part(folder / name, number, table) for name, table in tables.items()}
                else:
                    part = {name: table.collect() for name, table in tables.items()}
                yield from _Part(wanted, part, self.left_out).columns(chunk, arrays=arrays)


class _Wanted:
    """What a program asks about, as the tables of some files."""

    def __init__(self, program: Program, files: dict[str, HistoryFile | None], calendar: Calendar) -> None:
        events = files["events"]
        assert events is not None  # noqa: S101 - the caller has looked
        self.program, self.calendar = program, calendar
        self.events, self.customers, self.consents = events, files["customers"], files["consent"]
        self.addresses = {ADDRESSES[channel]: channel for channel in program.channels if channel in ADDRESSES}
        self.attributes = sorted({*program.attributes, "timezone", "country", "preferred_channel"} - {"id"})
        self.tables = {"events": self._events()}
        if self.customers is not None:
            self.tables["customers"] = self.customers.select([], {*self.attributes, *self.addresses}, key="id")
        if self.consents is not None:
            self.tables["consent"] = self.consents.select(["topic", "channel", "status", "at"], [], key="customer")

    def _events(self) -> pl.LazyFrame:
        table = self.events.select(["id", "name", "at", "known_at"], self.program.properties, key="customer")
        heard = pl.col("name").is_in(list(self.program.events))
        missing = pl.any_horizontal(pl.col(name).is_null() for name in ("id", "customer", "name", "at"))
        return table.filter(heard | missing)


class _Part:
    """The facts of some customers: those in one part of the files."""

    def __init__(self, wanted: _Wanted, tables: dict[str, pl.DataFrame], left_out: Counter[str]) -> None:
        self.wanted, self.left_out = wanted, left_out
        events = tables["events"]
        whole = events.drop_nulls(["id", "customer", "name", "at"])
        self._note(INCOMPLETE, events.height - whole.height)
        once = whole.unique("id", keep="first", maintain_order=True)
        self._note(TWICE, whole.height - once.height)
        if "customers" in tables:
            self.customers = tables["customers"].drop_nulls("id").unique("id", keep="first").sort("id")
        else:
            self.customers = once.select(pl.col("customer").alias("id")).unique().sort("id")
        numbers = self.customers.select(pl.col("id").alias("customer")).with_row_index("c")
        known = once.join(numbers, on="customer", how="inner")
        self._note(UNKNOWN, once.height - known.height)
        self.events = known.sort("c", "at", "id")
        consents = tables.get("consent")
        self.consents = None if consents is None else consents.join(numbers, on="customer", how="inner").sort("c", "at")

    def _note(self, cause: str, rows: int) -> None:
        if rows:
            self.left_out[cause] += rows

    def columns(self, chunk: int, *, arrays: bool) -> Iterator[Columns]:
        """The customers of the part, at most `chunk` at a time."""
        self.arrays = arrays
        count = self.customers.height
        whole = self._whole(count)
        for start in range(0, count, chunk):
            yield _slice(whole, start, min(start + chunk, count))

    def _whole(self, count: int) -> Columns:
        wanted, program = self.wanted, self.wanted.program
        ids = self.customers["id"].to_list()
        attributes = {name: self._column(wanted.customers, self.customers, name) for name in wanted.attributes}
        attributes["id"] = Column(self._numbers(pl.int_range(count, eager=True)), ids)
        names = dict(zip(program.events, range(len(program.events)), strict=True))
        events, consents = self.events, self._consents()
        return Columns(
            ids=ids,
            attributes=attributes,
            reachable=[self._reachable(channel, count) for channel in program.channels],
            event_from=self._begin(events["c"], count),
            event_at=self._numbers(events["at"]),
            event_known=self._numbers(events["known_at"].fill_null(events["at"])),
            event_name=self._numbers(events["name"].replace_strict(names, return_dtype=pl.Int64)),
            event_rank=self._numbers(self._ranks()),
            properties={name: self._column(wanted.events, events, name) for name in program.properties},
            event_ids=events["id"].to_list(),
            consent_from=self._begin(consents["c"], count),
            consent_at=self._numbers(consents["at"]),
            consent_topic=self._numbers(consents["topic"]),
            consent_channel=self._numbers(consents["channel"]),
            consent_given=self._numbers(consents["given"]),
            arrays=self.arrays,
        )

    def _ranks(self) -> pl.Series:
        if any(row.trigger in _RANKED for row in self.wanted.program.tables.rules):
            return self.events.select(pl.col("id").rank("ordinal").over("c").cast(pl.Int64) - 1).to_series()
        return pl.int_range(self.events.height, eager=True)  # within an instant, ids are in order already

    def _consents(self) -> pl.DataFrame:
        program = self.wanted.program
        other = len(program.topics) + len(program.channels)  # a topic or channel that no rule uses fits none
        if self.consents is None:
            return pl.DataFrame(schema=dict.fromkeys(("c", "at", "topic", "channel", "given"), pl.Int64))

        def numbered(column: str, names: Sequence[str]) -> pl.Expr:
            written = pl.col(column).fill_null("")
            numbers = {"": NONE, **{name: number for number, name in enumerate(names)}}
            return written.replace_strict(numbers, default=other, return_dtype=pl.Int64).alias(column)

        told = self.consents.with_columns(pl.col("status").str.strip_chars().str.to_lowercase())
        whole = told.drop_nulls(["at"]).filter(pl.col("status").is_in(["given", "withdrawn"]))
        self._note(
            "of consent that is neither given nor withdrawn, or without a readable at", told.height - whole.height
        )
        return whole.select(
            "c",
            "at",
            numbered("topic", program.topics),
            numbered("channel", program.channels),
            (pl.col("status") == "given").cast(pl.Int64).alias("given"),
        )

    def _reachable(self, channel: str, count: int) -> Any:
        attribute = ADDRESSES.get(channel)
        if attribute is None:
            return self._numbers(pl.repeat(1, count, eager=True))
        if attribute not in self.customers.columns:
            return self._numbers(pl.repeat(0, count, eager=True))
        written = self.customers[attribute].cast(pl.String)
        return self._numbers((written.is_not_null() & (written != "")).cast(pl.Int64).fill_null(0))

    def _column(self, file: HistoryFile | None, table: pl.DataFrame, name: str) -> Column:
        """A column's values, numbered: each different one is read once."""
        if file is None or name not in table.columns:
            return Column(self._numbers(pl.repeat(NONE, table.height, eager=True)))
        written = table[name]
        different = written.drop_nulls().unique().sort()
        values = file.values(name, different.to_list())
        places = pl.DataFrame({name: different, "code": range(len(different))}, schema_overrides={"code": pl.Int64})
        codes = table.select(name).join(places, on=name, how="left", maintain_order="left")["code"].fill_null(NONE)
        if None in values:  # a blank text, say, is no value
            kept = [number for number, value in enumerate(values) if value is not None]
            moved = {NONE: NONE, **{number: place for place, number in enumerate(kept)}}
            codes = codes.replace_strict(moved, default=NONE, return_dtype=pl.Int64)
            values = [values[number] for number in kept]
        found: list[Value] = [value for value in values if value is not None]
        return Column(self._numbers(codes), found)

    def _begin(self, customers: pl.Series, count: int) -> Any:
        """Where each customer's rows begin, and where the last one's end."""
        numbers = pl.int_range(count + 1, eager=True)
        return self._numbers(customers.cast(pl.Int64).search_sorted(numbers).cast(pl.Int64))

    def _numbers(self, series: pl.Series) -> Any:
        whole = series.cast(pl.Int64)
        return whole.to_numpy() if self.arrays else whole.to_list()


def _slice(columns: Columns, start: int, end: int) -> Columns:
    """Some customers of a part, with their facts."""
    if start == 0 and end == len(columns.ids):
        return columns
    first, last = columns.event_from[start], columns.event_from[end]
    given, taken = columns.consent_from[start], columns.consent_from[end]

    def counted(begin: Any, by: int) -> Any:
        part = begin[start : end + 1]
        return part - by if columns.arrays else [number - by for number in part]

    return Columns(
        ids=columns.ids[start:end],
        attributes={name: Column(one.codes[start:end], one.values) for name, one in columns.attributes.items()}
        | {"id": Column(columns.attributes["id"].codes[: end - start], columns.ids[start:end])},
        reachable=[one[start:end] for one in columns.reachable],
        event_from=counted(columns.event_from, first),
        event_at=columns.event_at[first:last],
        event_known=columns.event_known[first:last],
        event_name=columns.event_name[first:last],
        event_rank=columns.event_rank[first:last],
        properties={name: Column(one.codes[first:last], one.values) for name, one in columns.properties.items()},
        event_ids=columns.event_ids[first:last],
        consent_from=counted(columns.consent_from, given),
        consent_at=columns.consent_at[given:taken],
        consent_topic=columns.consent_topic[given:taken],
        consent_channel=columns.consent_channel[given:taken],
        consent_given=columns.consent_given[given:taken],
        arrays=columns.arrays,
    )


def _cut(table: pl.LazyFrame, folder: Path, parts: int) -> None:
    """Write a table in parts by customer."""
    key = "customer" if "customer" in table.collect_schema().names() else "id"
    numbered = table.with_columns((pl.col(key).hash(0) % parts).cast(pl.Int64).fill_null(0).alias("part"))
    cut = pl.PartitionBy(folder, key="part", include_key=False)
    numbered.sink_parquet(cut, compression="uncompressed", statistics=False, mkdir=True)


def _read_part(folder: Path, number: int, table: pl.LazyFrame) -> pl.DataFrame:
    """Read one part of a table that was cut, and let go of it; an empty one has no file."""
    files = sorted((folder / f"part={number}").glob("*.parquet"))
    if not files:
        return table.head(0).collect()
    part = pl.read_parquet(files)
    for file in files:
        file.unlink()
    return part
