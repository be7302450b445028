"""Sends what is queued: gates again, render, mark as `sending` (committed), hand over, record the outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduler.decisions.facts import Customer
from scheduler.decisions.outcome import Outcome
from scheduler.delivery.composing import Composer, assignee, composer
from scheduler.delivery.deciding import ON_TIME, decided_of, next_fact
from scheduler.delivery.gates import asked_again
from scheduler.delivery.outcomes import held, not_sent, outcome_of
from scheduler.delivery.worker import Worker
from scheduler.errors import ChannelError, TemplateError
from scheduler.messages.message import Message
from scheduler.planning.rulebooks import Active
from scheduler.store import Decided, Row, State, Suppression, Task, Tried
from scheduler.store.row import NO_LONGER

BATCH = 100
"""As many messages are taken up, asked and written together."""
MARKED = 20
"""As many are marked together before the first of them leaves: no more can a crash make uncertain."""
MOST_TRIES = 3
"""As often is a row taken up in one go whose customer keeps changing."""


@dataclass
class Sent:
    """What became of the rows that were to be sent, and what somebody has to put right."""

    states: Counter[State] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Ready:
    """A row that may leave: its message, and the revision of the customer that the gates were asked at."""

    row: Row
    message: Message
    customer: Customer


def send_queued(
    worker: Worker, rules: Active, clock: Callable[[], int], stopping: Callable[[], bool] = lambda: False
) -> Sent:
    """Send what is due, batch by batch, until nothing is left or `stopping` says so; the clock is read for each."""
    sent = Sent()
    tried: Counter[str] = Counter()
    sender = _Sender(worker, rules, composer(rules.program.rulebook, worker.settings), sent, stopping)
    while not stopping():
        now = clock()
        holds = {hold.name: hold.cause for hold in worker.store.holds.list()}
        if "all" in holds:
            sent.problems.append(f"nothing is sent: {holds['all']}")
            break
        rows = [row for row in worker.store.outbox.claim(worker.lease, now, BATCH) if tried[row.key] < MOST_TRIES]
        if not rows:
            break
        tried.update(sender.send(rows, holds, now))
    return sent


def _is_late(row: Row, now: int) -> bool:
    """Whether it leaves so late that it is a contact of now, for every cap and condition."""
    return row.decided_for is None or now - row.decided_for >= ON_TIME


def _in_turn(rows: Sequence[Row], now: int) -> list[Row]:
    """Of the late rows of a customer only the first: each is a contact that the next one has to know of."""
    late: set[str] = set()
    turn = []
    for row in rows:
        if _is_late(row, now):
            if row.customer in late:
                continue
            late.add(row.customer)
        turn.append(row)
    return turn


def _still(row: Row, revision: int) -> Decided:
    """A row that is to be sent as before, by another channel or as a contact of another instant."""
    return Decided(
        row.key,
        row.state,
        revision,
        row.state,
        next_at=row.next_at,
        decided_for=row.decided_for,
        channel=row.channel,
    )


@dataclass
class _Sender:
    worker: Worker
    rules: Active
    composer: Composer
    sent: Sent
    stopping: Callable[[], bool]

    def send(self, rows: Sequence[Row], holds: Mapping[str, str], now: int) -> list[str]:
        """Bring one batch of claimed rows as far as they get; returns the keys of those whose turn it was."""
        rows = _in_turn(rows, now)
        customers = {one.id: one for one in self.worker.store.customers.read({row.customer for row in rows})}
        free = self._not_held(rows, holds, now)
        passed = self._through_the_gates([row for row in free if row.customer in customers], customers, now)
        ready, tasks = self._composed(passed, customers, now)
        if tasks:
            self._assign(tasks, now)
        if ready:
            self._hand_over(ready, now)
        return [row.key for row in rows]

    def _not_held(self, rows: Sequence[Row], holds: Mapping[str, str], now: int) -> list[Row]:
        free, stopped = [], []
        for row in rows:
            names = (f"rule:{row.rule}", f"channel:{row.channel}")
            cause = next((f"{name} is held: {holds[name]}" for name in names if name in holds), None)
            if cause is None:
                free.append(row)
            else:
                stopped.append(held(row, cause, now))
        self._record(stopped, now)
        return free

    def _through_the_gates(self, rows: Sequence[Row], customers: Mapping[str, Customer], now: int) -> list[Row]:
        """Those that still say yes as of now; what was decided for now, from the facts of now, was just asked."""
        doubted = [row for row in rows if not self._just_asked(row, customers[row.customer], now)]
        verdicts = asked_again(self.rules, doubted, customers, now) if doubted else {}
        passed = {row.key: row for row in rows}
        changed: list[Decided] = []
        for row in doubted:
            customer, verdict = customers[row.customer], verdicts.get(row.key)
            if verdict is not None and verdict.outcome is Outcome.CONTACT:
                decided_for = now if _is_late(row, now) else row.decided_for
                there = replace(row, channel=verdict.channel or "", decided_for=decided_for)
                passed[row.key] = there
                if there != row:
                    changed.append(_still(there, customer.revision))
                continue
            del passed[row.key]
            if verdict is None:
                changed.append(Decided(row.key, row.state, customer.revision, State.CANCELLED, because=NO_LONGER))
            else:
                changed.append(decided_of(verdict, row, customer.revision, next_fact(customer, now), now))
        stale = set(self.worker.store.ledger.record(changed, now=now)) if changed else set()
        self.sent.states.update(one.state for one in changed if one.key not in stale | passed.keys())
        return [row for key, row in passed.items() if key not in stale]

    def _just_asked(self, row: Row, customer: Customer, now: int) -> bool:
        return (
            row.state is State.QUEUED
            and row.decided_for == now
            and row.revision == customer.revision
            and row.version == self.rules.version
        )

    def _composed(
        self, rows: Sequence[Row], customers: Mapping[str, Customer], now: int
    ) -> tuple[list[_Ready], list[_Ready]]:
        ready, tasks, stuck = list[_Ready](), list[_Ready](), list[Tried]()
        for row in rows:
            try:
                self.worker.channels[row.channel]
                message = self.composer.message(row, row.channel, customers[row.customer], now)
            except (TemplateError, ChannelError) as error:
                stuck.append(held(row, str(error), now))
                continue
            task = self.composer.rulebook.rules[row.rule].is_task
            (tasks if task else ready).append(_Ready(row, message, customers[row.customer]))
        self._record(stuck, now)
        return ready, tasks

    def _assign(self, tasks: Sequence[_Ready], now: int) -> None:
        """Tell people what to do; nothing leaves the house, so there is nothing to mark."""
        store, rules = self.worker.store, self.composer.rulebook.rules
        for one in tasks:
            self.worker.channels[one.row.channel].deliver(one.message, one.row.key, now)
        with store.together() as both:
            revisions = both.customers.revisions({one.customer.id for one in tasks})
            asked = [one for one in tasks if revisions.get(one.customer.id) == one.customer.revision]
            assigned = [
                Task(one.row.key, assignee(rules[one.row.rule], one.customer), one.message.text, one.row.closes)
                for one in asked
            ]
            refused = both.tasks.create(assigned, now=now)
        self.sent.states[State.ASSIGNED] += len(assigned) - len(refused)

    def _hand_over(self, ready: Sequence[_Ready], now: int) -> None:
        refused: dict[str, str] = {}
        for start in range(0, len(ready), MARKED):
            part = ready[start : start + MARKED]
            revisions = {one.row.key: one.customer.revision for one in part}
            marked = self.worker.store.outbox.mark_sending(revisions, lease=self.worker.lease, now=now).marked
            outcomes = [
                self._delivered(one, marked[one.row.key], refused, now) for one in part if one.row.key in marked
            ]
            self._record(outcomes, now)

    def _delivered(self, one: _Ready, attempt: int, refused: dict[str, str], now: int) -> Tried:
        """Hand one marked message over; a channel that is refused as a whole gets no more of them."""
        name, store = one.row.channel, self.worker.store
        if self.stopping():
            return not_sent(one.row, "the worker was stopped before it left", now)
        if name in refused:
            return not_sent(one.row, refused[name], now)
        answer = self.worker.channels[name].deliver(one.message, one.row.key, now)
        if answer.suppress:
            store.suppressions.add([Suppression(name, one.message.to, answer.detail, now)], now=now)
        if answer.hold:
            refused[name] = f"channel:{name} is held: {answer.detail}"
            store.holds.place(f"channel:{name}", answer.detail, "delivery", now=now)
        return outcome_of(one.row, one.message, answer, attempt, now)

    def _record(self, outcomes: Sequence[Tried], now: int) -> None:
        if not outcomes:
            return
        self.worker.store.outbox.record(outcomes, now=now)
        self.sent.states.update(outcome.state for outcome in outcomes)
        self.sent.problems += [
            f"{outcome.key}: {outcome.error}" for outcome in outcomes if outcome.state is not State.SENT
        ]
