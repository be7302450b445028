"""`rightreason test`: runs the tests of rules."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, count
from scheduler.errors import InputError, RightReasonError

if TYPE_CHECKING:
    from scheduler.rulebook.model import Rulebook
    from scheduler.rulebook.rule_tests import RuleTest

LOOKS = 0.5
"""With `--watch`, as many seconds pass between two looks at the files."""


def test(
    ctx: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A file or folder of tests; else all in rules/tests/.")
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="TEXT", help="Only tests whose name or rules contain this.")
    ] = None,
    cover: Annotated[
        bool, typer.Option("--cover", help="Tell which rules, and which of their gates, no test reaches.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Run again whenever a rule, a test or a template changes; end by Ctrl+C.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How the results are printed.")] = Format.TABLE,
) -> None:
    """Run the tests of the rules, each on a clock of its own.

    Tests stand in rules/tests/*.yaml: a customer, what happens to them and when, and what should come of it. The
    engine is the one that sends; nothing is sent, and no database is needed. Ends with 1 where a test fails, and
    with --cover where something is not reached.

    Examples:
      rightreason test
      rightreason test rules/tests/asks.yaml --only referral_ask
      rightreason test --cover
      rightreason test --watch
    """
    folder = frame.workspace_of(ctx)
    frame.ensure_workspace(folder)
    if not watch:
        if not _run(folder, path, only, form, cover=cover):
            raise typer.Exit(1)
        return
    for _ in _changes(folder):
        typer.echo("─" * 60)
        try:
            _run(folder, path, only, form, cover=cover)
        except RightReasonError as error:
            frame.tell(error)
        typer.echo("\nwatching rules/ and templates/; Ctrl+C ends it", err=True)


def _run(folder: Path, path: Path | None, only: str | None, form: Format, *, cover: bool) -> bool:
    """Run the chosen tests and print what came of them; whether all is well."""
    from scheduler.cli.verdicts import print_coverage, print_verdicts
    from scheduler.decisions.program import compile_rules
    from scheduler.rulebook.reader import load_rulebook
    from scheduler.ruletests.coverage import coverage
    from scheduler.ruletests.running import run_tests

    rulebook = load_rulebook(folder, cache=frame.cache_of(folder))
    tests = _chosen(folder, rulebook, path, only)
    verdicts = list(run_tests(tests, rulebook))
    passed = all(one.passed for one in verdicts)
    if cover:
        covered = coverage(compile_rules(rulebook), verdicts)
        if path is not None or only is not None:
            asked_for = _rules_of(tests, only)
            covered = [one for one in covered if one.rule.name in asked_for]
        if not passed and form is Format.TABLE:
            print_verdicts(verdicts, rulebook, form)
        print_coverage(covered, form)
        if not passed and form is not Format.TABLE:
            failed = sum(not one.passed for one in verdicts)
            typer.echo(f"{failed} of {count(len(verdicts), 'test')} failed; without --cover they are told", err=True)
        return passed and all(one.is_whole for one in covered)
    print_verdicts(verdicts, rulebook, form)
    return passed


def _chosen(folder: Path, rulebook: Rulebook, path: Path | None, only: str | None) -> list[RuleTest]:
    """The tests that were asked for; raises `RulebookError` with every finding where any can't be used."""
    from scheduler.checking import ensure_there
    from scheduler.ruletests.running import load_tests, unread_files

    tests = load_tests(folder, rulebook)
    for one in unread_files(folder):
        typer.echo(f"{one.place.file}: {one.severity}[{one.code}] {one.message}; {one.way_out}", err=True)
    if not tests:
        raise InputError("there are no tests; write some into rules/tests/, one file for each file of rules")
    if path is not None:
        ensure_there(path, "leave it out to run all tests")
    inside = [one for one in tests if _lies_in(folder / one.file, path)]
    if not inside:
        raise InputError(f"no test is in {path}; leave it out to run all of them")
    chosen = [one for one in inside if _speaks_of(one, only)]
    if not chosen:
        here = "" if path is None else f" in {path}"
        raise InputError(f"no test{here} is about {only!r}; leave it out to run all {len(inside)}")
    return chosen


def _lies_in(file: Path, path: Path | None) -> bool:
    return path is None or Path(os.path.realpath(file)).is_relative_to(os.path.realpath(path))


def _speaks_of(one: RuleTest, only: str | None) -> bool:
    return only is None or only in one.name or any(only in wish.rule for wish in one.wishes.values())


def _rules_of(tests: Iterable[RuleTest], only: str | None) -> set[str]:
    """The rules that were asked for by their names, or else those that the tests speak of."""
    spoken_of = {wish.rule for one in tests for wish in one.wishes.values()}
    return {rule for rule in spoken_of if only is not None and only in rule} or spoken_of


def _changes(folder: Path) -> Iterator[None]:
    """Yields at once, and then whenever a file of rules, tests or templates is another."""
    from scheduler.planning.folder import look_at

    seen = None
    while True:
        now = look_at(folder)
        if now != seen:
            seen = now
            yield
        time.sleep(LOOKS)
