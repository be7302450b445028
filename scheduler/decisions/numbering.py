"""How flat tables of numbers refer to words, and to parts of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler.decisions.kernel import NONE


class Interned(dict[str, int]):
    """Texts numbered in the order in which they were first met."""

    def number(self, text: str) -> int:
        """Return the number of `text`, a new one if need be."""
        return self.setdefault(text, len(self))


class Numbers(dict[Any, int]):
    """Numbers whatever it is asked for, in the order in which that is new; None is `NONE`."""

    def __init__(self) -> None:
        super().__init__({None: NONE})

    def __missing__(self, new: Any) -> int:
        self[new] = number = len(self) - 1
        return number

    def values_in_order(self) -> list[Any]:
        """What was numbered, by its number."""
        return [one for one in self if one is not None]


def offsets(parts: Sequence[Sequence[object]]) -> list[int]:
    """Where each part begins once they are laid end to end, and where the last one ends."""
    found = [0]
    for part in parts:
        found.append(found[-1] + len(part))
    return found
