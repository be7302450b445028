"""`rightreason status`: how things stand, and what somebody should do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from scheduler.cli import frame
from scheduler.cli.formats import count, painted
from scheduler.cli.moments import Now, clock, instant_in

if TYPE_CHECKING:
    from scheduler.store import Activation
    from scheduler.wallclock import Zone
    from scheduler.workspace import Workspace

_ACTIVATE = "look at `rightreason preview`, then `rightreason activate`"
_WORK = "start `rightreason run`, or have `rightreason tick` run every minute"
_COMPARE = "look at `rightreason diff`, then `rightreason activate`"
SLOW = 120_000_000
"""As long (in microseconds) something may be due before somebody should look."""


def status(ctx: typer.Context, now: Now = None) -> None:
    """Show how things stand, and what to do about each problem.

    Ends with 1 where somebody should do something.

    Examples:
      rightreason status
    """
    from scheduler.cli.rules import house_of
    from scheduler.wallclock import zone

    with frame.opened(ctx) as workspace:
        house = house_of(workspace)
        present = clock() if now is None else instant_in(now, house.timezone, "--now")
        for label, text in _facts(workspace, zone(house.timezone), present):
            typer.echo(f"{label:10} {text}")
        problems = list(_problems(workspace, present))
        notes = workspace.settings.notes
    for note in notes:
        typer.echo(f"{'note':10} {note}")
    for what, way_out in problems:
        typer.echo(painted(f"\n{what}", bold=True))
        typer.echo(f"  {way_out}")
    if problems:
        raise typer.Exit(1)
    typer.echo("\nnothing needs a person")


def _facts(workspace: Workspace, where: Zone, now: int) -> Iterator[tuple[str, str]]:
    from scheduler.cli.local_time import shown
    from scheduler.cli.reports import counted
    from scheduler.delivery.pace import Pace
    from scheduler.store.buckets import SLICES
    from scheduler.wallclock import ZONE_DATA_VERSION

    store = workspace.store
    counts = store.counts()
    active = store.rulebooks.active()
    yield "workspace", str(workspace.folder.absolute())
    yield "database", workspace.store.url
    if active:
        rules, since = count(len(active.rules), "rule"), shown(active.activated_at, where)
        yield "rules", f"version {active.number} ({active.version[:12]}), {rules}, since {since} by {active.who}"
    yield "facts", f"{count(counts.customers, 'customer')}, {count(counts.events, 'event')}"
    if counts.unplanned:
        yield "to plan", f"{count(counts.unplanned, 'customer')} with something new"
    yield "ledger", counted((str(state), number) for state, number in counts.states.items())
    opened, overdue = store.tasks.counts(now)
    if opened:
        yield "tasks", f"{opened:,} open, {overdue:,} of them overdue"
    yield "next", shown(store.ledger.next_due(), where) or "nothing is planned"
    workers = store.shares.at_work()
    for one in workers:
        share = "" if len(one.slices) == SLICES else f" for {len(one.slices)} of {SLICES} slices of the customers"
        at_work = f"at work{share}" if one.lease.expires > now else "has given no sign of life for a while"
        yield "daemon", f"{one.lease.holder} {at_work}, last seen {shown(one.seen, where)}"
    if not workers:
        held = store.leases.held()
        seen = f"; last seen {shown(held[1], where)}" if held and held[1] else ""
        yield "daemon", f"none is at work{seen}"
    for channel, room_at in Pace(store, workspace.settings).full(now).items():
        yield "pace", f"as much by {channel} as {channel}.per_hour lets leave; the rest goes on {shown(room_at, where)}"
    for hold in store.holds.list():
        yield "held", f"{hold.name} since {shown(hold.since, where)} by {hold.who}: {hold.cause}"
    yield "zone data", ZONE_DATA_VERSION


def _problems(workspace: Workspace, now: int) -> Iterator[tuple[str, str]]:
    from scheduler.store import State

    store = workspace.store
    active = store.rulebooks.active()
    yield from _of_rules(workspace, active)
    settings = workspace.settings
    if not settings.mails_go_to_files and urlsplit(settings.brand.base_url).hostname in {"localhost", "127.0.0.1"}:
        yield (
            f"the links in mails lead to {settings.brand.base_url}, where customers find nothing",
            "set brand.base_url to where your pages for preferences and unsubscribing are",
        )
    states = store.counts().states
    if unconfirmed := states.get(State.UNCONFIRMED, 0):
        yield (
            f"{count(unconfirmed, 'message')} may or may not have gone out",
            "look at `rightreason contacts --state unconfirmed`, then `rightreason resolve ID sent` or `not-sent`",
        )
    if quarantined := states.get(State.QUARANTINED, 0):
        yield (
            f"{count(quarantined, 'message')} given up: each broke what was to send it again and again",
            "look at `rightreason contacts --state quarantined`; when that is put right: `rightreason retry ID`, "
            "or `rightreason cancel ID`",
        )
    for hold in store.holds.list():
        option = "--all" if hold.name == "all" else f"--{hold.name.replace(':', ' ')}"
        yield f"{hold.name} is held: {hold.cause}", f"when that is put right: `rightreason release {option}`"
    stuck = Counter(row.error for row in store.ledger.rows(states={State.RETRY}, limit=10_000) if row.error)
    for error, number in stuck.most_common(5):
        yield f"{count(number, 'message')} can't leave: {error}", "`rightreason contacts --state retry` lists them"
    due = store.ledger.next_due()
    if active is None or any(one.lease.expires > now for one in store.shares.at_work()):
        return
    waiting = store.counts().unplanned
    if due is not None and now - due > SLOW:
        minutes = (now - due) // 60_000_000
        yield f"nobody is at work, and something has been due for {count(minutes, 'minute')}", _WORK
    elif waiting:
        yield f"nobody is at work, and {count(waiting, 'customer')} with something new are not planned yet", _WORK


def _of_rules(workspace: Workspace, active: Activation | None) -> Iterator[tuple[str, str]]:
    from scheduler.channels.registry import not_set_up
    from scheduler.cli.rules import rulebook_of
    from scheduler.planning.folder import Folder, rules_in
    from scheduler.rulebook.model import PREFERRED, Status

    cache = frame.cache_of(workspace.folder)
    folder = rules_in(workspace.folder, active.version if active else "", cache=cache)
    going_on = f"; version {active.number} goes on" if active else ""
    if folder.errors:
        yield (
            f"the rules in the folder have {count(folder.errors, 'error')}{going_on}",
            "`rightreason check` shows them",
        )
    elif folder.state is Folder.BROKEN:
        yield f"{folder.state}{going_on}", folder.detail
    elif active is None:
        yield "no rules are active, so nobody is contacted", _ACTIVATE
    elif folder.state is Folder.DIFFERS:
        yield str(folder.state), _COMPARE
    rulebook = rulebook_of(workspace)
    speaking = [rule for rule in rulebook.rules.values() if rule.status is Status.ACTIVE]
    only = {rule.name: {use.channel for use in rule.by} - {PREFERRED} for rule in speaking}
    for name, channels in only.items():
        missing = not_set_up(channels, workspace.settings)
        if channels and len(missing) == len(channels):
            yield f"rule {name} can reach nobody: {'; '.join(missing.values())}", "give it another channel in `by`"
