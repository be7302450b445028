"""`rightreason customer`: what one customer may ask of you: what is known, a copy of it, and its erasure."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, count, painted, print_objects
from scheduler.cli.moments import Now, house_zone, moment_of, now_in
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.workspace import Workspace

app = typer.Typer(
    name="customer",
    help="What one customer may ask of you: show, export, erase.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Their id.")]
AHEAD = 90
"""So many days ahead the next contact is looked for."""
BY_HAND = (
    "files that imports came from, and their reject files (*.rejected.*)",
    "backups: a restore erases them again, but the file itself holds them until you delete it",
    "mail servers, SMS and post providers, webhooks, alerts and logs of others, to which messages went",
)
"""Where this program does not reach."""


def show(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="ID", help="Their id; or their name or e-mail address.")],
    form: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TABLE,
    now: Now = None,
) -> None:
    """Show on one page who a customer is, what they agreed to, and what they got and will get.

    Examples:
      rightreason customer show C1042
      rightreason customer show ana@example.com --format json
    """
    from scheduler.cli.customer_page import KEYS, as_object, page_of, print_page
    from scheduler.cli.customers import customer_called
    from scheduler.cli.preview import previewed
    from scheduler.cli.rules import house_of
    from scheduler.planning.rulebooks import active

    zone_name = house_zone(ctx)
    at = moment_of(now, zone_name)
    with frame.opened(ctx) as workspace:
        store = workspace.store
        known = customer_called(store, customer)
        going_by = active(store, cache=frame.cache_of(workspace.folder))
        found = previewed(workspace, going_by, at, AHEAD, customer=known.id) if going_by else ()
        page = page_of(store, known, house_of(workspace), at, (one.decision for one in found if one.is_contact))
    if form is Format.TABLE:
        print_page(page)
    else:
        print_objects([as_object(page)], KEYS, form)


def export(
    ctx: typer.Context,
    customer: Id,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="A new file; else stdout.")] = None,
    now: Now = None,
) -> None:
    """Write everything that is held about a customer as JSON (GDPR, articles 15 and 20).

    Instants are ISO 8601. The file is complete and readable by you alone, or it is not there; none is written over.

    Examples:
      rightreason customer export C1042 --to C1042.json
    """
    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace:
        told = _everything(workspace, customer, at)
    content = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    if to is None:
        sys.stdout.write(content)
        return
    _write_new(to, content)
    parts = {name: len(rows) for name, rows in told.items() if isinstance(rows, list) and rows}
    typer.echo(f"{to}: {', '.join(f'{number:,} {name}' for name, number in parts.items()) or 'their attributes'}")


def erase(
    ctx: typer.Context,
    customer: Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    now: Now = None,
) -> None:
    """Erase a customer for good (GDPR, article 17), after showing what goes and what stays.

    Their facts, texts, tasks, notes and files go. What was done stays without the person, and hashes of their addresses
    stay suppressed, so that a later import does not write to them again.

    Examples:
      rightreason customer erase C1042
      rightreason customer erase C1042 --yes
    """
    from scheduler.channels.written import remove_written
    from scheduler.planning.tidying import archive_of
    from scheduler.store import archive, journal
    from scheduler.store.erasure import pseudonym

    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace:
        store = workspace.store
        other = pseudonym(customer, store.pepper)
        was_erased = store.customers.get(customer) is None and bool(store.notes.list(other))
        if was_erased and archive.erase(archive_of(workspace), customer, store.pepper):
            typer.echo(f"{customer} had been erased before but for the archive; now they are there too")
            return
        told = _everything(workspace, customer, at)
        _refuse_while_sending(told)
        _print_plan(customer, told)
        if not yes:
            frame.ensure_agreed("\nErase them?")
            told = _everything(workspace, customer, at)  # a message may have left while they thought
        with store.together() as both:
            if not both.erase(customer, now=at):
                raise InputError(f"{customer} has been erased by somebody else meanwhile")
            # before it is committed: after a crash in between, nobody would know whose files these are
            left = remove_written(workspace.settings, _keys(told))
        journal.clear_logs(store.engine)
        archive.erase(archive_of(workspace), customer, store.pepper)
    typer.echo(f"{customer} is erased. As proof stays {other}: `rightreason contacts --all --customer {other}`")
    if left:
        for path in left:
            typer.echo(f"could not be removed: {path}", err=True)
        typer.echo("the database has nothing of them any more; remove these files yourself", err=True)
        raise typer.Exit(1)


for _command in (show, export, erase):
    app.command(cls=frame.Command, help=frame.help_of(_command))(_command)


def _everything(workspace: Workspace, customer: str, now: int) -> dict[str, Any]:
    """All that is held, in the database and in files. Raises `InputError` where there is no such customer."""
    from scheduler.channels.written import written_for
    from scheduler.planning.tidying import archive_of
    from scheduler.store.export import archived
    from scheduler.store.export import export as held

    told = held(workspace.store, customer, now=now)
    if told is None:
        raise InputError(_nobody(workspace, customer))
    told["archive"] = archived(archive_of(workspace), customer)
    files = sorted(written_for(workspace.settings, _keys(told)).items())
    told["files"] = [{"occasion": key, "file": str(path), "text": _text_of(path)} for path, key in files]
    return told


def _keys(told: dict[str, Any]) -> list[str]:
    """The occasions, in the ledger and in the archive."""
    return [row["key"] for row in (*told["contacts"], *told["archive"].get("occasion", ()))]


def _nobody(workspace: Workspace, customer: str) -> str:
    """Why there is nobody of that id: they were erased, or it is no id."""
    from scheduler.cli.customers import customer_called
    from scheduler.cli.local_time import shown
    from scheduler.cli.rules import house_of
    from scheduler.store.erasure import pseudonym
    from scheduler.wallclock import zone

    store = workspace.store
    if erased := store.notes.list(pseudonym(customer, store.pepper)):
        when = shown(erased[0].at, zone(house_of(workspace).timezone))
        return f"{customer} was erased on {when}; nothing that says who they were is held any more"
    found = customer_called(store, customer)
    return f"there is no customer of the id {customer!r}; did you mean {found.id}?"


def _text_of(path: Path) -> str | None:
    """The text of a message that lies in a file; None for a card, which is its PDF."""
    try:
        return None if ".pdf" in path.suffixes else path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _write_new(path: Path, content: str) -> None:
    """A file that only its owner can read: whole, or not there. Raises `InputError` where it is there already."""
    if os.path.lexists(path):
        raise InputError(f"{path} is there already; name a new file")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise InputError(f"{path} can't be written: {error.strerror or error}") from None


def _refuse_while_sending(told: dict[str, Any]) -> None:
    if any(contact["state"] == "sending" for contact in told["contacts"]):
        raise InputError(
            "a message to them is just being sent; wait for its outcome (a minute, as a rule), then type this again. "
            "Nothing was changed"
        )


def _print_plan(customer: str, told: dict[str, Any]) -> None:
    name = str(told["customer"]["attributes"].get("name", ""))
    typer.echo(painted(f"{name} ({customer})" if name else customer, bold=True))
    typer.echo("goes for good")
    gone = {
        "attribute": len(told["customer"]["attributes"]),
        "event": len(told["events"]),
        "attempt to deliver": len(told["attempts"]),
        "task": len(told["tasks"]),
        "note": len(told["notes"]),
    }
    for noun, number in gone.items():
        if number:
            nouns = "attempts to deliver" if noun == "attempt to deliver" else f"{noun}s"
            typer.echo(f"  {count(number, noun, nouns)}")
    if archived := sum(map(len, told["archive"].values())):
        typer.echo(f"  {count(archived, 'row')} of the archive")
    for file in told["files"]:
        typer.echo(f"  {file['file']}")
    typer.echo("stays, under a pseudonym")
    typer.echo(
        f"  {count(len(told['contacts']), 'contact')}, made or planned: when, by which rule and channel, and what "
        "became of each, for counts; what is not sent yet is cancelled"
    )
    typer.echo(f"  {count(len(told['consents']), 'record')} of consent with when, where and how, as proof (article 7)")
    typer.echo("  hashes of their addresses, suppressed, so that they are not written to again")
    typer.echo("look yourself into")
    for place in BY_HAND:
        typer.echo(f"  {place}")
