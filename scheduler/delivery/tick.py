"""One tick: plan what is new, decide what is due, deliver what is decided, and pass on the tasks that are late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from scheduler.channels.alert import Alert, held, quarantined
from scheduler.channels.channel import Promise
from scheduler.decisions.outcome import Outcome
from scheduler.delivery.brakes import Brakes
from scheduler.delivery.deciding import decide_due
from scheduler.delivery.escalating import escalate
from scheduler.delivery.sending import Sent, send_queued
from scheduler.delivery.worker import DELIVERY, Worker
from scheduler.errors import ChannelError, SettingsError
from scheduler.planning.plan import Planned, plan
from scheduler.planning.rulebooks import active
from scheduler.store import State, Tried
from scheduler.store.states import MOST_BREAKS

MOST_ROUNDS = 3
"""So often does a tick plan anew where it made tasks: that there is one is a fact, which may change what is due."""


@dataclass(frozen=True)
class Report:
    """What a tick did at `now`: planned, decided, delivered.

    `problems` are sentences about what is held or went wrong, `next_due` is when there is something to do again.
    `alerts` is what somebody among the staff has to know now; to tell it is for whoever asked for the tick.
    """

    now: int
    planned: Planned = field(default_factory=Planned)
    decided: Counter[Outcome] = field(default_factory=Counter)
    delivered: Counter[State] = field(default_factory=Counter)
    problems: tuple[str, ...] = ()
    next_due: int | None = None
    alerts: tuple[Alert, ...] = ()

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.planned.customers or self.decided or self.delivered or self.alerts)


def tick(
    worker: Worker,
    now: int,
    *,
    clock: Callable[[], int] | None = None,
    stopping: Callable[[], bool] = lambda: False,
    brakes: Brakes | None = None,
) -> Report:
    """Plan, decide and deliver as of `now`, and let what is overdue go where it belongs.

    Once; but again where tasks were made, which may be in the way of others. First what could not be written before is
    written. Delivering takes its time: with a `clock` each batch of
    messages is asked at its own instant. `stopping` ends it between two batches, and so does that the workers' shares
    are to change: that is done when the next tick begins. Without `brakes`, what has gone before is no matter. Without
    active rules nothing is done.
    Raises `LeaseTaken` where the lease was lost, and `StoreError`.
    """
    before = Sent()
    for one in worker.write_down(now):
        before.note(one)
    worker.settle(now)
    store = worker.store
    if store.slices == ():
        return _report(now, before)  # it waits until others give it customers
    before += what_crashed(worker, now)
    rules = active(store)
    if rules is None:
        before.problems.append("no rules are active; activate some")
        return _report(now, before)
    reads = clock or (lambda: now)

    def ends() -> bool:
        if stopping():
            return True
        worker.keep(reads())
        return worker.unsettled

    planned, decided, sent = Planned(), Counter[Outcome](), Sent()
    for number in range(MOST_ROUNDS):
        new = plan(store, rules, now, stopping=ends)
        planned += new if number == 0 else replace(new, customers=0)  # who were planned a moment ago
        before.problems += new.problems
        decided += decide_due(store, rules, now, ends, before.note)
        done = send_queued(worker, rules, reads, stopping, brakes)
        sent += done
        if not done.states[State.ASSIGNED] or ends():
            break
    sent = before + sent
    sent.alerts += escalate(worker, rules.program.rulebook.house, now, sent.problems.append)
    sent.alerts += (held(hold.name) for hold in store.holds.list() if hold.who == DELIVERY and hold.since >= now)
    due = [at for at in (store.ledger.next_due(), store.tasks.next_late(now)) if at is not None]
    return replace(_report(now, sent), planned=planned, decided=decided, next_due=min(due, default=None))


def _report(now: int, sent: Sent) -> Report:
    problems = tuple(dict.fromkeys(sent.problems))  # what is held is said in each round
    return Report(now, delivered=sent.states, problems=problems, alerts=tuple(sent.alerts))


def what_crashed(worker: Worker, now: int) -> Sent:
    """Tidy up after workers that are no more; returns what a person has to look at.

    What they were sending is uncertain; but what went by a channel that can be asked twice with the same key is sent
    again, unless it has broken its worker too often.
    """
    again, uncertain = list[Tried](), Sent()
    for row in worker.store.outbox.crashed(now, worker.lease):
        if row.state is State.UNCONFIRMED and _can_be_asked_twice(worker, row.channel):
            state = State.QUARANTINED if row.breaks >= MOST_BREAKS else State.RETRY
            again.append(Tried(row.key, state, error=row.error, next_at=now, attempt=row.attempts))
        else:
            state = row.state
            uncertain.problems.append(f"{row.key}: {row.error}")
        if state is State.QUARANTINED:
            uncertain.alerts.append(quarantined(row.rule))
    if again:
        worker.store.outbox.record(again, now=now, lease=worker.lease)
    return uncertain


def _can_be_asked_twice(worker: Worker, channel: str) -> bool:
    try:
        return worker.channels[channel].promises is Promise.IDEMPOTENCY_KEY
    except (ChannelError, SettingsError):
        return False
