"""Sorts more rows than memory holds: by ranges of their first column, each in files of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars

HELD = 100_000
"""So many rows are held in memory before they go to files."""
RANGES = 64
PART = 50_000
"""So many rows are handed out at a time."""


class Sorting:
    """Takes rows in any order and hands them out in the order of some columns, the first one of whole numbers.

    To be used in a `with`, at whose end the files are gone. As long as few rows come there are none.
    """

    def __init__(self, by: Sequence[str], held: int = HELD) -> None:
        self.by = list(by)
        self.held = held
        self._rows: list[polars.DataFrame] = []
        self._bounds: polars.Series | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: list[list[Path]] = [[] for _ in range(RANGES)]

    def __enter__(self) -> Sorting:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, rows: polars.DataFrame) -> None:
        """Take rows; all of them have the same columns."""
        self._rows.append(rows)
        if sum(map(len, self._rows)) > self.held:
            self._put_away()

    def parts(self) -> Iterator[polars.DataFrame]:
        """The rows in order, some at a time, and not one frame where there are none."""
        import polars as pl

        if self._bounds is None:
            yield from _handed_out([pl.concat(self._rows).sort(self.by)] if self._rows else [])
            return
        self._put_away()
        for files in self._files:
            if files:
                together = pl.concat([pl.read_ipc(file) for file in files])
                yield from _handed_out([together.sort(self.by)])

    def _put_away(self) -> None:
        import polars as pl

        if not self._rows:
            return
        rows = pl.concat(self._rows)
        self._rows = []
        if self._bounds is None or self._folder is None:
            # What comes first is like what follows, as customers come in no order of time.
            first = rows[self.by[0]].sort()
            self._bounds = first.gather_every(max(1, len(first) // RANGES))[1:RANGES]
            self._folder = tempfile.TemporaryDirectory(prefix="rightreason-")
        places = self._bounds.search_sorted(rows[self.by[0]], side="right")
        for (number,), part in rows.with_columns(range=places).partition_by("range", as_dict=True).items():
            files = self._files[number]
            files.append(Path(self._folder.name) / f"{number}-{len(files)}.arrow")
            part.drop("range").write_ipc(files[-1])


def _handed_out(frames: list[polars.DataFrame]) -> Iterator[polars.DataFrame]:
    for frame in frames:
        for start in range(0, len(frame), PART):
            yield frame[start : start + PART]
