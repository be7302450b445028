"""`rightreason tasks` and `rightreason done`: what people have to do, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Column, Format, print_objects, print_table
from scheduler.cli.moments import Now, now_in
from scheduler.cli.show import Id
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.store import Task
    from scheduler.wallclock import Zone
    from scheduler.workspace import Workspace

KEYS = ("occasion", "customer", "assignee", "script", "due", "state", "outcome", "number", "reason")


@dataclass(frozen=True, slots=True)
class _Told:
    """A task with what its assignee has to know beside it: whom to call, where, why, and by whose clock it is due."""

    task: Task
    name: str
    number: str
    reason: str
    where: Zone


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

    Examples:
      rightreason tasks
      rightreason tasks --assignee maja
      rightreason tasks --assignee maja --ics maja.ics
    """
    from scheduler.cli.local_time import shown
    from scheduler.store import State

    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace:
        everything = all_ and ics is None
        found = workspace.store.tasks.list(assignee=assignee, state=None if everything else State.ASSIGNED)
        told = _told(workspace, found)
    if ics is not None:
        _write_calendar(told, ics, at)
        return
    if form is not Format.TABLE:
        print_objects(
            (
                {
                    "occasion": one.task.key,
                    "customer": one.task.customer,
                    "assignee": one.task.assignee,
                    "script": one.task.script,
                    "due": one.where.iso(one.task.due),
                    "state": str(one.task.state),
                    "outcome": one.task.outcome,
                    "number": one.number or None,
                    "reason": one.reason,
                }
                for one in told
            ),
            KEYS,
            form,
        )
        return
    if not found:
        typer.echo("nobody has anything to do")
        return
    rows = [
        (
            shown(one.task.due, one.where),
            *(one.task.assignee, one.task.customer, one.number, str(one.task.state)),
            *(one.task.key, one.reason),
        )
        for one in told
    ]
    titles = ("due", "assignee", "customer", "number", "state")
    print_table((*map(Column, titles), Column("id", wide=True), Column("reason", wide=True)), rows)
    typer.echo("\nWhat to say: `rightreason show ID`. When it is done: `rightreason done ID --outcome …`")


def _told(workspace: Workspace, tasks: Iterable[Task]) -> list[_Told]:
    from scheduler.cli.rules import house_of
    from scheduler.decisions.occasions import zone_of
    from scheduler.wallclock import zone

    tasks, store, house = list(tasks), workspace.store, house_of(workspace)
    customers = {one.id: one for one in store.customers.read({task.customer for task in tasks})}
    rows = store.ledger.rows(states={task.state for task in tasks}) if tasks else []
    reasons = {row.key: row.reason for row in rows}
    told = []
    for task in tasks:
        customer = customers.get(task.customer)
        facts = customer.attributes if customer else {}
        told.append(
            _Told(
                task,
                name=str(facts.get("name", task.customer)),
                number=str(facts.get("phone", "")),
                reason=reasons.get(task.key, ""),
                where=zone_of(customer, house) if customer else zone(house.timezone),
            )
        )
    return told


def _write_calendar(told: list[_Told], file: Path, now: int) -> None:
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


def _to_know(one: _Told) -> str:
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
    outcome: Annotated[str, typer.Option("--outcome", metavar="TEXT", help="What came of it, like reached.")] = "done",
    set_: Annotated[
        list[str], typer.Option("--set", metavar="KEY=VALUE", help="What they said, for the rules to use; repeatable.")
    ] = [],  # noqa: B006 - Typer copies it
    dropped: Annotated[bool, typer.Option("--dropped", help="It was not done, and will not be.")] = False,
    now: Now = None,
) -> None:
    """End a task, and note what came of it.

    It becomes the event task_done, which rules can use.

    Examples:
      rightreason done exit_interview/C1042/E77 --outcome reached --set reason="too expensive"
    """
    from scheduler.decisions.facts import Event
    from scheduler.store import CustomerEvent

    at = now_in(now, ctx)
    said = _said(set_)
    with frame.opened(ctx) as workspace, workspace.store.together() as both:
        task, row = both.tasks.get(occasion), both.ledger.row(occasion)
        if task is None or row is None:
            raise InputError(f"there is no task {occasion!r}; `rightreason tasks` lists their ids")
        if not both.tasks.finish(occasion, outcome, now=at, dropped=dropped):
            raise InputError(f"the task {occasion} is {task.state} already")
        if not dropped:
            properties = {**said, "rule": row.rule, "outcome": outcome}
            event = Event(f"task_done:{occasion}", "task_done", at, at, properties)
            both.events.add([CustomerEvent(task.customer, event)], now=at)
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
