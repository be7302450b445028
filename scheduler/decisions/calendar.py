"""Wall clocks and holidays as numbers: what the kernel knows of zones and countries."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.decisions import kernel
from scheduler.decisions.program import Program, Trigger
from scheduler.decisions.rows import listed_rows, whole
from scheduler.decisions.spans import counts_business_days
from scheduler.wallclock import DAY, date_of, day_of, holidays_of, zone

MARGIN = 400 * DAY
"""So far beyond the walk the next opening of closed hours is looked for."""


def calendar_of(
    program: Program, zones: Sequence[str], countries: Sequence[str], since: int, until: int, *, arrays: bool = False
) -> kernel.Calendar:
    """Lay out what a walk over [since, until) asks; zones and countries stand in the order of their numbers."""
    first, last = since - program.reach - MARGIN, until + program.reach + MARGIN
    change, offset, zone_rows = list[int](), list[int](), list[kernel.RangeRow]()
    for name in zones:
        changes, offsets = zone(name).changes(first, last)
        zone_rows.append(kernel.RangeRow(len(change), len(change) + len(changes)))
        change += changes
        offset += offsets
    holiday, country_rows = list[int](), list[kernel.RangeRow]()
    counted_from = min([first, *(row.starts * DAY for row in program.tables.rules if row.trigger == Trigger.SPAN)])
    for country in countries:
        days = _holidays(country, counted_from, last) if country and _asks_for_holidays(program) else []
        country_rows.append(kernel.RangeRow(len(holiday), len(holiday) + len(days)))
        holiday += days
    closed = sorted(day_of(day) for day in program.house.closed)
    return kernel.Calendar(
        zones=listed_rows(zone_rows, kernel.RangeRow, arrays=arrays),
        change=whole(change, arrays=arrays),
        offset=whole(offset, arrays=arrays),
        countries=listed_rows(country_rows, kernel.RangeRow, arrays=arrays),
        holiday=whole(holiday, arrays=arrays),
        closed=whole(closed, arrays=arrays),
    )


def _asks_for_holidays(program: Program) -> bool:
    return any(hours.holidays for hours in program.tables.hours) or counts_business_days(program.spans)


def _holidays(country: str, first: int, last: int) -> list[int]:
    years = [date_of(at // DAY).year for at in (first, last)]
    return sorted(map(day_of, holidays_of(country, *years)))
