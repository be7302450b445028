"""Comma-separated files (RFC 4180; semicolons, tabs and bars as well), read with exact line numbers.

The standard library's reader is used in its strict mode because it neither repairs quotes nor loses lines. After a
quote that is never closed, reading goes on with the next line, so that one bad row costs one row.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from scheduler.errors import InputError
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.files import File, Format
from scheduler.intake.tables import Line
from scheduler.intake.texts import shown

DELIMITERS = ",;\t|"
REJECT_COLUMNS = ("line", "cause")


class _Lines:
    """Physical lines that can be read again from the second line of a failed record on."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self.first = 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._record.append(line)
        return line

    @property
    def record(self) -> list[str]:
        """The lines of the record that was read last."""
        return self._record

    def begin(self) -> None:
        """The record is done; another begins."""
        self.first += len(self._record)
        self._record = []

    def begin_after_first_line(self) -> None:
        """Only the first line of the record is done; the others are read anew."""
        self._again.extendleft(reversed(self._record[1:]))
        self._record = self._record[:1]


class DelimitedTable:
    """A delimited file whose first row names the columns; raises `InputError` where it doesn't."""

    format = Format.CSV
    written = True

    def __init__(self, file: File) -> None:
        self.shown = file.shown
        self._file = file
        self.delimiter = ","
        self.delimiter = self._most_columns()
        self._names = self._header()
        # A reject file that was put right can be imported as it is: what we added to it is not taken.
        self._added = 2 if self._names[-2:] == REJECT_COLUMNS and len(self._names) > 2 else 0
        self.columns = self._names[: len(self._names) - self._added]

    def rows(self) -> Iterator[Line]:
        """All rows but the header; those that can't be split into the columns have a fault."""
        records = self._records()
        next(records)
        width = len(self._names)
        kept = len(self.columns)
        for line in records:
            number, cells, fault = line
            if fault is not None:
                yield line
            elif tuple(cells) == self._names:
                yield Line(number, cells, Rejected(Cause.HEADER_AGAIN, "is the header once more"))
            elif len(cells) != width:
                message = f"cells: {len(cells)}, in the header: {width}"
                yield Line(number, cells, Rejected(Cause.WRONG_WIDTH, message))
            else:
                yield line if kept == width else Line(number, cells[:kept])

    def _records(self) -> Iterator[Line]:
        lines = _Lines(self._file.lines())
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                fault = _fault(lines, error)
                lines.begin_after_first_line()
                yield Line(lines.first, lines.record[0].rstrip("\r\n").split(self.delimiter), fault)
                continue
            if cells:
                yield Line(lines.first, cells)

    def _most_columns(self) -> str:
        first = next((line for line in self._file.lines() if line.strip()), "")
        return max(DELIMITERS, key=lambda one: first.count(one))

    def _header(self) -> tuple[str, ...]:
        first = next(self._records(), None)
        if first is None:
            raise InputError(f"{self.shown} is empty; its first line should name the columns")
        where = f"{self.shown}:{first.number}"
        if first.fault is not None:
            raise InputError(f"{where}: the header can't be read: {first.fault}")
        names = tuple(str(name).strip() for name in first.cells)
        seen: set[str] = set()
        for position, name in enumerate(names, 1):
            if not name:
                raise InputError(f"{where}: column {position} has no name; name it in the first line, or remove it")
            if name in seen:
                raise InputError(f"{where}: two columns are called {shown(name)}; rename one of them")
            seen.add(name)
        return names


def _fault(lines: _Lines, error: csv.Error) -> Rejected:
    if "field larger" in str(error) and len(lines.record) == 1:
        return Rejected(Cause.TOO_LONG, f"a cell is longer than {csv.field_size_limit()} characters")
    last = lines.first + len(lines.record) - 1
    if len(lines.record) > 1 or "unexpected end" in str(error):
        return Rejected(
            Cause.UNCLOSED_QUOTE,
            f"a quote opens here and is not closed up to line {last}; close it, or write a quote within a cell twice",
        )
    return Rejected(Cause.UNCLOSED_QUOTE, "text follows a closing quote; a quote within a cell is written twice")
