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
from scheduler.errors import ChannelError, SettingsError
from scheduler.planning.plan import Planned, plan
from scheduler.planning.rulebooks import active
from scheduler.store import State, Tried
from scheduler.store.states import MOST_BREAKS


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

    First what could not be written before is written. Delivering takes its time: with a `clock` each batch of
    messages is asked at its own instant. `stopping` ends it between two batches. Without active rules nothing is done.
    Raises `LeaseTaken` where the lease was lost, and `StoreError`.
    """
    store = worker.store
    written = Counter(one.state for one in worker.write_down(now))
    uncertain = what_crashed(worker, now)
    rules = active(store)
    if rules is None:
        return Report(now, delivered=written, problems=(*uncertain, "no rules are active; activate some"))
    reads = clock or (lambda: now)
    planned = plan(store, rules, now, progress=lambda _: worker.beat(reads()), stopping=stopping)
    decided = decide_due(store, rules, now, stopping)
    sent = send_queued(worker, rules, reads, stopping)
    problems = (*uncertain, *sent.problems)
    return Report(now, planned, decided, written + sent.states, problems, store.ledger.next_due())


def what_crashed(worker: Worker, now: int) -> list[str]:
    """Tidy up after workers that are no more; returns a sentence about each message that a person has to look at.

    What they were sending is uncertain; but what went by a channel that can be asked twice with the same key is sent
    again, unless it has broken its worker too often.
    """
    again, uncertain = list[Tried](), list[str]()
    for row in worker.store.outbox.crashed(now, worker.lease):
        if row.state is State.UNCONFIRMED and _can_be_asked_twice(worker, row.channel):
            state = State.QUARANTINED if row.breaks >= MOST_BREAKS else State.RETRY
            again.append(Tried(row.key, state, error=row.error, next_at=now, attempt=row.attempts))
        else:
            uncertain.append(f"{row.key}: {row.error}")
    if again:
        worker.store.outbox.record(again, now=now, lease=worker.lease)
    return uncertain


def _can_be_asked_twice(worker: Worker, channel: str) -> bool:
    try:
        return worker.channels[channel].promises is Promise.IDEMPOTENCY_KEY
    except (ChannelError, SettingsError):
        return False
