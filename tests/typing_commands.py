"""Typing commands in a workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner, Result

from scheduler.cli import app

MORNING = "2026-11-02T08:00+01:00"
"""The Monday morning on which the sample shop's facts end."""

Run = Callable[..., Result]


def run_in(folder: Path, *words: str, typed: str | None = None) -> Result:
    """Type a command in a workspace."""
    return CliRunner().invoke(app, ["--workspace", str(folder), *words], input=typed)
