"""Counts what walks come to, one by one, so that nothing grows with the number of customers.

Rows of the plain kernel are counted in loops, arrays of the compiled one all at once; a test holds that both count the
same.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduler.backtest.judging import Moment, Moments
from scheduler.backtest.signs import Sign, asks_of_us
from scheduler.decisions.decide import Walk
from scheduler.decisions.kernel import CONTACT

MOST = 10
"""So many of the most contacted customers are told by name, and so many of the asks that came near unhappy ones."""


@dataclass(frozen=True, slots=True)
class NearUnhappy:
    """An ask that came near an unhappy customer, with the names of the signs; `at` in UTC microseconds."""

    at: int
    customer: str
    rule: str
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counting:
    """How walks over [since, until) are counted: `months` are the instants at which they begin."""

    since: int
    until: int
    months: Sequence[int]
    signs: Sequence[Sign]

    def counts(self, walk: Walk) -> Counts:
        """Count a walk."""
        return _OfArrays(self, walk).counts() if walk.columns.arrays else _OfRows(self, walk).counts()


@dataclass
class Counts:
    """What some walks come to; rules are numbers of the program, months of the counting."""

    customers: int = 0
    events: int = 0
    occasions: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    """By rule, outcome, and the bits of the gates that refused."""
    contacts: Counter[tuple[int, int]] = field(default_factory=Counter)
    """By rule and month."""
    heard: Counter[int] = field(default_factory=Counter)
    """How many customers were contacted so often."""
    most: list[tuple[int, str]] = field(default_factory=list)
    """The most contacted ones, as minus how often, and whom."""
    asks: int = 0
    signs: Counter[str] = field(default_factory=Counter)
    """How many asks came near each sign."""
    near: int = 0
    """How many came near any."""
    examples: list[NearUnhappy] = field(default_factory=list)
    """The first ones of those."""

    def add(self, other: Counts) -> None:
        """Count others in."""
        self.customers += other.customers
        self.events += other.events
        self.occasions.update(other.occasions)
        self.contacts.update(other.contacts)
        self.heard.update(other.heard)
        self.most = heapq.nsmallest(MOST, [*self.most, *other.most])
        self.asks += other.asks
        self.near += other.near
        self.signs.update(other.signs)
        both = [*self.examples, *other.examples]
        self.examples = heapq.nsmallest(MOST, both, key=lambda one: (one.at, one.customer, one.rule))


def occasions_of(walk: Walk) -> Any:
    """The occasions that took part, of a walk on arrays: one record each, those that arose by contacts last."""
    seats: Any = walk.scratch.seats
    rows: Any = walk.scratch.occasions
    rows = rows[: int(seats["arisen_to"][-1]) if len(seats) else 0]
    return rows if not rows["skipped"].any() else rows[rows["skipped"] == 0]


def _often(customers: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    return heapq.nsmallest(MOST, ((-times, customer) for times, customer in customers if times))


@dataclass(frozen=True)
class _OfRows:
    """Counts a walk whose occasions are rows in a list."""

    counting: Counting
    walk: Walk

    def counts(self) -> Counts:
        columns, found = self.walk.columns, Counts()
        found.customers, found.events = len(columns.ids), len(columns.event_at)
        times = [0] * found.customers
        asking = asks_of_us(self.walk.program)
        for row in self._rows():
            found.occasions[row.rule, row.outcome, row.refused] += 1
            if row.outcome != CONTACT:
                continue
            found.contacts[row.rule, bisect_right(self.counting.months, row.at) - 1] += 1
            times[row.customer] += 1
            if asking[row.rule]:
                self._ask(found, row)
        found.heard = Counter(times)
        found.most = _often(zip(times, columns.ids, strict=True))
        return found

    def _rows(self) -> Iterator[Any]:
        rows = self.walk.scratch.occasions
        for seat in self.walk.scratch.seats:
            for part in (range(seat.start, seat.end), range(seat.arisen_from, seat.arisen_to)):
                yield from (rows[o] for o in part if rows[o].skipped == 0)

    def _ask(self, found: Counts, row: Any) -> None:
        moment = Moment.of(self.walk, row.customer, row.at)
        near = tuple(sign.name for sign in self.counting.signs if moment.holds(sign.condition))
        found.asks += 1
        if near:
            found.near += 1
            found.signs.update(near)
            rule = self.walk.program.rules[row.rule].name
            found.examples.append(NearUnhappy(row.at, self.walk.columns.ids[row.customer], rule, near))


@dataclass(frozen=True)
class _OfArrays:
    """Counts a walk whose occasions are an array of records."""

    counting: Counting
    walk: Walk

    def counts(self) -> Counts:
        import numpy

        columns, found = self.walk.columns, Counts()
        found.customers, found.events = len(columns.ids), len(columns.event_at)
        rows = occasions_of(self.walk)
        outcome = rows["outcome"]
        found.occasions = _distinct(rows["rule"], outcome, rows["refused"])
        (contacts,) = numpy.nonzero(outcome == CONTACT)
        rule, customer, at = (rows[name][contacts] for name in ("rule", "customer", "at"))
        months = len(self.counting.months)
        month = numpy.searchsorted(self.counting.months, at, "right") - 1
        both = _numbered(rule * months + month)
        found.contacts = Counter({divmod(number, months): times for number, times in both.items()})
        times = numpy.bincount(customer, minlength=found.customers)
        found.heard = _numbered(times)
        found.most = self._most(times)
        asks = numpy.array(asks_of_us(self.walk.program), bool)[rule]
        self._ask(found, rule[asks], customer[asks], at[asks])
        return found

    def _most(self, times: Any) -> list[tuple[int, str]]:
        import numpy

        if not len(times):
            return []
        least = numpy.sort(times)[-MOST:][0]
        (chosen,) = numpy.nonzero(times >= max(1, least))
        ids = self.walk.columns.ids
        return _often((int(times[customer]), str(ids[customer])) for customer in chosen.tolist())

    def _ask(self, found: Counts, rule: Any, customer: Any, at: Any) -> None:
        import numpy

        found.asks = len(at)
        signs = self.counting.signs
        if not signs or not found.asks:
            return
        moments = Moments(self.walk, customer, at, self.counting.since, self.counting.until)
        held = numpy.stack([moments.holds(sign.condition) for sign in signs])
        found.signs = Counter(
            {sign.name: int(some.sum()) for sign, some in zip(signs, held, strict=True) if some.any()}
        )
        (near,) = numpy.nonzero(held.any(axis=0))
        found.near = len(near)
        if not found.near:
            return
        latest = numpy.sort(at[near])[:MOST][-1]
        for one in near[at[near] <= latest].tolist():
            names = tuple(sign.name for sign, some in zip(signs, held[:, one], strict=True) if some)
            who = str(self.walk.columns.ids[customer[one]])
            found.examples.append(NearUnhappy(int(at[one]), who, self.walk.program.rules[rule[one]].name, names))


def _distinct(*columns: Any) -> Counter[tuple[int, int, int]]:
    """Count the different rows of some columns of whole numbers."""
    import polars as pl

    frame = pl.DataFrame({str(number): column for number, column in enumerate(columns)})
    counted = frame.group_by(frame.columns, maintain_order=True).len("times")  # as rows come: ties are told so
    return Counter({(first, second, third): times for first, second, third, times in counted.iter_rows()})


def _numbered(numbers: Any) -> Counter[int]:
    """Count small whole numbers."""
    import numpy

    return Counter({number: times for number, times in enumerate(numpy.bincount(numbers).tolist()) if times})
