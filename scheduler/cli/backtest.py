"""`rightreason backtest`: what the rules would have done to real history."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, count
from scheduler.cli.moments import Now, clock, instant_in
from scheduler.errors import InputError, RulebookError

if TYPE_CHECKING:
    from scheduler.backtest.contacts import Contacts
    from scheduler.cli.history import History
    from scheduler.decisions.decide import Walk
    from scheduler.decisions.program import Program
    from scheduler.rulebook.model import Rulebook

STANDARD_OUTPUT = "-"

Advance = Callable[[int], None]
"""Told of so many customers more that are done."""


def backtest(
    ctx: typer.Context,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="From then on: a midnight of the house's, or an instant."),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Up to then, which is excluded.")] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=36_600, help="So many times 24 hours: after --from, or before --to or now."),
    ] = None,
    facts: Annotated[
        Path | None, typer.Option("--facts", metavar="DIR", help="Replay files instead of the database.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="DIR", help="Compare with the rules in this folder.")
    ] = None,
    contacts: Annotated[
        str | None,
        typer.Option("--contacts", metavar="FILE", help="Write every contact: .jsonl, .csv, .parquet; - for stdout."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Write every decision, and not contacts alone.")] = False,
    active: Annotated[
        bool, typer.Option("--active", help="By the rules that are active, rather than those in the folder.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How the report is printed.")] = Format.TABLE,
    now: Now = None,
) -> None:
    """Show what the rules would have done to real history.

    It begins with no contacts, and sees each fact once it had happened and was known. Nothing is sent or changed.
    Ends with 1 where an ask came near an unhappy customer.

    --facts takes a folder with customers, events and consent, each as .csv, .jsonl or .parquet. --against takes
    another workspace, or a folder of rules.

    Examples:
      rightreason backtest --from 2025-11-01 --to 2026-11-01
      rightreason backtest --days 90 --against rules-before
      rightreason backtest --days 365 --facts exported --contacts contacts.csv
      rightreason backtest --from 2026-01-01 --days 31 --all --contacts - | jq .because
    """
    from scheduler.backtest.tally import Tally
    from scheduler.cli.backtest_report import Report, print_report

    ensure_target(contacts, everything=all_)
    if facts is not None and contacts is not None and Path(contacts).resolve().parent == facts.resolve():
        raise InputError(f"--contacts {contacts} lies among the facts that are replayed; write it elsewhere")
    if active and facts is not None:
        raise InputError("--active asks the database, and --facts does without; leave one of them out")
    with ExitStack() as stack:
        program, history = stack.enter_context(_rules_and_history(ctx, facts, running=active))
        programs = [program]
        if against is not None:
            programs.append(_program(_rulebook_to_compare(against, frame.workspace_of(ctx))))
        begins, ends = period(since, until, days, program.house.timezone, now)
        tallies = [Tally(one, begins, ends) for one in programs]
        written = None if contacts is None else stack.enter_context(_collecting(programs[0], everything=all_))
        with _progress(history) as advance:
            for walks in _walks(ctx, history, programs, begins, ends):
                for tally, walk in zip(tallies, walks, strict=True):
                    tally.add(walk)
                if written is not None:
                    written.add(walks[0])
                advance(len(walks[0].columns.ids))
        if written is not None and contacts is not None:
            _write(written, contacts, form)
    if contacts != STANDARD_OUTPUT:
        print_report(Report(tallies[0], tallies[1] if against else None, history.left_out), form)
    if tallies[0].counts.near:
        raise typer.Exit(1)


def period(since: str | None, until: str | None, days: int | None, zone_name: str, now: str | None) -> tuple[int, int]:
    """The time to replay, [since, until) in UTC microseconds; without `--to` it ends now.

    Raises `InputError` where the options don't say it, or where it ends before it begins.
    """
    from scheduler.wallclock import DAY

    if since is None and days is None:
        raise InputError("name the time to replay: --from DATE --to DATE, or --days N")
    if since is not None and until is not None and days is not None:
        raise InputError("--from, --to and --days: two of them say it all; leave one out")
    present = None if now is None else instant_in(now, zone_name, "--now")
    span = None if days is None else days * DAY
    begins = None if since is None else instant_in(since, zone_name, "--from")
    ends = None if until is None else instant_in(until, zone_name, "--to")
    if begins is not None and ends is None and span is not None:
        return begins, begins + span
    if ends is None:
        ends = clock() if present is None else present
    if begins is None:
        begins = ends - (span or 0)
    if begins >= ends:
        named = f"--to {until}" if until is not None else "now"
        raise InputError(f"--from {since} does not lie before {named}")
    return begins, ends


def ensure_target(contacts: str | None, *, everything: bool) -> None:
    """Raise `InputError` where the contacts can't be written so."""
    from scheduler.backtest.contacts import ending_of

    if contacts is None:
        if everything:
            raise InputError("--all writes every decision, so it needs --contacts FILE")
        return
    if contacts == STANDARD_OUTPUT:
        return
    path = Path(contacts)
    ending_of(path)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InputError(
            f"--contacts {contacts}: " + ("that is a folder" if path.is_dir() else "there is no such folder")
        )


# --- rules and facts


@contextmanager
def _rules_and_history(ctx: typer.Context, facts: Path | None, *, running: bool) -> Iterator[tuple[Program, History]]:
    """The rules to go by, and what is replayed; without a database where `facts` are files."""
    from scheduler.cli.history import OfFolder, OfStore
    from scheduler.cli.rules import NONE_ACTIVE, active_rules
    from scheduler.rulebook.reader import load_rulebook

    folder = frame.workspace_of(ctx)
    if facts is not None:
        frame.ensure_workspace(folder)
        program = _program(load_rulebook(folder, cache=frame.cache_of(folder)))
        yield program, OfFolder(facts)
        return
    with frame.opened(ctx) as workspace:
        if running:
            rulebook = active_rules(workspace)
            if rulebook is None:
                raise InputError(NONE_ACTIVE)
        else:
            rulebook = load_rulebook(folder, cache=frame.cache_of(folder))
        yield _program(rulebook), OfStore(workspace.store)


def _program(rulebook: Rulebook) -> Program:
    from scheduler.decisions.program import compile_rules

    if not rulebook.rules:
        raise InputError("there are no rules to replay; write some into rules/, or lay down the starter rules by init")
    return compile_rules(rulebook)


def _rulebook_to_compare(folder: Path, workspace: Path) -> Rulebook:
    """The rules of another workspace, or those in a folder, which go with the templates of this one."""
    from scheduler.rulebook.reader import read_texts, rulebook_from_texts
    from scheduler.rulebook.yaml_text import decode

    if not folder.is_dir():
        raise InputError(f"--against {folder}: there is no such folder")
    if (folder / "rules").is_dir():
        within = ""
        texts, findings = read_texts(folder)
    else:
        within = "rules/"
        texts = {name: text for name, text in read_texts(workspace)[0].items() if name.startswith("templates/")}
        findings = []
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            name = f"{within}{file.name}"
            texts[name], unread = decode(name, file.read_bytes())
            findings += unread
    rulebook, more = rulebook_from_texts(texts)
    findings = [one for one in [*findings, *more] if one.is_error]
    if findings:
        message = f"--against {folder}: the rules can't be used; the findings say where and why"
        there = {name: str(folder / name.removeprefix(within)) for name in texts}
        placed = [
            replace(one, place=replace(one.place, file=there.get(one.place.file, one.place.file))) for one in findings
        ]
        raise RulebookError(message, findings=placed, sources={there[name]: text for name, text in texts.items()})
    if not rulebook.rules:
        raise InputError(f"--against {folder}: there are no rules")
    return rulebook


# --- the replay


def _walks(
    ctx: typer.Context, history: History, programs: Sequence[Program], since: int, until: int
) -> Iterator[tuple[Walk, ...]]:
    """The walks of all customers, chunk by chunk, each time one by each program."""
    from scheduler.backtest.reading import wanted
    from scheduler.backtest.replay import replay, suited
    from scheduler.cli.kernels import MUCH, kernel_for

    read = history.chunks(wanted(programs), arrays=find_spec("numba") is not None)
    by, chunks = suited(read, partial(kernel_for, frame.workspace_of(ctx), worth_making=2 * MUCH))
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return replay(programs, chunks, since, until, by=by, threads=threads)


@contextmanager
def _collecting(program: Program, *, everything: bool) -> Iterator[Contacts]:
    from scheduler.backtest.contacts import Contacts

    with Contacts(program, silences=everything) as contacts:
        yield contacts


def _write(written: Contacts, target: str, form: Format) -> None:
    if target == STANDARD_OUTPUT:
        written.print(sys.stdout, csv=form is Format.CSV)
        return
    written.write(Path(target))
    typer.echo(f"{count(written.count, 'decision' if written.silences else 'contact')} written to {target}", err=True)


@contextmanager
def _progress(history: History) -> Iterator[Advance]:
    """A bar on stderr with the time left, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replaying", total=history.customers)
        yield lambda customers: bar.advance(task, customers)
