"""Parquet files, a slice at a time; a row's number stands for its line."""

from __future__ import annotations

from collections.abc import Iterator

import polars
from polars.exceptions import PolarsError

from scheduler.errors import InputError
from scheduler.intake.files import File, Format
from scheduler.intake.tables import Line

SLICE = 50_000


class ParquetTable:
    """A Parquet file; raises `InputError` where its schema can't be read."""

    format = Format.PARQUET
    written = False

    def __init__(self, file: File) -> None:
        self.shown = file.shown
        self._frame = polars.scan_parquet(file.path)
        try:
            self.columns = tuple(self._frame.collect_schema().names())
        except PolarsError as error:
            raise InputError(f"{self.shown} can't be read as Parquet: {error}") from error

    def rows(self) -> Iterator[Line]:
        """All rows, with the values as Python has them."""
        start = 0
        while True:
            try:
                part = self._frame.slice(start, SLICE).collect()
            except PolarsError as error:
                raise InputError(f"{self.shown} can't be read after row {start}: {error}") from error
            for number, cells in enumerate(part.iter_rows(), start + 1):
                yield Line(number, cells)
            start += part.height
            if part.height < SLICE:
                return
