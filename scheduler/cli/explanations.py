"""A customer's occasions, each explained: those that are over, those that are open, those that will come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from scheduler.cli import decision_rows
from scheduler.cli.absences import silent_rule
from scheduler.cli.decision_rows import Told, told
from scheduler.decisions.causes import Cause
from scheduler.decisions.facts import Contact, Customer, known_by
from scheduler.decisions.occasions import anchor_in, anchor_of, zone_of
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.decisions.trace import Explanation, explain, recall
from scheduler.planning.rulebooks import Active
from scheduler.rulebook.model import CONTACT, ContactTrigger, Rulebook, SilenceTrigger
from scheduler.store import Row, State, Store
from scheduler.store.row import NO_LONGER
from scheduler.wallclock import DAY

KEYS = (*decision_rows.KEYS, "trigger", "opens", "closes", "gates")
AHEAD = 365 * DAY
"""How far ahead occasions are looked for."""

_ENDED_AS = {State(str(outcome)): outcome for outcome in Outcome if str(outcome) in set(State)}


@dataclass(frozen=True, slots=True)
class Reasoned:
    """An occasion with its gates; no explanation where the rules no longer give rise to it.

    `row` is what the ledger has of it where it is over, or dropped; `ends` how and when it will end, unless something
    new happens, where it will lead to no contact. Where it had no moment to speak up to the present one, that is
    `foreseen_from`, and its decision is of that end. `follows` is the contact that it follows up; `dropped` says why
    the rules give rise to it no more.
    """

    told: Told
    explanation: Explanation | None = None
    row: Row | None = None
    ends: Decision | None = None
    foreseen_from: int | None = None
    follows: Contact | None = None
    dropped: str = ""

    @property
    def is_contact(self) -> bool:
        """Whether they were contacted, or will be as things stand."""
        return self.told.is_contact

    @property
    def is_to_come(self) -> bool:
        """Whether it had no moment to speak yet, and no contact is foreseen."""
        if self.foreseen_from is not None:
            return True
        decision = self.told.decision
        return decision.outcome is Outcome.WAITING and Cause.WINDOW in decision.because and not decision.is_missed

    @property
    def is_missed(self) -> bool:
        """Whether nothing stood in its way but time, and none is left."""
        return not self.is_to_come and self.told.decision.is_missed

    @property
    def is_voided(self) -> bool:
        """Whether something newer took its ground away: it is no silence any more, or its date has moved."""
        if self.told.decision.outcome is not Outcome.GOAL_REACHED or self.told.rule is None:
            return False
        return self.explanation.voided if self.explanation else self.told.rule.until is None


def reasoned(store: Store, going_by: Active, customer: Customer, at: int) -> list[Reasoned]:
    """Every occasion of a customer as of `at`, by time: those that are over come first."""
    rows = store.ledger.rows(customer=customer.id)
    later = {row.key for row in rows if not row.state.is_open and _decided(row) > at}
    then = replace(known_by(customer, at), ended=customer.ended - later)
    coming = _coming(going_by, then, at)
    keys = {one.told.decision.occasion for one in coming}
    over = [_recalled(row, going_by, customer) for row in rows if row.key not in keys and _is_over(row, at)]
    dropped = _dropped((row for row in rows if row.state.is_open and row.key not in keys), going_by, then, at)
    return [*sorted([*over, *dropped], key=_by_time), *sorted(coming, key=_by_time)]


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
            for gate in (one.explanation.gates if one.explanation else ())
        ],
    }


def as_cells(one: Reasoned) -> dict[str, Any]:
    """The same for a table of cells: of each gate its name and its answer."""
    gates = one.explanation.gates if one.explanation else ()
    return {**as_object(one), "gates": [f"{gate.gate}={'yes' if gate.ok else 'no'}" for gate in gates]}


def _coming(going_by: Active, customer: Customer, at: int) -> list[Reasoned]:
    """The occasions that are open at `at` or open later: contacts as they will be made, all others as they are now."""
    program, activated = going_by.program, going_by.activated
    now = {one.decision.occasion: one for one in explain(program, customer, at, at + 1, activated=activated)}
    expected = explain(program, customer, at, at + AHEAD, activated=activated)
    contacts = [
        *customer.contacts,
        *(_contact(one.decision) for one in expected if one.decision.outcome is Outcome.CONTACT),
    ]
    found = []
    for one in expected:
        present = now.get(one.decision.occasion)
        if one.decision.outcome is Outcome.CONTACT or (present is not None and _is_settled(present.decision)):
            ends, shown = None, one
        else:
            ends = one.decision if one.decision.outcome.ends else None
            asked = present is not None and present.asked is not None
            shown = replace(present, decision=replace(present.decision, at=at)) if present and asked else one
        said = told(shown.decision, customer, program.rulebook)
        since = at if shown is one and ends is not None else None
        found.append(Reasoned(said, shown, ends=ends, foreseen_from=since, follows=_followed(said, contacts)))
    return found


def _is_settled(present: Decision) -> bool:
    """Whether it is over, or only waits for its window to close."""
    return present.outcome.ends or present.is_missed


def _recalled(row: Row, going_by: Active, customer: Customer) -> Reasoned:
    """An occasion that is over, with its gates as the rules gone by now ask them, where they still know it."""
    rulebook = going_by.program.rulebook
    outcome = _ENDED_AS.get(row.state, Outcome.CONTACT)
    explanation = None
    if row.rule in rulebook.rules and row.decided_for is not None:
        explanation = recall(
            going_by.program, customer, row.key, row.decided_for, outcome, activated=going_by.activated
        )
    decision = _decision_of(row, customer, at=_decided(row), outcome=outcome, because=row.because)
    said = _told_of(row, decision, customer, rulebook)
    why = _no_longer(row, rulebook) if row.is_withdrawn else ""
    return Reasoned(said, explanation, row, follows=_followed(said, customer.contacts), dropped=why)


def _dropped(rows: Iterable[Row], going_by: Active, customer: Customer, at: int) -> list[Reasoned]:
    """What the ledger still waits for and these rules will not give rise to, where they say why."""
    rulebook = going_by.program.rulebook
    found = []
    for row in rows:
        if row.trigger_at <= at and (why := silent_rule(row.rule, rulebook)):
            decision = _decision_of(row, customer, at=at, outcome=Outcome.CANCELLED, because=NO_LONGER)
            said = _told_of(row, decision, customer, rulebook)
            found.append(Reasoned(said, None, row, follows=_followed(said, customer.contacts), dropped=why))
    return found


def _no_longer(row: Row, rulebook: Rulebook) -> str:
    return silent_rule(row.rule, rulebook) or "what the rules say, or what is known, has changed since it was planned"


def _decision_of(row: Row, customer: Customer, *, at: int, outcome: Outcome, because: tuple[str, ...]) -> Decision:
    return Decision(
        at=at,
        customer=row.customer,
        rule=row.rule,
        occasion=row.key,
        outcome=outcome,
        channel=row.channel or None,
        because=because,
        until=None,
        trigger=row.trigger_at,
        opens=row.opens,
        closes=row.closes,
        asks_for=row.asks_for,
        event=next((event for event in customer.events if event.id == row.anchor), None),
    )


def _told_of(row: Row, decision: Decision, customer: Customer, rulebook: Rulebook) -> Told:
    name = str(customer.attributes.get("name", ""))
    return Told(decision, rulebook.rules.get(row.rule), row.reason, name, zone_of(customer, rulebook.house))


def _contact(decision: Decision) -> Contact:
    return Contact(decision.occasion, decision.rule, decision.at, decision.channel or "", decision.asks_for)


def _followed(said: Told, contacts: Iterable[Contact]) -> Contact | None:
    """The contact that an occasion follows up; None where its rule follows none."""
    when = said.rule.when if said.rule else None
    if not isinstance(when, ContactTrigger) and when != SilenceTrigger(silence=CONTACT):
        return None
    anchor = anchor_in(said.decision.occasion)
    return next((one for one in contacts if anchor_of(one.occasion) == anchor), None)


def _is_over(row: Row, at: int) -> bool:
    return not row.state.is_open and _decided(row) <= at


def _decided(row: Row) -> int:
    if row.decided_for is not None:
        return row.decided_for
    return row.opens if row.decided_at is None else row.decided_at


def _by_time(one: Reasoned) -> tuple[int, str, str, str]:
    decision = one.told.decision
    # What waits has no time of its own yet: it stands where its window opens.
    at = decision.opens if decision.outcome is Outcome.WAITING else decision.at
    return at, *one.told.decision.order[1:]
