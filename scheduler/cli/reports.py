"""What a tick did, in lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from scheduler.cli.formats import count
from scheduler.cli.local_time import shown
from scheduler.delivery.tick import Report
from scheduler.store import State
from scheduler.wallclock import Zone


@dataclass
class Whole:
    """Many ticks as one: what they did together."""

    ticks: int = 0
    delivered: Counter[State] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    next_due: int | None = None

    def add(self, report: Report) -> None:
        """Count a tick in."""
        self.ticks += 1
        self.delivered.update(report.delivered)
        self.problems.update(report.problems)
        self.next_due = report.next_due


def lines_of(report: Report, where: Zone) -> Iterator[str]:
    """What a tick planned, decided and delivered, and when there is something to do again."""
    planned = report.planned
    parts = [f"{planned.added:,} added", f"{planned.moved:,} moved", f"{planned.cancelled:,} cancelled"]
    yield f"planned    {count(planned.customers, 'customer')}: {', '.join(parts)} occasions"
    yield f"decided    {counted(report.decided.items())}"
    yield f"delivered  {counted(report.delivered.items())}"
    yield f"next       {shown(report.next_due, where) or 'nothing is planned'}"


def counted(states: Iterable[tuple[str, int]]) -> str:
    """Write counts by name, the largest first: `12 sent, 1 failed`."""
    named = sorted(states, key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number:,} {str(name).replace('_', ' ')}" for name, number in named if number) or "nothing"
