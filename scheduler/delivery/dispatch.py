"""Hands messages over: a few are marked, they leave at their channel's pace, what became of them is written.

A channel that may have several connections is asked by as many threads. Each takes one message after the other, so
that none waits for another thread to be given its next; whether that may leave they ask one at a time. What becomes of
messages is written to the database by the thread that dispatches, while they have nothing to do; whoever asks whether
the work has to stop may place a hold there, where the clock has jumped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import groupby
from threading import Lock

from scheduler.channels.channel import Channel, Promise
from scheduler.decisions.facts import Customer
from scheduler.delivery.outcomes import Known, broken, has_no_bytes, known, may_have_gone, not_sent
from scheduler.delivery.pace import Pace
from scheduler.delivery.worker import Worker
from scheduler.durations import MINUTE
from scheduler.messages.message import Message
from scheduler.store import Row

MARKED = 20
"""As many are marked together before the first of them leaves: no more can a crash make uncertain."""
FRESH = MINUTE
"""So long (microseconds) is it enough what the gates said; what has not been marked by then is asked again."""

STOPPED = "the worker was stopped before it left"


@dataclass(frozen=True)
class Ready:
    """A row that may leave: by which channel, its message, and the customer as the gates saw them."""

    row: Row
    channel: Channel
    message: Message
    customer: Customer


class Dispatch:
    """Dispatches for a worker, until `close`; `write_down` writes what is `unwritten`, as of an instant."""

    def __init__(self, worker: Worker, stopping: Callable[[], bool], write_down: Callable[[int], None]) -> None:
        self.worker, self.stopping, self.write_down = worker, stopping, write_down
        self.pace = Pace(worker.store, worker.settings)
        self._lanes: dict[str, _Lane] = {}

    def close(self) -> None:
        """End the threads; nothing is under way by then."""
        for lane in self._lanes.values():
            lane.close()

    def hand_over(self, ready: Sequence[Ready], rules: int, asked: int, clock: Callable[[], int]) -> bool:
        """Hand over what the gates let pass at `asked` by the rules of that activation; channel by channel.

        False where they are no longer the active rules. What can't leave soon, for its channel's limits or because
        others took their time, stays as it is. Raises `StoreError` and `LeaseTaken`.
        """
        for channel, of_channel in groupby(sorted(ready, key=_channel), key=_channel):
            left = list(of_channel)
            while left and not self.stopping():
                now = clock()
                few = self.pace.at_once(channel, MARKED, now)
                if not few or now - asked >= FRESH:
                    break
                part, left = left[:few], left[few:]
                found = self.worker.store.outbox.mark_sending(
                    revisions_of(part), lease=self.worker.lease, rules=rules, now=now
                )
                if found.outdated:
                    return False
                self._deliver(channel, [(one, found.marked.get(one.row.key, 0)) for one in part], now)
                self.write_down(now)
        return True

    def _deliver(self, channel: str, marked: Sequence[tuple[Ready, int]], now: int) -> None:
        """Let messages leave, each with the number of its attempt, or 0 where it was not marked.

        What became of them is `unwritten` then, even where an interrupt came. A channel that is refused as a whole
        gets no more of them.
        """
        run = _Run(deque((one, attempt) for one, attempt in marked if attempt), now)
        try:
            self._lane(channel).work(run, lambda: self.pace.wait(channel, lambda: run.is_over or self.stopping()))
        finally:
            run.end()
            self.worker.unwritten.extend(run.outcomes())

    def _lane(self, channel: str) -> _Lane:
        if channel not in self._lanes:
            self._lanes[channel] = _Lane(self.pace.connections(channel))
        return self._lanes[channel]


@dataclass
class _Run:
    """Messages that leave one after the other, from as many threads as there are; each with its attempt's number.

    None leaves while it `is_over`, as it is until its threads are at work. `known` holds None of one under way.
    """

    left: deque[tuple[Ready, int]]
    now: int
    known: dict[str, Known | None] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    is_over: bool = True
    turn: Lock = field(default_factory=Lock)

    def deliver(self, may_leave: Callable[[], bool]) -> None:
        """Hand over the next one and the next, until none is left or none may leave."""
        while (taken := self._next(may_leave)) is not None:
            self.known[taken[0].row.key] = _delivered(*taken, self.refused, self.now)

    def end(self) -> None:
        """Let no more leave; those under way go on."""
        self.is_over = True
        with self.turn:  # whose turn it was has taken its message by then
            pass

    def outcomes(self) -> list[Known]:
        """What is known of them in the order in which they left; those that are left were not sent."""
        why = self.refused[0] if self.refused else STOPPED
        unsent = [Known(not_sent(one.row, why, attempt, self.now), self.now) for one, attempt in self.left]
        return [one for one in self.known.values() if one is not None] + unsent

    def _next(self, may_leave: Callable[[], bool]) -> tuple[Ready, int] | None:
        with self.turn:
            if not self.left or self.refused or not may_leave():
                return None
            taken = self.left.popleft()
            self.known[taken[0].row.key] = None  # so that they stand in this order
            return taken


class _Lane:
    """As many threads as a channel may have connections; a single one is the thread that dispatches."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._threads = ThreadPoolExecutor(connections) if connections > 1 else None

    def work(self, run: _Run, may_leave: Callable[[], bool]) -> None:
        """Deliver a run; when this returns, or raises what interrupts it, nothing of it is under way."""
        if self._threads is None:
            run.is_over = False
            run.deliver(may_leave)
            return
        under_way = list[Future[None]]()
        try:
            with run.turn:
                for _ in range(min(self._connections, len(run.left))):
                    under_way.append(self._threads.submit(run.deliver, may_leave))
                run.is_over = False  # an interrupt that comes before finds nothing under way
            wait(under_way)
        finally:
            run.end()
            wait(under_way)
        for one in under_way:
            one.result()

    def close(self) -> None:
        """End the threads."""
        if self._threads is not None:
            self._threads.shutdown()


def _delivered(one: Ready, attempt: int, refused: list[str], now: int) -> Known:
    """Hand one marked message over; that its channel takes no more is added to `refused`."""
    row = one.row
    try:
        answer = one.channel.deliver(one.message, row.key, now)
        outcome = known(row, one.message, answer, attempt, now)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others; and it may have gone out
        if one.channel.promises is Promise.IDEMPOTENCY_KEY or has_no_bytes(one.message, row.key, now):
            return Known(broken(row, error, now, attempt), now)
        return Known(may_have_gone(row, one.message, error, attempt), now)
    if answer.hold:
        refused.append(f"channel:{row.channel} is held: {answer.detail}")
    return outcome


def _channel(one: Ready) -> str:
    return one.row.channel


def revisions_of(ready: Sequence[Ready]) -> dict[str, int]:
    """The revision of each row's customer that the gates were asked at, by the row's key."""
    return {one.row.key: one.customer.revision for one in ready}
