"""`rightreason cancel`: a person decides that a contact is not made."""

from __future__ import annotations

from typing import Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.moments import Now, now_in
from scheduler.cli.show import Id, row_or_refuse
from scheduler.errors import InputError


def cancel(
    ctx: typer.Context,
    occasion: Id,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the audit.")],
    now: Now = None,
) -> None:
    """Cancel a contact that has not gone out, for good.

    It may be planned, wait, be queued, be quarantined or have failed. Its rule does not bring it back.

    Examples:
      rightreason cancel delivery_check_in/C1042/E77 --reason "we have talked on the phone"
    """
    from scheduler.cli.person import who
    from scheduler.decisions.causes import Cause

    at = now_in(now, ctx)
    why = reason.strip()
    if not why or not why.isprintable():
        raise InputError("--reason wants a few words on one line")
    with frame.opened(ctx) as workspace:
        store = workspace.store
        row = row_or_refuse(store, occasion)
        with store.together() as both:
            cancelled = both.outbox.cancel(occasion, [str(Cause.BY_HAND)], now=at)
            if cancelled:
                about = {"occasion": occasion, "was": str(row.state), "reason": why}
                both.notes.add(who(), "cancelled", row.customer, about, now=at)
    if not cancelled:
        raise InputError(_why_not(occasion, str(row.state)))
    typer.echo(f"{occasion} is cancelled")


def _why_not(occasion: str, state: str) -> str:
    if state == "unconfirmed":
        return (
            f"{occasion} may have gone out; say what you found by `rightreason resolve {occasion} sent` or `not-sent`"
        )
    present = "just being sent" if state == "sending" else state
    return f"{occasion} is {present}: there is nothing to cancel any more"
