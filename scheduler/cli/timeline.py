"""The story of one customer in their local time: what happened, what we said, and what is to come."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import typer

from scheduler.backtest.reasons import named_in
from scheduler.cli.explanations import Reasoned
from scheduler.cli.formats import count, painted, width
from scheduler.cli.local_time import shown
from scheduler.cli.paragraphs import Mark, print_paragraph
from scheduler.decisions import words
from scheduler.decisions.facts import Consent, Customer, Event
from scheduler.decisions.program import Program
from scheduler.store import State, Task
from scheduler.wallclock import Zone

LATEST, NEXT = 15, 10
"""As many entries of the past, and of what is to come, are shown, unless all are asked for."""
_PROPERTIES = 2
_LONGEST = 50
_FAILED = frozenset({State.FAILED, State.BOUNCED, State.COMPLAINED, State.DROPPED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, that we did, or that is to come, at `at`."""

    at: int
    mark: Mark
    what: str
    detail: str


def entries(
    customer: Customer, occasions: Sequence[Reasoned], tasks: Mapping[str, Task], program: Program, where: Zone
) -> list[Entry]:
    """Everything of a customer's story, in order of time; at one instant what happened comes before what we did."""
    telling = _telling(program)
    told = [
        *(Entry(event.at, Mark.NONE, event.name, _properties(event, telling, where)) for event in customer.events),
        *(Entry(record.at, Mark.NONE, "consent", _consent(record)) for record in customer.consents),
        *_contacts(occasions, tasks),
    ]
    return sorted(told, key=lambda entry: entry.at)


def print_timeline(told: Sequence[Entry], now: int, where: Zone, *, whole: bool) -> None:
    """Write the story with the present moment in its place; the newest part of the past unless `whole`."""
    past = [entry for entry in told if entry.mark is not Mark.PLANNED]
    coming = [entry for entry in told if entry.mark is Mark.PLANNED]
    shown_past, shown_coming = (past, coming) if whole else (past[-LATEST:], coming[:NEXT])
    typer.echo("\n" + painted("What happened, what we said, what is to come", bold=True))
    if earlier := len(past) - len(shown_past):
        typer.echo(f"  … {count(earlier, 'earlier entry', 'earlier entries')} (--all)")
    longest = max((width(entry.what) for entry in [*shown_past, *shown_coming]), default=0)
    for entry in shown_past:
        _print(entry, where, longest)
    typer.echo(painted(f"  {shown(now, where)}    now", bold=True))
    for entry in shown_coming:
        _print(entry, where, longest)
    if later := len(coming) - len(shown_coming):
        typer.echo(f"  … {count(later, 'later entry', 'later entries')} (--all)")
    if not coming:
        typer.echo("  nothing is to come within a year, as things stand")


def _print(entry: Entry, where: Zone, longest: int) -> None:
    what = entry.what + " " * (longest - width(entry.what))
    print_paragraph(f"{what}  ", entry.detail, mark=entry.mark, lead=f"  {shown(entry.at, where)}  ")


def _contacts(occasions: Sequence[Reasoned], tasks: Mapping[str, Task]) -> Iterator[Entry]:
    for one in occasions:
        decision = one.told.decision
        if not one.is_contact:
            continue
        if one.row is None:
            yield Entry(decision.at, Mark.PLANNED, decision.rule, f"to go by {decision.channel}, as things stand")
            continue
        state = str(one.row.state).replace("_", " ")
        detail = f"{state} by {decision.channel}" + (f": {one.row.error}" if one.row.error else "")
        if task := tasks.get(decision.occasion):
            detail = f"{task.assignee} is to do it by {decision.channel}" if task.ended is None else ""
            detail = detail or f"{state} by {task.assignee}, {decision.channel}: {task.outcome}"
        yield Entry(decision.at, Mark.FAILED if one.row.state in _FAILED else Mark.SAID, decision.rule, detail)


def _consent(record: Consent) -> str:
    about = (f" to {record.topic}" if record.topic else "") + (f" by {record.channel}" if record.channel else "")
    return f"{'given' if record.given else 'withdrawn'}{about or ' altogether'}"


def _telling(program: Program) -> tuple[str, ...]:
    """The properties of events that rules name in their reasons, then those that they look at."""
    named = [name for rule in program.rules for name in named_in(rule.reason)[0]]
    return tuple(dict.fromkeys([*named, *program.properties]))


def _properties(event: Event, telling: Sequence[str], where: Zone) -> str:
    names = [name for name in event.properties if name != "id" and not name.endswith("_id")]
    names.sort(key=lambda name: telling.index(name) if name in telling else len(telling))
    return ", ".join(
        f"{name} {textwrap.shorten(words.dated(event.properties[name], where), _LONGEST, placeholder='…')}"
        for name in names[:_PROPERTIES]
    )
