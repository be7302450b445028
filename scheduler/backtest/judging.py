"""Whether a condition held for a customer at an instant, by the facts alone.

This is written from the meaning of conditions and shares nothing with the kernel, which it is a check on. There are
two ways to the same answers: customer by customer on lists, and all at once on arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from scheduler.decisions.columns import Column, Columns
from scheduler.decisions.comparison import predicate
from scheduler.decisions.decide import Walk
from scheduler.decisions.facts import Value
from scheduler.decisions.kernel import NOWHEN
from scheduler.decisions.program import Program
from scheduler.durations import Duration, Unit
from scheduler.rulebook.model import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    CustomerCondition,
    EventCondition,
    NoneOf,
    OpenCondition,
)
from scheduler.wallclock import date_of, day_of, holidays_of, zone

Answers = Any
"""An array of yes and no."""


def counts_from(at: int, within: Duration, zone_name: str, country: str) -> int:
    """The first instant that lies within a duration that ends at `at`, on that zone's clock.

    So many hours are exact; so many days are today and the days before it.
    """
    if within.exact:
        return at - within.microseconds + 1
    return _day_counts_from(zone(zone_name).local_day(at), within, zone_name, country)


def _day_counts_from(day: int, within: Duration, zone_name: str, country: str) -> int:
    today = date_of(day)
    closed = _holidays(within, country, today.year - _years(within), today.year)
    return zone(zone_name).midnight(day_of(within.earlier(today, closed)) + 1)


def _has_lasted(since: int, span: Duration, at: int, zone_name: str, country: str) -> bool:
    where = zone(zone_name)
    first = where.wall(since).year
    return where.later(since, span, _holidays(span, country, first, first + _years(span))) <= at


def _holidays(span: Duration, country: str, first_year: int, last_year: int) -> Container[date]:
    return holidays_of(country, first_year, last_year) if span.unit is Unit.BUSINESS_DAYS else ()


def _years(span: Duration) -> int:
    """As many years as a span may reach, holidays among them."""
    return int(span.nominal_days * 1.2 / 365) + 1


@lru_cache(maxsize=1 << 10)
def _days_count_from(since: int, until: int, within: Duration, zone_name: str, country: str) -> tuple[Any, Any]:
    """The midnights of the days that [since, until) touches, and the first instant that counts on each."""
    import numpy

    where = zone(zone_name)
    first, last = where.local_day(since), where.local_day(until)
    firsts = [_day_counts_from(day, within, zone_name, country) for day in range(first, last + 1)]
    return numpy.array(where.midnights(first, last), "i8"), numpy.array(firsts, "i8")


def aggregated(numbers: Sequence[float], aggregate: str) -> float | None:
    """A sum, an average, the least or the most of some numbers, to six decimals; None where there is none."""
    if aggregate == "sum":
        return round(sum(numbers), 6)
    if not numbers:
        return None
    if aggregate == "average":
        return round(sum(numbers) / len(numbers), 6)
    return min(numbers) if aggregate == "min" else max(numbers)


def _number(value: Value | None) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _asked(column: Column, answer: Callable[[Value | None], Any]) -> list[Any]:
    """The answers about a column's values by their number; the last one is that about a missing value."""
    return [*map(answer, column.values), answer(None)]


@dataclass(frozen=True)
class Moment:
    """What was known of one customer at an instant, in columns of lists."""

    program: Program
    columns: Columns
    customer: int
    zone: str
    country: str
    at: int

    @classmethod
    def of(cls, walk: Walk, customer: int, at: int) -> Moment:
        """A moment of a customer of a walk, whose columns are lists."""
        row = walk.laid.facts.customers[customer]
        zone_name, country = walk.laid.zones[row.zone], walk.laid.countries[row.country]
        return cls(walk.program, walk.columns, customer, zone_name, country, at)

    @cached_property
    def seen(self) -> Sequence[int]:
        """The events that had happened and were known, in order."""
        columns = self.columns
        return [
            event
            for event in range(columns.event_from[self.customer], columns.event_from[self.customer + 1])
            if columns.event_at[event] <= self.at and columns.event_known[event] <= self.at
        ]

    def holds(self, condition: Condition) -> bool:
        """Whether a condition held."""
        match condition:
            case str():
                return self.holds(self.program.rulebook.conditions[condition].condition)
            case AllOf():
                return all(map(self.holds, condition.all_of))
            case AnyOf():
                return any(map(self.holds, condition.any_of))
            case NoneOf():
                return not any(map(self.holds, condition.none_of))
            case CustomerCondition():
                return predicate(condition)(_value(self.columns.attributes[condition.customer], self.customer))
            case EventCondition():
                return self._events(condition)
            case OpenCondition():
                return self._open(condition)
        raise TypeError(f"{condition!r} can't be judged by facts alone")

    def _named(self, names: Sequence[str]) -> Iterator[int]:
        for event in self.seen:
            if self.program.events[self.columns.event_name[event]] in names:
                yield event

    def _events(self, condition: EventCondition) -> bool:
        first = NOWHEN if condition.within is None else counts_from(self.at, condition.within, self.zone, self.country)
        tests = [(self.columns.properties[key], predicate(test)) for key, test in (condition.where or {}).items()]
        events = [
            event
            for event in self._named((condition.event,))
            if self.columns.event_at[event] >= first and all(test(_value(column, event)) for column, test in tests)
        ]
        aggregate, name = condition.aggregate
        holds = predicate(condition)
        if aggregate == "happened":
            return bool(events)
        if aggregate == "count":
            return holds(len(events))
        column = self.columns.properties[name]
        if aggregate in {"first", "latest"}:
            return bool(events) and holds(_value(column, events[0 if aggregate == "first" else -1]))
        found = (_number(_value(column, event)) for event in events)
        whole = aggregated([number for number in found if number is not None], aggregate)
        return whole is not None and holds(whole)

    def _open(self, condition: OpenCondition) -> bool:
        pair = self.program.house.open_things[condition.open]
        keys = None if pair.key is None else self.columns.properties[pair.key]
        opened: dict[Value | None, int] = {}
        closed: dict[Value | None, int] = {}
        for names, latest in ((pair.opened_by, opened), (pair.closed_by, closed)):
            for event in self._named(names):
                key = None if keys is None else _value(keys, event)
                latest[key] = max(latest.get(key, NOWHEN), self.columns.event_at[event])
        return any(
            since > closed.get(key, NOWHEN)
            and (condition.for_ is None or _has_lasted(since, condition.for_, self.at, self.zone, self.country))
            for key, since in opened.items()
        )


def _value(column: Column, row: int) -> Value | None:
    code = column.codes[row]
    return None if code < 0 else column.values[code]


@dataclass(frozen=True)
class Moments:
    """What was known of many customers, each at an instant within [since, until): the same on arrays.

    `customer` and `at` are arrays with one entry a moment.
    """

    walk: Walk
    customer: Any
    at: Any
    since: int
    until: int

    @property
    def program(self) -> Program:
        """The program of the walk."""
        return self.walk.program

    @property
    def columns(self) -> Columns:
        """The columns of the walk."""
        return self.walk.columns

    @cached_property
    def seen(self) -> tuple[Any, Any]:
        """The numbers of moments and of the events that were known at them, in order."""
        import numpy

        begins = numpy.asarray(self.columns.event_from)[self.customer]
        counts = numpy.asarray(self.columns.event_from)[self.customer + 1] - begins
        moment = numpy.repeat(numpy.arange(len(counts)), counts)
        event = numpy.arange(len(moment)) + numpy.repeat(begins - (numpy.cumsum(counts) - counts), counts)
        at = numpy.asarray(self.columns.event_at)[event]
        known = numpy.maximum(at, numpy.asarray(self.columns.event_known)[event]) <= self.at[moment]
        return moment[known], event[known]

    def holds(self, condition: Condition) -> Answers:
        """At which of the moments a condition held."""
        import numpy

        match condition:
            case str():
                return self.holds(self.program.rulebook.conditions[condition].condition)
            case AllOf():
                return numpy.logical_and.reduce([self.holds(part) for part in condition.all_of])
            case AnyOf():
                return numpy.logical_or.reduce([self.holds(part) for part in condition.any_of])
            case NoneOf():
                return ~numpy.logical_or.reduce([self.holds(part) for part in condition.none_of])
            case CustomerCondition():
                return self._passes(self.columns.attributes[condition.customer], condition, self.customer)
            case EventCondition():
                return self._events(condition)
            case OpenCondition():
                return self._open(condition)
        raise TypeError(f"{condition!r} can't be judged by facts alone")

    def _named(self, names: Sequence[str]) -> tuple[Any, Any]:
        import numpy

        moment, event = self.seen
        numbers = [number for number, name in enumerate(self.program.events) if name in names]
        named = numpy.isin(numpy.asarray(self.columns.event_name)[event], numbers)
        return moment[named], event[named]

    def _passes(self, column: Column, comparison: Comparison, rows: Any) -> Answers:
        import numpy

        return numpy.array(_asked(column, predicate(comparison)), bool)[numpy.asarray(column.codes)[rows]]

    def _events(self, condition: EventCondition) -> Answers:
        import numpy

        moment, event = self._named((condition.event,))
        counted = numpy.ones(len(event), bool)
        if condition.within is not None:
            counted &= numpy.asarray(self.columns.event_at)[event] >= self._counts_from(condition.within)[moment]
        for key, test in (condition.where or {}).items():
            counted &= self._passes(self.columns.properties[key], test, event)
        moment, event = moment[counted], event[counted]
        count = numpy.bincount(moment, minlength=len(self.at))
        aggregate, name = condition.aggregate
        if aggregate == "happened":
            return count > 0
        if aggregate == "count":
            return _each(count, predicate(condition))
        if aggregate in {"first", "latest"}:
            ends = numpy.cumsum(count)
            chosen = event[(ends - count if aggregate == "first" else ends - 1)[count > 0]]
            held = numpy.zeros(len(self.at), bool)
            held[count > 0] = self._passes(self.columns.properties[name], condition, chosen)
            return held
        return self._numbers(condition, moment, event)

    def _numbers(self, condition: EventCondition, moment: Any, event: Any) -> Answers:
        import numpy

        aggregate, name = condition.aggregate
        column = self.columns.properties[name]
        table = numpy.array(_asked(column, _number), float)  # None becomes NaN
        numbers = table[numpy.asarray(column.codes)[event]]
        filled = ~numpy.isnan(numbers)
        found = numpy.split(numbers[filled], numpy.cumsum(numpy.bincount(moment[filled], minlength=len(self.at)))[:-1])
        whole = [aggregated(some.tolist(), aggregate) for some in found]
        holds = predicate(condition)
        return numpy.array([one is not None and holds(one) for one in whole], bool)

    def _open(self, condition: OpenCondition) -> Answers:
        import numpy

        pair = self.program.house.open_things[condition.open]
        moment, event = self._named((*pair.opened_by, *pair.closed_by))
        at = numpy.asarray(self.columns.event_at)[event]
        key = 0 if pair.key is None else numpy.asarray(self.columns.properties[pair.key].codes)[event] + 1
        width = 1 if pair.key is None else len(self.columns.properties[pair.key].values) + 1
        groups, group = numpy.unique(moment * width + key, return_inverse=True)
        closes = numpy.isin(
            numpy.asarray(self.columns.event_name)[event],
            [number for number, name in enumerate(self.program.events) if name in pair.closed_by],
        )
        opened, closed = numpy.full(len(groups), NOWHEN), numpy.full(len(groups), NOWHEN)
        numpy.maximum.at(opened, group[~closes], at[~closes])
        numpy.maximum.at(closed, group[closes], at[closes])
        still = numpy.nonzero(opened > closed)[0]
        asking = groups[still] // width
        held = numpy.zeros(len(self.at), bool)
        if condition.for_ is None:
            held[asking] = True
            return held
        for one, since in zip(asking.tolist(), opened[still].tolist(), strict=True):
            held[one] |= _has_lasted(since, condition.for_, int(self.at[one]), *self._home(self.customer[one]))
        return held

    def _home(self, customer: int) -> tuple[str, str]:
        """The zone and the country of a customer."""
        row: Any = self.walk.laid.facts.customers[customer]
        return self.walk.laid.zones[row["zone"]], self.walk.laid.countries[row["country"]]

    def _counts_from(self, within: Duration) -> Any:
        """The first instant that counts at each moment."""
        import numpy

        if within.exact:
            return self.at - within.microseconds + 1
        laid = self.walk.laid
        customers: Any = laid.facts.customers
        zones, countries = customers["zone"][self.customer], customers["country"][self.customer]
        if within.unit is not Unit.BUSINESS_DAYS:
            countries = numpy.zeros_like(countries)  # they have nothing to do with it
        homes = zones * len(laid.countries) + countries
        found = numpy.empty(len(self.at), "i8")
        for home in numpy.unique(homes).tolist():
            (here,) = numpy.nonzero(homes == home)
            zone_, country = divmod(home, len(laid.countries))
            midnights, firsts = _days_count_from(
                self.since, self.until, within, laid.zones[zone_], laid.countries[country]
            )
            found[here] = firsts[numpy.searchsorted(midnights, self.at[here], "right") - 1]
        return found


def _each(numbers: Any, holds: Callable[[Value | None], bool]) -> Answers:
    import numpy

    distinct, place = numpy.unique(numbers, return_inverse=True)
    return numpy.array([holds(number) for number in distinct.tolist()], bool)[place]
