"""A contact that is due each day comes exactly once on each local day, whatever the clocks do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest
from test_clock_changes import changes, clock, exists, spread

from scheduler.decisions.decide import decide
from scheduler.decisions.facts import Customer, Event
from scheduler.decisions.outcome import Outcome
from scheduler.decisions.program import Program, compile_rules
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.wallclock import date_of, zone

HOUSE = """
send_hours: {any: {from: "00:00", to: "24:00", days: all}}
frequency_caps: [{at_most: 1, within: 1 day}]
"""
RULES = """
campaign: Daily
rules:
  daily:
    reason: Each day they would like to hear of it.
    asks_for: nothing
    when: noon
    after: 1 day
    before: 2 days
    at: "%s"
    send: daily
    by: [email]
"""

__all__ = ["changes"]  # the fixture of the neighbour


@cache
def daily(minute: int) -> Program:
    rules = RULES % f"{minute // 60:02}:{minute % 60:02}"
    book, _ = rulebook_from_texts({"rules/house_rules.yaml": HOUSE, "rules/daily.yaml": rules})
    return compile_rules(book)


def wrong_contacts(name: str, change: int) -> list[str]:
    """What is wrong with a week of daily contacts around a change, at the very time of day that it touches."""
    there = zone(name)
    before = clock(name, change - 1)
    minute = (before.hour * 60 + before.minute + 1) % (24 * 60)
    around = range(there.local_day(change) - 3, there.local_day(change) + 4)
    # The day after one that a zone skips is nobody's next day.
    days = [day for day in around if there.exists(day) and there.exists(day - 1)]
    noons = [there.instant(day - 1, 720) for day in days]
    events = tuple(Event(f"{at}", "noon", at, at) for at in noons if at is not None)
    customer = Customer("ana", {"email": "ana@example.com", "timezone": name}, events)
    since, until = there.midnight(days[0]), there.midnight(days[-1] + 1)
    made = [one for one in decide(daily(minute), [customer], since, until) if one.outcome is Outcome.CONTACT]
    heard = [there.local_day(one.at) for one in made]
    problems = [] if heard == days else [f"{name} {there.iso(change)}: heard on {list(map(date_of, heard))}"]
    for one in made:
        wall = clock(name, one.at)
        exact = (wall.hour * 60 + wall.minute, wall.second) == (minute, 0)
        if not exact and exists(name, there.local_day(one.at), minute):
            problems.append(f"{name} {there.iso(change)}: contacted at {wall}")
    return problems


def problems_of(sample: Sequence[tuple[str, int]]) -> list[str]:
    return [problem for name, at in sample for problem in wrong_contacts(name, at)]


def test_around_five_thousand_changes_there_is_one_contact_a_day(changes: dict[str, list[int]]) -> None:
    assert problems_of(spread(changes, 5000)) == []


@pytest.mark.slow
def test_around_all_changes_there_is_one_contact_a_day(changes: dict[str, list[int]]) -> None:
    assert problems_of([(name, at) for name, times in changes.items() for at in times]) == []
