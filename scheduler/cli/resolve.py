"""`rightreason resolve`: a person's word on a message of which nobody knows whether it went out."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.moments import Now, now_in
from scheduler.cli.show import Id, row_or_refuse
from scheduler.errors import InputError


class Verdict(StrEnum):
    """What a person found out."""

    SENT = "sent"
    NOT_SENT = "not-sent"


def resolve(
    ctx: typer.Context,
    occasion: Id,
    verdict: Annotated[Verdict, typer.Argument(metavar="sent|not-sent", help="Whether it went out.")],
    now: Now = None,
) -> None:
    """Say whether an unconfirmed message went out.

    One that did not is queued again: it goes if all its gates still say yes, and else it ends with their cause.

    Examples:
      rightreason contacts --state unconfirmed
      rightreason resolve delivery_check_in/C1042/E77 sent
    """
    from scheduler.cli.person import who
    from scheduler.store import State, Tried

    at = now_in(now, ctx)
    state = State.SENT if verdict is Verdict.SENT else State.QUEUED
    with frame.opened(ctx) as workspace:
        store = workspace.store
        row = row_or_refuse(store, occasion)
        if row.state is not State.UNCONFIRMED:
            raise InputError(f"{occasion} is {row.state}, not unconfirmed: there is nothing to resolve")
        next_at = at if state is State.QUEUED else None
        with store.together() as both:
            refused = both.outbox.record([Tried(occasion, state, next_at=next_at)], now=at)
            if not refused:
                both.notes.add(who(), "resolved", row.customer, {"occasion": occasion, "as": str(verdict)}, now=at)
    if refused:
        raise InputError(f"{occasion} has changed meanwhile; look at it again")
    typer.echo(
        f"{occasion} is sent"
        if state is State.SENT
        else f"{occasion} is queued: the next tick asks its gates again and sends it if they all say yes"
    )
