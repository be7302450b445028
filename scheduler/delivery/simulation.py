"""Simulates: the daemon's work on a clock that jumps from one due moment to the next."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.delivery.tick import Report, tick
from scheduler.delivery.worker import Worker

STEP = 60_000_000
"""How far the clock goes on where something stays due that can't be done."""


def simulate(worker: Worker, since: int, until: int) -> Iterator[Report]:
    """Tick at `since` and at every due moment before `until`; yields what each tick did."""
    now = since
    while now < until:
        worker.beat(now)
        report = tick(worker, now)
        yield report
        if report.next_due is None:
            return
        now = report.next_due if report.next_due > now else now + STEP
