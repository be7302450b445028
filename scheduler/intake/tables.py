"""A file as a table: columns by name, and rows with the line on which they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from scheduler.intake.causes import Rejected
from scheduler.intake.files import File, Format


class Line(NamedTuple):
    """One row: its cells in the order of the columns, or the `fault` that keeps it from being read.

    `number` counts from 1: the line of a text file on which the row begins, the row of a Parquet file.
    """

    number: int
    cells: Sequence[object]
    fault: Rejected | None = None


class Table(Protocol):
    """What every format offers. `written` says that all cells are text whose type is to be found out."""

    shown: str
    format: Format
    columns: tuple[str, ...]
    written: bool

    def rows(self) -> Iterator[Line]:
        """All rows from the first on, each time it is asked; blank lines are no rows."""
        ...


def table_of(file: File) -> Table:
    """The table in a file; raises `InputError` where its columns can't be made out."""
    if file.format is Format.CSV:
        from scheduler.intake.delimited import DelimitedTable

        return DelimitedTable(file)
    if file.format is Format.JSONL:
        from scheduler.intake.json_lines import JsonLinesTable

        return JsonLinesTable(file)
    from scheduler.intake.parquet import ParquetTable

    return ParquetTable(file)
