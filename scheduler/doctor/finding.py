"""What a check finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: an error keeps something from working, a warning may."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is the case, and what to do about it."""

    level: Level
    detail: str
    way_out: str = ""


Findings = Iterator[Finding]


def ok(detail: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, detail)


def warning(detail: str, way_out: str = "") -> Finding:
    """It may matter."""
    return Finding(Level.WARNING, detail, way_out)


def error(detail: str, way_out: str = "") -> Finding:
    """It has to be put right."""
    return Finding(Level.ERROR, detail, way_out)
