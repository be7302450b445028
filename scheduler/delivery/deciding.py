"""Decides what is due, and writes it into the ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.decisions.decide import decide
from scheduler.decisions.facts import Customer
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.delivery.outcomes import STUCK, back_off
from scheduler.planning.apart import apart, fault_in
from scheduler.planning.plan import plan_again
from scheduler.planning.rulebooks import Active
from scheduler.rulebook.model import DateTrigger, EveryTrigger, Trigger
from scheduler.store import Decided, Row, State, Store, Tried
from scheduler.store.states import MOST_BREAKS

ON_TIME = 60_000_000
"""Less than this late (in microseconds), a decision is made as of the instant that it was due for."""

BATCH = 1_000
"""As many due rows are decided together, with all open ones of their customers."""

_STATES: Mapping[Outcome, State] = {
    Outcome.CONTACT: State.QUEUED,
    Outcome.WAITING: State.WAITING,
    Outcome.TOO_LATE: State.TOO_LATE,
    Outcome.SUPERSEDED: State.SUPERSEDED,
    Outcome.GOAL_REACHED: State.GOAL_REACHED,
    Outcome.HELD_OUT: State.HELD_OUT,
    Outcome.CANCELLED: State.CANCELLED,
}


@dataclass
class _Batch:
    """What a batch of due rows comes to."""

    decided: list[Decided] = field(default_factory=list)
    returning: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    def __add__(self, other: _Batch) -> _Batch:
        return _Batch(self.decided + other.decided, self.returning | other.returning, self.lost | other.lost)


def decide_due(
    store: Store,
    rules: Active,
    now: int,
    stopping: Callable[[], bool] = lambda: False,
    broke: Callable[[Tried], None] = lambda _: None,
) -> Counter[Outcome]:
    """Decide every row that is due by `now`, batch by batch until `stopping`; returns how often each outcome came.

    Decisions of customers about whom something new came meanwhile are not written; their rows stay due. Where the
    program breaks over a customer, their rows are tried later, or no more by themselves, which `broke` is told.
    """
    counts: Counter[Outcome] = Counter()
    seen: Counter[str] = Counter()
    while not stopping() and (due := [row for row in store.ledger.due(now, BATCH) if seen[row.key] < 3]):
        seen.update(row.key for row in due)
        batch = _decided(store, rules, due, now)
        stale = set(store.ledger.record(batch.decided, now=now))
        outcomes = {state: outcome for outcome, state in _STATES.items()}
        for one in batch.decided:
            if one.key in stale:
                continue
            if one.error:
                broke(Tried(one.key, one.state, error=one.error, next_at=one.next_at))
            else:
                counts[outcomes[one.state]] += 1
        # A date that has come returns, a contact gives rise to others; a row that no longer comes out is cancelled.
        if again := batch.returning | batch.lost:
            plan_again(store, rules, again, now)
    return counts


def _decided(store: Store, rules: Active, due: Sequence[Row], now: int) -> _Batch:
    open_rows: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in store.ledger.open_rows({row.customer for row in due}):
        open_rows[row.customer][row.key] = row
    customers = [one for one in store.customers.read(open_rows) if one.id in open_rows]
    batches, broken = apart(lambda some: _decided_together(rules, some, open_rows, now), customers)
    is_theirs = bool(batches) or len(broken) == 1
    undecided = [
        _undecided(row, customer.revision, error, now, counts=is_theirs)
        for customer, error in broken
        for row in open_rows[customer.id].values()
        if row.next_at is not None and row.next_at <= now
    ]
    return sum(batches, _Batch(undecided))


def _undecided(row: Row, revision: int, error: Exception, now: int, *, counts: bool) -> Decided:
    """A row over whose customer the program broke: it is tried later, or no more by itself.

    That `counts` unless it broke over all: then it is the program that somebody has to put right.
    """
    breaks = row.breaks + counts
    state = State.QUARANTINED if counts and breaks >= MOST_BREAKS else State.WAITING
    wait = back_off(breaks) if counts else STUCK
    next_at = now + wait if state is State.WAITING else None
    return Decided(row.key, row.state, revision, state, next_at, error=fault_in(error), broke=counts)


def _decided_together(
    rules: Active, customers: Iterable[Customer], open_rows: Mapping[str, Mapping[str, Row]], now: int
) -> _Batch:
    batch = _Batch()
    by_rule = {rule.name: rule for rule in rules.program.rules}
    for since, group in _by_instant(customers, open_rows, now).items():
        rows = {key: row for one in group for key, row in open_rows[one.id].items()}
        revisions = {one.id: one.revision for one in group}
        facts = {one.id: next_fact(one, now) for one in group}
        missing = {key for key, row in rows.items() if row.next_at is not None and row.next_at <= now}
        oldest = min((row.closes for row in rows.values()), default=now) - 1
        for decision in decide(
            rules.program, group, since, now + 1, activated=rules.activated, overdue=oldest, only=rows
        ):
            if decision.occasion not in rows:  # a contact of this walk gave rise to it: planned once that is written
                continue
            row = rows[decision.occasion]
            missing.discard(row.key)
            decided = decided_of(decision, row, revisions[row.customer], facts[row.customer], now)
            if not _is_news(decided, row, now):
                continue
            batch.decided.append(decided)
            when = by_rule[decision.rule].when
            if decision.outcome.ends and (isinstance(when, EveryTrigger) or _is_yearly(when)):
                batch.returning.add(row.customer)
            if decision.outcome is Outcome.CONTACT and rules.program.has_follow_ups:
                batch.returning.add(row.customer)
        batch.lost.update(rows[key].customer for key in missing)
    return batch


def _is_yearly(when: Trigger) -> bool:
    return isinstance(when, DateTrigger) and not when.once


def _by_instant(
    customers: Iterable[Customer], open_rows: Mapping[str, Mapping[str, Row]], now: int
) -> dict[int, list[Customer]]:
    """Customers by the instant as of which they are decided."""
    groups: dict[int, list[Customer]] = defaultdict(list)
    for customer in customers:
        oldest = min(row.next_at for row in open_rows[customer.id].values() if row.next_at is not None)
        groups[oldest if now - oldest < ON_TIME else now].append(customer)
    return groups


def decided_of(decision: Decision, row: Row, revision: int, next_fact: int | None, now: int) -> Decided:
    """A decision about a row, as the ledger takes it; `next_fact` is when the customer's next fact becomes visible."""
    state = _STATES[decision.outcome]
    if state is State.WAITING:
        return Decided(
            row.key,
            row.state,
            revision,
            state,
            next_at=_asked_again(decision, next_fact, now),
            because=decision.because,
        )
    return Decided(
        row.key,
        row.state,
        revision,
        state,
        because=decision.because,
        decided_for=decision.at,
        channel=decision.channel or "",
    )


def next_fact(customer: Customer, now: int) -> int | None:
    """When the next fact about a customer becomes visible that is known already but lies ahead; None for none."""
    ahead = [max(event.at, event.known_at) for event in customer.events if max(event.at, event.known_at) > now]
    ahead += [consent.at for consent in customer.consents if consent.at > now]
    return min(ahead, default=None)


def _asked_again(decision: Decision, next_fact: int | None, now: int) -> int:
    known = decision.event.known_at if decision.event is not None else now
    until = decision.closes if decision.until is None else decision.until
    at = max(until, known, now + 1)
    return at if next_fact is None else min(at, next_fact)


def _is_news(decided: Decided, row: Row, now: int) -> bool:
    """Whether the ledger has to be told: a row that was not asked stays as it was."""
    return decided.state is not State.WAITING or decided.next_at != row.next_at or (row.next_at or 0) <= now
