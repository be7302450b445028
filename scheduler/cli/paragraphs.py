"""Text that people read: wrapped to the page, behind marks that a pipe can carry too."""

from __future__ import annotations

import shutil
import sys
import textwrap
from enum import Enum

import typer

from scheduler.cli.formats import painted, width

PAGE = 100
"""As wide as text is in a pipe, and at most on a terminal."""
_NARROWEST = 60
_LEAST_ROOM = 30


class Mark(Enum):
    """A sign before a line: its glyph and colour on a terminal, and what stands for it elsewhere."""

    YES = ("✓", "green", "yes")
    NO = ("✗", "red", "no ")
    SAID = ("→", "green", ">")
    FAILED = ("✗", "red", "x")
    PLANNED = ("◇", "yellow", "~")
    NONE = (" ", None, " ")

    def __str__(self) -> str:
        glyph, colour, elsewhere = self.value
        if not sys.stdout.isatty():
            return str(elsewhere)
        return painted(glyph, colour) if colour else str(glyph)

    @property
    def cells(self) -> int:
        """How many cells it takes."""
        return width(self.value[0] if sys.stdout.isatty() else self.value[2])


def print_paragraph(label: str, text: str, *, mark: Mark | None = None, lead: str = "  ") -> None:
    """Write a text behind its lead, its mark and its label; its further lines stand below its first."""
    before = width(lead) + (mark.cells + 1 if mark else 0) + width(label)
    lines = textwrap.wrap(
        " ".join(text.split()), max(page() - before, _LEAST_ROOM), break_long_words=False, break_on_hyphens=False
    )
    typer.echo((lead + (f"{mark} " if mark else "") + label + ("\n" + " " * before).join(lines)).rstrip())


def page() -> int:
    """How wide a line may be."""
    if not sys.stdout.isatty():
        return PAGE
    return min(max(shutil.get_terminal_size().columns, _NARROWEST), PAGE)
