"""Where history comes from: the workspace's database, or a folder of files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.decisions.columns import Columns
    from scheduler.decisions.program import Program
    from scheduler.store import Store

CHUNK = 2_000
"""So many customers are read and walked together."""


class History(Protocol):
    """What can be replayed.

    `customers` says how many there are, where that is known before they are read; `left_out` how many rows were not
    taken, by their cause, once they have been read.
    """

    @property
    def customers(self) -> int | None:
        """How many customers there are; None where only reading tells."""
        ...

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many rows were left out, by their cause."""
        ...

    def chunks(self, program: Program, *, arrays: bool) -> Iterator[Columns]:
        """All customers, as far as the program asks about them."""
        ...


@dataclass(frozen=True)
class OfStore:
    """What the database knows."""

    store: Store
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return self.store.counts().customers

    def chunks(self, program: Program, *, arrays: bool) -> Iterator[Columns]:
        """All customers, without what we did; raises `InputError` where there are none."""
        from scheduler.store.columns import read_columns

        nobody = True
        for columns in read_columns(self.store, program, chunk=CHUNK, arrays=arrays):
            nobody = False
            yield columns
        if nobody:
            raise InputError("there are no customers to replay; import some first, or name a folder by --facts DIR")


@dataclass
class OfFolder:
    """What the files in a folder tell; instants without an offset are of the house's zone."""

    folder: Path
    customers: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)

    def chunks(self, program: Program, *, arrays: bool) -> Iterator[Columns]:
        """All customers of the files; raises `InputError` where they can't be read."""
        from scheduler.intake.folder import read_folder

        zone = program.house.timezone
        with read_folder(self.folder, program, timezone=zone, chunk=CHUNK, arrays=arrays) as history:
            self.customers = history.customers
            yield from history
            for file, causes in history.taken.left_out.items():
                for cause, rows in causes.items():
                    self.left_out[f"{file}: {cause.meaning}"] = rows
