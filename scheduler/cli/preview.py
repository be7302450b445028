"""`rightreason preview`: who will be contacted, when, by what, and for what reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Column, Format, count, print_objects, print_table
from scheduler.cli.moments import Now
from scheduler.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    from scheduler.cli.decision_rows import Told
    from scheduler.planning.rulebooks import Active
    from scheduler.workspace import Workspace

LIMIT = 40
"""As many contacts a table shows unless more are asked for."""


def preview(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far to look ahead.")] = 30,
    customer: Annotated[str | None, typer.Option("--customer", metavar="ID", help="Only this customer.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="NAME", help="Only this rule's contacts.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also who is not contacted, and why.")] = False,
    render: Annotated[
        Path | None, typer.Option("--render", metavar="DIR", help="Write the messages there, as files.")
    ] = None,
    active: Annotated[
        bool, typer.Option("--active", help="By the rules that are active, rather than those in the folder.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="As many rows a table shows.")] = LIMIT,
    form: Annotated[Format, typer.Option("--format", help="How they are printed.")] = Format.TABLE,
    now: Now = None,
) -> None:
    """Show who will be contacted, when, by what and why.

    Nothing is sent or changed. It is what the daemon will do, unless something new happens in between.

    Examples:
      rightreason preview
      rightreason preview --days 90 --rule review_ask --all
      rightreason preview --customer C1042 --format json
      rightreason preview --days 7 --render messages
    """
    from scheduler.cli import rules

    with frame.opened(ctx) as workspace:
        going_by, present = rules.rules_and_moment(workspace, now, running=active, option="--now")
        if customer is not None and workspace.store.customers.get(customer) is None:
            raise InputError(f"there is no customer {customer!r}")
        rules.ensure_rule(going_by.program.rulebook, rule)
        looked_back = now is not None
        found = previewed(workspace, going_by, present, days, customer=customer, silences=all_, as_known=looked_back)
        chosen = [one for one in found if (rule is None or one.decision.rule == rule)]
        told = sorted(chosen, key=lambda one: one.decision.order)
        if render is not None:
            from scheduler.cli.rendering import write_messages

            contacts = [one for one in told if one.is_contact]
            written = write_messages(workspace, going_by, contacts, render)
    if form is not Format.TABLE:
        from scheduler.cli.decision_rows import KEYS

        print_objects((one.as_object() for one in told), KEYS, form)
    else:
        print_preview(told, going_by, present, days, limit=limit, silences_asked=all_, rule=rule)
    if render is not None:
        for line in (f"{count(written.number, 'message')} written to {render}", *written.lengths):
            typer.echo(line, err=form is not Format.TABLE)
        if written.number < len(contacts):
            raise typer.Exit(1)


def previewed(
    workspace: Workspace,
    going_by: Active,
    now: int,
    days: int,
    *,
    customer: str | None = None,
    silences: bool = False,
    as_known: bool = False,
) -> Iterator[Told]:
    """Every contact of the coming days (and every silence, if wished), in the order of customers.

    With `as_known`, what happened or was learned after `now` is left out: `now` is a moment in their history.
    """
    from scheduler.cli.decision_rows import told, with_customers
    from scheduler.cli.kernels import kernel_for
    from scheduler.decisions.compiled import PLAIN
    from scheduler.decisions.decide import chunks
    from scheduler.decisions.facts import known_by
    from scheduler.planning.preview import ahead
    from scheduler.planning.preview import preview as decide_ahead
    from scheduler.store.columns import ALWAYS, read_present

    by = PLAIN if customer is not None else kernel_for(workspace.folder, workspace.store.counts().events)
    if customer is None and not silences:
        program, known = going_by.program, now if as_known else ALWAYS
        seen = read_present(workspace.store, [program], None, chunk=by.chunk, arrays=by.arrays, known_by=known)
        for (columns,) in seen:
            walk = ahead(columns, going_by, now, days, silences=False, by=by)
            contacts = map(walk.decision, walk.decided(contacts=True))
            for decision, customer_ in with_customers(workspace.store, contacts):
                yield told(decision, customer_, program.rulebook)
        return
    facts = workspace.store.customers.read(None if customer is None else [customer])
    for chunk in chunks(facts, by.chunk):
        by_id = {one.id: known_by(one, now) if as_known else one for one in chunk}
        for decision in decide_ahead(list(by_id.values()), going_by, now, days, silences=silences, by=by):
            yield told(decision, by_id[decision.customer], going_by.program.rulebook)


def print_preview(
    told: Sequence[Told],
    going_by: Active,
    now: int,
    days: int,
    *,
    limit: int,
    silences_asked: bool,
    rule: str | None = None,
) -> None:
    """Write the table of contacts, the chart and the totals, then the silences where they were asked for.

    `rule` is the one that all of them are of, where only one was asked for.
    """
    contacts = [one for one in told if one.is_contact]
    silences = [one for one in told if not one.is_contact]
    span = "the next 24 hours" if days == 1 else f"the next {days} days"
    if contacts:
        print_contacts(contacts[:limit])
        if len(contacts) > limit:
            typer.echo(f"… and {len(contacts) - limit:,} more (--limit N, or --format json or csv for all)")
        typer.echo()
        print_volume(contacts, going_by, now, days)
    else:
        typer.echo(f"nobody is contacted in {span}" + ("" if silences_asked else " (--all says why)"))
    if silences:
        typer.echo("\nNot contacted, and why:\n" if contacts else "")
        _print_silences(silences, going_by, limit)
    elif silences_asked and not contacts:
        none = f"{rule or 'no rule'} has {'no' if rule else 'an'} occasion for anybody in that time"
        typer.echo(f"{none}; `rightreason why CUSTOMER` tells of one customer")


def print_contacts(contacts: Sequence[Told]) -> None:
    """Write a table of contacts, in the customers' own time."""
    from scheduler.cli.local_time import shown, told_zones

    columns = (
        Column("when"),
        Column("customer", style="bold"),
        Column("rule", style="cyan"),
        Column("by"),
        Column("reason", wide=True),
    )
    print_table(
        columns,
        [
            (shown(one.decision.at, one.zone), one.who, one.decision.rule, one.decision.channel or "", one.reason)
            for one in contacts
        ],
    )
    if zones := told_zones(one.zone for one in contacts):
        typer.echo(zones)


def print_volume(contacts: Sequence[Told], going_by: Active, now: int, days: int) -> None:
    """Write how many contacts there are a day and by rule."""
    from scheduler.cli.chart import bars, volume_chart
    from scheduler.wallclock import DAY, zone

    house = zone(going_by.program.house.timezone)
    by_day: Counter[date] = Counter(one.zone.wall(one.decision.at).date() for one in contacts)
    first, last = house.wall(now).date(), house.wall(now + days * DAY - 1).date()
    for line in volume_chart(by_day, min(first, *by_day), max(last, *by_day)):
        typer.echo(line)
    typer.echo()
    people = len({one.decision.customer for one in contacts})
    typer.echo(f"{count(len(contacts), 'contact')} with {count(people, 'customer')}:")
    for line in bars(Counter(one.decision.rule for one in contacts), indent=2):
        typer.echo(line)


def _print_silences(silences: Sequence[Told], going_by: Active, limit: int) -> None:
    from scheduler.cli.local_time import shown
    from scheduler.cli.silences import causes_of, noes

    rulebook = going_by.program.rulebook
    rows = [
        (
            one.who,
            one.decision.rule,
            str(one.decision.outcome).replace("_", " "),
            causes_of(one, rulebook),
            shown(one.decision.until, one.zone),
        )
        for one in silences[:limit]
    ]
    titles = ("customer", "rule", "outcome")
    print_table((*map(Column, titles), Column("why", wide=True), Column("asked again")), rows)
    if len(silences) > limit:
        typer.echo(f"… and {len(silences) - limit:,} more")
    causes = Counter(no for one in silences for no in noes(one, rulebook))
    if causes:
        typer.echo("\nwhat stands in the way, over all of them:")
        width = max(len(f"{number:,}") for number in causes.values())
        for cause, number in causes.most_common(10):
            typer.echo(f"  {number:{width},}  {cause}")
