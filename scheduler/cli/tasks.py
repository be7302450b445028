"""`rightreason tasks` and `rightreason done`: what people have to do, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Column, Format, print_objects, print_table
from scheduler.cli.moments import Now, now_in
from scheduler.cli.show import Id
from scheduler.errors import InputError

KEYS = ("occasion", "customer", "assignee", "script", "due", "state", "outcome")


def tasks(
    ctx: typer.Context,
    assignee: Annotated[str | None, typer.Option("--assignee", metavar="NAME", help="Only theirs.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also those that are done or dropped.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How they are printed.")] = Format.TABLE,
) -> None:
    """List what people have to do, and by when.

    Examples:
      rightreason tasks
      rightreason tasks --assignee maja
    """
    from scheduler.cli.local_time import shown, zones_of
    from scheduler.cli.rules import house_of
    from scheduler.store import State

    with frame.opened(ctx) as workspace:
        store = workspace.store
        found = store.tasks.list(assignee=assignee, state=None if all_ else State.ASSIGNED)
        zones = zones_of(store, (task.customer for task in found), house_of(workspace))
    if form is not Format.TABLE:
        print_objects(
            (
                {
                    "occasion": task.key,
                    "customer": task.customer,
                    "assignee": task.assignee,
                    "script": task.script,
                    "due": zones[task.customer].iso(task.due),
                    "state": str(task.state),
                    "outcome": task.outcome,
                }
                for task in found
            ),
            KEYS,
            form,
        )
        return
    if not found:
        typer.echo("nobody has anything to do")
        return
    rows = [
        (shown(task.due, zones[task.customer]), task.assignee, task.customer, str(task.state), task.key)
        for task in found
    ]
    titles = ("due", "assignee", "customer", "state")
    print_table((*map(Column, titles), Column("id", wide=True)), rows)
    typer.echo("\nWhat to say: `rightreason show ID`. When it is done: `rightreason done ID --outcome …`")


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
