"""`rightreason tasks`: what people have to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Column, Format, print_objects, print_table
from scheduler.cli.moments import Now, now_in
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.cli.task_rows import Told


def tasks(
    ctx: typer.Context,
    assignee: Annotated[str | None, typer.Option("--assignee", metavar="NAME", help="Only theirs.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also those that are done or dropped.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How they are printed.")] = Format.TABLE,
    ics: Annotated[
        Path | None,
        typer.Option("--ics", metavar="FILE", help="Write the open ones as a calendar to import; - is stdout."),
    ] = None,
    now: Now = None,
) -> None:
    """List what people have to do, and by when.

    What is overdue comes first, then what is due first; of one day, the customers who bought most within a year.

    Examples:
      rightreason tasks
      rightreason tasks --assignee maja
      rightreason tasks --assignee maja --ics maja.ics
    """
    from scheduler.cli.task_rows import KEYS, told_of
    from scheduler.store import State

    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace:
        everything = all_ and ics is None
        found = workspace.store.tasks.list(assignee=assignee, state=None if everything else State.ASSIGNED)
        told = told_of(workspace, found, at)
    if ics is not None:
        _write_calendar(told, ics, at)
    elif form is not Format.TABLE:
        print_objects((one.as_object() for one in told), KEYS, form)
    elif told:
        _print(told)
    else:
        typer.echo("nobody has anything to do")


def _print(told: list[Told]) -> None:
    rows = [
        (
            *(one.by_when, one.whose, one.who, one.address or "not known", str(one.task.state)),
            *(one.task.key, one.reason),
        )
        for one in told
    ]
    titles = ("due", "assignee", "customer", "reach at", "state")
    print_table((*map(Column, titles), Column("id", wide=True), Column("reason", wide=True)), rows)
    typer.echo("\nWhat to say: `rightreason show ID`. When it is done: `rightreason done ID --outcome …`")


def _write_calendar(told: list[Told], file: Path, now: int) -> None:
    """Write the open tasks as iCalendar, whole or not at all."""
    import sys

    from scheduler.channels.calendar import Entry, calendar
    from scheduler.channels.file import write_whole
    from scheduler.cli.formats import count

    entries = [Entry(one.task.key, f"{_verb(one)} {one.name}", _to_know(one), one.task.due, one.where) for one in told]
    content = calendar(entries, now)
    if str(file) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        write_whole(file, content)
    except OSError as error:
        raise InputError(f"{file} can't be written: {error.strerror or error}") from None
    typer.echo(f"{count(len(entries), 'task')} in {file}")


def _verb(one: Told) -> str:
    return "Write to" if one.channel == "email" else "Call"


def _to_know(one: Told) -> str:
    """What an entry of the calendar says of a task."""
    from scheduler.cli.local_time import shown

    facts = {
        "Number": one.number or "not known",
        "E-mail": one.email,
        "Why": one.reason,
        "By": f"{shown(one.task.due, one.where)} ({one.where.name})",
        "Task of": one.task.assignee,
        "When it is done": f"rightreason done {one.task.key} --outcome …",
    }
    return "\n".join(f"{label}: {value}" for label, value in facts.items() if value) + f"\n\n{one.task.script.strip()}"
