"""Lists as people and programs read them: a table, one JSON object a line, or CSV."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import typer

_GAP = 2
"""So many cells stand between the columns of a table."""
_READABLE = 12
"""A wide column that is folded gets as many cells; where it would have fewer, all columns are folded."""


class Format(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table for people; `wide` ones get the room that is left, numbers stand to the right."""

    title: str
    align: Literal["left", "right"] = "left"
    wide: bool = False
    style: str = ""


def print_objects(objects: Iterable[Mapping[str, Any]], keys: Sequence[str], form: Format) -> None:
    """Write objects to stdout as JSON Lines or as CSV with the columns `keys`; lists become words in CSV."""
    if form is Format.JSON:
        encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        for one in objects:
            sys.stdout.write(encode({key: one[key] for key in keys}) + "\n")
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(keys)
    for one in objects:
        writer.writerow([_cell(one[key]) for key in keys])


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, indent: int = 0) -> None:
    """Write a table to stdout: drawn by Rich on a terminal, aligned plain text elsewhere."""
    if sys.stdout.isatty():
        _print_rich(columns, rows, indent)
        return
    widths = [max(map(width, [column.title, *(row[n] for row in rows)])) for n, column in enumerate(columns)]
    for row in [[column.title for column in columns], *rows]:
        cells = [_padded(text, widths[n], columns[n].align) for n, text in enumerate(row)]
        typer.echo((" " * indent + "  ".join(cells)).rstrip())


def painted(text: str, colour: str | None = None, *, bold: bool = False) -> str:
    """Colour a text for stdout, where colours are wanted."""
    from scheduler.cli.frame import coloured

    return typer.style(text, fg=colour, bold=bold) if coloured(sys.stdout) else text


def labelled(label: str, text: str) -> str:
    """Write a text behind its label; on a terminal its further lines stand below its first."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    lines = textwrap.wrap(text, max(room - width(label), 40))
    return label + ("\n" + " " * width(label)).join(lines)


def width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def count(number: int, noun: str, nouns: str | None = None) -> str:
    """Write a number with its noun: `1 contact`, `1,204 contacts`."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def _padded(text: str, to: int, align: str) -> str:
    gap = " " * (to - width(text))
    return gap + text if align == "right" else text + gap


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _print_rich(columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: int) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    console = Console(highlight=False)
    has_room = indent + _least_width(columns, rows) <= console.width
    for column in columns:
        whole = has_room and not column.wide
        table.add_column(column.title, justify=column.align, style=column.style, no_wrap=whole, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(Padding(table, (0, 0, 0, indent)))


def _least_width(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """How wide a table is that folds nothing but its wide columns, and leaves these as much as can be read."""
    widths = [max(map(width, [column.title, *(row[n] for row in rows)])) for n, column in enumerate(columns)]
    return sum(
        (min(one, _READABLE) if column.wide else one) + _GAP for one, column in zip(widths, columns, strict=True)
    )
