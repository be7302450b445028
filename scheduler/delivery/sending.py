"""Sends what is queued: gates again, render, mark as `sending` (committed), hand over, record the outcome.

Whatever breaks over one message, the others go. Between the gates and the mark anything may change: the mark compares,
in its transaction, the customer's revision, the active rules and the holds, and what it refuses comes to its turn anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from scheduler.channels.alert import Alert, new_task, quarantined
from scheduler.channels.channel import HandoverKind
from scheduler.decisions.facts import Customer
from scheduler.decisions.occasions import rule_of
from scheduler.decisions.outcome import Outcome
from scheduler.delivery.assigning import Turn, assigner, people_of
from scheduler.delivery.brakes import Brakes
from scheduler.delivery.composing import composer
from scheduler.delivery.deciding import ON_TIME, decided_of, next_fact
from scheduler.delivery.dispatch import Dispatch, Ready, revisions_of
from scheduler.delivery.gates import asked_again
from scheduler.delivery.outcomes import Known, broken, stuck
from scheduler.delivery.worker import Worker
from scheduler.errors import ChannelError, SettingsError, StoreError, TemplateError
from scheduler.planning.rulebooks import Active, active
from scheduler.store import Decided, Row, State, Store, Task, Tried
from scheduler.store.row import NO_LONGER

BATCH = 100
"""As many messages are taken up, asked and written together."""
MOST_TRIES = 3
"""As often is a row taken up in one go whose customer, or whose rules, keep changing."""


@dataclass
class Sent:
    """What became of the rows that were to be sent, and what somebody has to put right."""

    states: Counter[State] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)

    def __add__(self, other: Sent) -> Sent:
        return Sent(self.states + other.states, self.problems + other.problems, self.alerts + other.alerts)

    def note(self, tried: Tried) -> None:
        """Add what became of a message."""
        self.states[tried.state] += 1
        if tried.state is not State.SENT:
            self.problems.append(f"{tried.key}: {tried.error}")
        if tried.state is State.QUARANTINED:
            self.alerts.append(quarantined(rule_of(tried.key)))


def send_queued(
    worker: Worker,
    rules: Active,
    clock: Callable[[], int],
    stopping: Callable[[], bool] = lambda: False,
    brakes: Brakes | None = None,
) -> Sent:
    """Send what is due, batch by batch, until nothing is left or `stopping` says so; the clock is read for each.

    What became of earlier messages is written before any other is marked, and before each batch the `brakes` are
    asked. Raises `LeaseTaken` where the lease was lost, and `StoreError`.
    """
    outbox = worker.store.outbox
    sender = _Sender(worker, rules, stopping)
    sender.write_down(clock())
    tried: Counter[str] = Counter()
    with closing(sender.dispatch) as dispatch:
        while not (worker.unsettled or stopping()):
            now, most = clock(), BATCH
            worker.keep(now)
            if brakes is not None:
                sender.sent.alerts += brakes.check(rules.number, tried, now)
                most = min(BATCH, brakes.room)
            claimed = outbox.claim(worker.lease, now, most, full=dispatch.pace.full(now))
            rows = [row for row in claimed if tried[row.key] < MOST_TRIES]
            if not rows:
                break
            tried.update(sender.send(rows, clock))
    now = clock()
    if tried:
        outbox.give_back(worker.lease, now)
    sender.sent.problems += _held(worker.store, now)
    return sender.sent


def _held(store: Store, now: int) -> Iterator[str]:
    """What waits for a hold to be released."""
    holds = {hold.name: hold.cause for hold in store.holds.list()}
    if "all" in holds:
        yield f"nothing is sent: {holds['all']}"
        return
    waiting = store.outbox.waiting(now) if holds else {}
    for name, cause in holds.items():
        number = sum(
            count for (rule, channel), count in waiting.items() if name in (f"rule:{rule}", f"channel:{channel}")
        )
        if number:
            yield f"{name} is held: {cause} ({number:,} waiting)"


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


def _task(one: Ready, turn: Turn) -> Task:
    return Task(
        one.row.key,
        turn.assignee,
        one.message.text,
        turn.due,
        role=turn.role,
        deputy_at=turn.deputy_at,
        escalates_at=turn.escalates_at,
    )


class _Sender:
    """Sends batches of claimed rows by one set of rules, until others are active: then by those."""

    def __init__(self, worker: Worker, rules: Active, stopping: Callable[[], bool]) -> None:
        self.worker = worker
        self.dispatch = Dispatch(worker, stopping, self.write_down)
        self.sent = Sent()
        self._go_by(rules)

    def send(self, rows: Sequence[Row], clock: Callable[[], int]) -> list[str]:
        """Bring one batch as far as it gets; returns the keys of those whose turn it was."""
        if self.outdated:
            self._go_by(active(self.worker.store))
        customers = {one.id: one for one in self.worker.store.customers.read({row.customer for row in rows})}
        now = clock()  # after reading: what was just learned must not lie ahead of the gates
        rows = _in_turn(rows, now)
        passed = self._through_the_gates([row for row in rows if row.customer in customers], customers, now)
        ready = self._composed(passed, customers, now)
        rules = self.composer.rulebook.rules
        sendable = [one for one in ready if not rules[one.row.rule].is_task]
        self.outdated |= not self.dispatch.hand_over(sendable, self.rules.number, now, clock)
        # After what was decided beside them: that there is a task is a fact, by which it might not go any more.
        self._assign([one for one in ready if rules[one.row.rule].is_task], now)
        return [row.key for row in rows]

    def write_down(self, now: int) -> None:
        """Write what is known and unwritten, of these messages or of earlier ones."""
        for tried in self.worker.write_down(now):
            self.sent.note(tried)

    def _go_by(self, rules: Active | None) -> None:
        if rules is None:
            raise StoreError("the active rules are gone from the database; activate some")
        self.rules, self.composer = rules, composer(rules.program.rulebook, self.worker.settings)
        self.outdated = False

    def _through_the_gates(self, rows: Sequence[Row], customers: Mapping[str, Customer], now: int) -> list[Row]:
        """Those that still say yes as of now; what was decided for now, from the facts of now, was just asked."""
        doubted = [row for row in rows if not self._just_asked(row, customers[row.customer], now)]
        verdicts, faults = asked_again(self.rules, doubted, customers, now)
        self._record([broken(row, error, now) for row, error in faults], now)
        broke = {row.key for row, _ in faults}
        passed = {row.key: row for row in rows if row.key not in broke}
        changed: list[Decided] = []
        for row in doubted:
            if row.key in broke:
                continue
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

    def _composed(self, rows: Sequence[Row], customers: Mapping[str, Customer], now: int) -> list[Ready]:
        ready, stopped = list[Ready](), list[Tried]()
        for row in rows:
            customer = customers[row.customer]
            try:
                channel = self.worker.channels[self.composer.way(row.rule, row.channel)]
                message = self.composer.message(row, row.channel, customer, now)
            except (TemplateError, ChannelError, SettingsError) as error:
                stopped.append(stuck(row, str(error), now))
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
                stopped.append(broken(row, error, now))
            else:
                ready.append(Ready(row, channel, message, customer))
        self._record(stopped, now)
        return ready

    def _assign(self, tasks: Sequence[Ready], now: int) -> None:
        """Tell people what to do; nothing leaves the house, so there is nothing to mark."""
        told, stopped = list[Ready](), list[Tried]()
        for one in tasks:
            try:
                answer = one.channel.deliver(one.message, one.row.key, now)
            except Exception as error:  # noqa: BLE001 - as in `_composed`
                stopped.append(broken(one.row, error, now))
                continue
            if answer.kind is HandoverKind.SENT:
                told.append(one)
            else:
                stopped.append(stuck(one.row, answer.detail, now))
        self._record(stopped, now)
        if told:
            self._create_tasks(told, now)

    def _create_tasks(self, told: Sequence[Ready], now: int) -> None:
        book, lease = self.composer.rulebook, self.worker.lease
        self._read_people()
        with self.worker.store.together() as both:
            found = both.outbox.may_leave(revisions_of(told), lease=lease, rules=self.rules.number)
            turns = assigner(both.tasks, self.worker.people, book.house, now)
            made = [
                _task(one, turns.assign(book.rules[one.row.rule], one.customer))
                for one in told
                if one.row.key in found.marked
            ]
            refused = both.tasks.create(made, now=now)
        self.outdated |= found.outdated
        created = [task for task in made if task.key not in refused]
        self.sent.states[State.ASSIGNED] += len(created)
        self.sent.alerts += map(new_task, sorted({task.assignee for task in created}))

    def _read_people(self) -> None:
        self.worker.people, problem = people_of(self.worker.workspace.folder, self.worker.people)
        if problem and problem not in self.sent.problems:
            self.sent.problems.append(problem)

    def _record(self, outcomes: Sequence[Tried], now: int) -> None:
        self.worker.unwritten.extend(Known(outcome, now) for outcome in outcomes)
        self.write_down(now)
