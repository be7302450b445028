"""Typing commands in a workspace."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from typer import testing
from typer.testing import CliRunner, Result

from scheduler.cli import app

# Typer makes all commands anew for each line that is typed, which takes longer than most of them.
testing._get_command = cache(testing._get_command)  # type: ignore[attr-defined] # it is private, and the only way in

MORNING = "2026-11-02T08:00+01:00"
"""The Monday morning on which the sample shop's facts end."""

Run = Callable[..., Result]


def run_in(folder: Path, *words: str, typed: str | None = None) -> Result:
    """Type a command in a workspace."""
    return run_here("--workspace", str(folder), *words, typed=typed)


def run_here(*words: str, typed: str | None = None) -> Result:
    """Type a command in the current folder."""
    return CliRunner().invoke(app, words, input=typed)
