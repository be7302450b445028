"""`rightreason check`: reads rules and templates, and says everything that is wrong at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, count, print_objects

if TYPE_CHECKING:
    from scheduler.rulebook.lint.subject import Known

KEYS = ("file", "line", "column", "severity", "code", "message", "way_out", "allowed")


def check(
    ctx: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A file or folder in the workspace; else all of it.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How the findings are printed.")] = Format.TABLE,
) -> None:
    """Read rules and templates; show all findings at once.

    Ends with 1 where an error is among them; warnings alone end with 0.

    Examples:
      rightreason check
      rightreason check rules/after_the_purchase.yaml
    """
    from scheduler.messages.check import check_templates
    from scheduler.rulebook.findings import in_order, render
    from scheduler.rulebook.reader import check_path
    from scheduler.settings import load_settings

    folder = frame.workspace_of(ctx)
    if path is None:
        frame.ensure_workspace(folder)
    known = _known(folder)
    rulebook, findings, texts = check_path(path or folder, known=known, cache=frame.cache_of(folder))
    tried = check_templates(rulebook, load_settings(folder), attributes=known.attributes if known else ())
    told = {(one.place.file, one.place.line) for one in findings if one.is_error}
    findings += [
        one for one in tried if (one.place.file, one.place.line) not in told and _lies_in(one.place.file, path)
    ]
    findings = in_order(findings)
    if form is not Format.TABLE:
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
            form,
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


def _lies_in(file: str, path: Path | None) -> bool:
    """Whether a file, named as in its workspace, lies in what was asked about."""
    if path is None:
        return True
    asked = path.resolve()
    workspace = next((folder for folder in (asked, *asked.parents) if (folder / "rules").is_dir()), asked)
    return (workspace / file).is_relative_to(asked)


def _known(folder: Path) -> Known | None:
    """What the store knows, for warnings; None where there are no facts yet, and so nothing to compare with."""
    from scheduler.channels.registry import CHANNELS
    from scheduler.errors import StoreError
    from scheduler.rulebook.lint.subject import Known
    from scheduler.workspace import open_workspace

    try:
        with open_workspace(folder, create=False) as workspace:
            known = workspace.store.survey()
    except StoreError:
        return None
    if not known.events:
        return None
    return Known(frozenset(known.events), known.attributes, frozenset(CHANNELS))
