"""`rightreason hold` and `rightreason release`: stop sending, and go on."""

from __future__ import annotations

from typing import Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.moments import Now, now_in
from scheduler.errors import InputError

All = Annotated[bool, typer.Option("--all", help="Everything.")]
OfRule = Annotated[str | None, typer.Option("--rule", metavar="NAME", help="What this rule sends.")]
OfChannel = Annotated[str | None, typer.Option("--channel", metavar="NAME", help="What goes by this channel.")]


def hold(
    ctx: typer.Context,
    all_: All = False,
    rule: OfRule = None,
    channel: OfChannel = None,
    cause: Annotated[str, typer.Option("--cause", metavar="TEXT", help="Why, for those who see it.")] = "by hand",
    now: Now = None,
) -> None:
    """Stop sending at once; planning goes on.

    Examples:
      rightreason hold --all --cause "wrong prices in the mails"
      rightreason hold --channel email
    """
    from scheduler.cli import rules
    from scheduler.cli.person import who

    name = _named(all_, rule, channel)
    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace:
        if rule is not None:
            rules.ensure_rule(rules.rulebook_of(workspace), rule)
        rules.ensure_channel(channel)
        placed = workspace.store.holds.place(name, cause, who(), now=at)
    typer.echo(f"{name} is held: {cause}" if placed else f"{name} was held already")


def release(
    ctx: typer.Context, all_: All = False, rule: OfRule = None, channel: OfChannel = None, now: Now = None
) -> None:
    """Let sending go on after a hold.

    The brakes take it that somebody has looked: all that waits may leave then, and what came back before does not count
    again.

    Examples:
      rightreason release --all
    """
    name = _named(all_, rule, channel)
    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace:
        lifted = workspace.store.holds.lift(name, now=at)
        left = workspace.store.holds.list()
    typer.echo(f"{name} goes on" if lifted else f"{name} was not held")
    for one in left:
        typer.echo(f"still held: {one.name} ({one.cause})")


def _named(everything: bool, rule: str | None, channel: str | None) -> str:
    names = [
        *(["all"] if everything else []),
        *([f"rule:{rule}"] if rule else []),
        *([f"channel:{channel}"] if channel else []),
    ]
    if len(names) != 1:
        raise InputError("say what: one of --all, --rule NAME, --channel NAME")
    return names[0]
