"""`rightreason doctor`: whether everything that is set up works, and what to do where it does not."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, count, print_objects
from scheduler.cli.moments import clock
from scheduler.cli.paragraphs import print_paragraph

if TYPE_CHECKING:
    from scheduler.doctor import Told

KEYS = ("check", "level", "detail", "way_out")


def doctor(
    ctx: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="Don't read the whole database.")] = False,
    alert: Annotated[bool, typer.Option("--alert", help="Tell those who get alerts that this is a test.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TABLE,
) -> None:
    """Look at each part of what is set up; say what is well, what is not, and what to do.

    Servers are asked whether they answer; no customer is written to, nothing is changed, and no secret is shown. Ends
    with 1 where something is wrong; warnings alone end with 0.

    Examples:
      rightreason doctor
      rightreason doctor --quick --format json
      rightreason doctor --alert
    """
    from scheduler.doctor import examine

    folder = frame.workspace_of(ctx)
    frame.ensure_workspace(folder)
    found: list[Told] = []
    for told in examine(
        folder.absolute(), clock, cache=frame.cache_of(folder), quick=quick, alert=alert, on_check=_show_work
    ):
        found.append(told)
        if form is Format.TABLE:
            _clear()
            _print(told)
    _clear()
    if form is not Format.TABLE:
        print_objects(({key: getattr(told, key) for key in KEYS} for told in found), KEYS, form)
    levels = Counter(str(told.level) for told in found)
    if form is Format.TABLE:
        typer.echo(_summary(levels, cut_short=all(told.check == "settings" for told in found)))
    if levels["error"]:
        raise typer.Exit(1)


def _print(told: Told) -> None:
    print_paragraph(f"{told.check}: ", told.detail, lead=f"{told.level!s:9}")
    if told.way_out:
        print_paragraph("", told.way_out, lead=" " * 11)


def _summary(levels: Counter[str], *, cut_short: bool) -> str:
    bad = [count(levels[name], name) for name in ("error", "warning") if levels[name]]
    rest = "the rest was not looked at" if cut_short else "the rest is well"
    return f"\n{' and '.join(bad)}; {rest}" if bad else "\nall is well"


def _show_work(check: str) -> None:
    """On a terminal, what is looked at just now."""
    if sys.stderr.isatty():
        typer.echo(f"\r\033[Klooking at: {check} …", nl=False, err=True)


def _clear() -> None:
    if sys.stderr.isatty():
        typer.echo("\r\033[K", nl=False, err=True)
