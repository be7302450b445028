"""`rightreason activate`: the folder's rules become the ones that are gone by."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import count
from scheduler.cli.moments import Now, moment_of
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.rulebook.model import Rulebook

DAYS = 7
"""As many days are shown before it is agreed to."""


def activate(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    now: Now = None,
) -> None:
    """Make the folder's rules the active ones, after a look.

    What changes is shown first, and what the first week would bring. From then on `tick` and `run` go by these rules.

    Examples:
      rightreason activate
      rightreason activate --yes
    """
    from scheduler.cli.person import who
    from scheduler.cli.preview import previewed, print_volume
    from scheduler.cli.rules import active_rules, ensure_templates, rulebook_in_folder
    from scheduler.planning.activation import activate as make_active
    from scheduler.planning.rulebooks import as_active

    with frame.opened(ctx) as workspace:
        rulebook = rulebook_in_folder(workspace)
        ensure_templates(workspace, rulebook)
        present = moment_of(now, rulebook.house.timezone)
        before = active_rules(workspace)
        if before is not None and before.version == rulebook.version:
            typer.echo(f"these rules are active already (version {rulebook.version[:12]})")
            return
        for line in changes(before, rulebook):
            typer.echo(line)
        going_by = as_active(workspace.store, rulebook, present)
        contacts = [one for one in previewed(workspace, going_by, present, DAYS) if one.is_contact]
        typer.echo(f"\nThe first {DAYS} days would bring " + ("these:" if contacts else "nobody anything."))
        if contacts:
            print_volume(contacts, going_by, present, DAYS)
        if not yes:
            _ask()
        number = make_active(workspace.store, rulebook, who(), present)
    typer.echo(f"\nactive: version {number} ({rulebook.version[:12]}), {count(len(rulebook.rules), 'rule')}")


def changes(before: Rulebook | None, after: Rulebook) -> Iterator[str]:
    """What is different between two rulebooks, in lines."""
    if before is None:
        yield f"no rules are active yet; these are {count(len(after.rules), 'rule')}: {', '.join(after.rules)}"
        return
    for what, names in (
        ("new rules", [name for name in after.rules if name not in before.rules]),
        ("removed rules", [name for name in before.rules if name not in after.rules]),
        ("changed rules", [name for name in after.rules if name in before.rules and _differs(before, after, name)]),
        ("changed files", _changed_files(before, after)),
    ):
        if names:
            yield f"{what}: {', '.join(names)}"


def _differs(before: Rulebook, after: Rulebook, name: str) -> bool:
    # Where a rule stands in its file is no part of what it says.
    old, new = before.rules[name], after.rules[name]
    return old.model_copy(update={"places": {}}) != new.model_copy(update={"places": {}})


def _changed_files(before: Rulebook, after: Rulebook) -> list[str]:
    return [file for file in sorted({*before.files, *after.files}) if before.files.get(file) != after.files.get(file)]


def _ask() -> None:
    if not sys.stdin.isatty():
        raise InputError("nothing was changed: nobody can be asked here, so say --yes")
    if not typer.confirm("\nMake them active?"):
        typer.echo("nothing was changed")
        raise typer.Exit(1)
