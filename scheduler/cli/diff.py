"""`rightreason diff`: what the folder's rules would change in the pending contacts."""

from __future__ import annotations

from typing import Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, print_objects
from scheduler.cli.moments import Now, moment_of


def diff(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far to look ahead.")] = 30,
    customer: Annotated[str | None, typer.Option("--customer", metavar="ID", help="Only this customer.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="NAME", help="Only this rule's contacts.")] = None,
    samples: Annotated[int, typer.Option("--samples", min=0, help="As many examples of each kind of change.")] = 3,
    form: Annotated[Format, typer.Option("--format", help="How the differences are printed.")] = Format.TABLE,
    now: Now = None,
) -> None:
    """Show what the folder's rules would change in the pending contacts.

    They are compared with the rules that are active: which contacts would be added, moved, changed (in their channel,
    words or reason) and cancelled. Nothing is changed; `rightreason activate` does that.

    Examples:
      rightreason diff
      rightreason diff --days 90 --rule review_ask
      rightreason diff --customer C1042
      rightreason diff --format csv
    """
    from scheduler.cli.customers import customer_called
    from scheduler.cli.differences import KEYS, differing, print_differences, print_edits, told_of
    from scheduler.cli.rules import ensure_rule, rulebook_in_folder
    from scheduler.planning.difference import Comparison
    from scheduler.planning.rulebooks import active, as_active

    with frame.opened(ctx) as workspace:
        rulebook = rulebook_in_folder(workspace)
        present = moment_of(now, rulebook.house.timezone)
        before = active(workspace.store, cache=frame.cache_of(workspace.folder))
        compared = Comparison(before, as_active(workspace.store, rulebook, present))
        if compared.before is None or rule not in compared.before.program.rulebook.rules:
            ensure_rule(rulebook, rule)
        if customer is not None:
            customer = customer_called(workspace.store, customer).id
        as_known = now is not None
        differ = differing(workspace, compared, present, days, customer=customer, rule=rule, as_known=as_known)
        if form is not Format.TABLE:
            print_objects((one.as_object() for one in told_of(workspace.store, compared, differ)), KEYS, form)
            return
        print_edits(compared)
        print_differences(workspace.store, compared, differ, present, days, samples=samples)
    if compared.before is None or compared.before.version != compared.after.version:
        typer.echo("\nTo go by these rules: `rightreason activate`")
