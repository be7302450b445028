"""`rightreason archive`: what has ended long ago leaves the database for Parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.backup import progress_bar
from scheduler.cli.formats import Column, count, print_table
from scheduler.cli.moments import Now, now_in
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.planning.tidying import Tidied


def archive(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would leave.")] = False,
    events: Annotated[
        Path | None,
        typer.Option("--events", metavar="FILE", help="Only write all archived events to a new Parquet file."),
    ] = None,
    now: Now = None,
) -> None:
    """Move what has ended long ago to the archive: Parquet files in archive/, a folder for each table.

    [retention] in rightreason.toml says after how long; `rightreason run` does it once a day. What an active rule may
    still look at stays in the database, so nothing is decided otherwise. The file that --events writes can be imported,
    and is one that backtest --facts takes.

    Examples:
      rightreason archive --dry-run
      rightreason archive
      rightreason archive --events history/events.parquet
    """
    from scheduler.planning.tidying import archive_of, may_leave, tidy

    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace:
        if events is not None:
            _write_events(archive_of(workspace), events)
            return
        leaving = may_leave(workspace, at)
        whole = sum(one.found.rows for one in leaving)
        if dry_run:
            _show(leaving)
            return
        with progress_bar("archiving") as shown:
            done = 0

            def progress(rows: int) -> None:
                nonlocal done
                done += rows
                shown(done, whole)

            left = {one.name: one.left for one in tidy(workspace, at, progress=progress)}
        told = [f"{rows:,} {name}" for name, rows in left.items() if rows]
        typer.echo(f"{', '.join(told) or 'nothing'} moved to {archive_of(workspace)}")


def _write_events(folder: Path, to: Path) -> None:
    from scheduler.store.archived_events import as_facts

    facts, left_out = as_facts(folder)
    if to.exists():
        raise InputError(f"{to} is there already; name a new file, or remove it")
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        facts.write_parquet(file, compression="zstd")
    typer.echo(f"{to}: {count(facts.height, 'event')}")
    if left_out:
        names = ", ".join(left_out)
        typer.echo(f"rightreason: without the properties {names}, since these are columns of every event", err=True)


def _show(leaving: list[Tidied]) -> None:
    columns = [Column("table"), Column("kept for"), Column("leaving", "right"), Column("from"), Column("to")]
    print_table(columns, [_row(one) for one in leaving])
    for one in leaving:
        for sentence in _stays(one):
            typer.echo(sentence)


def _row(one: Tidied) -> list[str]:
    return [
        one.name,
        "ever" if one.keep is None else str(one.keep),
        f"{one.found.rows:,}",
        _day(one.found.first),
        _day(one.found.last),
    ]


def _stays(one: Tidied) -> Iterator[str]:
    for sentence in one.stays:
        yield f"{one.name} that stay: {sentence}"
    if one.days_more:
        yield f"{one.name} stay {count(one.days_more, 'day')} longer than is set: so far do the rules look back"


def _day(at: int | None) -> str:
    from scheduler.wallclock import DAY, date_of

    return "" if at is None else date_of(at // DAY).isoformat()
