"""Decides: rules and facts in, decisions out. Pure: no clock, no database, nothing is kept."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from scheduler.decisions import kernel
from scheduler.decisions.calendar import calendar_of
from scheduler.decisions.columns import Columns, columns_of
from scheduler.decisions.facts import Customer
from scheduler.decisions.occasions import Occasion, zone_of
from scheduler.decisions.outcome import OUTCOMES, Decision
from scheduler.decisions.program import Program
from scheduler.decisions.windows import Windows
from scheduler.wallclock import DAY, Zone, zone

CHUNK = 1_000
"""As many customers are walked together, so that memory does not grow with their number."""

NEVER_ACTIVATED: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Walk:
    """Some customers' occasions, laid out and walked; the kernel can be asked more about them.

    `made` is how many contacts the kernel remembers of the last customer.
    """

    program: Program
    customers: Sequence[Customer]
    zones: Sequence[Zone]
    occasions: Sequence[Occasion]
    columns: Columns
    calendar: kernel.Calendar
    scratch: kernel.Scratch
    until: int
    made: int

    def decisions(self) -> Iterator[Decision]:
        """Put the kernel's results into words and values, in the order of customers and occasions."""
        tables, scratch = self.columns.tables, self.scratch
        for c, customer in enumerate(self.customers):
            for o in range(tables.occasion_from[c], tables.occasion_from[c + 1]):
                yield self._decision(customer, o, self.occasions[o], scratch)

    def _decision(self, customer: Customer, o: int, occasion: Occasion, scratch: kernel.Scratch) -> Decision:
        rule = self.program.rules[occasion.rule]
        gates = self.program.gates[occasion.rule]
        refused = scratch.refused[o]
        channel = scratch.channel[o]
        until = scratch.until[o]
        return Decision(
            at=scratch.at[o],
            customer=customer.id,
            rule=rule.name,
            occasion=occasion.key,
            outcome=OUTCOMES[scratch.outcome[o]],
            channel=None if channel == kernel.NONE else self.program.channels[channel],
            because=tuple(gate.name for bit, gate in enumerate(gates) if refused >> bit & 1) if refused else (),
            until=None if until == kernel.NONE else until,
            trigger=occasion.trigger,
            opens=occasion.opens,
            closes=occasion.closes,
            asks_for=rule.asks_for,
            event=occasion.event,
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
) -> Iterator[Decision]:
    """Walk the moments in [since, until) of each customer and yield one decision for each occasion.

    `activated` is when each rule became active, for `backfill`. Occasions take part whose window meets
    [since, horizon), `horizon` being `until` unless it is later; those that closed before `since` but not before
    `overdue` take part too, and end as too late. `only` narrows them down to some keys. Without `causes`,
    what is too late or waits does not say why, which is faster. All instants are UTC microseconds.
    """
    windows = Windows(program, activated)
    for chunk in chunks(customers, CHUNK):
        yield from walked(
            windows, chunk, since, until, horizon=horizon, overdue=overdue, only=only, causes=causes
        ).decisions()


def walked(
    windows: Windows,
    customers: Sequence[Customer],
    since: int,
    until: int,
    *,
    horizon: int | None = None,
    overdue: int | None = None,
    only: Container[str] | None = None,
    causes: bool = True,
) -> Walk:
    """Lay out some customers and walk them; arguments as in `decide`."""
    program = windows.program
    zones = [zone_of(customer, program.house) for customer in customers]
    reach = max(until, horizon or until)
    found = [
        windows.of(customer, own_zone, since if overdue is None else min(since, overdue), reach)
        for customer, own_zone in zip(customers, zones, strict=True)
    ]
    if only is not None:
        found = [[occasion for occasion in own if occasion.key in only] for own in found]
    columns = columns_of(program, customers, zones, found)
    earliest = min([since, *(occasion.opens for own in found for occasion in own if occasion.closes <= since)])
    latest = max([reach, *(max(occasion.opens, occasion.known) for own in found for occasion in own)])
    # So far ahead that a count's last day within its span is on the calendar, however short the walk.
    last = latest + (2 + program.reach_back) * DAY
    speaking = {(occasion.rule, columns.tables.country[c]) for c, own in enumerate(found) for occasion in own}
    calendar = calendar_of(
        program,
        [zone(name) for name in columns.zones],
        columns.countries,
        earliest,
        last,
        speaking,
    )
    scratch = scratch_of(program, columns.tables)
    made = kernel.walk(program.tables, calendar, columns.tables, scratch, since, until, causes)
    flat = [occasion for own in found for occasion in own]
    return Walk(program, customers, zones, flat, columns, calendar, scratch, until, made)


def scratch_of(program: Program, tables: kernel.Columns) -> kernel.Scratch:
    """Make room for the results of a walk over these columns."""
    occasions = len(tables.rule)
    most = max(
        (
            tables.past_from[c + 1] - tables.past_from[c] + tables.occasion_from[c + 1] - tables.occasion_from[c]
            for c in range(tables.customers)
        ),
        default=0,
    )
    gates = max((len(gates) for gates in program.gates), default=0)
    blank = [0] * occasions
    return kernel.Scratch(
        outcome=blank.copy(),
        at=blank.copy(),
        channel=blank.copy(),
        refused=blank.copy(),
        until=blank.copy(),
        next=blank.copy(),
        made_occasion=[0] * most,
        made_at=[0] * most,
        made_rule=[0] * most,
        made_asks=[0] * most,
        made_channel=[0] * most,
        made_held=[0] * most,
        made_exempt=[0] * most,
        gate_until=[0] * gates,
        leaf_true=[0] * len(program.leaves),
        leaf_actual=[0.0] * len(program.leaves),
        stack=[0] * (len(program.tables.code) + 1),
    )


def chunks(customers: Iterable[Customer], size: int) -> Iterator[list[Customer]]:
    """Cut a stream of customers into lists of at most `size`."""
    rest = iter(customers)
    while chunk := list(islice(rest, size)):
        yield chunk
