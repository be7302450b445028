"""A small language for histories: rules in YAML, customers with what happened to them, and what a replay came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from textwrap import dedent, indent
from typing import Any

from scheduler.backtest.reading import wanted
from scheduler.backtest.replay import replay
from scheduler.backtest.tally import Tally
from scheduler.decisions.columns import Column, Columns, columns_of
from scheduler.decisions.compiled import PLAIN, Kernel
from scheduler.decisions.decide import Walk, chunks
from scheduler.decisions.facts import Consent, Customer, Event
from scheduler.decisions.kernel import CustomerRow, OccasionRow, SeatRow
from scheduler.decisions.program import Program, compile_rules
from scheduler.decisions.rows import listed_rows
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.wallclock import parse_instant, zone

BERLIN = zone("Europe/Berlin")
HOUSE = """\
timezone: Europe/Berlin
send_hours: {any: {from: "00:00", to: "24:00", days: all}}
frequency_caps: [{at_most: 1, within: 1 day}]
asks: {any: {value_window: none}}
"""
"""A house whose only restraint is a contact a day."""


def at(text: str) -> int:
    """An instant on the clock of Berlin."""
    return parse_instant(text, BERLIN)


def program(rules: str, house: str = HOUSE) -> Program:
    """Rules written in YAML, compiled; of the findings only what can't be read matters here."""
    campaign = "campaign: test\nowner: maja\nrules:\n" + indent(dedent(rules), "  ")
    book, findings = rulebook_from_texts({"rules/house_rules.yaml": dedent(house), "rules/test.yaml": campaign})
    unread = [finding for finding in findings if finding.code in {"unknown-key", "bad-value", "bad-duration"}]
    assert not unread, unread
    assert book.rules, findings
    return compile_rules(book)


def event(when: str, name: str, *, id: str = "", known: str = "", **properties: Any) -> Event:  # noqa: A002 - the event's own word
    """Something that happened on the clock of Berlin; its id is made of its name and its time unless it is given."""
    return Event(id or f"{name}-{when}", name, at(when), at(known or when), properties)


def customer(name: str, *events: Event, consents: tuple[Consent, ...] = (), **attributes: Any) -> Customer:
    """Somebody with an e-mail address, unless that is None, who lives in Berlin, unless a timezone is given."""
    known = {"email": f"{name}@example.com", "timezone": "Europe/Berlin", **attributes}
    told = {key: value for key, value in known.items() if value is not None}
    return Customer(name, told, tuple(sorted(events, key=lambda one: (one.at, one.id))), consents)


def read(program: Program, customers: Sequence[Customer], chunk: int = 2) -> list[Columns]:
    """The columns of some customers, in chunks."""
    return [columns_of(program, part) for part in chunks(customers, chunk)]


def walks(
    program: Program, customers: Sequence[Customer], since: int, until: int, by: Kernel | None = None, chunk: int = 2
) -> Iterator[Walk]:
    """The walks of a replay, with all that the reasons and the report need."""
    columns = read(wanted([program]), customers, chunk)
    return (walk for (walk,) in replay([program], columns, since, until, by=by or PLAIN, threads=2))


def tallied(program: Program, customers: Sequence[Customer], since: str, until: str) -> Tally:
    """What a replay comes to, from one time of Berlin to another."""
    tally = Tally(program, at(since), at(until))
    return counted(tally, walks(program, customers, tally.since, tally.until))


def counted(tally: Tally, walks: Iterable[Walk]) -> Tally:
    """A tally with these walks counted in."""
    for walk in walks:
        tally.add(walk)
    return tally


def on_arrays(walk: Walk) -> Walk:
    """A walk of the plain kernel as the compiled one leaves it."""
    facts, scratch = walk.laid.facts, walk.scratch
    return replace(
        walk,
        columns=as_arrays(walk.columns),
        laid=replace(
            walk.laid,
            facts=facts._replace(customers=listed_rows(facts.customers, CustomerRow, arrays=True)),
        ),
        scratch=scratch._replace(
            occasions=listed_rows(scratch.occasions, OccasionRow, arrays=True),
            seats=listed_rows(scratch.seats, SeatRow, arrays=True),
        ),
    )


def as_arrays(columns: Columns) -> Columns:
    """Columns with arrays in place of lists of numbers, as a reader makes them."""
    import numpy

    def array(numbers: Any) -> Any:
        return numpy.array(numbers, "i8")

    def coded(table: Mapping[str, Column]) -> dict[str, Column]:
        return {name: Column(array(one.codes), one.values) for name, one in table.items()}

    numbers: dict[str, Any] = {
        one.name: array(getattr(columns, one.name))
        for one in fields(Columns)
        if one.name.startswith(("event_", "consent_")) and one.name != "event_ids"
    }
    return replace(
        columns,
        **numbers,
        attributes=coded(columns.attributes),
        properties=coded(columns.properties),
        reachable=[array(one) for one in columns.reachable],
        arrays=True,
    )
