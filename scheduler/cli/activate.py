"""`rightreason activate`: the folder's rules, or those of an earlier activation, become the ones that are gone by."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Column, Format, count, print_objects, print_table
from scheduler.cli.moments import Now, moment_of
from scheduler.errors import RightReasonError

if TYPE_CHECKING:
    from scheduler.rulebook.model import Rulebook
    from scheduler.store import Activation
    from scheduler.workspace import Workspace

KEYS = ("number", "version", "activated", "who", "rules", "active")


def activate(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    at_most: Annotated[
        int | None,
        typer.Option("--at-most", metavar="N", min=0, help="Refuse where more contacts than this would differ."),
    ] = None,
    version: Annotated[
        int | None, typer.Option("--version", metavar="N", help="Go back to the rules of that activation.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List all activations, and change nothing.")] = False,
    untested: Annotated[bool, typer.Option("--untested", help="Don't run the tests of the rules first.")] = False,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How far the difference looks ahead.")] = 30,
    form: Annotated[Format, typer.Option("--format", help="How the list is printed.")] = Format.TABLE,
    now: Now = None,
) -> None:
    """Make the folder's rules the active ones, after a look.

    What would change in the pending contacts is shown first, as by `rightreason diff`. From then on `tick` and `run`
    go by these rules. Ends with 1 where nothing was changed: a test of the rules fails, more contacts than --at-most
    would differ, or the answer was no. --version goes back and leaves the files in the folder as they are.

    Examples:
      rightreason activate
      rightreason activate --yes --at-most 500
      rightreason activate --list
      rightreason activate --version 3
    """
    from scheduler.cli.differences import differing, print_differences, print_edits
    from scheduler.cli.person import who
    from scheduler.cli.rules import ensure_templates
    from scheduler.planning.activation import activate as make_active
    from scheduler.planning.difference import Comparison
    from scheduler.planning.rulebooks import active, as_active

    with frame.opened(ctx) as workspace:
        if list_:
            _list(workspace, form)
            return
        rulebook = _rulebook(workspace, version)
        ensure_templates(workspace, rulebook)
        if version is None and not untested:
            _ensure_tested(workspace, rulebook)
        present = moment_of(now, rulebook.house.timezone)
        before = active(workspace.store, cache=frame.cache_of(workspace.folder))
        if before is not None and before.version == rulebook.version:
            typer.echo(f"these rules are active already (version {before.number}, {rulebook.version[:12]})")
            return
        compared = Comparison(before, as_active(workspace.store, rulebook, present))
        differ = differing(workspace, compared, present, days, as_known=now is not None)
        print_edits(compared)
        print_differences(workspace.store, compared, differ, present, days)
        if version is None:
            _print_warnings(workspace)
        _ensure_few(len(differ), at_most)
        if not yes:
            frame.ensure_agreed("\nMake them active?")
        number = make_active(workspace.store, rulebook, who(), present, expected=before.number if before else 0)
        typer.echo(f"\nactive: version {number} ({rulebook.version[:12]}), {count(len(rulebook.rules), 'rule')}")
        left_alone = version is not None and _folder_differs(workspace, rulebook)
    if left_alone:
        typer.echo(
            f"These are the rules of version {version} again. The files in the folder were left as they are and differ "
            "from them: `rightreason diff` shows how, and the next `rightreason activate` would bring them back."
        )


def _rulebook(workspace: Workspace, number: int | None) -> Rulebook:
    """The rules in the folder, or those of an earlier activation."""
    from scheduler.cli.rules import rulebook_in_folder
    from scheduler.planning.rulebooks import rulebook_of_version

    return rulebook_in_folder(workspace) if number is None else rulebook_of_version(workspace.store, number)


def _ensure_tested(workspace: Workspace, rulebook: Rulebook) -> None:
    from scheduler.ruletests.running import load_tests, run_tests

    tests = load_tests(workspace.folder, rulebook)
    if not tests:
        typer.echo("there are no tests, so nothing was tried")
    failed = [one.test for one in run_tests(tests, rulebook) if not one.passed]
    if failed:
        raise RightReasonError(
            f"nothing was changed: {count(len(failed), 'test')} of the rules failed, first "
            f"'{failed[0].name}' ({failed[0].place}); `rightreason test` tells what came instead"
        )


def _print_warnings(workspace: Workspace) -> None:
    """Write what `check` warns of: a rule that can never match changes nothing above, and nobody would notice."""
    from scheduler.checking import check_workspace
    from scheduler.cli.rules import known_in
    from scheduler.rulebook.findings import render

    known = known_in(workspace.settings, workspace.store)
    cache = frame.cache_of(workspace.folder)
    checked = check_workspace(workspace.folder, workspace.settings, known=known, cache=cache)
    if warnings := [one for one in checked.findings if not one.is_error]:
        typer.echo("\n" + render(warnings, checked.texts, colour=frame.coloured(sys.stdout)).rstrip())


def _ensure_few(differ: int, at_most: int | None) -> None:
    if at_most is not None and differ > at_most:
        raise RightReasonError(
            f"nothing was changed: {count(differ, 'contact')} would differ, and --at-most allows {at_most:,}"
        )


def _folder_differs(workspace: Workspace, rulebook: Rulebook) -> bool:
    from scheduler.planning.folder import Folder, rules_in

    return rules_in(workspace.folder, rulebook.version).state is not Folder.SAME


def _list(workspace: Workspace, form: Format) -> None:
    """Print every activation, the newest first."""
    from scheduler.cli.local_time import iso, shown
    from scheduler.cli.rules import NONE_ACTIVE, house_of
    from scheduler.wallclock import zone

    found = workspace.store.rulebooks.list()
    where = zone(house_of(workspace).timezone if found else "UTC")
    if form is not Format.TABLE:
        print_objects(
            (
                {
                    "number": one.number,
                    "version": one.version,
                    "activated": iso(one.activated_at, where),
                    "who": one.who,
                    "rules": _rules_in(one),
                    "active": one is found[0],
                }
                for one in found
            ),
            KEYS,
            form,
        )
        return
    if not found:
        typer.echo(NONE_ACTIVE)
        return
    rows = [
        (
            str(one.number),
            shown(one.activated_at, where),
            one.who,
            str(_rules_in(one)),
            one.version[:12],
            "active" if one is found[0] else "",
        )
        for one in found
    ]
    titles = (
        Column("version", "right"),
        Column("since"),
        Column("by"),
        Column("rules", "right"),
        Column("fingerprint"),
    )
    print_table((*titles, Column("")), rows)
    typer.echo("\nTo go back to one of them: `rightreason activate --version N`")


def _rules_in(activation: Activation) -> int:
    from scheduler.rulebook.reader import rulebook_from_texts

    return len(rulebook_from_texts(activation.files)[0].rules)
