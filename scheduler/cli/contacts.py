"""`rightreason contacts`: the ledger as a list."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Column, Format, print_objects, print_table
from scheduler.errors import InputError

LIMIT = 50
"""As many rows a table shows unless more are asked for."""


def contacts(
    ctx: typer.Context,
    state: Annotated[
        list[str],
        typer.Option("--state", metavar="STATE", help="Only these: sent, unconfirmed, waiting …; repeatable."),
    ] = [],  # noqa: B006 - Typer copies it
    rule: Annotated[str | None, typer.Option("--rule", metavar="NAME", help="Only of this rule.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", metavar="ID", help="Only of this customer.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="INSTANT", help="From this moment on, in the house's time.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="INSTANT", help="Before this moment, in the house's time.")
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Also what is only planned, waits, or ended without a contact.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help=f"At most so many; else {LIMIT} in a table, and no end.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How they are printed.")] = Format.TABLE,
) -> None:
    """List the contacts made, and what became of them.

    With --state or --all, any rows of the ledger.

    Examples:
      rightreason contacts --since 2026-03-01
      rightreason contacts --state unconfirmed
      rightreason contacts --all --customer C1042 --format json
    """
    from scheduler.cli.ledger_rows import KEYS, as_object
    from scheduler.cli.local_time import shown, told_zones, zones_of
    from scheduler.cli.moments import instant_in
    from scheduler.cli.rules import house_of
    from scheduler.store import CONTACTED, State

    unknown = [name for name in state if name not in set(State)]
    if unknown:
        raise InputError(f"--state {unknown[0]}: there are {', '.join(State)}")
    wanted = {State(name) for name in state} if state else None if all_ else set(CONTACTED) | {State.FAILED}
    with frame.opened(ctx) as workspace:
        store = workspace.store
        house = house_of(workspace)
        most = limit + 1 if limit else LIMIT + 1 if form is Format.TABLE else None
        rows = store.ledger.rows(
            states=wanted,
            rule=rule,
            customer=customer,
            since=instant_in(since, house.timezone, "--since") if since else None,
            until=instant_in(until, house.timezone, "--until") if until else None,
            limit=most,
        )
        cut = most is not None and len(rows) == most
        rows = rows[:-1] if cut else rows
        zones = zones_of(store, (row.customer for row in rows), house)
    if form is not Format.TABLE:
        print_objects((as_object(row, zones[row.customer]) for row in rows), KEYS, form)
        return
    if not rows:
        typer.echo("there are none")
        return
    columns = (
        Column("when"),
        Column("customer"),
        Column("rule"),
        Column("by"),
        Column("state"),
        Column("id", wide=True),
    )
    lines = [
        (
            shown(row.decided_for if row.decided_for is not None else row.next_at or row.opens, zones[row.customer]),
            row.customer,
            row.rule,
            row.channel,
            str(row.state),
            row.key,
        )
        for row in rows
    ]
    print_table(columns, lines)
    if note := told_zones(zones[row.customer] for row in rows):
        typer.echo(note)
    if cut:
        shown_rows = "row is" if len(rows) == 1 else f"{len(rows)} rows are"
        typer.echo(f"… and more; only the first {shown_rows} shown (--limit N for more)", err=True)
    sys.stdout.flush()
