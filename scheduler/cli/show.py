"""`rightreason show`: one occasion of the ledger, with everything that was done for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, print_objects
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.rulebook.model import Rulebook
    from scheduler.store import Attempt, Row, Store
    from scheduler.wallclock import Zone

_RETRY_OR_CANCEL = '  rightreason retry {key}\n  rightreason cancel {key} --reason "…"'
_WAYS_OUT = {
    "unconfirmed": "It may have gone out, and nobody can say so by itself. Look at the other side's log, then say\n"
    "  rightreason resolve {key} sent\n  rightreason resolve {key} not-sent",
    "quarantined": "It broke what was to decide or send it three times, and is left alone. Mend that, then say one of\n"
    + _RETRY_OR_CANCEL,
    "failed": "It has not gone out, and will not by itself. Mend what is wrong and let it go again, or leave it\n"
    "  rightreason retry {key}",
    "retry": "It is tried again by itself. To do so at once, or never\n" + _RETRY_OR_CANCEL,
    "assigned": "Somebody has to do it. Once it is done, or where it will not be\n"
    "  rightreason done {key} --outcome solved\n  rightreason done {key} --dropped",
}
"""What a person can do about an occasion, by its state."""

Id = Annotated[str, typer.Argument(metavar="ID", help="The occasion: RULE/CUSTOMER/ANCHOR, as `contacts` lists it.")]


def show(
    ctx: typer.Context,
    occasion: Id,
    form: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TABLE,
) -> None:
    """Show one contact: why, when, and each try to deliver it.

    Of a task also what the customer had said, and what became of it.

    Examples:
      rightreason show delivery_check_in/C1042/E77
    """
    from scheduler.cli.ledger_rows import KEYS, as_object
    from scheduler.cli.local_time import shown, zones_of
    from scheduler.cli.rules import active_rules, house_of
    from scheduler.cli.task_history import history, said
    from scheduler.decisions.facts import ADDRESSES

    with frame.opened(ctx) as workspace:
        store = workspace.store
        row = row_or_refuse(store, occasion)
        where = zones_of(store, [row.customer], house_of(workspace))[row.customer]
        attempts = store.outbox.attempts(occasion)
        task = store.tasks.get(occasion)
        became = history(store, task) if task else []
        heard = said(store, row) if task else ""
        customer = store.customers.get(row.customer)
        rulebook = active_rules(workspace)
    if form is not Format.TABLE:
        print_objects([as_object(row, where)], KEYS, form)
        return
    name = str(customer.attributes.get("name", "")) if customer else ""
    _print(row, name, where, attempts, rulebook)
    if row.state == "failed" and customer is not None and row.channel in customer.suppressed:
        _print_suppressed(row.channel, str(customer.attributes.get(ADDRESSES.get(row.channel, ""), "")))
    if task is not None:
        number, email = (str(customer.attributes.get(key, "")) if customer else "" for key in ("phone", "email"))
        typer.echo(f"{'task of':>15}  {task.assignee}: {task.outcome or task.state}")
        typer.echo(f"{'by':>15}  {shown(task.due, where)}")
        typer.echo(f"{'number':>15}  {number or 'not known'}")
        if email:
            typer.echo(f"{'e-mail':>15}  {email}")
        if heard:
            typer.echo(f"{'they said':>15}  {heard}")
        for step, (at, what) in enumerate(became):
            typer.echo(f"{'' if step else 'history':>15}  {shown(at, where)}  {what}")
        typer.echo(f"\n{task.script.strip()}")


def row_or_refuse(store: Store, occasion: str) -> Row:
    """The row with that id; raises `InputError` where there is none."""
    row = store.ledger.row(occasion)
    if row is None:
        raise InputError(f"there is no contact {occasion!r}; `rightreason contacts --all` lists their ids")
    return row


def _print_suppressed(channel: str, address: str) -> None:
    """What comes before `retry`: without it, that would be stopped by the suppression."""
    import shlex

    lift = f"  rightreason suppress {shlex.quote(address)} --channel {channel} --lift"
    typer.echo(
        f"\nIts address is suppressed for {channel}. Before that, import another one, or let it be used again\n{lift}"
    )


def _print(row: Row, name: str, where: Zone, attempts: list[Attempt], rulebook: Rulebook | None) -> None:
    from scheduler.cli.local_time import shown
    from scheduler.cli.silences import in_words

    decided = f"{shown(row.decided_for, where)} by {row.channel}" if row.channel else shown(row.decided_for, where)
    facts = {
        "id": row.key,
        "customer": f"{name} ({row.customer})" if name else row.customer,
        "rule": f"{row.rule}, asks for {row.asks_for}",
        "reason": row.reason,
        "state": str(row.state),
        "trigger": shown(row.trigger_at, where),
        "window": f"{shown(row.opens, where)} to {shown(row.closes, where)}",
        "decided for": decided,
        "looked at again": shown(row.next_at, where),
        "template": row.template,
        "message": row.message_id,
        "provider's id": row.provider_id,
        "error": row.error,
        "rules": row.version[:12],
    }
    for label, value in facts.items():
        if value:
            typer.echo(f"{label:>15}  {value}")
    rule = rulebook.rules.get(row.rule) if rulebook else None
    for number, gate in enumerate(row.because):
        label = "not because" if number == 0 else ""
        missed = row.state == "too_late"
        told = f": {in_words(gate, rulebook, rule, missed=missed)}" if rulebook else ""
        typer.echo(f"{label:>15}  {gate}{told}")
    for attempt in attempts:
        ended = f"{attempt.outcome} at {shown(attempt.ended, where)}" if attempt.ended else attempt.outcome
        typer.echo(f"{f'try {attempt.number}':>15}  {shown(attempt.started, where)}, {ended} {attempt.error}".rstrip())
    if way_out := _WAYS_OUT.get(row.state):
        typer.echo("\n" + way_out.format(key=row.key))
