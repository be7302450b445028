"""`rightreason tasks` and `rightreason done`: what people have to do, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Column, Format, print_objects, print_table
from scheduler.cli.moments import Now, now_in
from scheduler.cli.person import who
from scheduler.cli.show import Id
from scheduler.cli.task_history import ENDED
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
            *(one.by_when, one.whose, one.task.customer, one.number, str(one.task.state)),
            *(one.task.key, one.reason),
        )
        for one in told
    ]
    titles = ("due", "assignee", "customer", "number", "state")
    print_table((*map(Column, titles), Column("id", wide=True), Column("reason", wide=True)), rows)
    typer.echo("\nWhat to say: `rightreason show ID`. When it is done: `rightreason done ID --outcome …`")


def _write_calendar(told: list[Told], file: Path, now: int) -> None:
    """Write the open tasks as iCalendar, whole or not at all."""
    import sys

    from scheduler.channels.calendar import Entry, calendar
    from scheduler.channels.file import write_whole
    from scheduler.cli.formats import count

    entries = [Entry(one.task.key, f"Call {one.name}", _to_know(one), one.task.due, one.where) for one in told]
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


def _to_know(one: Told) -> str:
    """What an entry of the calendar says of a task."""
    from scheduler.cli.local_time import shown

    facts = {
        "Number": one.number or "not known",
        "Why": one.reason,
        "By": f"{shown(one.task.due, one.where)} ({one.where.name})",
        "Task of": one.task.assignee,
        "When it is done": f"rightreason done {one.task.key} --outcome …",
    }
    return "\n".join(f"{label}: {value}" for label, value in facts.items() if value) + f"\n\n{one.task.script.strip()}"


def done(
    ctx: typer.Context,
    occasion: Id,
    outcome: Annotated[
        str, typer.Option("--outcome", metavar="TEXT", help="What came of it; rules look for solved.")
    ] = "done",
    set_: Annotated[
        list[str], typer.Option("--set", metavar="KEY=VALUE", help="What they said, for the rules to use; repeatable.")
    ] = [],  # noqa: B006 - Typer copies it
    dropped: Annotated[bool, typer.Option("--dropped", help="It was not done, and will not be.")] = False,
    now: Now = None,
) -> None:
    """End a task, and note what came of it.

    It becomes the event task_ended, and unless it was dropped task_done, which rules can use.

    Examples:
      rightreason done exit_interview/C1042/E77 --outcome reached --set reason="too expensive"
    """
    at = now_in(now, ctx)
    said = _said(set_)
    with frame.opened(ctx) as workspace, workspace.store.together() as both:
        task = both.tasks.get(occasion)
        if task is None:
            raise InputError(f"there is no task {occasion!r}; `rightreason tasks` lists their ids")
        if not both.tasks.finish(occasion, outcome, now=at, dropped=dropped, said=said):
            raise InputError(f"the task {occasion} is {task.state} already")
        both.notes.add(who(), ENDED, task.customer, {"occasion": occasion, "outcome": outcome}, now=at)
    typer.echo(f"{occasion} is {'dropped' if dropped else f'done: {outcome}'}")


def _said(written: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for text in written:
        key, found, value = text.partition("=")
        if not found or not key.isidentifier():
            raise InputError(f"--set {text!r}: write it as key=value")
        if key in {"rule", "outcome"}:
            raise InputError(f"--set {text!r}: {key} is filled in by itself")
        said[key] = _value(value)
    return said


def _value(text: str) -> str | float | bool:
    if text in {"true", "false"}:
        return text == "true"
    try:
        number = float(text)
    except ValueError:
        return text
    plain = text.removeprefix("-")
    if not plain.replace(".", "", 1).isdigit() or (plain[0] == "0" and plain[1:2] not in ("", ".")):
        return text  # a leading zero, an exponent, nan or inf: an identifier or a word, no amount
    return int(number) if number.is_integer() and "." not in text else number
