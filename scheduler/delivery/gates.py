"""Asks the gates again of what is about to leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from scheduler.decisions.decide import decide
from scheduler.decisions.facts import Customer
from scheduler.decisions.occasions import anchor_of
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.planning.apart import apart
from scheduler.planning.rulebooks import Active
from scheduler.store import Row


def asked_again(
    rules: Active, rows: Sequence[Row], customers: Mapping[str, Customer], now: int
) -> tuple[dict[str, Decision], list[tuple[Row, Exception]]]:
    """Ask every gate of some decided rows as of `now`; returns the decision about each, by its key.

    A row of which there is no decision no longer comes out of the rules and facts; or the program broke over it: those
    are returned too, with what was raised. Contacts that were decided for the same instant don't speak against each
    other: they passed together, and which of them was first is not kept.
    """
    answers, broken = apart(lambda some: _answers(rules, some, customers, now), rows)
    return {key: decision for found in answers for key, decision in found.items()}, broken


def _answers(rules: Active, rows: Sequence[Row], customers: Mapping[str, Customer], now: int) -> dict[str, Decision]:
    found = _asked(rules, rows, customers, now, alone=False)
    doubted = [row for row in rows if row.key in found and found[row.key].outcome is not Outcome.CONTACT]
    if doubted:
        alone = _asked(rules, doubted, customers, now, alone=True)
        found |= {key: decision for key, decision in alone.items() if decision.outcome is Outcome.CONTACT}
    return found


def _asked(
    rules: Active, rows: Iterable[Row], customers: Mapping[str, Customer], now: int, *, alone: bool
) -> dict[str, Decision]:
    asked = [(row, before(customers[row.customer], row, alone=alone)) for row in rows]
    oldest = min((row.closes for row, _ in asked), default=now) - 1
    decisions = decide(
        rules.program,
        (customer for _, customer in asked),
        now,
        now + 1,
        activated=rules.activated,
        overdue=oldest,
        only={row.key for row, _ in asked},
    )
    return {decision.occasion: decision for decision in decisions}


def before(customer: Customer, row: Row, *, alone: bool = False) -> Customer:
    """The customer as if the row had not been decided; with `alone`, nor any other for the same instant.

    The contact that gave rise to it stays in any case.
    """
    others = tuple(one for one in customer.contacts if one.occasion != row.key)
    kept = tuple(
        one for one in others if not alone or one.at != row.decided_for or anchor_of(one.occasion) == row.anchor
    )
    over = customer.ended.union(one.occasion for one in others)
    return replace(customer, contacts=kept, ended=over)
