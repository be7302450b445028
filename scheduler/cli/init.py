"""`rightreason init`: lays down a workspace."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import count
from scheduler.errors import InputError


def init(
    ctx: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The folder, made if needed; else the workspace.")
    ] = None,
) -> None:
    """Lay down a workspace: settings, rules, templates, a sample.

    Nothing that is there already is changed: where a file is in the way, nothing at all is written.

    Examples:
      rightreason init myshop
    """
    target = folder if folder is not None else frame.workspace_of(ctx)
    number = lay_down(target)
    places = (
        ("settings", "rightreason.toml"),
        ("rules", "rules/"),
        ("templates", "templates/"),
        ("sample", "sample/"),
        ("for editors", "docs/schema/"),
    )
    typer.echo(f"{target} is a workspace now ({count(number, 'file')})")
    for what, place in places:
        typer.echo(f"  {what:11} {target / place}{'/' if place.endswith('/') else ''}")
    steps = [(f"cd {target}", "go there")] if target.resolve() != Path.cwd() else []
    steps += [
        ("rightreason check", "reads the rules, and says what is wrong"),
        ("rightreason import customers FILE", "takes your customers; sample/customers.csv to try"),
        ("rightreason preview", "shows who would be contacted, when and why"),
    ]
    width = max(len(step) for step, _ in steps)
    typer.echo("\nWhat next:")
    for step, meaning in steps:
        typer.echo(f"  {step:{width}}  {meaning}")


def lay_down(target: Path) -> int:
    """Write the starter files into a folder, all or none; how many.

    Raises `InputError` where one is there already or can't be written.
    """
    from scheduler.rulebook.schema import schemas, written
    from scheduler.starter import starter_files

    files = [*starter_files(), *((f"docs/schema/{name}", written(one).encode()) for name, one in schemas().items())]
    there = [path for path, _ in files if (target / path).exists()]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise InputError(f"{target / there[0]}{more} is there already; nothing was written")
    try:
        for path, content in files:
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    except OSError as error:
        for path, _ in files:
            with suppress(OSError):
                (target / path).unlink(missing_ok=True)
        raise InputError(f"{place} can't be written ({error.strerror}), so nothing is left there") from None
    return len(files)
