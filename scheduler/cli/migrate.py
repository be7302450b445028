"""`rightreason migrate`: the database is brought up to date."""

from __future__ import annotations

import typer

from scheduler.cli import frame


def migrate(ctx: typer.Context) -> None:
    """Bring the database up to date with this program.

    Every command does so by itself; by hand it is done when you say so, such as before the daemons start. A daemon of
    an older program that is at work ends at its next message. Make a backup first: there is no way back but that.

    Examples:
      rightreason migrate
    """
    from scheduler.settings import load_settings
    from scheduler.store.database import migrate as bring_up_to_date

    folder = frame.workspace_of(ctx)
    frame.ensure_workspace(folder)
    before, after = bring_up_to_date(load_settings(folder.absolute()).database_url)
    if before is None:
        typer.echo(f"the database was made, at version {after}")
    elif before == after:
        typer.echo(f"the database is up to date, at version {after}: nothing to do")
    else:
        typer.echo(f"the database was brought from version {before} to {after}")
