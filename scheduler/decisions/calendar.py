"""Local days as instants: the tables that let the kernel know no zones.

One table has the midnights of each zone, others the times of day that rules and hours name, the days on which
hours apply, and what lies within a span of each day.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from scheduler.decisions import kernel
from scheduler.decisions.program import Program
from scheduler.decisions.spans import days_back, days_forward, days_leaving
from scheduler.durations import Duration, Unit
from scheduler.wallclock import DAY, Zone, date_of, day_of, holidays_of

MARGIN = 3
"""Days on either side, so that no zone's local day falls off the edge."""


def calendar_of(
    program: Program,
    zones: Sequence[Zone],
    countries: Sequence[str],
    since: int,
    until: int,
    speaking: Collection[tuple[int, int]],
) -> kernel.Calendar:
    """Lay out all local days that a walk over [since, until) can ask about.

    `zones` and `countries` are in the order of their numbers in the columns; `speaking` says which rules have an
    occasion in which country, as holidays are dear to look up.
    """
    first = since // DAY - program.reach_back - MARGIN
    last = until // DAY + MARGIN
    spans = _SpanTables(first, last)
    span_row = [spans.row(span, country) for span in program.spans for country in countries]
    return kernel.Calendar(
        first=first,
        days=last - first + 1,
        midnight=[at for zone in zones for at in zone.midnights(first, last)],
        clock=[at for minute in program.clocks for zone in zones for at in zone.times(first, last, minute)],
        hours_from=[hours.opens for hours in program.hours],
        hours_to=[hours.closes for hours in program.hours],
        open_day=_open_days(program, countries, first, last, _asked(program, speaking)),
        countries=len(countries),
        zones=len(zones),
        span_row=span_row,
        back=spans.back,
        leaves=spans.leaves,
        forward=spans.forward,
    )


class _SpanTables:
    """The rows of the spans' tables: one a span, and for business days one a country."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        self.rows: dict[tuple[Duration, str], int] = {}
        self.back, self.leaves, self.forward = list[int](), list[int](), list[int]()

    def row(self, span: Duration, country: str) -> int:
        """Return the number of a span's row, laid out when it is first asked for; exact spans need none."""
        if span.exact:
            return kernel.NONE
        key = (span, country if span.unit is Unit.BUSINESS_DAYS else "")
        if key not in self.rows:
            self.rows[key] = len(self.rows)
            closed = _holidays(key[1], self.first, self.last)
            back = days_back(span, self.first, self.last, closed)
            self.back += back
            self.leaves += days_leaving(back, self.first)
            self.forward += days_forward(span, self.first, self.last, closed)
        return self.rows[key]


def _holidays(country: str, first: int, last: int) -> frozenset[date]:
    return holidays_of(country, date_of(first).year - 1, date_of(last).year + 1) if country else frozenset()


def _asked(program: Program, speaking: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Which hours are asked for customers of which country."""
    tables = program.tables
    return {
        (tables.slot_hours[slot], country)
        for rule, country in speaking
        for slot in range(tables.slot_from[rule], tables.slot_from[rule + 1])
    }


def _open_days(
    program: Program, countries: Sequence[str], first: int, last: int, asked: Collection[tuple[int, int]]
) -> list[int]:
    start = date_of(first)
    closed = {day_of(day) for day in program.house.closed}
    weekday = start.weekday()
    table: list[int] = []
    for number, hours in enumerate(program.hours):
        plain = [int((weekday + i) % 7 in hours.weekdays and first + i not in closed) for i in range(last - first + 1)]
        for place, country in enumerate(countries):
            days = plain.copy()
            if hours.holidays and (number, place) in asked:
                for holiday in _holidays(country, first, last):
                    if first <= day_of(holiday) <= last:
                        days[day_of(holiday) - first] = 0
            table += days
    return table
