"""Which column of a file becomes which field of a fact: by its name, by `--column`, or composed by `--set`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from operator import itemgetter

from scheduler.errors import InputError
from scheduler.intake.options import Options
from scheduler.intake.tables import Table
from scheduler.intake.texts import LONGEST_LINE, shown, text_of

Cells = Sequence[object]
MOST_COLUMNS = 1_000
_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Direct:
    """A field that is one column's cell."""

    name: str
    position: int

    @property
    def getter(self) -> Callable[[Cells], object]:
        """A function that gives the field's cell of a row."""
        return itemgetter(self.position)


@dataclass(frozen=True, slots=True)
class Composed:
    """A field that is made of texts and cells; `whole` means that one empty cell makes all of it missing."""

    name: str
    parts: tuple[str | int, ...]
    whole: bool

    @property
    def getter(self) -> Callable[[Cells], str]:
        """A function that composes the field of a row, empty where it is missing.

        An empty cell leaves no gap. It raises `Rejected` where a cell is no single value.
        """
        return self._text

    def _text(self, cells: Cells) -> str:
        filled = False
        parts = []
        for part in self.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            found = text_of(cells[part], self.name)
            if not found and self.whole:
                return ""
            filled = filled or bool(found)
            parts.append(found)
        if not filled and any(isinstance(part, int) for part in self.parts):
            return ""
        joined = "".join(parts)
        return joined.strip() if self.whole else " ".join(joined.split(" ")).strip()


Origin = Direct | Composed


@dataclass(frozen=True, slots=True)
class Form:
    """What a fact looks like: its `fields`, those that are `needed`, and whether it takes further ones."""

    fact: str
    fields: tuple[str, ...]
    needed: tuple[str, ...]
    keys: tuple[str, ...]
    takes_more: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each field of a fact comes from in one file."""

    fields: Mapping[str, Origin]
    more: tuple[Origin, ...]
    required: tuple[Origin, ...]
    left_out: tuple[str, ...]


def layout(table: Table, options: Options, form: Form) -> Layout:
    """How a table's columns fill a fact's form; raises `InputError` for columns that are missing or named twice."""
    if len(table.columns) > MOST_COLUMNS:
        raise InputError(f"{table.shown} has {len(table.columns):,} columns; at most {MOST_COLUMNS:,} are taken")
    origins = _origins(table, options, form)
    for name in origins:
        if not name.strip() or not name.isprintable() or len(name) > LONGEST_LINE:
            raise InputError(
                f"{table.shown}: {shown(name)} is no name of a column: it is empty, too long, or holds characters "
                "that no name may; is the file UTF-8? Rename it, or --omit it"
            )
    for field in form.needed:
        if field not in origins:
            raise _lacks(table, field, form)
    more = tuple(origin for name, origin in origins.items() if name not in form.fields)
    return Layout(
        fields={name: origin for name, origin in origins.items() if name in form.fields},
        more=more if form.takes_more else (),
        required=tuple(_required(table, name, origins) for name in options.require),
        left_out=() if form.takes_more else tuple(origin.name for origin in more),
    )


def _origins(table: Table, options: Options, form: Form) -> dict[str, Origin]:
    """Where each of our fields comes from: what `--set` or `--column` says, else the column of its name."""
    if twice := sorted(set(options.columns) & set(options.sets)):
        raise InputError(f"{twice[0]!r} is both in --column and in --set; keep one of them")
    omitted = {_position(table, column, f"--omit {column}") for column in options.omit}
    mapped: dict[str, Origin] = {
        ours: Direct(ours, _position(table, theirs, f"--column {ours}={theirs}"))
        for ours, theirs in options.columns.items()
    }
    composed = {ours: _composed(table, ours, template, form) for ours, template in options.sets.items()}
    spoken_for = omitted | {origin.position for origin in mapped.values() if isinstance(origin, Direct)}
    origins: dict[str, Origin] = {}
    for position, column in enumerate(table.columns):
        if position not in spoken_for:
            ours = _known_as(column, form)
            if ours in origins:
                raise InputError(f"{table.shown} has the column {ours!r} twice; rename one, or --omit {column}")
            origins[ours] = Direct(ours, position)
    return {**origins, **mapped, **composed}


def _known_as(column: str, form: Form) -> str:
    lower = column.casefold()
    return lower if lower in form.fields else column


def _composed(table: Table, ours: str, template: str, form: Form) -> Composed:
    parts: list[str | int] = []
    for number, part in enumerate(_PLACE.split(template)):
        if number % 2:
            parts.append(_position(table, part, f"--set {ours}={template}"))
        elif part:
            parts.append(part)
    return Composed(ours, tuple(parts), whole=ours in form.keys)


def _required(table: Table, name: str, origins: Mapping[str, Origin]) -> Origin:
    if name not in table.columns and name in origins:
        return origins[name]
    return Direct(name, _position(table, name, f"--require {name}"))


def _position(table: Table, column: str, asked_by: str) -> int:
    if column in table.columns:
        return table.columns.index(column)
    raise InputError(f"{asked_by}: {table.shown} has no column {column!r}{_meant(column, table)}")


def _lacks(table: Table, field: str, form: Form) -> InputError:
    way_out = f"--column {field}=THEIRS or --set '{field}={{THEIRS}}'"
    if field == "name":
        way_out = "--name EVENT where all rows are of one event, or --column name=THEIRS"
    return InputError(
        f"{table.shown} has no column {field!r}, which every {form.fact} needs; say which it is: "
        f"{way_out}{_meant(field, table)}"
    )


def _meant(column: str, table: Table) -> str:
    close = get_close_matches(column, table.columns, n=1)
    guess = f"; did you mean {close[0]!r}?" if close else ""
    return f"{guess} (its columns: {', '.join(table.columns)})"
