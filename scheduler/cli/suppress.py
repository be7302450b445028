"""`rightreason suppress`: an address that is not to be used any more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Column, count, print_table
from scheduler.cli.moments import Now, house_zone, moment_of
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.store import Suppression


def suppress(
    ctx: typer.Context,
    address: Annotated[str | None, typer.Argument(metavar="ADDRESS", help="An e-mail address or a number.")] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="NAME", help="Of which channel; else told by the address.")
    ] = None,
    cause: Annotated[str, typer.Option("--cause", metavar="TEXT", help="Why.")] = "request",
    lift: Annotated[bool, typer.Option("--lift", help="Let the address be used again.")] = False,
    now: Now = None,
) -> None:
    """Never use an address again; or list those addresses.

    Examples:
      rightreason suppress ana@example.com --cause "asked on the phone"
      rightreason suppress ana@example.com --lift
      rightreason suppress
    """
    from scheduler.cli.rules import ensure_channel
    from scheduler.intake.texts import line
    from scheduler.store import Suppression

    ensure_channel(channel)
    if lift and address is None:
        raise InputError("--lift: name the address that may be used again")
    zone_name = house_zone(ctx)
    at = moment_of(now, zone_name)
    with frame.opened(ctx) as workspace:
        store = workspace.store
        if address is None:
            _list(store.suppressions.list(), zone_name)
            return
        by = channel or _channel_of(address)
        kept = _as_kept(address, by)
        if lift:
            typer.echo(
                f"{address} may be used again by {by}"
                if store.suppressions.lift(by, kept, now=at)
                else f"{address} was not suppressed for {by}"
            )
            return
        taken = store.suppressions.add([Suppression(by, kept, line(cause, "--cause"), at)], now=at)
    typer.echo(f"{address} is {'' if taken.added else 'already '}suppressed for {by}")


def _channel_of(address: str) -> str:
    if "@" in address:
        return "email"
    if re.fullmatch(r"\+[0-9 ()./-]+", address):
        return "sms"
    raise InputError(f"{address!r}: whose address is it? Name its channel, like --channel post")


def _as_kept(address: str, channel: str) -> str:
    """The address as imports keep it, to which alone a suppression can apply; raises `Rejected`."""
    from scheduler.decisions.facts import ADDRESSES
    from scheduler.intake.customers import email, phone
    from scheduler.intake.texts import text

    match ADDRESSES.get(channel):
        case "email":
            return email(address)
        case "phone":
            return phone(address, None)
        case _:
            return text(address, "address")


def _list(suppressions: list[Suppression], zone_name: str) -> None:
    from scheduler.cli.local_time import shown
    from scheduler.wallclock import zone

    if not suppressions:
        typer.echo("no address is suppressed")
        return
    where = zone(zone_name)
    rows = [(one.channel, one.address, one.cause, shown(one.since, where)) for one in suppressions]
    print_table((Column("channel"), Column("address"), Column("cause", wide=True), Column("since")), rows)
    typer.echo(count(len(rows), "address", "addresses"))
