"""`rightreason run`: the daemon."""

from __future__ import annotations

import typer

from scheduler.cli import frame
from scheduler.errors import InputError


def run(ctx: typer.Context) -> None:
    """Run the daemon: plan, decide and deliver, whenever it is time.

    It runs in the foreground until SIGTERM or Ctrl-C, and ends what it is sending first. On PostgreSQL several
    daemons share the work. On SQLite there is one: ends with 3 where another daemon is at work, and names it.

    Examples:
      rightreason run
    """
    from scheduler import daemon
    from scheduler.cli.rules import NONE_ACTIVE
    from scheduler.logs import log_as_json

    with frame.opened(ctx) as workspace:
        if workspace.store.rulebooks.active() is None:
            raise InputError(NONE_ACTIVE)
        for note in workspace.settings.notes:
            typer.echo(note, err=True)
        with log_as_json():
            daemon.run(workspace)
