"""Days and times of day around every change of the clocks, compared with plain `zoneinfo` datetimes."""

from __future__ import annotations

import csv
import zoneinfo
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from scheduler.wallclock import DAY, SECOND, Zone, date_of, day_of, zone

CHANGES = Path(__file__).parents[2] / "shared" / "data" / "clock_changes" / "transitions_1970_2037.csv"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE = 60 * SECOND
Change = tuple[str, int]
"""A zone and the instant at which its clock changes."""


def wrong_around(name: str, at: int) -> list[str]:
    """What is wrong in the days around a change, in words; empty where all is right."""
    there = zone(name)
    middle = there.local_day(at)
    days = range(middle - 2, middle + 2)
    shown = [clock(name, instant) for instant in (at - 1, at)]
    shown_minutes = {local.hour * 60 + local.minute for local in shown}
    minutes = {0, 600} | shown_minutes | {(minute + step) % 1440 for minute in shown_minutes for step in (-30, 30)}
    found = list(wrong_days(there, days))
    for minute in sorted(minutes):
        found.extend(wrong_times(there, days, minute, at))
    return [f"{name} {problem}" for problem in found]


def wrong_days(there: Zone, days: range) -> Iterator[str]:
    midnights = there.midnights(days[0], days[-1] + 1)
    if midnights != [there.midnight(day) for day in (*days, days[-1] + 1)]:
        yield f"{date_of(days[0])}: midnights computed by adding differ"
    for day, (begins, ends) in zip(days, pairwise(midnights), strict=True):
        if begins > ends:
            yield f"{date_of(day)} ends before it begins"
        elif begins < ends and {there.local_day(at) for at in (begins, (begins + ends) // 2, ends - 1)} != {day}:
            yield f"{date_of(day)}: not all of it belongs to it"
        elif begins == ends and any(exists(there.name, day, hour * 60) for hour in range(24)):
            yield f"{date_of(day)} is held for skipped"


def wrong_times(there: Zone, days: range, minute: int, change: int) -> Iterator[str]:
    times = there.times(days[0], days[-1], minute)
    made = [at for at in times if at != -1]
    if made != sorted(set(made)):
        yield f"{minute}: not in order, or not once a day"
    for day, at in zip(days, times, strict=True):
        what = f"{date_of(day)} minute {minute}"
        if at != (-1 if (single := there.instant(day, minute)) is None else single):
            yield f"{what}: computed by adding it differs"
        if at == -1:
            if there.exists(day):
                yield f"{what}: no instant though the day exists"
        elif there.local_day(at) != day:
            yield f"{what}: on another day"
        elif at != (expected := plain(there.name, day, minute, change)):
            yield f"{what}: {there.iso(at)} where {there.iso(expected)} was expected"


def clock(name: str, at: int) -> datetime:
    return (EPOCH + at * TICK).astimezone(zoneinfo.ZoneInfo(name)).replace(tzinfo=None)


def naive(day: int, minute: int) -> datetime:
    return datetime.combine(date_of(day), datetime.min.time()) + timedelta(minutes=minute)


def first_of(name: str, local: datetime) -> int:
    return (local.replace(tzinfo=zoneinfo.ZoneInfo(name)) - EPOCH) // TICK


def exists(name: str, day: int, minute: int) -> bool:
    local = naive(day, minute)
    return clock(name, first_of(name, local)) == local


def plain(name: str, day: int, minute: int, change: int) -> int:
    """The instant of a time of day by datetimes alone, near one change."""
    local = naive(day, minute)
    if exists(name, day, minute):
        return first_of(name, local)
    if clock(name, change).date() == local.date():
        return change
    before = change - MINUTE
    return before - before % MINUTE if clock(name, before).second else before


def spread(changes: dict[str, list[int]], wanted: int) -> list[Change]:
    """So many changes, as evenly over the zones and over the years of each zone as can be."""
    share = dict.fromkeys(changes, 0)
    left = wanted
    while left and (open_zones := [name for name in changes if share[name] < len(changes[name])]):
        for name in open_zones[:left]:
            share[name] += 1
        left -= min(left, len(open_zones))
    return [
        (name, changes[name][n * len(changes[name]) // count]) for name, count in share.items() for n in range(count)
    ]


@pytest.fixture(scope="module")
def changes() -> dict[str, list[int]]:
    if not CHANGES.exists():
        # the list is no part of the product; the test of the years 2024 to 2027 checks the same without it
        pytest.skip(f"the list of clock changes is not there: {CHANGES}")
    found: dict[str, list[int]] = defaultdict(list)
    with CHANGES.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["zone"]].append((datetime.fromisoformat(row["utc_instant"]) - EPOCH) // TICK)
    return found


def test_five_thousand_changes_over_all_zones_keep_days_and_times_right(changes: dict[str, list[int]]) -> None:
    sample = spread(changes, 5000)
    assert (len(sample), len({name for name, _ in sample})) == (5000, len(changes))
    assert [problem for name, at in sample for problem in wrong_around(name, at)] == []


@pytest.mark.slow
def test_all_changes_keep_days_and_times_right(changes: dict[str, list[int]]) -> None:
    assert [problem for name, times in changes.items() for at in times for problem in wrong_around(name, at)] == []


def test_the_changes_of_these_years_keep_days_and_times_right_in_every_zone() -> None:
    years = range(day_of(date(2024, 1, 1)), day_of(date(2027, 12, 31)))
    found = [(name, at) for name in sorted(zoneinfo.available_timezones()) for at in changes_of(name, years)]
    assert len(found) > 1000
    assert [problem for name, at in found for problem in wrong_around(name, at)] == []


def changes_of(name: str, days: range) -> Iterator[int]:
    """The changes of a zone's clock, found with datetimes by looking at each day."""
    there = zoneinfo.ZoneInfo(name)
    offsets = [datetime.fromtimestamp(day * 86_400, there).utcoffset() for day in days]
    for day, (before, after) in zip(days, pairwise(offsets), strict=False):
        if before != after:
            low, high = day * 86_400, (day + 1) * 86_400
            while high - low > 1:
                middle = (low + high) // 2
                same = datetime.fromtimestamp(middle, there).utcoffset() == before
                low, high = (middle, high) if same else (low, middle)
            yield high * SECOND


def test_a_daily_contact_comes_once_on_each_day_of_every_zone() -> None:
    first, last = day_of(date(2020, 1, 1)), day_of(date(2037, 12, 31))
    for name in sorted(zoneinfo.available_timezones()):
        times = zone(name).times(first, last, 150)
        assert len(times) == last - first + 1
        assert all(0 < later - at < 2 * DAY for at, later in pairwise(times)), name
