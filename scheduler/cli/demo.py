"""`rightreason demo`: a small shop, end to end, told as a story."""

from __future__ import annotations

import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli.formats import count, painted
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.planning.rulebooks import Active
    from scheduler.workspace import Workspace

NOW = "2026-11-02T08:00+01:00"
"""The Monday morning on which the sample's facts end."""
THEN = "2026-12-02T08:00+01:00"
"""The end of the month that is simulated."""
DAYS = 30
SHOWN = 12
"""As many contacts of the preview are shown."""
ASKED = ("amara", "referral_ask")
"""A contact worth a why: an ask that came at the right time."""
SILENT = ("dora", "referral_ask")
"""A silence worth a why."""


def demo(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Where to; a new folder. Else a temporary one.")
    ] = None,
) -> None:
    """See a small shop, end to end, in a scratch workspace.

    Facts come in, the rules are checked, the coming month is previewed and then simulated, and two customers' whys
    are told. Nothing is sent: every message becomes a file.

    Examples:
      rightreason demo
      rightreason demo myshop
    """
    from scheduler.cli.init import lay_down
    from scheduler.wallclock import DAY, parse_instant, zone
    from scheduler.workspace import open_workspace

    target = _target(folder)
    now = parse_instant(NOW, zone("UTC"))
    _heading("A shop opens")
    _say(
        "The Patient Oven sells flour, tools and machines to people who bake bread at home. It is Monday morning, "
        "2 November 2026. Nobody in this shop is real, and nothing is sent: every message becomes a file."
    )
    files = lay_down(target)
    typer.echo(f"\n  {count(files, 'file')} laid down in {target}")
    with open_workspace(target, deliver_by="file") as workspace:
        _take_facts(workspace, now)
        going_by = _check_rules(workspace, now)
        _look_ahead(workspace, going_by, now)
        _let_a_month_pass(workspace, now, now + DAYS * DAY)
        _tell_why(workspace, going_by, ASKED, now, "Why was {name} asked for a referral, and why just then?")
        _tell_why(workspace, going_by, SILENT, now, "And why was {name} never asked?")
    _say_what_next(target)


def _target(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="rightreason-demo-"))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and not empty; name a new folder, or none for a temporary one")
    return folder


def _take_facts(workspace: Workspace, now: int) -> None:
    from scheduler.cli.imports import summary_lines
    from scheduler.intake.imports import import_consents, import_customers, import_events
    from scheduler.intake.options import Options

    _heading("Its facts come in")
    sample = workspace.folder / "sample"
    for take, file in (
        (import_customers, "customers.csv"),
        (import_events, "events.jsonl"),
        (import_consents, "consent.csv"),
    ):
        for line in summary_lines(take(workspace.store, sample / file, Options(), now=now)):
            typer.echo(f"  {line}")


def _check_rules(workspace: Workspace, now: int) -> Active:
    from scheduler.cli.person import who
    from scheduler.cli.rules import rulebook_in_folder
    from scheduler.planning.activation import activate
    from scheduler.planning.rulebooks import as_active

    _heading("Its rules are checked")
    rulebook = rulebook_in_folder(workspace)
    by_campaign: dict[str, list[str]] = {}
    for rule in rulebook.rules.values():
        by_campaign.setdefault(rule.campaign, []).append(rule.name)
    for campaign, names in by_campaign.items():
        _say(f"{campaign}: {', '.join(names)}", hang=4)
    typer.echo("\n  No findings. From now on the shop goes by them.")
    activate(workspace.store, rulebook, who(), now)
    return as_active(workspace.store, rulebook, now)


def _look_ahead(workspace: Workspace, going_by: Active, now: int) -> None:
    from scheduler.cli.preview import previewed, print_contacts, print_volume

    _heading(f"Who will hear from it in the next {DAYS} days?")
    contacts = sorted(
        (one for one in previewed(workspace, going_by, now, DAYS) if one.is_contact), key=lambda one: one.decision.order
    )
    print_contacts(contacts[:SHOWN])
    typer.echo(f"… and {len(contacts) - SHOWN} more\n")
    print_volume(contacts, going_by, now, DAYS)


def _let_a_month_pass(workspace: Workspace, now: int, until: int) -> None:
    from scheduler.cli.reports import Whole, counted
    from scheduler.cli.simulate import simulated

    _heading("A month passes")
    whole = Whole()
    for report in simulated(workspace, now, until):
        whole.add(report)
    mails = sorted(workspace.settings.outbox_folder.glob("*.eml"))
    came = {state: number for state, number in whole.delivered.items() if state.is_contact and state != "retry"}
    typer.echo(f"  The daemon woke {count(whole.ticks, 'time')}: {counted(came.items())}.")
    typer.echo(f"  {count(len(mails), 'mail')} lie in {workspace.settings.outbox_folder}; this is one of them:\n")
    chosen = [mail for mail in mails if f"{ASKED[1]}-{ASKED[0]}" in mail.name] or mails
    if chosen:
        _print_mail(chosen[0])
    for problem, times in Counter(whole.problems).most_common(3):
        typer.echo(f"  {problem} ({count(times, 'time')})")


def _print_mail(path: Path) -> None:
    from email import message_from_bytes, policy

    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    for name in ("From", "To", "Subject"):
        typer.echo(f"    | {name}: {mail[name]}")
    typer.echo("    |")
    body = mail.get_body(("plain",))
    text = body.get_content().strip().splitlines() if body else []
    for line in [part for paragraph in text for part in textwrap.wrap(paragraph, 90) or [""]][:14]:
        typer.echo(f"    | {line}".rstrip())
    typer.echo("    | …")


def _tell_why(workspace: Workspace, going_by: Active, about: tuple[str, str], now: int, question: str) -> None:
    from scheduler.cli.explanations import reasoned
    from scheduler.cli.occasions import print_reasoned
    from scheduler.wallclock import DAY

    customer, rule = about
    known = workspace.store.customers.get(customer)
    if known is None:
        return
    name = str(known.attributes.get("first_name", customer))
    _heading(question.format(name=name))
    as_of = now + DAYS * DAY
    found = [one for one in reasoned(workspace.store, going_by, known, as_of) if one.told.decision.rule == rule]
    for one in found[:1]:
        print_reasoned(one, going_by.program.rulebook)


def _say_what_next(target: Path) -> None:
    _heading("Now you")
    at = f"--now {THEN}"
    for what, line in (
        *_way_to_the_command(),
        ("go there", f"cd {target}"),
        ("read who is who", "less sample/README.md"),
        ("ask about anybody", f"rightreason why ingrid {at}"),
        ("see what was sent", "rightreason contacts"),
        (
            "change a rule, and look",
            f"rightreason check && rightreason preview {at}",
        ),
        ("start your own", "rightreason init myshop"),
    ):
        typer.echo(f"  {what + ':':30}{line}")


def _way_to_the_command() -> Iterator[tuple[str, str]]:
    """How to put `rightreason` on the path where a shell does not find it."""
    beside = Path(sys.executable).absolute().parent
    if which("rightreason") is None and (beside / "rightreason").exists():
        yield "put the command on your path", f'export PATH="{beside}:$PATH"'


def _heading(text: str) -> None:
    typer.echo()
    typer.echo(painted(text, bold=True))
    typer.echo("─" * len(text) + "\n")


def _say(text: str, *, hang: int = 0) -> None:
    for line in textwrap.wrap(text, 96, subsequent_indent=" " * hang):
        typer.echo(f"  {line}")
