"""What would have to turn for a condition to be otherwise: of what is joined by `and` all, of alternatives any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.decisions.conditions import AND, NOT


@dataclass(frozen=True, slots=True)
class _Part:
    """The leaves to turn for a part of a condition to be true, and to be false; none where it is so already."""

    to_true: list[int]
    to_false: list[int]

    def turned(self) -> _Part:
        return _Part(self.to_false, self.to_true)

    def both(self, other: _Part) -> _Part:
        holds = bool(self.to_false and other.to_false)
        return _Part(self.to_true + other.to_true, self.to_false + other.to_false if holds else [])

    def either(self, other: _Part) -> _Part:
        return self.turned().both(other.turned()).turned()


def leaves_to_turn(code: Sequence[int], truths: Sequence[int], *, wanted: bool) -> list[int]:
    """The leaves whose turning helps a condition to be as `wanted`, in the order of its code; none where it is.

    `truths` holds 1 for each leaf that is true.
    """
    parts: list[_Part] = []
    for step in code:
        if step >= 0:
            parts.append(_Part([], [step]) if truths[step] == 1 else _Part([step], []))
        elif step == NOT:
            parts[-1] = parts[-1].turned()
        else:
            last = parts.pop()
            parts[-1] = parts[-1].both(last) if step == AND else parts[-1].either(last)
    return parts[-1].to_true if wanted else parts[-1].to_false
