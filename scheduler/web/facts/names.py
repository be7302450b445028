"""Names as rules have them: `Order Placed`, `orderPlaced` and `order.placed` are all `order_placed`."""

from __future__ import annotations

import re
from functools import lru_cache

from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.texts import shown

LONGEST_NAME = 100
_WORDS = re.compile(r"[^\W_]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def named(written: str, place: str) -> str:
    """A name in snake_case, in lower case; raises `Rejected` where it holds no letter or digit, or is too long."""
    if len(written) > 2 * LONGEST_NAME:  # and so is not remembered either
        raise Rejected(Cause.TOO_LONG, f"{shown(written)} is longer than {LONGEST_NAME} characters", place)
    return _named(written, place)


@lru_cache(10_000)
def _named(written: str, place: str) -> str:
    name = "_".join(word.lower() for part in _WORDS.findall(written) for word in _HUMPS.split(part))
    if not name:
        raise Rejected(Cause.MISSING, f"{shown(written)} holds no letter or digit", place)
    if len(name) > LONGEST_NAME:
        raise Rejected(Cause.TOO_LONG, f"{shown(written)} is longer than {LONGEST_NAME} characters", place)
    return f"_{name}" if name[0].isdigit() else name


def inside(place: str, key: str) -> str:
    """The place of a value within another, for people: an odd key is cut short and escaped."""
    return f"{place}.{key}" if key.isidentifier() and len(key) <= LONGEST_NAME else f"{place}.{shown(key)}"
