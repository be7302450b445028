"""Rows in the order of their customers, which is that of the ids as texts.

Files that stand in that order already are read as they are. The rows of others are dealt out into parts first, each
for a range of ids that can be held and sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from scheduler.intake.rows import SLICE, Rows, Scratch
from scheduler.intake.series import texts

_SAMPLED = 97  # every so many rows tell where the parts begin: as good as all of them, as each part is of thousands

Check = Callable[[pl.DataFrame], pl.DataFrame]
"""Turns rows as they are read into facts; those that can't be taken are left out, the others stay in order."""


def in_order(rows: Rows, check: Check, key: str, scratch: Scratch) -> Iterator[pl.DataFrame]:
    """The checked rows in order of a column of ids; rows of the same id stay in the order in which they are."""
    checked = (check(part) for part in rows.slices())
    if rows.count <= SLICE:
        yield from (part.sort(key, maintain_order=True) for part in checked)
    elif is_in_order(rows, key):
        yield from checked
    else:
        yield from _dealt_out(rows, checked, key, scratch)


def is_in_order(rows: Rows, key: str) -> bool:
    """Whether the ids in a column never fall."""
    last = ""
    for part in rows.slices(key):
        ids = texts(part[key]).drop_nulls()
        if len(ids) and (not ids.is_sorted() or ids[0] < last):
            return False
        last = ids[-1] if len(ids) else last
    return True


def _dealt_out(rows: Rows, checked: Iterator[pl.DataFrame], key: str, scratch: Scratch) -> Iterator[pl.DataFrame]:
    sampled = pl.concat([texts(part[key]).gather_every(_SAMPLED) for part in rows.slices(key)]).drop_nulls().sort()
    count = -(-rows.count // (2 * SLICE))
    begins = sampled.gather_every(max(1, len(sampled) // count)).unique().sort()
    dealt: dict[int, list[Path]] = {}
    for part in checked:
        numbered = part.with_columns(range=begins.search_sorted(part[key], side="right"))
        for (place,), own in numbered.partition_by("range", as_dict=True, include_key=False).items():
            file = scratch.new()
            own.write_ipc(file, compression="lz4")
            dealt.setdefault(place, []).append(file)
    for _, files in sorted(dealt.items()):
        yield pl.concat([pl.read_ipc(file) for file in files]).sort(key, maintain_order=True)
        for file in files:
            file.unlink()


class Ascending:
    """Frames in the order of a column of ids, handed out id by id."""

    def __init__(self, frames: Iterator[pl.DataFrame], key: str) -> None:
        self._frames = frames
        self._key = key
        self._rest: pl.DataFrame | None = None

    def below(self, end: str | None) -> Iterator[pl.DataFrame]:
        """What has not been handed out of the ids before `end`, or of all."""
        while (part := self._next()) is not None:
            if end is None or part[self._key][-1] < end:
                self._rest = None
                yield part
                continue
            cut = part[self._key].search_sorted(end, side="left")
            self._rest = part[cut:]
            if cut:
                yield part[:cut]
            return

    def _next(self) -> pl.DataFrame | None:
        while self._rest is None or not len(self._rest):
            self._rest = next(self._frames, None)
            if self._rest is None:
                return None
        return self._rest
