"""Traits and properties as plain values: nested objects are flattened, lists are kept as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from scheduler.decisions.facts import Value
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.instants import Calendar
from scheduler.intake.texts import text
from scheduler.intake.values import typed
from scheduler.web.facts.names import inside, named

MOST_VALUES = 1_000
DEEPEST = 32
CALENDAR = Calendar()
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def flat(given: Mapping[str, Any], place: str) -> dict[str, Value]:
    """The values of an object by their names in snake_case, those of objects inside it by `outer_inner`.

    A text that is a date, such as 2026-12-24, becomes one; a list is kept as the text of its JSON; null and empty
    texts are missing. Raises `Rejected`, with the place in the message as it was sent.
    """
    found: dict[str, Value] = {}
    for name, value, where in _leaves(given, "", place, 1):
        if name in found and found[name] != value:
            raise Rejected(Cause.NOT_JSON, f"is called {name} here, and so is another value beside it", where)
        found[name] = value
        if len(found) > MOST_VALUES:
            raise Rejected(Cause.TOO_LONG, f"there are more than {MOST_VALUES:,} values", place)
    return found


def _leaves(given: Mapping[str, Any], prefix: str, place: str, depth: int) -> Iterator[tuple[str, Value, str]]:
    if depth > DEEPEST:
        raise Rejected(Cause.NESTED, f"objects are nested more than {DEEPEST} deep", place)
    for key, value in given.items():
        if value is None or value == "":
            continue
        name = f"{prefix}{named(key, place)}"
        where = inside(place, key)
        if isinstance(value, dict):
            yield from _leaves(value, f"{name}_", where, depth + 1)
        elif (plain := _plain(value, where)) is not None:
            yield name, plain, where


def _plain(value: Any, where: str) -> Value | None:
    if isinstance(value, str):
        value = value.strip()
        if _DATE.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                return text(value, where)
        return text(value, where) if value else None
    if isinstance(value, list):
        return text(_json(value), where) if value else None
    return typed(value, CALENDAR, where)
