"""Comparisons of one value, as rules write them.

Text compares with text, numbers with numbers, dates with dates (a constant written YYYY-MM-DD counts as a date
beside a date); across kinds every comparison is false. A missing value (None) compares with nothing: only
`known: false` is true of it. `older_than` and `newer_than` depend on the moment and are not asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from scheduler.decisions.facts import Value
from scheduler.rulebook.model import Comparison


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "date" if isinstance(value, date) else "text"


def alike(value: Value, wanted: Value) -> tuple[Any, Any] | None:
    """Both values ready to be compared, or None where they are of different kinds."""
    if isinstance(value, date) and isinstance(wanted, str):
        try:
            return value, date.fromisoformat(wanted)
        except ValueError:
            return None
    return (value, wanted) if _kind(value) == _kind(wanted) else None


def _ordered(compares: Callable[[Any, Any], bool]) -> Callable[[Value, Any], bool]:
    def test(value: Value, wanted: Any) -> bool:
        pair = alike(value, wanted)
        return pair is not None and compares(*pair)

    return test


_is = _ordered(lambda value, wanted: value == wanted)
_is_not = _ordered(lambda value, wanted: value != wanted)

TESTS: Mapping[str, Callable[[Value, Any], bool]] = {
    "is": _is,
    "is_not": _is_not,
    "in": lambda value, wanted: any(_is(value, one) for one in wanted),
    "not_in": lambda value, wanted: all(_is_not(value, one) for one in wanted),
    "at_least": _ordered(lambda value, wanted: value >= wanted),
    "at_most": _ordered(lambda value, wanted: value <= wanted),
    "more_than": _ordered(lambda value, wanted: value > wanted),
    "less_than": _ordered(lambda value, wanted: value < wanted),
    "multiple_of": lambda value, wanted: _kind(value) == "number" and value % wanted == 0,
    "contains": lambda value, wanted: isinstance(value, str) and wanted in value,
    "known": lambda _, wanted: bool(wanted),
}


Predicate = Callable[[Value | None], bool]
"""Answers for a value; None stands for a missing one."""


def predicate(comparison: Comparison) -> Predicate:
    """Read a comparison once: the answer passes every comparison of it but `older_than` and `newer_than`."""
    compares = {key: wanted for key, wanted in comparison.compares.items() if key in TESTS}
    of_a_missing_one = compares == {"known": False}
    tests = [(TESTS[key], wanted) for key, wanted in compares.items()]

    def holds(value: Value | None) -> bool:
        if value is None:
            return of_a_missing_one
        return all(test(value, wanted) for test, wanted in tests)

    return holds


def matcher(where: Mapping[str, Comparison] | None) -> Callable[[Mapping[str, Value]], bool] | None:
    """Read a `where` once: the answer tells whether an event's properties pass; None where all of them do."""
    if not where:
        return None
    tests = [(name, predicate(comparison)) for name, comparison in where.items()]
    return lambda properties: all(holds(properties.get(name)) for name, holds in tests)
