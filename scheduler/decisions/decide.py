"""Decides: rules and facts in, decisions out. Pure: no clock, no database, nothing is kept."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, TypeVar

from scheduler.decisions import kernel
from scheduler.decisions.columns import Columns, columns_of
from scheduler.decisions.compiled import PLAIN, Kernel
from scheduler.decisions.facts import Customer
from scheduler.decisions.outcome import OUTCOMES, Decision
from scheduler.decisions.program import Program
from scheduler.decisions.room import grown, room_for_walking, skip
from scheduler.decisions.rows import joined_ranges
from scheduler.decisions.windows import NEVER_ACTIVATED, Opened, opened

T = TypeVar("T")


@dataclass(frozen=True)
class Walk(Opened):
    """Some customers' occasions, walked; the kernel can be asked more about them.

    `made` is how many contacts the kernel remembers of the last customer.
    """

    until: int = 0
    made: int = 0

    def decided(self, *, contacts: bool = False) -> Iterator[int]:
        """The numbers of the occasions that took part, in the order of customers and of who speaks first.

        With `contacts` only of those that led to one.
        """
        of_each = self._taking_part if isinstance(self.scratch.occasions, list) else self._taking_part_in_arrays
        for own in of_each(contacts=contacts):
            if len(own) > 1:
                own.sort(key=self._order)
            yield from own

    def _taking_part(self, *, contacts: bool) -> Iterator[list[int]]:
        made = self.scratch.occasions
        for seat in self.seats:
            parts = range(seat.start, seat.end), range(seat.arisen_from, seat.arisen_to)
            yield [
                o
                for part in parts
                for o in part
                if made[o].skipped == 0 and not (contacts and made[o].outcome != kernel.CONTACT)
            ]

    def _taking_part_in_arrays(self, *, contacts: bool) -> Iterator[list[int]]:
        """As `_taking_part`, without a look at those who have nothing."""
        made: Any = self.scratch.occasions
        seats: Any = self.scratch.seats
        taken = joined_ranges((seats["start"], seats["end"]), (seats["arisen_from"], seats["arisen_to"]))
        there = made["skipped"][taken] == 0
        if contacts:
            there &= made["outcome"][taken] == kernel.CONTACT
        taken = taken[there]
        whose = made["customer"][taken]
        in_order = whose.argsort(kind="stable")
        pairs = zip(whose[in_order].tolist(), taken[in_order].tolist(), strict=True)
        for _, own in groupby(pairs, key=itemgetter(0)):
            yield [o for _, o in own]

    def _order(self, o: int) -> tuple[int, int, str]:
        row = self.rows[o]
        return row.rule, row.trigger, self.anchor(o)

    def decisions(self) -> Iterator[Decision]:
        """Put the kernel's results into words and values, in the order of customers and occasions."""
        for o in self.decided():
            yield self.decision(o)

    def decision(self, o: int) -> Decision:
        """Put what came of one occasion into words and values."""
        row = self.rows[o]
        rule = self.program.rules[row.rule]
        gates = self.program.gates[row.rule]
        refused = row.refused
        return Decision(
            at=row.at,
            customer=self.columns.ids[row.customer],
            rule=rule.name,
            occasion=self.key(o),
            outcome=OUTCOMES[row.outcome],
            channel=None if row.channel == kernel.NONE else self.program.channels[row.channel],
            because=tuple(gate.name for bit, gate in enumerate(gates) if refused >> bit & 1) if refused else (),
            until=None if row.until == kernel.NOWHEN else row.until,
            trigger=row.trigger,
            opens=row.opens,
            closes=row.closes,
            asks_for=rule.asks_for,
            event=self.event(o),
        )


def decide(
    program: Program,
    customers: Iterable[Customer],
    since: int,
    until: int,
    *,
    activated: Mapping[str, int] = NEVER_ACTIVATED,
    horizon: int | None = None,
    overdue: int | None = None,
    only: Container[str] | None = None,
    causes: bool = True,
    by: Kernel = PLAIN,
) -> Iterator[Decision]:
    """Walk the moments in [since, until) of each customer and yield one decision for each occasion.

    `activated` is when each rule became active, for `backfill`. Occasions take part whose window meets
    [since, horizon), `horizon` being `until` unless it is later; those that closed before `since` but not before
    `overdue` take part too, and end as too late. `only` narrows them down to some keys, and to what their contacts give
    rise to. Without `causes`, what is too late or waits does not say why, which is faster. `by` is the kernel, plain
    or compiled: the answers are the same. All instants are UTC microseconds.
    """
    for chunk in chunks(customers, by.chunk):
        yield from walked(
            program,
            columns_of(program, chunk),
            since,
            until,
            activated=activated,
            horizon=horizon,
            overdue=overdue,
            only=only,
            causes=causes,
            by=by,
            customers=chunk,
        ).decisions()


def walked(
    program: Program,
    columns: Columns,
    since: int,
    until: int,
    *,
    activated: Mapping[str, int] = NEVER_ACTIVATED,
    horizon: int | None = None,
    overdue: int | None = None,
    only: Container[str] | None = None,
    causes: bool = True,
    by: Kernel = PLAIN,
    customers: Sequence[Customer] = (),
) -> Walk:
    """Walk some customers, given as columns; arguments as in `decide`, `customers` as in `Opened`."""
    floor = since if overdue is None else min(since, overdue)
    reach = max(until, horizon or until)
    opening = opened(
        program,
        replace(columns, arrays=by.arrays),
        floor,
        reach,
        by=by,
        activated=activated,
        customers=customers,
    )
    _leave_out(opening, only)
    return walk(opening, since, until, reach, causes=causes)


def _leave_out(opening: Opened, only: Container[str] | None) -> None:
    """Skip what has ended, what a contact was made for, and what is not among `only`."""
    columns = opening.columns
    if only is None and not any(columns.ended) and not any(columns.contacts):
        return
    for c, _ in enumerate(columns.ids):
        over = opening.over(c)
        if only is None and not over:
            continue
        seat = opening.seats[c]
        for o in range(seat.start, seat.end):
            key = opening.key(o)
            if key in over or (only is not None and key not in only):
                skip(opening.scratch, o)


def walk(opening: Opened, since: int, until: int, horizon: int, *, causes: bool) -> Walk:
    """Walk the moments in [since, until); what contacts give rise to takes part up to `horizon`."""
    program, facts, columns = opening.program, opening.laid.facts, opening.columns
    tables = opening.by.tables(program)
    room = room_for_walking(program, facts, opening.scratch, arrays=columns.arrays)
    done, count, made = 0, opening.occasions, 0
    while True:
        done, count, made = opening.by.walk(
            tables, opening.calendar, facts, room, done, count, since, until, horizon, causes
        )
        if done == len(columns.ids):
            break
        room = grown(room, arrays=columns.arrays)
    return Walk(
        program,
        columns,
        opening.laid,
        opening.calendar,
        room,
        opening.by,
        opening.customers,
        until,
        made,
    )


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of at most `size`."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
