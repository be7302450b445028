"""`rightreason import`: customers, events and consents from files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import count
from scheduler.cli.moments import Now, now_in
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.intake.imports import Progress
    from scheduler.intake.options import Options
    from scheduler.intake.summary import Summary

app = typer.Typer(
    name="import", help="Take facts in: customers, events, consents.", no_args_is_help=True, rich_markup_mode=None
)

File = Annotated[str, typer.Argument(metavar="FILE", help="A .csv, .jsonl or .parquet file, or - for standard input.")]
Columns = Annotated[
    list[str],
    typer.Option("--column", metavar="OURS=THEIRS", help="Our field is their column, like id=CustomerID; repeatable."),
]
Sets = Annotated[
    list[str],
    typer.Option("--set", metavar="OURS=TEXT", help="Our field is this text, in which {Column} is a cell; repeatable."),
]
Zone = Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help="Of instants without an offset.")]
DateFormats = Annotated[
    list[str],
    typer.Option("--date-format", metavar="FORMAT", help="How dates are written, like %m/%d/%Y; repeatable."),
]
Require = Annotated[
    list[str], typer.Option("--require", metavar="COLUMN", help="Rows where this is empty are skipped; repeatable.")
]
Omit = Annotated[list[str], typer.Option("--omit", metavar="COLUMN", help="Don't take this column; repeatable.")]
RejectFile = Annotated[
    Path | None, typer.Option("--rejects", metavar="FILE", help="Where bad rows go; else beside the file.")
]
Create = Annotated[bool, typer.Option("--create-customers", help="Take facts of unknown customers, and create these.")]


def customers(
    ctx: typer.Context,
    file: File,
    column: Columns = [],  # noqa: B006 - Typer copies it
    set_: Sets = [],  # noqa: B006 - as above
    timezone: Zone = None,
    date_format: DateFormats = [],  # noqa: B006 - as above
    require: Require = [],  # noqa: B006 - as above
    omit: Omit = [],  # noqa: B006 - as above
    rejects: RejectFile = None,
    now: Now = None,
) -> None:
    """Take customers.

    Columns: id, name, email, phone, address, timezone, country, language, birthday, owner; more become attributes.

    The same customer again changes what is new; a row that can't be taken goes to a reject file with its cause.

    Examples:
      rightreason import customers customers.csv
      rightreason import customers people.csv --column id=CustomerID --date-format %m/%d/%Y
    """
    from scheduler.intake.imports import import_customers

    options = _options(column, set_, timezone, date_format, require, omit, rejects)
    _take(ctx, file, options, now, import_customers)


def events(
    ctx: typer.Context,
    file: File,
    name: Annotated[str | None, typer.Option("--name", metavar="EVENT", help="Every row is this event.")] = None,
    column: Columns = [],  # noqa: B006 - as above
    set_: Sets = [],  # noqa: B006 - as above
    timezone: Zone = None,
    date_format: DateFormats = [],  # noqa: B006 - as above
    require: Require = [],  # noqa: B006 - as above
    omit: Omit = [],  # noqa: B006 - as above
    create_customers: Create = False,
    rejects: RejectFile = None,
    now: Now = None,
) -> None:
    """Take what happened: orders, tickets, answers.

    Columns: id, customer, name, at, known_at, not_before, replaces; more become properties.

    The same event again changes nothing; the same id with another content is refused.

    Examples:
      rightreason import events events.jsonl
      rightreason import events orders.csv --name order_delivered --column at=DeliveredOn --timezone Europe/Berlin
    """
    from scheduler.intake.imports import import_events

    options = _options(column, set_, timezone, date_format, require, omit, rejects, name, create_customers)
    _take(ctx, file, options, now, import_events)


def consent(
    ctx: typer.Context,
    file: File,
    column: Columns = [],  # noqa: B006 - as above
    set_: Sets = [],  # noqa: B006 - as above
    timezone: Zone = None,
    date_format: DateFormats = [],  # noqa: B006 - as above
    require: Require = [],  # noqa: B006 - as above
    omit: Omit = [],  # noqa: B006 - as above
    create_customers: Create = False,
    rejects: RejectFile = None,
    now: Now = None,
) -> None:
    """Take consents, given and withdrawn.

    Columns: customer, topic, channel, status (given or withdrawn), at, source.

    Examples:
      rightreason import consent consent.csv
      rightreason import consent optins.csv --set status=given --set topic=offers --timezone Europe/Berlin
    """
    from scheduler.intake.imports import import_consents

    options = _options(column, set_, timezone, date_format, require, omit, rejects, None, create_customers)
    _take(ctx, file, options, now, import_consents, has_topics=True)


for _command in (customers, events, consent):
    app.command(cls=frame.Command, help=frame.help_of(_command))(_command)


def summary_lines(summary: Summary) -> Iterator[str]:
    """What an import did, in lines for people."""
    parts = [f"{number:,} {what}" for number, what in _counted(summary) if number]
    yield f"{summary.source}: {count(summary.read, 'row')}: {', '.join(parts) or 'nothing to take'}"
    if summary.created:
        yield f"  {count(summary.created, 'customer')} created with them"
    for cause, number in summary.causes.items():
        yield f"  rejected {number:,}: {cause.meaning}"
    if summary.reject_file:
        yield f"  the rejected rows are in {summary.reject_file}, each with its line and cause"
    if summary.left_out:
        yield f"  columns that were not taken: {', '.join(summary.left_out)}"


def _counted(summary: Summary) -> list[tuple[int, str]]:
    return [
        (summary.added, "added"),
        (summary.updated, "updated"),
        (summary.unchanged, "known already"),
        (summary.rejected, "rejected"),
        (summary.skipped, "skipped"),
    ]


def _options(
    columns: list[str],
    sets: list[str],
    timezone: str | None,
    date_formats: list[str],
    require: list[str],
    omit: list[str],
    rejects: Path | None,
    name: str | None = None,
    create_customers: bool = False,
) -> Options:
    from scheduler.intake.options import Options

    return Options(
        columns=_pairs(columns, "--column"),
        sets=_pairs(sets, "--set"),
        name=name,
        timezone=timezone,
        date_formats=tuple(date_formats),
        require=tuple(require),
        omit=tuple(omit),
        create_customers=create_customers,
        reject_file=rejects,
    )


def _pairs(written: list[str], option: str) -> Mapping[str, str]:
    pairs: dict[str, str] = {}
    for text in written:
        ours, found, theirs = text.partition("=")
        if not found or not ours or not theirs:
            raise InputError(f"{option} {text!r}: write it as ours=theirs")
        if ours in pairs:
            raise InputError(f"{option} {text!r}: {ours} is given twice")
        pairs[ours] = theirs
    return pairs


def _take(
    ctx: typer.Context,
    file: str,
    options: Options,
    now: str | None,
    take: Callable[..., Summary],
    *,
    has_topics: bool = False,
) -> None:
    at = now_in(now, ctx)
    with frame.opened(ctx, anywhere=True) as workspace, _progress() as progress:
        if has_topics:
            from scheduler.cli.rules import house_of

            options = replace(options, topics=tuple(house_of(workspace).topics))
        summary = take(workspace.store, file, options, now=at, progress=progress)
    for line in summary_lines(summary):
        typer.echo(line)
    if summary.rejected == summary.read > 0:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on stderr, on a terminal only."""
    import sys

    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("importing", total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)
