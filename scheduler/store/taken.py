"""What became of facts that were handed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """One that was not taken: its `position` among those handed in, its id, and why."""

    position: int
    id: str
    cause: str


@dataclass(frozen=True, slots=True)
class Taken:
    """How many were new, took the place of what was there, or were there already; and those that were refused.

    `withdrawn` is how many were there, and are no longer said.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: tuple[Refusal, ...] = ()
    withdrawn: int = 0
