"""`rightreason backup`: the whole database into one file, while everything goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import count
from scheduler.cli.moments import Now, now_in

if TYPE_CHECKING:
    from scheduler.store.copies import Progress

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup's file.")]


def backup(ctx: typer.Context, file: File, now: Now = None) -> None:
    """Write the whole database to a file, while everything goes on.

    The file is complete, looked through and readable by you alone, or it is not there; none is written over. PostgreSQL
    is dumped by its pg_dump. Keep the workspace's .secret with it: by another one the erased are not recognized.

    Examples:
      rightreason backup /srv/backups/monday.db
    """
    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace, progress_bar("backing up") as progress:
        made = workspace.store.back_up(file, now=at, progress=progress)
    typer.echo(
        f"{file}: {count(made.customers, 'customer')}, {count(made.events, 'event')}, "
        f"{count(made.occasions, 'occasion')}, version {made.version} of the database, {_size(made.size)}"
    )


@contextmanager
def progress_bar(doing: str) -> Iterator[Progress]:
    """A bar on stderr, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def _size(size: int) -> str:
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if size >= 1000**power:
            return f"{size / 1000**power:.1f} {unit}"
    return count(size, "byte")
