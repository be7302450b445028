"""The faults, each with what tries it, and how often: the short form is for each run of the tests, the long one for nights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .clocks import jumps
from .downtime import downtimes
from .ground import Ground
from .holders import copies, two_daemons
from .kills import kills
from .oracle import Verdict
from .outages import outages
from .poison import broken_folder, poison
from .races import races
from .replies import no_answer, refusals


@dataclass(frozen=True)
class Fault:
    """A fault by its number: what happens, what tries it, and the cycles of the short and the long form."""

    id: str
    name: str
    inflict: Callable[[Ground], Verdict]
    short: int = 1
    long: int = 1


FAULTS = (
    Fault("F1", "kill -9, at random and at each step", kills, 20, 600),
    Fault("F2", "taken, and the answer is lost", no_answer, 1, 20),
    Fault("F3", "every class of refusal", refusals),
    Fault("F4", "a poison message", poison),
    Fault("F5", "two daemons on one database", two_daemons, 1, 20),
    Fault("F6", "the database is away", outages, 1, 6),
    Fault("F7", "down for a day, a week, a month", downtimes, 30, 2_000),
    Fault("F8", "the clock jumps", jumps),
    Fault("F11", "changes while messages are queued", races, 300, 10_000),
    Fault("F12", "broken folder, failing template", broken_folder),
    Fault("F13", "a copied or restored database", copies),
)
ELSEWHERE = {
    "F9": "every zone, every change of the clocks: tests/test_clock_changes.py, tests/test_daily_contacts.py",
    "F10": "29 February: tests/test_leap_days.py",
}
"""The faults that tests of their own try."""
