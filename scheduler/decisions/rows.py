"""Rows of the kernel's tables: lists of objects for plain Python, arrays of records for the compiled kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

from scheduler.decisions.kernel import Ints

T = TypeVar("T")


def rows(kind: Callable[..., T], columns: Sequence[Ints], *, arrays: bool) -> Sequence[T]:
    """Make rows of a kind from all of their columns, in the order of its fields."""
    if not arrays:
        return list(map(kind, *columns))
    import numpy

    made: Any = numpy.empty(len(columns[0]), record_of(kind))
    for name, values in zip(made.dtype.names, columns, strict=True):
        made[name] = values
    return made  # type: ignore[no-any-return] # an array of records reads as a sequence of rows


def blank_rows(kind: Callable[[], T], count: int, *, arrays: bool) -> Sequence[T]:
    """Make so many rows of a kind with nothing in them."""
    if not arrays:
        return [kind() for _ in range(count)]
    import numpy

    return numpy.zeros(count, record_of(kind))  # type: ignore[return-value] # as above


def listed_rows(listed: Sequence[T], kind: Callable[..., T], *, arrays: bool) -> Sequence[T]:
    """Take rows from a list, which stays one unless arrays are wanted."""
    if not arrays:
        return listed
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type] # rows are dataclasses
    import numpy

    records = [tuple(getattr(row, name) for name in names) for row in listed]
    return numpy.array(records, record_of(kind))  # type: ignore[return-value] # as above


def objects(made: Sequence[T], kind: Callable[..., T]) -> Sequence[T]:
    """Take the rows of an array as objects; a list is one of them already."""
    return made if isinstance(made, list) else [kind(*record) for record in cast("Any", made).tolist()]


class Lazy(dict[int, T]):
    """Rows of an array as objects by their numbers, each made when it is first asked for."""

    def __init__(self, made: Sequence[T], kind: Callable[..., T]) -> None:
        super().__init__()
        self._made: Any = made
        self._kind = kind

    def __missing__(self, number: int) -> T:
        self[number] = row = self._kind(*self._made[number].tolist())
        return row


def lazy(made: Sequence[T], kind: Callable[..., T]) -> Sequence[T] | Lazy[T]:
    """Take the rows of an array as objects, but only those that are asked for; a list is one of them already."""
    return made if isinstance(made, list) else Lazy(made, kind)


@cache
def record_of(kind: Any) -> Any:
    """The record of the same fields as a kind of row: whole numbers and floats of eight bytes."""
    import numpy

    return numpy.dtype([(one.name, "f8" if one.type == "float" else "i8") for one in fields(kind)], align=True)


def whole(numbers: Sequence[int], *, arrays: bool) -> Ints:
    """Take whole numbers from a list, which stays one unless an array is wanted."""
    if not arrays:
        return numbers
    import numpy

    return numpy.asarray(numbers, "i8")  # type: ignore[return-value] # an array reads as a sequence


def floats(numbers: Sequence[float], *, arrays: bool) -> Sequence[float]:
    """As `whole`, for floats."""
    if not arrays:
        return numbers
    import numpy

    return numpy.asarray(numbers, "f8")  # type: ignore[return-value] # as above


def laid(parts: Sequence[Ints], *, arrays: bool) -> Ints:
    """Lay the rows of a table end to end."""
    if not arrays:
        return [number for part in parts for number in part]
    import numpy

    return numpy.concatenate([numpy.asarray(part, "i8") for part in (*parts, ())])  # type: ignore[return-value] # as above


def joined_ranges(*ranges: tuple[Any, Any]) -> Any:
    """Return the numbers of many ranges as one array, given arrays of their starts and of their ends."""
    import numpy

    starts = numpy.concatenate([start for start, _ in ranges])
    counts = numpy.concatenate([end for _, end in ranges]) - starts
    before = counts.cumsum() - counts
    return numpy.arange(int(counts.sum())) + numpy.repeat(starts - before, counts)


def take(table: Sequence[int], codes: Ints) -> Ints:
    """Look numbers up in a table whose first entry is that of a missing one (NONE)."""
    if isinstance(codes, list):
        return [table[code + 1] for code in codes]
    import numpy

    found: Any = numpy.asarray(table, "i8")[numpy.asarray(codes) + 1]
    return found  # type: ignore[no-any-return] # an array of whole numbers
