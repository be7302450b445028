"""The values of further columns: text, numbers, true/false or dates.

A text file has no types, so a whole column is looked at: it is of numbers where every filled cell is a number
without a leading zero (a postcode column stays text), and so on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from scheduler.decisions.facts import Value
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.instants import Calendar
from scheduler.intake.texts import shown, text, text_of

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_MOST_DIGITS = 15  # what a 64-bit float keeps exactly: longer ones are identifiers, not amounts
_LARGEST = 2**63 - 1
_REMEMBERED = 10_000  # cells of a column repeat


class Kind(StrEnum):
    """What the cells of a column are."""

    NUMBER = "number"
    TRUTH = "true/false"
    DATE = "date"
    INSTANT = "instant"
    TEXT = "text"


class Column:
    """The kind of one column, narrowed down as its cells are seen."""

    def __init__(self, calendar: Calendar, *, written: bool) -> None:
        # Only in a text file may a text mean a number: JSON and Parquet have said so themselves.
        self._calendar = calendar
        self._candidates = [Kind.DATE, *([Kind.INSTANT] if calendar.reads_times else [])]
        if written:
            self._candidates += [Kind.NUMBER, Kind.TRUTH]
        self._filled = False
        self._seen: set[str] = set()

    @property
    def open(self) -> bool:
        """Whether further cells can still change the kind."""
        return bool(self._candidates)

    def look(self, cell: object) -> None:
        """Takes note of a cell; an empty one, or one that has its type already, says nothing."""
        if not isinstance(cell, str) or cell in self._seen:
            return
        if len(self._seen) < _REMEMBERED:
            self._seen.add(cell)
        if self._candidates and (text := cell.strip()):
            self._filled = True
            self._candidates = [kind for kind in self._candidates if self._may_be(kind, text)]

    @property
    def kind(self) -> Kind:
        """The kind that all cells seen so far allow."""
        return self._candidates[0] if self._filled and self._candidates else Kind.TEXT

    def _may_be(self, kind: Kind, cell: str) -> bool:
        match kind:
            case Kind.NUMBER:
                return _is_number(cell)
            case Kind.TRUTH:
                return cell.lower() in ("true", "false")
            case Kind.DATE:
                return self._calendar.is_date(cell)
            case _:
                return self._calendar.is_instant(cell)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None and sum(map(str.isdigit, cell)) <= _MOST_DIGITS


def reader(kind: Kind, calendar: Calendar, column: str) -> Callable[[str], Value]:
    """A function that reads the filled, trimmed cells of a column of a kind; it raises `Rejected`."""
    match kind:
        case Kind.NUMBER:
            return _number
        case Kind.TRUTH:
            return lambda cell: cell[0] in "tT"
        case Kind.DATE:
            return lambda cell: calendar.date(cell, column)
        case Kind.INSTANT:
            return lambda cell: calendar.iso(cell, column)
        case _:
            return lambda cell: text(cell, column)


def typed(cell: object, calendar: Calendar, column: str) -> Value | None:
    """The value of a cell that has a type already, None where it is missing; raises `Rejected`."""
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, int):
        if abs(cell) > _LARGEST:
            raise Rejected(Cause.NO_NUMBER, f"{shown(str(cell))} has too many digits; write it as a text", column)
        return cell
    if isinstance(cell, Decimal):
        cell = float(cell)
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise Rejected(Cause.NO_NUMBER, f"{cell} is no number", column)
        return cell
    if isinstance(cell, datetime):
        return calendar.iso(cell.isoformat(), column)
    if isinstance(cell, date):
        return cell
    return text(text_of(cell, column), column)


def _number(cell: str) -> int | float:
    return float(cell) if "." in cell else int(cell)
