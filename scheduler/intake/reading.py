"""How the rows of one file become fields and typed values."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.decisions.facts import Value
from scheduler.intake.columns import Cells, Form, Origin, layout
from scheduler.intake.instants import Calendar
from scheduler.intake.options import Options
from scheduler.intake.tables import Table
from scheduler.intake.texts import text_of
from scheduler.intake.values import Column, Kind, reader, typed
from scheduler.wallclock import zone

_TIDIED_EVERY = 1_000


class Reading:
    """A table seen as facts of one form; `rows` counts its rows.

    Making it reads the whole table once, for the types of its columns. Raises `InputError` where options and columns
    don't fit together.
    """

    def __init__(self, table: Table, options: Options, form: Form) -> None:
        self.calendar = Calendar(zone(options.timezone) if options.timezone else None, options.date_formats)
        self.layout = layout(table, options, form)
        self._fields = tuple((name, origin.getter) for name, origin in self.layout.fields.items())
        self._required = tuple((origin.name, origin.getter) for origin in self.layout.required)
        self.rows, kinds = _looked_through(table, self.layout.more, self.calendar)
        self._more = tuple(
            (origin.name, origin.getter, reader(kind, self.calendar, origin.name))
            for origin, kind in zip(self.layout.more, kinds, strict=True)
        )

    def fields(self, cells: Cells) -> dict[str, str]:
        """The filled fields of a row as text; raises `Rejected`."""
        return {name: text for name, get in self._fields if (text := text_of(get(cells), name))}

    def values(self, cells: Cells) -> dict[str, Value]:
        """The filled further columns of a row, each of its column's type; raises `Rejected`."""
        found: dict[str, Value] = {}
        for name, get, read in self._more:
            cell = get(cells)
            if isinstance(cell, str):
                if text := cell.strip():
                    found[name] = read(text)
            elif (value := typed(cell, self.calendar, name)) is not None:
                found[name] = value
        return found

    def as_written(self, cells: Cells) -> dict[str, str]:
        """The filled further columns of a row as the file writes them."""
        return {name: text for name, get, _ in self._more if (text := text_of(get(cells), name))}

    def skips(self, cells: Cells) -> bool:
        """Whether the row is left out: a required cell is empty, or all of them are."""
        if self._required and not all(text_of(get(cells), name) for name, get in self._required):
            return True
        return not any(cells) and all(cell is None or cell == "" for cell in cells)


def _looked_through(table: Table, origins: Sequence[Origin], calendar: Calendar) -> tuple[int, list[Kind]]:
    """How many rows there are, and the kind of each origin's column."""
    columns = [Column(calendar, written=table.written) for _ in origins]
    undecided = [(origin.getter, column) for origin, column in zip(origins, columns, strict=True)]
    rows = 0
    for line in table.rows():
        rows += 1
        if line.fault is not None:
            continue
        for get, column in undecided:
            column.look(get(line.cells))
        if rows % _TIDIED_EVERY == 0:
            undecided = [(get, column) for get, column in undecided if column.open]
    return rows, [column.kind for column in columns]
