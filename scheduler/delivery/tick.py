"""One tick: plan what is new, decide what is due, deliver what is decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.channels.channel import Promise
from scheduler.decisions.outcome import Outcome
from scheduler.delivery.deciding import decide_due
from scheduler.delivery.sending import send_queued
from scheduler.delivery.worker import Worker
from scheduler.errors import ChannelError
from scheduler.planning.plan import Planned, plan
from scheduler.planning.rulebooks import active
from scheduler.store import State, Tried


@dataclass(frozen=True)
class Report:
    """What a tick did at `now`: planned, decided, delivered.

    `problems` are sentences about what is held or went wrong, `next_due` is when there is something to do again.
    """

    now: int
    planned: Planned = field(default_factory=Planned)
    decided: Counter[Outcome] = field(default_factory=Counter)
    delivered: Counter[State] = field(default_factory=Counter)
    problems: tuple[str, ...] = ()
    next_due: int | None = None

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.planned.customers or self.decided or self.delivered)


def tick(
    worker: Worker,
    now: int,
    *,
    clock: Callable[[], int] | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> Report:
    """Plan, decide and deliver once, as of `now`.

    Delivering takes its time: with a `clock` each batch of messages is asked at its own instant. `stopping` ends it
    between two batches. Without active rules nothing is done.
    """
    store = worker.store
    what_crashed(worker, now)
    rules = active(store)
    if rules is None:
        return Report(now, problems=("no rules are active; activate some",))
    planned = plan(store, rules, now, progress=lambda _: worker.beat(clock() if clock else now))
    decided = decide_due(store, rules, now)
    sent = send_queued(worker, rules, clock or (lambda: now), stopping)
    return Report(now, planned, decided, sent.states, tuple(sent.problems), store.ledger.next_due())


def what_crashed(worker: Worker, now: int) -> list[str]:
    """Make uncertain what a worker was sending that is no more; returns the keys that a person has to look at.

    What went by a channel that can be asked twice with the same key is sent again.
    """
    again, uncertain = list[Tried](), list[str]()
    for row in worker.store.outbox.crashed(now):
        try:
            twice = worker.channels[row.channel].promises is Promise.IDEMPOTENCY_KEY
        except ChannelError:
            twice = False
        if twice:
            again.append(Tried(row.key, State.RETRY, error=row.error, next_at=now))
        else:
            uncertain.append(row.key)
    if again:
        worker.store.outbox.record(again, now=now)
    return uncertain
