"""`rightreason consent`: consent given or withdrawn, noted by hand."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Column, print_table
from scheduler.cli.moments import Now, house_zone, instant_in, moment_of
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.store import CustomerConsent


class Status(StrEnum):
    """Whether they agree."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


def consent(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Their id.")],
    status: Annotated[Status | None, typer.Argument(metavar="given|withdrawn", help="Else: what is recorded.")] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", metavar="NAME", help="Of the house rules' topics; else every topic.")
    ] = None,
    channel: Annotated[str | None, typer.Option("--channel", metavar="NAME", help="Else every channel.")] = None,
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="Where and how, as proof.")] = "",
    at: Annotated[str | None, typer.Option("--at", metavar="INSTANT", help="When they said so; else now.")] = None,
    now: Now = None,
) -> None:
    """Note consent given or withdrawn by a customer, or list it.

    Examples:
      rightreason consent C1042 withdrawn --source "letter of 3 March"
      rightreason consent C1042 given --topic offers --channel email --source "box ticked at checkout"
      rightreason consent C1042
    """
    from scheduler.cli.person import who
    from scheduler.cli.rules import ensure_channel, house_of
    from scheduler.decisions.facts import Consent
    from scheduler.intake.texts import line
    from scheduler.store import CustomerConsent

    ensure_channel(channel)
    proof = line(source, "--source")
    zone_name = house_zone(ctx)
    present = moment_of(now, zone_name)
    with frame.opened(ctx) as workspace:
        store = workspace.store
        if store.customers.get(customer) is None:
            raise InputError(f"there is no customer {customer!r}")
        if status is None:
            _list(store.consents.of(customer), zone_name)
            return
        topics = house_of(workspace).topics
        if topic is not None and topics and topic not in topics:
            raise InputError(f"--topic {topic}: the house rules have {', '.join(topics)}")
        said_at = instant_in(at, zone_name, "--at") if at else present
        if said_at > present:
            raise InputError(f"--at {at}: nobody has said so yet")
        record = Consent(topic, channel, status is Status.GIVEN, said_at)
        taken = store.consents.add([CustomerConsent(customer, record, proof or f"by hand: {who()}")], now=present)
    about = f"{topic or 'every topic'} by {channel or 'every channel'}"
    typer.echo(f"{customer}: {status} for {about}" + ("" if taken.added else ", as was known already"))


def _list(records: list[CustomerConsent], zone_name: str) -> None:
    from scheduler.cli.local_time import shown
    from scheduler.wallclock import zone

    if not records:
        typer.echo("nothing is recorded")
        return
    where = zone(zone_name)
    rows = [
        (
            shown(one.consent.at, where),
            "given" if one.consent.given else "withdrawn",
            one.consent.topic or "any",
            one.consent.channel or "any",
            one.source,
        )
        for one in records
    ]
    columns = (Column("when"), Column("status"), Column("topic"), Column("channel"), Column("source", wide=True))
    print_table(columns, rows)
