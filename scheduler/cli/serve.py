"""`rightreason serve`: facts come in by HTTP, and customers open the pages that messages link to."""

from __future__ import annotations

from typing import Annotated

import typer

from scheduler.cli import frame
from scheduler.errors import SettingsError

MISSING = "the web is an extra: install rightreason[serve]"


def serve(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help="Listen at this address.")] = None,
    port: Annotated[int | None, typer.Option("--port", metavar="NUMBER", help="Listen at this port.")] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", metavar="NUMBER", help="So many answer side by side.")
    ] = None,
) -> None:
    """Take facts by HTTP, and show customers the pages that messages link to.

    It runs in the foreground until SIGTERM or Ctrl-C, and answers first what was asked before. Where it listens, and
    who may hand facts in, is set under [serve]; a server that speaks TLS stands before it.

    Examples:
      rightreason serve
      rightreason serve --host 0.0.0.0 --port 8080 --processes 4
    """
    folder = frame.workspace_of(ctx)
    frame.ensure_workspace(folder)
    try:
        from scheduler.web.serving import serve as serve_folder
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("scheduler"):
            raise
        raise SettingsError(MISSING) from None
    given = {"host": host, "port": port, "processes": processes}
    serve_folder(folder.absolute(), {name: value for name, value in given.items() if value is not None})
