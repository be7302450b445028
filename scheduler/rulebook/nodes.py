"""What was written, with the place of every key and value: a tree of scalars, lists and mappings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scheduler.rulebook.model import Place


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value: text, a number, true/false or nothing."""

    place: Place
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ListNode:
    """Values in order."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping, where it stands, and its value."""

    place: Place
    value: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Values by key; keys are always text, as they were written."""

    place: Place
    entries: dict[str, Entry]


Node = ScalarNode | ListNode | MappingNode


def plain(node: Node) -> Any:
    """The tree as plain Python values."""
    match node:
        case ScalarNode():
            return node.value
        case ListNode():
            return [plain(item) for item in node.items]
        case MappingNode():
            return {key: plain(entry.value) for key, entry in node.entries.items()}


def places(node: Node, path: str = "") -> Iterator[tuple[str, Place]]:
    """Every place below a node by its dotted path, list items counted from 1: `only_if.1.all_of.2.within`."""
    match node:
        case ListNode():
            for number, item in enumerate(node.items, 1):
                here = f"{path}.{number}" if path else str(number)
                yield here, item.place
                yield from places(item, here)
        case MappingNode():
            for key, entry in node.entries.items():
                here = f"{path}.{key}" if path else key
                yield here, entry.place
                yield from places(entry.value, here)


_TAGGED_LISTS = frozenset({"only_if", "unless", "all_of", "any_of", "none_of"})


@dataclass(frozen=True, slots=True)
class Spot:
    """A node that a validation error speaks of, with the place of its key, and the key itself."""

    node: Node
    key: str
    key_place: Place


def spot(node: Node, path: Sequence[str | int], key: str, key_place: Place) -> Spot:
    """Follow the path of a validation error as far as it leads through what was written.

    Names of union members (after a condition or a trigger) stand in such a path and not in the file.
    """
    here = Spot(node, key, key_place)
    for step, name in enumerate(path):
        if names_a_form(path, step):
            continue
        match here.node, name:
            case MappingNode() as mapping, str() if name in mapping.entries:
                entry = mapping.entries[name]
                here = Spot(entry.value, name, entry.place)
            case ListNode() as items, int() if name < len(items.items):
                item = items.items[name]
                here = Spot(item, here.key, item.place)
    return here


def names_a_form(path: Sequence[str | int], step: int) -> bool:
    """Whether this step of a validation error's path is the name of a condition's or a trigger's form."""
    if step == 1 and path[0] in ("when", "until", "condition"):
        return True
    return step >= 2 and isinstance(path[step - 1], int) and path[step - 2] in _TAGGED_LISTS
