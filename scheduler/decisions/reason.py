"""A rule's reason, filled with what is known of one customer and one event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from scheduler.decisions.facts import NOTHING, Value

MISSING = "—"
"""What stands for a value that is not known and cannot be left out."""

_PLACEHOLDER = re.compile(r"\{(event|customer)\.([A-Za-z_][A-Za-z0-9_]*)\}")
_PREPOSITIONS = "of|for|with|about|from|by|at|in|on|to|von|für|mit|über|aus|bei|de|pour|avec|para|con|sobre|di|per|su"
_DETERMINERS = "the|their|your|its|an|a|der|die|das|dem|den|ihr|ihre|ihrem|ihren|le|la|les|leur|votre|el|los|las|su"
_GOES_ON = (
    "and|or|but|has|have|had|is|are|was|were|will|would|can|could|may|might|must|should|that|which|who|when|while|since"
    "|because|so|if|und|oder|aber|hat|ist|wird|kann|dass|weil|wenn|et|ou|mais|est|sera|que|y|o|e|ma"
)
_LEAVES_OUT = re.compile(
    rf"\s+(?:{_PREPOSITIONS})(?:\s+(?:{_DETERMINERS}))?\s+\x00(?=\s*$|\s*[.,;:!?)]|\s+(?:{_GOES_ON})\b)",
    re.IGNORECASE,
)

_WRITTEN_DAY = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def fill_reason(text: str, event: Mapping[str, Value] = NOTHING, customer: Mapping[str, Value] = NOTHING) -> str:
    """The reason in words, for one occasion; it never fails.

    `{event.x}` and `{customer.x}` in `text` are replaced by the event's property and the customer's attribute. A
    missing or empty value is left out with its preposition where the sentence stands without them ("the benefit
    of {event.product} and told us" becomes "the benefit and told us"), and is a dash elsewhere. A date is written
    like `10 April 2026`, and so is an instant: as the day on which it is where it was written down.
    """
    parts = _parts(text)
    if len(parts) == 1:
        return text
    known = {"event": event, "customer": customer}
    filled = list(parts)
    complete = True
    for index in range(1, len(parts), 3):
        words = _words(known[parts[index]].get(parts[index + 1]))
        complete = complete and bool(words)
        filled[index], filled[index + 1] = words or "\x00", ""
    whole = "".join(filled)
    return whole if complete else _LEAVES_OUT.sub("", whole).replace("\x00", MISSING)


@lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[str, ...]:
    return tuple(_PLACEHOLDER.split(text))


@lru_cache(maxsize=1024, typed=True)  # what happens to many happens with few products; 1 is not true
def _words(value: Value | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case date():
            return _day(value)
        case str() if _WRITTEN_DAY.fullmatch(value) and (day := _day_of(value)):
            return _day(day)
        case _:
            return " ".join(str(value).replace("\x00", "").split())


def _day(written: date) -> str:
    return f"{written.day} {_MONTHS[written.month - 1]} {written.year}"


def _day_of(written: str) -> date | None:
    """The day of an ISO 8601 text; None where the calendar has no such day."""
    try:
        return date.fromisoformat(written[:10])
    except ValueError:
        return None
