"""`rightreason results`: whether it works, in figures by month and campaign."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, count, print_objects
from scheduler.cli.moments import Now, moment_of
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.measures.measure import Figure
    from scheduler.rulebook.model import Rulebook
    from scheduler.workspace import Workspace

KEYS = (
    *("measure", "statistic", "title", "period", "campaign", "rule", "cohort", "thing", "cause", "arm"),
    *("value", "unit", "count", "part", "low", "high", "verdict", "because"),
    *("formula", "denominator", "window", "note"),
)


def results(
    ctx: typer.Context,
    month: Annotated[
        str | None,
        typer.Option("--month", metavar="MONTH", help="The month, like 2026-10; else the last that is over."),
    ] = None,
    months: Annotated[
        int, typer.Option("--months", metavar="N", min=1, max=120, help="So many months up to that one.")
    ] = 1,
    campaign: Annotated[str | None, typer.Option("--campaign", metavar="NAME", help="Only this campaign.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How they are printed.")] = Format.TABLE,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with charts, which needs no network; - is stdout."),
    ] = None,
    now: Now = None,
) -> None:
    """Show what came of it: what customers answered, who stayed, and what each rule brought.

    Each figure stands with its formula, what it is a share of, its window and its count; from fewer than 20 it is too
    few to tell. Months are those of the house's clock. Ends with 1 where an ask was made at the wrong time.

    Examples:
      rightreason results
      rightreason results --month 2026-10 --months 6 --html results.html
      rightreason results --month 2026-10 --campaign "After the purchase"
      rightreason results --months 12 --format csv
    """
    from scheduler.cli.results_report import print_report
    from scheduler.cli.rules import rulebook_of
    from scheduler.measures.measuring import measured
    from scheduler.measures.period import period
    from scheduler.planning.tidying import archive_of

    with frame.opened(ctx) as workspace:
        rulebook = rulebook_of(workspace)
        _ensure_campaign(rulebook, campaign)
        chosen = period(month, months, rulebook.house.timezone, moment_of(now, rulebook.house.timezone))
        with _progress(workspace) as advance:
            found = measured(workspace.store, rulebook, chosen, archive_of(workspace), progress=advance)
        figures = [one for one in found if campaign is None or one.groups.get("campaign") == campaign]
        if html is not None:
            from scheduler.cli.results_page import results_page

            _write(html, results_page(figures, chosen, workspace.settings.brand, campaign))
            if str(html) != "-":
                typer.echo(f"{count(len(figures), 'figure')} in {html}")
        elif form is Format.TABLE:
            print_report(figures, chosen, campaign)
        else:
            print_objects(map(as_object, figures), KEYS, form)
    if any(one.verdict == "wrong" for one in figures):
        raise typer.Exit(1)


def as_object(figure: Figure) -> dict[str, Any]:
    """A figure with stable keys; what it is not told apart by is null."""
    from scheduler.measures.measure import GROUPS

    numbers = {name: _rounded(getattr(figure, name)) for name in ("value", "low", "high")}
    return {
        **{name: getattr(figure, name) for name in KEYS if hasattr(figure, name)},
        **{name: figure.groups.get(name) for name in GROUPS},
        **numbers,
        "unit": str(figure.unit),
        "verdict": str(figure.verdict),
        "because": figure.verdict.meaning,
    }


def _rounded(number: float | None) -> float | int | None:
    if number is None:
        return None
    return int(number) if float(number).is_integer() else round(number, 4)


def _ensure_campaign(rulebook: Rulebook, name: str | None) -> None:
    from scheduler.rulebook.findings import meant

    known = list(dict.fromkeys(rule.campaign for rule in rulebook.rules.values()))
    if name is not None and name not in known:
        there = f"there are {', '.join(known)}" if known else "there are no rules"
        raise InputError(f"there is no campaign {name!r}; {meant(name, known, there)}")


def _write(file: Path, page: str) -> None:
    """Write a page, whole or not at all."""
    from scheduler.channels.file import write_whole

    if str(file) == "-":
        sys.stdout.write(page)
        return
    try:
        write_whole(file, page.encode())
    except OSError as error:
        raise InputError(f"--html {file} can't be written: {error.strerror or error}") from None


@contextmanager
def _progress(workspace: Workspace) -> Iterator[Callable[[int], None]]:
    """A bar on stderr with the time left, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from scheduler.cli.backup import progress_bar

    with progress_bar("measuring") as shown:
        done, whole = 0, workspace.store.counts().customers

        def advance(customers: int) -> None:
            nonlocal done
            done += customers
            shown(done, whole)

        yield advance
