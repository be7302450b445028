"""`rightreason why`: every occasion of a customer, each gate with what it wanted and what was the case."""

from __future__ import annotations

from typing import Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, print_objects
from scheduler.cli.moments import Now
from scheduler.errors import InputError


def why(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Their id.")],
    rule: Annotated[str | None, typer.Option("--rule", metavar="NAME", help="Only this rule.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="INSTANT", help="As of this moment, with the facts known by then.")
    ] = None,
    active: Annotated[
        bool, typer.Option("--active", help="By the rules that are active, rather than those in the folder.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TABLE,
    now: Now = None,
) -> None:
    """Tell why a customer is contacted, or why not.

    Each occasion is shown with its gates, a tick for yes and a cross for no, with what each wanted, what was the
    case, and where that is written.

    Examples:
      rightreason why C1042
      rightreason why C1042 --rule referral_ask
      rightreason why C1042 --at 2026-03-01 --format json
    """
    from scheduler.cli import rules
    from scheduler.cli.explanations import KEYS, as_object, print_reasoned, reasoned

    with frame.opened(ctx) as workspace:
        typed, option = (at, "--at") if at else (now, "--now")
        going_by, present = rules.rules_and_moment(workspace, typed, running=active, option=option)
        known = workspace.store.customers.get(customer)
        if known is None:
            raise InputError(f"there is no customer {customer!r}")
        rules.ensure_rule(going_by.program.rulebook, rule)
        found = [
            one for one in reasoned(workspace.store, going_by, known, present) if rule in (None, one.told.decision.rule)
        ]
    if form is not Format.TABLE:
        print_objects(map(as_object, found), KEYS, form)
        return
    name = str(known.attributes.get("name", ""))
    typer.echo(f"{name} ({customer})" if name else customer)
    if not found:
        typer.echo(f"\nNo occasion: nothing has happened, and no date is coming, that {rule or 'a rule'} awaits.")
    for one in found:
        typer.echo()
        print_reasoned(one, going_by.program.rulebook)
