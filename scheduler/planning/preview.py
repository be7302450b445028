"""What will be sent, if no new fact arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scheduler.decisions.columns import Columns, columns_of
from scheduler.decisions.compiled import PLAIN, Kernel
from scheduler.decisions.decide import Walk, chunks, walked
from scheduler.decisions.facts import Customer
from scheduler.decisions.outcome import Decision
from scheduler.planning.rulebooks import Active
from scheduler.wallclock import DAY


def preview(
    customers: Iterable[Customer], rules: Active, now: int, days: int, *, silences: bool = True, by: Kernel = PLAIN
) -> Iterator[Decision]:
    """Decide the next `days` times 24 hours from `now` on, with the facts of now.

    Yields one decision for each occasion that is open in that time, in the order of customers and occasions; the same
    that the daemon makes, unless a fact arrives in between. What is already on its way out is none of them. Without
    `silences` only the contacts are yielded, which is faster.

    For a `now` that has passed, give it the customers as they were `known_by` then.
    """
    for chunk in chunks(customers, by.chunk):
        walk = ahead(columns_of(rules.program, chunk), rules, now, days, silences=silences, by=by)
        for o in walk.decided(contacts=not silences):
            yield walk.decision(o)


def ahead(columns: Columns, rules: Active, now: int, days: int, *, silences: bool, by: Kernel) -> Walk:
    """Walk the next days of some customers as `preview` does, given their columns."""
    until = now + days * DAY
    return walked(rules.program, columns, now, until, activated=rules.activated, causes=silences, by=by)
