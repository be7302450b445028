"""Writes every contact of a replay, or every decision, in order of instant, customer, rule and occasion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from scheduler.backtest.sorting import HELD, Sorting
from scheduler.backtest.told import KEYS, ORDER, Telling
from scheduler.decisions.decide import Walk
from scheduler.decisions.program import Program
from scheduler.errors import InputError

if TYPE_CHECKING:
    import polars


class Ending(StrEnum):
    """How a file is written, by the ending of its name."""

    JSONL = ".jsonl"
    CSV = ".csv"
    PARQUET = ".parquet"


def ending_of(path: Path) -> Ending:
    """How a file of that name is written; raises `InputError` for other endings."""
    try:
        return Ending(path.suffix.lower())
    except ValueError:
        raise InputError(f"{path}: contacts are written to .jsonl, .csv or .parquet") from None


class Contacts:
    """Collects the contacts of walks (with `silences`, all decisions), then writes them; to be used in a `with`."""

    def __init__(self, program: Program, *, silences: bool = False, held: int = HELD) -> None:
        self.silences = silences
        self.count = 0
        self._telling = Telling(program)
        self._sorting = Sorting(ORDER, held)

    def __enter__(self) -> Contacts:
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._sorting.__exit__(*raised)

    def add(self, walk: Walk) -> None:
        """Take a walk's contacts."""
        rows = self._telling.narrow(walk, silences=self.silences)
        self.count += len(rows)
        self._sorting.add(rows)

    def write(self, path: Path) -> None:
        """Write them to a file by its ending; one that was there is replaced at the end, or not at all."""
        writes: dict[Ending, Callable[[Path], None]] = {
            Ending.JSONL: self._write_jsonl,
            Ending.CSV: self._write_csv,
            Ending.PARQUET: self._write_parquet,
        }
        unfinished = path.with_name(f".{path.name}.unfinished")
        try:
            writes[ending_of(path)](unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    def print(self, stream: TextIO, *, csv: bool = False) -> None:
        """Write them to a stream, one JSON object a line, or as CSV."""
        stream.writelines(self._csv() if csv else (part.write_ndjson() for part in self._parts()))

    def _parts(self) -> Iterator[polars.DataFrame]:
        return map(self._telling.spelled, self._sorting.parts())

    def _nothing(self) -> polars.DataFrame:
        import polars as pl

        return pl.DataFrame(schema={key: pl.List(pl.String) if key == "because" else pl.String for key in KEYS})

    def _write_jsonl(self, path: Path) -> None:
        with path.open("wb") as file:
            for part in self._parts():
                part.write_ndjson(file)

    def _write_csv(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(self._csv())

    def _csv(self) -> Iterator[str]:
        import polars as pl

        yield ",".join(KEYS) + "\n"
        for part in self._parts():
            yield part.with_columns(pl.col("because").list.join(" ")).write_csv(include_header=False)

    def _write_parquet(self, path: Path) -> None:
        from polars.io.plugins import register_io_source

        def parts(*_: object) -> Iterator[polars.DataFrame]:
            return self._parts()

        register_io_source(parts, schema=self._nothing().schema).sink_parquet(path)
