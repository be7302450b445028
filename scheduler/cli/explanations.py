"""A customer's occasions, each explained: those that are over, those that are open, those that will come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import typer

from scheduler.cli import decision_rows
from scheduler.cli.decision_rows import Told, told
from scheduler.cli.formats import labelled, painted
from scheduler.cli.local_time import shown
from scheduler.cli.silences import causes_of
from scheduler.decisions.facts import Customer, known_by
from scheduler.decisions.occasions import zone_of
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.decisions.trace import Answer, Explanation, explain, recall
from scheduler.planning.rulebooks import Active
from scheduler.rulebook.model import Rulebook
from scheduler.store import Row, State, Store
from scheduler.wallclock import DAY

KEYS = (*decision_rows.KEYS, "trigger", "opens", "closes", "gates")
AHEAD = 365 * DAY
"""How far ahead occasions are looked for."""

_ENDED_AS = {State(str(outcome)): outcome for outcome in Outcome if str(outcome) in set(State)}
_COLOURS = {Outcome.CONTACT: "green", Outcome.WAITING: "yellow"}


@dataclass(frozen=True, slots=True)
class Reasoned:
    """An occasion with its gates; none where the rules no longer give rise to it.

    `row` is what the ledger has of it where it is over; `ends` how and when it will end, unless something new happens,
    where it is open and will lead to no contact.
    """

    told: Told
    gates: tuple[Answer, ...] = ()
    asked: int | None = None
    row: Row | None = None
    ends: Decision | None = None


def reasoned(store: Store, going_by: Active, customer: Customer, at: int) -> list[Reasoned]:
    """Every occasion of a customer as of `at`, by time: those that are over come first."""
    rows = [row for row in store.ledger.rows(customer=customer.id) if not row.state.is_open]
    over = [_recalled(row, going_by, customer) for row in rows if _decided(row) <= at]
    later = {row.key for row in rows if _decided(row) > at}
    then = replace(known_by(customer, at), ended=customer.ended - later)
    return [*sorted(over, key=_by_time), *sorted(_coming(going_by, then, at), key=_by_time)]


def as_object(one: Reasoned) -> dict[str, Any]:
    """An occasion with stable keys: those of a decision, its times, and its gates."""
    decision, where = one.told.decision, one.told.zone
    return {
        **one.told.as_object(),
        "trigger": where.iso(decision.trigger),
        "opens": where.iso(decision.opens),
        "closes": where.iso(decision.closes),
        "gates": [
            {
                "gate": gate.gate,
                "ok": gate.ok,
                "wanted": gate.wanted,
                "actual": gate.actual,
                "until": None if gate.until is None else where.iso(gate.until),
                "source": None if gate.source is None else f"{gate.source.file}:{gate.source.line}",
            }
            for gate in one.gates
        ],
    }


def print_reasoned(one: Reasoned, rulebook: Rulebook, *, only: Collection[str] | None = None) -> None:
    """Write one occasion: what became of it, its trigger and window, and each gate.

    With `only`, of the gates that say yes only those of these kinds are written.
    """
    decision, where = one.told.decision, one.told.zone
    event = decision.event
    typer.echo(painted(f"{decision.rule}: {_headline(one)}", _COLOURS.get(decision.outcome, "red"), bold=True))
    typer.echo(labelled("  reason   ", one.told.reason))
    if decision.because:
        typer.echo(labelled("  but      ", causes_of(one.told, rulebook)))
    if one.ends is not None:
        ends = str(one.ends.outcome).replace("_", " ")
        typer.echo(f"  unless something new happens, it ends as {ends} on {shown(one.ends.at, where)}")
    typer.echo(f"  trigger  {f'{event.name}, ' if event else ''}{shown(decision.trigger, where)}")
    typer.echo(f"  window   {shown(decision.opens, where)} to {shown(decision.closes, where)}")
    if one.asked is not None:
        typer.echo(f"  asked    {shown(one.asked, where)}")
    shown_gates = [gate for gate in one.gates if only is None or not gate.ok or gate.gate.split(".")[0] in only]
    _print_gates(shown_gates)
    if hidden := len(one.gates) - len(shown_gates):
        typer.echo(f"    ✓ and {hidden} more gates that say yes")


def _coming(going_by: Active, customer: Customer, at: int) -> list[Reasoned]:
    """The occasions that are open at `at` or open later: contacts as they will be made, all others as they are now."""
    program, activated = going_by.program, going_by.activated
    rulebook = program.rulebook
    now = {one.decision.occasion: one for one in explain(program, customer, at, at + 1, activated=activated)}
    found = []
    for one in explain(program, customer, at, at + AHEAD, activated=activated):
        present = now.get(one.decision.occasion)
        if one.decision.outcome is Outcome.CONTACT or present is None or present.decision.outcome.ends:
            found.append(_reasoned(one, customer, rulebook))
        else:
            ends = one.decision if one.decision.outcome.ends else None
            as_of = replace(present, decision=replace(present.decision, at=at))
            found.append(replace(_reasoned(as_of, customer, rulebook), ends=ends))
    return found


def _reasoned(explanation: Explanation, customer: Customer, rulebook: Rulebook) -> Reasoned:
    return Reasoned(told(explanation.decision, customer, rulebook), explanation.gates, explanation.asked)


def _recalled(row: Row, going_by: Active, customer: Customer) -> Reasoned:
    """An occasion that is over, with its gates as the rules gone by now ask them, where they still know it."""
    rulebook = going_by.program.rulebook
    outcome = _ENDED_AS.get(row.state, Outcome.CONTACT)
    explanation = None
    if row.rule in rulebook.rules and row.decided_for is not None:
        explanation = recall(
            going_by.program, customer, row.key, row.decided_for, outcome, activated=going_by.activated
        )
    event = next((event for event in customer.events if event.id == row.anchor), None)
    decision = Decision(
        at=_decided(row),
        customer=row.customer,
        rule=row.rule,
        occasion=row.key,
        outcome=outcome,
        channel=row.channel or None,
        because=row.because,
        until=None,
        trigger=row.trigger_at,
        opens=row.opens,
        closes=row.closes,
        asks_for=row.asks_for,
        event=event,
    )
    name = str(customer.attributes.get("name", ""))
    said = Told(decision, rulebook.rules.get(row.rule), row.reason, name, zone_of(customer, rulebook.house))
    if explanation is None:
        return Reasoned(said, row=row)
    return Reasoned(said, explanation.gates, explanation.asked, row)


def _decided(row: Row) -> int:
    if row.decided_for is not None:
        return row.decided_for
    return row.opens if row.decided_at is None else row.decided_at


def _by_time(one: Reasoned) -> tuple[int, str, str, str]:
    decision = one.told.decision
    # What waits has no time of its own yet: it stands where its window opens.
    at = decision.opens if decision.outcome is Outcome.WAITING else decision.at
    return at, *one.told.order[1:]


def _headline(one: Reasoned) -> str:
    decision, where = one.told.decision, one.told.zone
    state = str(one.row.state if one.row else decision.outcome).replace("_", " ")
    if decision.outcome is Outcome.CONTACT:
        return f"{state} by {decision.channel}, {shown(decision.at, where)}"
    if decision.until is not None:
        return f"{state}, asked again {shown(decision.until, where)}"
    return f"{state}, {shown(decision.at, where)}" if decision.outcome.ends else state


def _print_gates(gates: Sequence[Answer]) -> None:
    longest = max((len(gate.gate) for gate in gates), default=0)
    for gate in gates:
        source = f"  ({gate.source.file}:{gate.source.line})" if gate.source else ""
        mark, colour = ("✓", "green") if gate.ok else ("✗", "red")
        text = labelled(f"    {mark} {gate.gate:{longest}}  ", f"{gate.wanted} — {gate.actual}{source}")
        typer.echo(text.replace(mark, painted(mark, colour), 1))
