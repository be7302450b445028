"""How flat tables of numbers refer to words, and to parts of each other."""

from __future__ import annotations

from collections.abc import Sequence


class Interned(dict[str, int]):
    """Texts numbered in the order in which they were first met."""

    def number(self, text: str) -> int:
        """Return the number of `text`, a new one if need be."""
        return self.setdefault(text, len(self))


def offsets(parts: Sequence[Sequence[object]]) -> list[int]:
    """Where each part begins once they are laid end to end, and where the last one ends."""
    found = [0]
    for part in parts:
        found.append(found[-1] + len(part))
    return found
