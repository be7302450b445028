"""What is known of some customers, column by column, and as the tables that the kernel walks.

Values of attributes and properties are numbered; whatever asks about a value (a comparison, an age, a date) is asked
once for each different one. The columns are lists, or arrays where they were read as such.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from scheduler.decisions import kernel
from scheduler.decisions.comparison import predicate
from scheduler.decisions.conditions import ASKS, Carries
from scheduler.decisions.facts import ADDRESSES, Contact, Customer, Event, Value
from scheduler.decisions.kernel import NEVER, NONE, NOWHEN, Ints
from scheduler.decisions.numbering import Numbers, offsets
from scheduler.decisions.occasions import share_of
from scheduler.decisions.program import Draw, Program, Trigger
from scheduler.decisions.rows import floats, laid, listed_rows, rows, take, whole
from scheduler.durations import Duration
from scheduler.errors import BadInstant
from scheduler.rulebook.model import CustomerCondition, EveryTrigger, Rule
from scheduler.wallclock import day_of, parse_instant, zone, zone_of_country

NOT_A_NUMBER = float("nan")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute or property of many rows: the number of each row's value, NONE where it is missing."""

    codes: Ints
    values: Sequence[Value] = ()


@dataclass(frozen=True)
class Columns:
    """What is known of some customers, as far as a program asks about it; all in the order of customers.

    `attributes` holds those of `program.attributes` with `timezone`, `country` and `preferred_channel`, `properties`
    those of `program.properties`; events of names that are not in `program.events` are left out, and `event_name`
    is a number among them, `event_rank` the place of the event's id among the customer's. Topics and channels of
    consents are numbers of the program's, NONE for any. `reachable` tells for each of its channels who has an address
    that may be used. Instants are UTC microseconds; `_from` columns have one entry more than customers. `contacts`
    are those that were made before, the oldest first, and `ended` the keys of the occasions that are over; both are
    empty where nothing is remembered. `events` are the events themselves, where the columns were made from them.
    """

    ids: Sequence[str]
    attributes: Mapping[str, Column]
    reachable: Sequence[Ints]
    event_from: Ints
    event_at: Ints
    event_known: Ints
    event_name: Ints
    event_rank: Ints
    properties: Mapping[str, Column]
    event_ids: Sequence[str]
    consent_from: Ints
    consent_at: Ints
    consent_topic: Ints
    consent_channel: Ints
    consent_given: Ints
    paused_until: Sequence[int] = ()
    contacts: Sequence[Sequence[Contact]] = ()
    ended: Sequence[Collection[str]] = ()
    events: Sequence[Event] = ()
    arrays: bool = False


@dataclass(frozen=True)
class Laid:
    """Columns as the kernel's tables, with the names of the zones and countries that their numbers mean."""

    facts: kernel.Facts
    zones: Sequence[str]
    countries: Sequence[str]


def columns_of(program: Program, customers: Sequence[Customer]) -> Columns:
    """Lay out customers as columns."""
    names = {name: number for number, name in enumerate(program.events)}
    heard = [[event for event in one.events if event.name in names] for one in customers]
    events = [event for own in heard for event in own]
    properties = [event.properties for event in events]
    attributes = {*program.attributes, "timezone", "country", "preferred_channel"}
    records = [record for one in customers for record in one.consents]
    topics, channels = _numbers(program.topics), _numbers(program.channels)
    other = len(topics) + len(channels)  # a topic or channel that no rule uses fits none
    return Columns(
        ids=[one.id for one in customers],
        attributes={name: numbered(attribute_of(one, name) for one in customers) for name in attributes},
        reachable=[[int(reachable(one, channel)) for one in customers] for channel in program.channels],
        event_from=offsets(heard),
        event_at=[event.at for event in events],
        event_known=[event.known_at for event in events],
        event_name=[names[event.name] for event in events],
        event_rank=[rank for own in heard for rank in ranks([event.id for event in own])],
        properties={name: numbered([told.get(name) for told in properties]) for name in program.properties},
        event_ids=[event.id for event in events],
        consent_from=offsets([one.consents for one in customers]),
        consent_at=[record.at for record in records],
        consent_topic=[topics.get(record.topic, other) if record.topic else NONE for record in records],
        consent_channel=[channels.get(record.channel, other) if record.channel else NONE for record in records],
        consent_given=[int(record.given) for record in records],
        paused_until=[NOWHEN if one.paused_until is None else one.paused_until for one in customers],
        contacts=[oldest_first(one.contacts) for one in customers],
        ended=[one.ended for one in customers],
        events=events,
    )


def columns_of_each(programs: Iterable[Program], columns: Callable[[Program], Columns]) -> list[Columns]:
    """Lay out the same customers for several programs; those that look at the same facts share their columns."""
    made: dict[tuple[tuple[str, ...], ...], Columns] = {}
    found: list[Columns] = []
    for one in programs:
        looks_at = (one.events, one.properties, one.attributes, one.topics, one.channels)
        if looks_at not in made:
            made[looks_at] = columns(one)
        found.append(made[looks_at])
    return found


def oldest_first(contacts: Iterable[Contact]) -> list[Contact]:
    """Return contacts in the order in which they were made."""
    return sorted(contacts, key=lambda contact: contact.at)


def lay(program: Program, columns: Columns, activated: Mapping[str, int]) -> Laid:
    """Lay out columns as the kernel's tables; `activated` is when each rule became active."""
    layout = _Layout(program, columns)
    facts = layout.facts([activated.get(rule.name, NOWHEN) for rule in program.rules])
    return Laid(facts, layout.zones, layout.countries)


@dataclass
class _Layout:
    program: Program
    columns: Columns
    zones: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)

    def facts(self, activated: list[int]) -> kernel.Facts:
        program, columns, arrays = self.program, self.columns, self.columns.arrays
        truths, truth_from = self._tables(
            (self._property(one.column), predicate(one.comparison)) for one in program.predicates
        )
        turns, turn_from = self._tables(
            (columns.attributes[leaf.written.customer], _turning(leaf.written))
            if isinstance(leaf.written, CustomerCondition)
            else None
            for leaf in program.leaves
        )
        dated = {row.column for row in program.tables.rules if row.trigger in {Trigger.DATE, Trigger.DATE_ONCE}}
        told = {row.column for row in program.tables.rules if row.trigger == Trigger.EVENT_DATE}
        counted = {stream.column for stream in program.streams if stream.carries is Carries.VALUE}
        dates, date_from = self._tables(
            [
                *((self._attribute(n), _date) if n in dated else None for n, _ in enumerate(program.attributes)),
                *((self._property(n), _date) if n in told else None for n, _ in enumerate(program.properties)),
            ]
        )
        numbers, number_from = self._tables(
            (self._property(n), _number) if n in counted else None for n, _ in enumerate(program.properties)
        )
        events = (columns.event_at, columns.event_known, columns.event_name, columns.event_rank)
        return kernel.Facts(
            customers=self._customers(),
            attributes=laid([self._attribute(n).codes for n, _ in enumerate(program.attributes)], arrays=arrays),
            events=rows(
                kernel.EventRow,
                (*events, [0] * len(columns.event_at)),
                arrays=arrays,
            ),
            properties=laid([self._property(n).codes for n, _ in enumerate(program.properties)], arrays=arrays),
            consents=rows(
                kernel.ConsentRow,
                (columns.consent_at, columns.consent_topic, columns.consent_channel, columns.consent_given),
                arrays=arrays,
            ),
            past=listed_rows(self._past(), kernel.PastRow, arrays=arrays),
            reachable=laid(columns.reachable, arrays=arrays),
            draws=laid([_drawn(what, rule, columns.ids) for what, rule in program.draws], arrays=arrays),
            activated=whole(activated, arrays=arrays),
            truths=whole(truths, arrays=arrays),
            truth_from=whole(truth_from, arrays=arrays),
            turns=listed_rows(turns, kernel.TurnRow, arrays=arrays),
            turn_from=whole(turn_from, arrays=arrays),
            attribute_dates=whole(date_from[: len(program.attributes)], arrays=arrays),
            property_dates=whole(date_from[len(program.attributes) :], arrays=arrays),
            dates=listed_rows(dates, kernel.DateRow, arrays=arrays),
            property_numbers=whole(number_from, arrays=arrays),
            numbers=floats(numbers, arrays=arrays),
            ripens=whole(self._ripens(), arrays=arrays),
        )

    def _customers(self) -> Sequence[kernel.CustomerRow]:
        columns = self.columns
        timezone, country = columns.attributes["timezone"], columns.attributes["country"]
        self.countries = ["", *(str(value) for value in country.values)]
        of_country = take([NONE, *(self._zone(_zone_of_country(value)) for value in country.values)], country.codes)
        own = take([NONE, *(self._zone(value) for value in timezone.values)], timezone.codes)
        house = self._zone(self.program.house.timezone)
        numbers = {channel: number for number, channel in enumerate(self.program.channels)}
        preferred = columns.attributes["preferred_channel"]
        past_from = offsets(columns.contacts or [()] * len(columns.ids))
        paused = columns.paused_until if len(columns.paused_until) else [NOWHEN] * len(columns.ids)
        return rows(
            kernel.CustomerRow,
            (
                first_known(own, of_country, house),
                take(range(len(country.values) + 1), country.codes),
                take([NONE, *(numbers.get(str(value), NONE) for value in preferred.values)], preferred.codes),
                paused,
                columns.event_from[:-1],
                columns.event_from[1:],
                columns.consent_from[:-1],
                columns.consent_from[1:],
                past_from[:-1],
                past_from[1:],
            ),
            arrays=columns.arrays,
        )

    def _past(self) -> list[kernel.PastRow]:
        rules, channels = _numbers(self.program.names), _numbers(self.program.channels)
        other = len(channels)
        return [
            kernel.PastRow(
                at=contact.at,
                rule=rules.get(contact.rule, NONE),
                asks=ASKS.index(contact.asks_for),
                channel=channels.get(contact.channel, other),
                held=int(contact.held_out),
                exempt=int(contact.exempt),
            )
            for own in self.columns.contacts
            for contact in own
        ]

    def _zone(self, name: Value | None) -> int:
        if not isinstance(name, str):
            return NONE
        if name not in self.zones:
            self.zones.append(zone(name).name)
        return self.zones.index(name)

    def _attribute(self, number: int) -> Column:
        return self.columns.attributes[self.program.attributes[number]]

    def _property(self, number: int) -> Column:
        return self.columns.properties[self.program.properties[number]]

    def _ripens(self) -> list[int]:
        """The span of each value of the property that chooses the value window, that of a missing one first."""
        house, tables = self.program.house.value_window, self.program.tables.house[0]
        if house is None or tables.ripe_column == NONE:
            return [tables.ripens]
        values = self._property(tables.ripe_column).values
        windows = [house.default, *(house.windows.get(str(value), house.default) for value in values)]
        return [self.program.spans.index(window) for window in windows]

    @staticmethod
    def _tables(
        asked: Iterable[tuple[Column, Callable[[Value | None], T]] | None],
    ) -> tuple[list[T], list[int]]:
        """Ask about each value of each column, a missing one first; returns the answers, and where each column's begin.

        NONE stands for a column about which nothing is asked.
        """
        answers: list[T] = []
        begin: list[int] = []
        for one in asked:
            begin.append(NONE if one is None else len(answers))
            if one is not None:
                column, answer = one
                answers.append(answer(None))
                answers.extend(map(answer, column.values))
        return answers, begin


def numbered(values: Iterable[Value | None]) -> Column:
    """Number the different values: 1 and 1.0 are equal, true is another."""
    asked: list[Any] = list(values)
    if bool in {*map(type, asked)}:
        asked = [(one,) if one.__class__ is bool else one for one in asked]
    numbers = Numbers()
    codes = list(map(numbers.__getitem__, asked))
    return Column(codes, [one[0] if one.__class__ is tuple else one for one in numbers.values_in_order()])


def ranks(ids: Sequence[str]) -> list[int]:
    """Return the place of each id among them in alphabetical order."""
    places = {id_: rank for rank, id_ in enumerate(sorted(ids))}
    return [places[id_] for id_ in ids]


def first_known(own: Ints, of_country: Ints, house: int) -> Ints:
    """Return the first number of three that is not NONE, row by row."""
    if isinstance(own, list):
        return [
            mine if mine != NONE else theirs if theirs != NONE else house
            for mine, theirs in zip(own, of_country, strict=True)
        ]
    import numpy

    found = numpy.where(numpy.asarray(own) != NONE, own, of_country)
    return numpy.where(found != NONE, found, house)  # type: ignore[return-value] # an array of whole numbers


def attribute_of(customer: Customer, name: str) -> Value | None:
    """Return an attribute, `id` among them; None where it is missing."""
    return customer.id if name == "id" else customer.attributes.get(name)


def reachable(customer: Customer, channel: str) -> bool:
    """Whether the customer has an address for a channel that may be used; a channel without addresses needs none."""
    if channel in customer.suppressed:
        return False
    attribute = ADDRESSES.get(channel)
    return attribute is None or bool(customer.attributes.get(attribute))


def _zone_of_country(value: Value) -> str | None:
    return zone_of_country(value) if isinstance(value, str) else None


def _drawn(what: Draw, rule: Rule, ids: Sequence[str]) -> list[int]:
    """Draw for each customer whether they are held out, or by how many days their returns are shifted."""
    if what is Draw.HELD_OUT:
        return [int(share_of(rule.name, id_) < rule.holdout) for id_ in ids]
    spread = rule.when.spread if isinstance(rule.when, EveryTrigger) else None
    days = 0.0 if spread is None else spread.nominal_days
    return [int(share_of(rule.name, id_, "spread") * days) for id_ in ids]


# An attribute compares so from one day on and up to another: always, never, or as a date grows older.


def _turning(written: CustomerCondition) -> Callable[[Value | None], kernel.TurnRow]:
    """Read a comparison once: the answer tells from when, and up to when, a value compares so.

    A date is older than a duration from the day on whose day so much before lies behind it, and newer until the
    day comes that lies so much after it.
    """
    holds = predicate(written)
    never = kernel.TurnRow(NEVER, 0, NEVER, 0)
    ages = written.older_than is not None or written.newer_than is not None

    def turn(value: Value | None) -> kernel.TurnRow:
        if not holds(value) or (ages and not isinstance(value, date)):
            return never
        row = kernel.TurnRow()
        if isinstance(value, date) and written.older_than is not None:
            row.true_day, row.true_add = _aged(value, written.older_than, 1)
        if isinstance(value, date) and written.newer_than is not None:
            row.false_day, row.false_add = _aged(value, written.newer_than, 0)
        return row

    return turn


def _aged(value: date, by: Duration, further: int) -> tuple[int, int]:
    if by.exact:
        return day_of(value), by.microseconds + further
    return day_of(by.later(value)) + further, 0


def _date(value: Value | None) -> kernel.DateRow:
    """Read a date, or a text that holds an instant or a time on the wall."""
    if isinstance(value, date):
        return kernel.DateRow(kernel.A_DATE, day_of(value))
    if not isinstance(value, str):
        return kernel.DateRow()
    try:
        at = parse_instant(value, zone("UTC"))
    except BadInstant:
        return kernel.DateRow()
    if len(value.strip()) == len("2026-12-24"):
        return kernel.DateRow(kernel.A_DATE, at // kernel.DAY)
    on_the_wall = datetime.fromisoformat(value.strip().upper().replace(",", ".")).tzinfo is None
    return kernel.DateRow(kernel.A_WALL_TIME if on_the_wall else kernel.AN_INSTANT, at)


def _number(value: Value | None) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else NOT_A_NUMBER  # type: ignore[arg-type] # a number by then


def _numbers(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}
