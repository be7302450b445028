"""The commands by name, in the order in which a newcomer needs them. What is listed here works whole."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli import customer, imports
from scheduler.cli.activate import activate
from scheduler.cli.archive import archive
from scheduler.cli.assign import assign
from scheduler.cli.backtest import backtest
from scheduler.cli.backup import backup
from scheduler.cli.cancel import cancel
from scheduler.cli.check import check
from scheduler.cli.collect import collect
from scheduler.cli.consent import consent
from scheduler.cli.contacts import contacts
from scheduler.cli.demo import demo
from scheduler.cli.diff import diff
from scheduler.cli.doctor import doctor
from scheduler.cli.done import done
from scheduler.cli.frame import INTERRUPTED, WORKSPACE, Command, Commands, help_of
from scheduler.cli.holds import hold, release
from scheduler.cli.init import init
from scheduler.cli.migrate import migrate
from scheduler.cli.preview import preview
from scheduler.cli.resolve import resolve
from scheduler.cli.restore import restore
from scheduler.cli.results import results
from scheduler.cli.retry import retry
from scheduler.cli.run import run
from scheduler.cli.serve import serve
from scheduler.cli.show import show
from scheduler.cli.simulate import simulate
from scheduler.cli.status import status
from scheduler.cli.suppress import suppress
from scheduler.cli.tasks import tasks
from scheduler.cli.test import test
from scheduler.cli.tick import tick
from scheduler.cli.why import why

COMMANDS: tuple[Callable[..., None] | typer.Typer, ...] = (
    *(demo, init, imports.app, check, test, preview, why, backtest, diff, activate, simulate, tick, run, serve, status),
    *(contacts, show, resolve, retry, cancel, tasks, assign, done, results, hold, release),
    *(collect, consent, suppress, customer.app),
    *(backup, restore, archive, migrate, doctor),
)

app = typer.Typer(
    name="rightreason",
    cls=Commands,
    no_args_is_help=True,
    # Rich draws prettier help, and costs a third of a second each time.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog="A workspace is a folder with rules/, templates/ and rightreason.toml. Exit codes: 0 well, 1 findings, "
    "2 what was handed in can't be used, 3 another daemon is at work.",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"rightreason {version('rightreason')}")
        raise typer.Exit


@app.callback()
def _everywhere(
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", "-w", metavar="DIR", envvar=WORKSPACE, help="The workspace; else this folder."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole trace of a fault of the program.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """Decide when and why each customer is contacted, and do it: for the right reason, at the right time."""


for _command in COMMANDS:
    if isinstance(_command, typer.Typer):
        app.add_typer(_command)
    else:
        app.command(cls=Command, help=help_of(_command))(_command)


GARBAGE = (50_000, 20, 100)
"""Look for garbage in circles less often than Python does by itself: facts make none, and there are many of them."""


def main() -> None:
    """Run the command that was typed, and end the process with its exit code."""
    try:
        _prepare()
        app(prog_name="rightreason")
    except KeyboardInterrupt:  # before the command began, or after it ended
        sys.exit(INTERRUPTED)


def _prepare() -> None:
    gc.set_threshold(*GARBAGE)
    # What is left at the end goes back to the machine whole: to look through it takes an eighth of a short command.
    atexit.register(gc.freeze)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # whoever started the program has closed it
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - stays open, as the closed one would
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that can't show a name must not end the program
