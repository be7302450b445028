"""The page of all commands, made from their own help: `python -m scheduler.cli.reference > docs/cli.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer.main
from typer.core import TyperGroup

from scheduler.cli.app import app

WIDTH = 100
_PREAMBLE = """\
# Commands

This page is the commands' own help (`rightreason COMMAND --help`); a test keeps it so.

**Workspace.** A command works in the current folder, or in that of `--workspace DIR` or `RIGHTREASON_WORKSPACE`:
`rules/`, `templates/`, `outbox/`, `rightreason.toml`, and `rightreason.db` unless a database URL is set, which is
made on first use. `--workspace` and `--debug` may stand before the command or behind it.

**Output.** Tables are for people: drawn on a terminal, plain aligned text in a pipe. For programs there are `--format
json`, one object a line with stable keys and ISO 8601 instants with the customer's offset, and `--format csv`. What
is asked for goes to stdout; errors, notes and progress go to stderr. There is colour on terminals only, and none
where `NO_COLOR` is set.

**Time.** `--now INSTANT` (or `RIGHTREASON_NOW`) stands in for the clock, so that every answer can be had again.
Without an offset an instant is the house's time.

**Exit codes.** 0: all went well. 1: there are findings, or something needs a person. 2: what was handed in can't be
used. 3: another daemon is at work. 70: a fault of the program itself. 130: interrupted.
"""


def reference() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_PREAMBLE, *(_section(path, text) for path, text in helps())])


def helps() -> Iterator[tuple[str, str]]:
    """Each command, as it is typed, with its help."""
    command = typer.main.get_command(app)
    yield from _helps(command, "rightreason", None)


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    context = command.context_class(command, info_name=name, parent=parent, terminal_width=WIDTH)
    yield context.command_path, command.get_help(context)
    if isinstance(command, TyperGroup):
        for child in command.list_commands(context):
            yield from _helps(command.commands[child], child, context)


def _section(path: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"## {path}\n\n```text\n{lines}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
