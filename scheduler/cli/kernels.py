"""Which kernel to walk with: the plain one for little work, the compiled one for much."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from scheduler.cli import frame

if TYPE_CHECKING:
    from scheduler.decisions.compiled import Kernel

MUCH = 10_000
"""So many events are walked sooner with machine code that is there already."""

SO_MUCH = 50_000
"""So many events are walked sooner even where the machine code has to be made first."""


def kernel_for(workspace: Path, events: int, *, worth_making: int = SO_MUCH) -> Kernel:
    """The kernel that is done sooner with so many events; the answers are the same.

    Machine code is made from `worth_making` events on: fewer for what is run again and again.
    """
    from scheduler.decisions.compiled import Kernel

    if events < MUCH or (events < worth_making and not is_made(workspace)):
        return Kernel.plain()
    return compiled_kernel(workspace) or Kernel.plain()


def compiled_kernel(workspace: Path) -> Kernel | None:
    """The compiled kernel, its machine code kept in the workspace; None where Numba is not installed.

    On a terminal it says so when it is made, which it is once.
    """
    from scheduler.decisions.compiled import compiled

    folder = folder_of(workspace)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None  # a workspace that may only be read is walked without
    try:
        found = compiled(str(folder))
    except ImportError:
        return None
    if not is_made(workspace) and sys.stderr.isatty():
        typer.echo("compiling the engine for this machine, once; it takes up to a minute …", err=True)
    return found


def folder_of(workspace: Path) -> Path:
    """Where the machine code is kept: what another version of the kernel made stands elsewhere."""
    from scheduler.decisions.compiled import source_version

    return frame.cache_of(workspace).absolute() / f"kernel-{source_version()}"


def is_made(workspace: Path) -> bool:
    """Whether there is machine code of this version of the kernel."""
    return any(folder_of(workspace).rglob("*walk*.nbi"))
