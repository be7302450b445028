"""What an import did, counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler.intake.causes import Cause


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows of one import: `read` is the sum of added, updated, unchanged, rejected and skipped.

    `created` counts customers that events or consents brought with them; `causes` the rejected rows by cause, most
    frequent first; `left_out` names columns that the fact has no place for; `reject_file` is None where nothing
    was rejected.
    """

    source: str
    read: int
    added: int
    updated: int
    unchanged: int
    rejected: int
    skipped: int
    created: int
    causes: Mapping[Cause, int]
    left_out: tuple[str, ...]
    reject_file: Path | None
