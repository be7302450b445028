"""`rightreason done`: a task has ended, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scheduler.cli import frame
from scheduler.cli.moments import Now, now_in
from scheduler.cli.person import who
from scheduler.cli.show import Id
from scheduler.cli.task_history import ENDED
from scheduler.errors import InputError


def done(
    ctx: typer.Context,
    occasion: Id,
    outcome: Annotated[
        str, typer.Option("--outcome", metavar="TEXT", help="What came of it; rules look for solved.")
    ] = "done",
    set_: Annotated[
        list[str], typer.Option("--set", metavar="KEY=VALUE", help="What they said, for the rules to use; repeatable.")
    ] = [],  # noqa: B006 - Typer copies it
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Take an outcome that no rule looks for; nothing follows from it.")
    ] = False,
    dropped: Annotated[bool, typer.Option("--dropped", help="It was not done, and will not be.")] = False,
    now: Now = None,
) -> None:
    """End a task, and note what came of it.

    It becomes the event task_ended, and unless it was dropped task_done, which rules can use. Where rules look for
    outcomes of such a task, one that none of them looks for is refused: it would end the task, and the customer would
    never hear of it.

    Examples:
      rightreason done call_after_a_low_score/C1042/E77 --outcome solved --set reason="too late"
      rightreason done call_after_a_low_score/C1042/E77 --outcome "not reached" --anyway
    """
    from scheduler.cli.outcomes import ensure_heard
    from scheduler.cli.rules import rulebook_of

    at = now_in(now, ctx)
    outcome, said = _outcome(outcome), _said(set_)
    with frame.opened(ctx) as workspace:
        book = None if anyway or dropped else rulebook_of(workspace)
        with workspace.store.together() as both:
            task = both.tasks.get(occasion)
            if task is None:
                raise InputError(f"there is no task {occasion!r}; `rightreason tasks` lists their ids")
            if book is not None and task.ended is None:
                ensure_heard(outcome, task.rule, book)
            if not both.tasks.finish(occasion, outcome, now=at, dropped=dropped, said=said):
                raise InputError(f"the task {occasion} is {task.state} already")
            both.notes.add(who(), ENDED, task.customer, {"occasion": occasion, "outcome": outcome}, now=at)
    typer.echo(f"{occasion} is {'dropped' if dropped else f'done: {outcome}'}")


def _outcome(written: str) -> str:
    """What came of it, in one line, as facts from anywhere else have it."""
    from scheduler.intake.causes import Rejected
    from scheduler.intake.texts import line

    if not (outcome := written.strip()):
        raise InputError("--outcome is empty; say what came of it, or --dropped where it will not be done")
    try:
        return line(outcome, "--outcome")
    except Rejected as rejected:
        raise InputError(str(rejected)) from None


def _said(written: list[str]) -> dict[str, Any]:
    from scheduler.intake.causes import Rejected
    from scheduler.intake.texts import text as checked

    said: dict[str, Any] = {}
    for text in written:
        key, found, value = text.partition("=")
        if not found or not key.isidentifier():
            raise InputError(f"--set {text!r}: write it as key=value")
        if key in {"rule", "outcome"}:
            raise InputError(f"--set {text!r}: {key} is filled in by itself")
        try:
            said[key] = _value(checked(value, f"--set {key}"))
        except Rejected as rejected:
            raise InputError(str(rejected)) from None
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
