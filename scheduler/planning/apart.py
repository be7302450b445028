"""Keeps a fault over one customer to that one: what breaks over many is done for fewer and fewer of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from scheduler.errors import StoreError, places_in

Item = TypeVar("Item")
Found = TypeVar("Found")


def apart(
    work: Callable[[Sequence[Item]], Found], items: Sequence[Item]
) -> tuple[list[Found], list[tuple[Item, Exception]]]:
    """Do some work for all items at once, or else for halves of them, down to the single ones that break it.

    Returns what was found of each group that it could be done for, and those over which it broke, with what was
    raised. Work that breaks must leave nothing half done. Raises `StoreError`, which is nobody's fault.
    """
    if not items:
        return [], []
    try:
        return [work(items)], []
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
        if len(items) == 1:
            return [], [(items[0], error)]
    half = len(items) // 2
    (found, broken), (others, more) = apart(work, items[:half]), apart(work, items[half:])
    return found + others, broken + more


def fault_in(error: Exception) -> str:
    """The kind of an exception and its place: its own words may name a customer."""
    (place,) = places_in(error)[-1:] or ["an unknown place"]
    return f"a fault of the program: {type(error).__name__} in {place}"
