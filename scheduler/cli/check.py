"""`rightreason check`: reads rules, templates and tests, and says everything that is wrong at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, count, print_objects

if TYPE_CHECKING:
    from scheduler.rulebook.lint.subject import Known
    from scheduler.settings import Settings


class CheckFormat(StrEnum):
    """How findings are printed: as other lists are, or as annotations that GitHub shows beside the lines."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    GITHUB = "github"


KEYS = ("file", "line", "column", "severity", "code", "message", "way_out", "allowed")


def check(
    ctx: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A file or folder in the workspace; else all of it.")
    ] = None,
    form: Annotated[CheckFormat, typer.Option("--format", help="How the findings are printed.")] = CheckFormat.TABLE,
) -> None:
    """Read rules, templates and tests; show all findings at once.

    Ends with 1 where an error is among them; warnings alone end with 0.

    Examples:
      rightreason check
      rightreason check rules/after_the_purchase.yaml
      rightreason check --format github
    """
    from scheduler.checking import check_workspace, lies_in, workspace_around
    from scheduler.cli.annotations import annotation
    from scheduler.rulebook.findings import render
    from scheduler.settings import load_settings

    folder = frame.workspace_of(ctx)
    if path is None:
        frame.ensure_workspace(folder)
    else:
        folder = workspace_around(path)
    settings = load_settings(folder)
    with _known(folder, settings) as known:
        checked = check_workspace(folder, settings, known=known, cache=frame.cache_of(folder))
    rulebook, texts = checked.rulebook, checked.texts
    findings = [one for one in checked.findings if path is None or lies_in(one, folder, path)]
    if form is CheckFormat.GITHUB:
        for one in findings:
            typer.echo(annotation(one, folder))
    elif form is not CheckFormat.TABLE:
        print_objects(
            (
                {
                    "file": one.place.file,
                    "line": one.place.line,
                    "column": one.place.column,
                    "severity": one.severity,
                    "code": one.code,
                    "message": one.message,
                    "way_out": one.way_out,
                    "allowed": list(one.allowed),
                }
                for one in findings
            ),
            KEYS,
            Format(form.value),
        )
    elif findings:
        typer.echo(render(findings, texts, colour=frame.coloured(sys.stdout)), nl=False)
    elif path is not None:
        typer.echo(f"all is well in {path}")
    else:
        campaigns = {rule.campaign for rule in rulebook.rules.values()}
        typer.echo(f"all is well: {count(len(rulebook.rules), 'rule')} in {count(len(campaigns), 'campaign')}")
    if any(one.is_error for one in findings):
        raise typer.Exit(1)


@contextmanager
def _known(folder: Path, settings: Settings) -> Iterator[Known]:
    """What the store knows, for warnings; of facts nothing where there is no store yet."""
    from scheduler.cli.rules import known_in
    from scheduler.errors import StoreError
    from scheduler.workspace import open_workspace

    with ExitStack() as opened:
        try:
            known = known_in(settings, opened.enter_context(open_workspace(folder, create=False)).store)
        except StoreError:
            known = known_in(settings, None)
        yield known
