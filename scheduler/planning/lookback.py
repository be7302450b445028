"""How far the rules look back: what they may still ask about, and so must not leave the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scheduler.decisions import kernel
from scheduler.decisions.conditions import From, Leaf, LeafKind
from scheduler.decisions.program import Program, Trigger, ValueOf
from scheduler.rulebook.model import ANY, Rule
from scheduler.wallclock import DAY

_BY_ANY_NEWEST = {ValueOf.NEWEST, ValueOf.NEWEST_IF_ANY}
_ZONES = 3 * DAY


@dataclass(frozen=True)
class LookBack:
    """What a decision from now on may look at.

    `reach`, in microseconds, is the farthest before now of all that has a limit: windows, spans of conditions, caps,
    value windows and re-entry. `events` and `contacts` have none; they say why: events by name, contacts by the rule
    that made them, `any` for those of all rules.
    """

    reach: int
    events: Mapping[str, str]
    contacts: Mapping[str, str]


def look_back(program: Program) -> LookBack:
    """How far the rules that are not drafts look back."""
    events: dict[str, str] = {}
    contacts: dict[str, str] = {}
    for rule, row in zip(program.rules, program.tables.rules, strict=True):
        for name, why in _events(program, rule, row):
            events.setdefault(name, f"{rule.name} {why}")
        for name, why in _contacts(program, rule, row):
            contacts.setdefault(name, f"{rule.name} {why}")
    return LookBack(program.reach + _ZONES, events, contacts)


def _events(program: Program, rule: Rule, row: kernel.RuleRow) -> Iterator[tuple[str, str]]:
    if row.trigger == Trigger.EVENT_DATE and rule.triggering_event is not None:
        yield rule.triggering_event, "goes by a date in it"
    if row.value_window in _BY_ANY_NEWEST and (window := program.house.value_window) is not None:
        yield from ((name, "waits for the newest delivery, whenever that was") for name in window.delivered_by)
    for leaf in _leaves(program, row):
        if leaf.kind is LeafKind.OPEN:
            why = "asks what is still open"
        elif leaf.kind is LeafKind.EVENTS and _is_unlimited(leaf):
            why = "looks at it without `within`"
        else:
            continue
        yield from ((name, why) for name in program.streams[leaf.stream].events)


def _contacts(program: Program, rule: Rule, row: kernel.RuleRow) -> Iterator[tuple[str, str]]:
    if rule.again.never:
        yield rule.name, "never contacts anybody again"
    for leaf in _leaves(program, row):
        if leaf.kind is LeafKind.CONTACTS and _is_unlimited(leaf):
            yield ANY if leaf.rule == kernel.NONE else program.names[leaf.rule], "looks at them without `within`"


def _is_unlimited(leaf: Leaf) -> bool:
    return leaf.span == kernel.NONE and leaf.since == From.EVER


def _leaves(program: Program, row: kernel.RuleRow) -> Iterator[Leaf]:
    """All that a rule asks: in its goal and in its gates."""
    tables = program.tables
    gates = tables.gates[row.condition_from : row.condition_to]
    for start, end in ((row.goal_from, row.goal_to), *((gate.code_from, gate.code_to) for gate in gates)):
        yield from (program.leaves[step] for step in tables.code[start:end] if step >= 0)
