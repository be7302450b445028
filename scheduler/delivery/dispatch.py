"""Hands messages over: a few are marked, they leave at their channel's pace, what became of them is written.

A channel that may have several connections is asked by as many threads. All else, the database above all, is done by
the thread that dispatches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from threading import Semaphore

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
        lane, under_way, refused = self._lane(channel), list[Future[Known]](), list[str]()
        left = deque((one, attempt) for one, attempt in marked if attempt)
        try:
            while left:
                lane.wait()
                if refused or not self.pace.wait(channel, self.stopping):
                    lane.leave()
                    break
                under_way.append(lane.hand(partial(_delivered, *left.popleft(), refused, now)))
        finally:
            why = refused[0] if refused else STOPPED
            unsent = [Known(not_sent(one.row, why, attempt, now), now) for one, attempt in left]
            self.worker.unwritten.extend([*(one.result() for one in under_way), *unsent])

    def _lane(self, channel: str) -> _Lane:
        if channel not in self._lanes:
            self._lanes[channel] = _Lane(self.pace.connections(channel))
        return self._lanes[channel]


class _Lane:
    """Room for a few messages at a time, in threads; for a single one in the thread that hands it over."""

    def __init__(self, connections: int) -> None:
        self._room = Semaphore(connections)
        self._threads = ThreadPoolExecutor(connections) if connections > 1 else None

    def wait(self) -> None:
        """Wait until there is room, and take it."""
        self._room.acquire()

    def leave(self) -> None:
        """Give back the room that was taken."""
        self._room.release()

    def hand(self, job: Callable[[], Known]) -> Future[Known]:
        """Do a job in the room that was taken, and give it back."""
        if self._threads is not None:
            future = self._threads.submit(job)
        else:
            future = Future[Known]()
            future.set_result(job())
        future.add_done_callback(lambda _: self.leave())
        return future

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
