"""Comparisons of one value with what a rule wants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from scheduler.decisions.facts import Value
from scheduler.durations import Duration
from scheduler.rulebook.model import Comparison, Where
from second_engine.clock import Clock


def compares(value: Value | None, comparison: Comparison) -> bool:
    """Whether a value passes every comparison; a missing one passes `known: false` alone."""
    wanted = {key: one for key, one in comparison.compares.items() if key not in {"older_than", "newer_than"}}
    if value is None:
        return wanted == {"known": False}
    return all(_passes(value, key, one) for key, one in wanted.items())


def passes(properties: Mapping[str, Value], where: Where | None) -> bool:
    """Whether an event's properties pass all that a `where` wants."""
    return all(compares(properties.get(name), comparison) for name, comparison in (where or {}).items())


def ages(value: Value | None, comparison: Comparison, clock: Clock, now: int) -> bool:
    """Whether a date is older and newer than wanted; on the very day, it is neither."""
    older, newer = comparison.older_than, comparison.newer_than
    if older is None and newer is None:
        return True
    if not isinstance(value, date):
        return False
    return (older is None or _age(value, older, clock, now) > 0) and (
        newer is None or _age(value, newer, clock, now) < 0
    )


def _age(day: date, span: Duration, clock: Clock, now: int) -> int:
    """Below 0: the span after that day has not passed; 0: it ends now, or today; above 0: it has passed."""
    if span.exact:
        return now - (clock.midnight(day) + span.microseconds)
    return (clock.day(now) - clock.plus(day, span)).days


def same_kind(value: Value, wanted: Value) -> bool:
    """Whether two values can be compared at all: text with text, numbers with numbers."""
    return _kind(value) == _kind(wanted)


def _kind(value: Value) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, str):
        return "text"
    return "date" if isinstance(value, date) else "number"


def _passes(value: Value, key: str, wanted: Any) -> bool:
    match key:
        case "known":
            return bool(wanted)
        case "in":
            return any(_passes(value, "is", one) for one in wanted)
        case "not_in":
            return all(_passes(value, "is_not", one) for one in wanted)
        case "contains":
            return isinstance(value, str) and wanted in value
        case "multiple_of":
            return _kind(value) == "number" and value % wanted == 0
    if isinstance(value, date) and isinstance(wanted, str):
        # A date in a rule is written as text.
        try:
            wanted = date.fromisoformat(wanted)
        except ValueError:
            return False
    return same_kind(value, wanted) and _ordered(value, key, wanted)


def _ordered(value: Any, key: str, wanted: Any) -> bool:
    match key:
        case "is":
            return bool(value == wanted)
        case "is_not":
            return bool(value != wanted)
        case "at_least":
            return bool(value >= wanted)
        case "at_most":
            return bool(value <= wanted)
        case "more_than":
            return bool(value > wanted)
        case "less_than":
            return bool(value < wanted)
    raise ValueError(key)
