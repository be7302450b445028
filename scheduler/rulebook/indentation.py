"""Which line is indented wrongly, where a parser gave up: seen from the keys above it and below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_KEY = re.compile(
    r"""(?P<lead>\ *)(?P<dashes>(?:-\ +)*)
        (?:"[^"]*"|'[^']*'|[^\s\#'"\[\]{},&*!|>%@`-](?:[^:\#]|:(?=\S))*):(?=\s|$)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A line, counted from 1, with the spaces it begins after and those that it should begin after."""

    line: int
    spaces: int
    wanted: int

    def __str__(self) -> str:
        if not self.spaces or not self.wanted:
            return f"line {self.line} begins {_behind(self.spaces)}; its neighbours {_behind(self.wanted)}"
        return f"line {self.line} begins {_behind(self.spaces)}; its neighbours after {self.wanted}"


@dataclass(frozen=True, slots=True)
class _Key:
    """A key's line, its column, whether its value stands below it, and the levels that it closed."""

    line: int
    column: int
    opens: bool
    closed: tuple[int, ...] = ()


@dataclass(slots=True)
class _Above:
    """The keys above a line, and the levels that are open there, from the margin inwards."""

    keys: list[_Key] = field(default_factory=list)
    open: list[int] = field(default_factory=list)

    def take(self, key: _Key) -> None:
        """Add the next key."""
        closed = self.closed_by(key.column)
        self.open = [*(level for level in self.open if level < key.column), key.column]
        self.keys.append(_Key(key.line, key.column, key.opens, closed))

    def closed_by(self, column: int) -> tuple[int, ...]:
        """The levels that a key in this column ends."""
        return tuple(level for level in self.open if level > column)


def misplaced(lines: Sequence[str], line: int) -> Misplaced | None:
    """The line that is indented wrongly where the parser stumbled over this one; None where that can't be told."""
    text = lines[line - 1]
    spaces = len(text) - len(text.lstrip(" "))
    found = _misplaced_item(lines, line, spaces) if text.lstrip(" ").startswith("-") else _misplaced_key(lines, line)
    return found if found is not None and found.spaces != found.wanted else None


def _misplaced_item(lines: Sequence[str], line: int, spaces: int) -> Misplaced | None:
    """An item that is out of line with the one above it."""
    for other in reversed(lines[: line - 1]):
        if other.lstrip(" ").startswith("- "):
            return Misplaced(line, spaces, len(other) - len(other.lstrip(" ")))
    return None


def _misplaced_key(lines: Sequence[str], line: int) -> Misplaced | None:
    keys = _keys(lines)
    here = next((key for key in keys if key.line == line), None)
    if here is None:
        return None
    above = _Above()
    for key in keys[: keys.index(here)]:
        above.take(key)
    below = keys[keys.index(here) + 1 :]
    if not above.open or here.column in above.open:
        return None
    return _left_too_early(above, here) or _alone(above, here, below) or _out_of_line(above, here, below)


def _left_too_early(above: _Above, here: _Key) -> Misplaced | None:
    """A key above that stands too far left, so that its neighbours below find their level closed."""
    outer = max((level for level in above.open if level < here.column), default=None)
    last = next((key for key in reversed(above.keys) if key.column == outer), None)
    if last is None or here.column not in last.closed:
        return None
    return Misplaced(last.line, last.column, here.column)


def _alone(above: _Above, here: _Key, below: Sequence[_Key]) -> Misplaced | None:
    """A first key that stands too far right, where this one and more below it agree."""
    closed = above.closed_by(here.column)
    if not closed:
        return None
    outer = max((level for level in above.open if level < here.column), default=-1)
    since = max((number for number, key in enumerate(above.keys) if key.column == outer), default=-1)
    first = [key for key in above.keys[since + 1 :] if key.column == closed[0]]
    ends = next((number for number, key in enumerate(below) if key.column < here.column), len(below))
    if len(first) == 1 and any(key.column == here.column for key in below[:ends]):
        return Misplaced(first[0].line, first[0].column, here.column)
    return None


def _out_of_line(above: _Above, here: _Key, below: Sequence[_Key]) -> Misplaced:
    """The key itself; what opens a part belongs where others do whose parts stand as far in as its own."""
    closed = above.closed_by(here.column)
    outer = [level for level in above.open if level < here.column]
    if not here.opens or not below or below[0].column <= min(outer, default=0):
        of_values = [level for level in closed if any(key.column == level and not key.opens for key in above.keys)]
        return Misplaced(here.line, here.column, (*of_values, *closed, *outer[::-1])[0])
    inner = below[0].column
    for key, following in zip(reversed(above.keys[:-1]), reversed(above.keys), strict=False):
        if key.opens and following.column == inner and key.column < inner:
            return Misplaced(here.line, here.column, key.column)
    return Misplaced(here.line, here.column, min(above.open, key=lambda level: (abs(level - here.column), level)))


def _keys(lines: Sequence[str]) -> list[_Key]:
    """The keys that begin a line, or an item; what stands in a block of text is none."""
    keys: list[_Key] = []
    block: int | None = None
    for number, text in enumerate(lines, 1):
        indent = len(text) - len(text.lstrip(" "))
        if not text.strip() or text.lstrip(" ").startswith("#") or (block is not None and indent > block):
            continue
        block = None
        if found := _KEY.match(text):
            value = text[found.end() :].strip()
            column = len(found["lead"]) + len(found["dashes"])
            keys.append(_Key(number, column, not value or value.startswith("#")))
            block = column if value.startswith(("|", ">")) else None
    return keys


def _behind(spaces: int) -> str:
    return "at the margin" if not spaces else f"after {spaces} space{'' if spaces == 1 else 's'}"
