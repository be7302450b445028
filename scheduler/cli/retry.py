"""`rightreason retry`: a person lets a message that was given up go again."""

from __future__ import annotations

import typer

from scheduler.cli import frame
from scheduler.cli.moments import Now, now_in
from scheduler.cli.show import Id, row_or_refuse
from scheduler.errors import InputError


def retry(ctx: typer.Context, occasion: Id, now: Now = None) -> None:
    """Send a contact that is quarantined or has failed again, or at once what waits for its next try.

    It goes if all its gates still say yes, and else it ends with their cause. What was quarantined is quarantined again
    as soon as it breaks its worker once more.

    Examples:
      rightreason contacts --state quarantined
      rightreason retry delivery_check_in/C1042/E77
    """
    from scheduler.cli.person import who
    from scheduler.store import State, Tried

    at = now_in(now, ctx)
    again = {State.QUARANTINED: State.QUEUED, State.FAILED: State.QUEUED, State.RETRY: State.RETRY}
    with frame.opened(ctx) as workspace:
        store = workspace.store
        row = row_or_refuse(store, occasion)
        if row.state is State.UNCONFIRMED:
            raise InputError(
                f"{occasion} may have gone out already; find out, then say `rightreason resolve {occasion} not-sent`"
            )
        if row.state not in again:
            raise InputError(f"{occasion} is {row.state}: there is nothing to try again")
        with store.together() as both:
            refused = both.outbox.record([Tried(occasion, again[row.state], error=row.error, next_at=at)], now=at)
            if not refused:
                both.notes.add(who(), "retried", row.customer, {"occasion": occasion, "was": str(row.state)}, now=at)
    if refused:
        raise InputError(f"{occasion} has changed meanwhile, or is just being sent; look at it again")
    typer.echo(f"{occasion} is queued: the next tick asks its gates again and sends it if they all say yes")
