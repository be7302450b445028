"""Facts, as the columns that the kernel walks: one entry after the other, in customer order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from scheduler.decisions import kernel
from scheduler.decisions.comparison import Predicate, matcher, predicate
from scheduler.decisions.conditions import ASKS, LeafKind, Stream
from scheduler.decisions.facts import ADDRESSES, Customer, Event, Value
from scheduler.decisions.numbering import Interned, offsets
from scheduler.decisions.occasions import Occasion, ripe_at
from scheduler.decisions.program import Program
from scheduler.durations import Duration
from scheduler.rulebook.model import CustomerCondition
from scheduler.wallclock import Zone, day_of

NOT_A_NUMBER = float("nan")


@dataclass(frozen=True)
class Columns:
    """The columns of some customers, what zones and countries their numbers mean, and the events behind the entries."""

    tables: kernel.Columns
    zones: Sequence[str]
    countries: Sequence[str]
    entries: Sequence[Event]


def columns_of(
    program: Program, customers: Sequence[Customer], zones: Sequence[Zone], occasions: Sequence[Sequence[Occasion]]
) -> Columns:
    """Lay out customers, their zones and their occasions (in the order in which they may speak)."""
    builder = _Builder(program, customers, zones, occasions)
    tables = builder.tables()
    return Columns(tables, tuple(builder.zones), tuple(builder.countries), builder.entries)


class _Builder:
    def __init__(
        self,
        program: Program,
        customers: Sequence[Customer],
        zones: Sequence[Zone],
        occasions: Sequence[Sequence[Occasion]],
    ) -> None:
        self.program, self.customers, self.own_zones, self.occasions = program, customers, zones, occasions
        self.zones, self.countries = Interned(), Interned()
        self.entries: list[Event] = []
        self.key_codes = Interned()
        self.places: dict[tuple[int, str], int] = {}

    def tables(self) -> kernel.Columns:
        customers, channels = self.customers, self.program.channels
        turns = [self._turns(leaf.written) for leaf in self.program.leaves if leaf.kind is LeafKind.CUSTOMER]
        every = [pair for leaf in self._turns_by_leaf(turns) for pair in leaf]
        streams = self._streams()
        flat = [occasion for own in self.occasions for occasion in own]
        return kernel.Columns(
            customers=len(customers),
            zone=[self.zones.number(own_zone.name) for own_zone in self.own_zones],
            country=[self.countries.number(str(one.attributes.get("country", ""))) for one in customers],
            preferred=[self._preferred(one) for one in customers],
            paused_until=[-kernel.NEVER if one.paused_until is None else one.paused_until for one in customers],
            reachable=[int(reachable(one, channel)) for channel in channels for one in customers],
            turns_true=[true for true, _ in every],
            turns_false=[false for _, false in every],
            **streams,
            **self._consents(),
            **self._facts(),
            **self._past(),
            occasion_from=offsets(self.occasions),
            rule=[one.rule for one in flat],
            trigger=[one.trigger for one in flat],
            opens=[one.opens for one in flat],
            own_opening=[one.own_opening for one in flat],
            known=[one.known for one in flat],
            closes=[one.closes for one in flat],
            anchor=[self._anchor(one) for one in flat],
            value_at=[one.value_at for one in flat],
            admitted=[int(one.admitted) for one in flat],
            held=[int(one.held) for one in flat],
            key=[self._key(one.event, key) for key in self.program.keys for one in flat],
            slot_opens=self._slot_opens(flat),
        )

    def _preferred(self, customer: Customer) -> int:
        preferred = customer.attributes.get("preferred_channel")
        return self.program.channels.index(preferred) if preferred in self.program.channels else kernel.NONE

    # An attribute compares so from one instant on and up to another: always, never, or as a date grows older.

    def _turns_by_leaf(self, turns: list[list[tuple[int, int]]]) -> list[list[tuple[int, int]]]:
        """Give the leaves that are no attributes a row of zeros, so that a leaf's number is its row."""
        rows = iter(turns)
        blank = [(0, 0)] * len(self.customers)
        return [next(rows) if leaf.kind is LeafKind.CUSTOMER else blank for leaf in self.program.leaves]

    def _turns(self, written: object) -> list[tuple[int, int]]:
        if not isinstance(written, CustomerCondition):
            return []
        holds = predicate(written)
        return [
            turns(written, holds, attribute_of(one, written.customer), own_zone)
            for one, own_zone in zip(self.customers, self.own_zones, strict=True)
        ]

    def _streams(self) -> dict[str, Any]:
        starts: list[int] = []
        at: list[int] = []
        seen: list[int] = []
        numbers: list[float] = []
        keys: list[int] = []
        following: list[int] = []
        by_name = [_by_name(one.events) for one in self.customers]
        silences = {number for number in self.program.tables.silence if number != kernel.NONE}
        for number, stream in enumerate(self.program.streams):
            closing = frozenset(stream.closed_by)
            passes = matcher(stream.where)
            flag = predicate(stream.comparison) if stream.comparison is not None else None
            for c, own_zone in enumerate(self.own_zones):
                starts.append(len(at))
                start = len(at)
                found = [event for name in stream.events for event in by_name[c].get(name, ())]
                if len(stream.events) > 1:
                    found.sort(key=lambda event: (event.at, event.name in closing, event.id))
                for event in found:
                    if passes is not None and not passes(event.properties):
                        continue
                    if number in silences:
                        self.places[number, event.id] = len(at)
                    at.append(event.at)
                    seen.append(max(event.at, event.known_at))
                    numbers.append(self._number(stream, event, own_zone, flag))
                    keys.append(self._key(event, stream.key) if stream.key else 0)
                    self.entries.append(event)
                following += (
                    _following(keys[start:], start) if stream.number == "open" else [kernel.NONE] * (len(at) - start)
                )
            starts.append(len(at))
        return {
            "entry_from": starts,
            "entry_at": at,
            "entry_seen": seen,
            "entry_number": numbers,
            "entry_key": keys,
            "entry_next": following,
        }

    def _number(self, stream: Stream, event: Event, own_zone: Zone, flag: Predicate | None) -> float:
        match stream.number:
            case "value":
                value = event.properties.get(stream.property)
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                return float(value) if is_number else NOT_A_NUMBER  # type: ignore[arg-type] # a number by then
            case "flag":
                return 1.0 if flag is not None and flag(event.properties.get(stream.property)) else 0.0
            case "ripe":
                return float(ripe_at(self.program.house, own_zone, event))
            case "open":
                if event.name in stream.closed_by:
                    return NOT_A_NUMBER
                return float(event.at if stream.span is None else own_zone.later(event.at, stream.span))
            case _:
                return 0.0

    def _key(self, event: Event | None, name: str) -> int:
        value: Value | None = event.properties.get(name) if event is not None and name else None
        return self.key_codes.number(repr(value))

    def _anchor(self, occasion: Occasion) -> int:
        stream = self.program.tables.silence[occasion.rule]
        return self.places.get((stream, occasion.anchor), kernel.NONE) if stream != kernel.NONE else kernel.NONE

    def _consents(self) -> dict[str, list[int]]:
        records = [record for one in self.customers for record in one.consents]
        topics, channels = _numbers(self.program.topics), _numbers(self.program.channels)
        other = len(topics) + len(channels)  # a topic or channel that no rule uses fits none
        return {
            "consent_from": offsets([one.consents for one in self.customers]),
            "consent_at": [record.at for record in records],
            "consent_topic": [
                kernel.NONE if not record.topic else topics.get(record.topic, other) for record in records
            ],
            "consent_channel": [
                kernel.NONE if not record.channel else channels.get(record.channel, other) for record in records
            ],
            "consent_given": [int(record.given) for record in records],
        }

    def _facts(self) -> dict[str, list[int]]:
        seen = [
            sorted({*(max(event.at, event.known_at) for event in one.events), *(record.at for record in one.consents)})
            for one in self.customers
        ]
        return {"fact_from": offsets(seen), "fact_at": [at for own in seen for at in own]}

    def _past(self) -> dict[str, list[int]]:
        rules = _numbers(rule.name for rule in self.program.rules)
        channels = _numbers(self.program.channels)
        other = len(channels)
        past = [sorted(one.contacts, key=lambda contact: contact.at) for one in self.customers]
        flat = [contact for own in past for contact in own]
        return {
            "past_from": offsets(past),
            "past_at": [contact.at for contact in flat],
            "past_rule": [rules.get(contact.rule, kernel.NONE) for contact in flat],
            "past_asks": [ASKS.index(contact.asks_for) for contact in flat],
            "past_channel": [channels.get(contact.channel, other) for contact in flat],
            "past_held": [int(contact.held_out) for contact in flat],
            "past_exempt": [int(contact.exempt) for contact in flat],
        }

    def _slot_opens(self, flat: Sequence[Occasion]) -> list[int]:
        most = max((len(rule.by) for rule in self.program.rules), default=0)
        return [
            one.slot_opens[slot] if slot < len(one.slot_opens) else one.own_opening
            for slot in range(most)
            for one in flat
        ]


def attribute_of(customer: Customer, name: str) -> Value | None:
    """Return an attribute, `id` among them; None where it is missing."""
    return customer.id if name == "id" else customer.attributes.get(name)


def reachable(customer: Customer, channel: str) -> bool:
    """Whether the customer has an address for a channel that may be used; a channel without addresses needs none."""
    if channel in customer.suppressed:
        return False
    attribute = ADDRESSES.get(channel)
    return attribute is None or bool(customer.attributes.get(attribute))


def turns(written: CustomerCondition, holds: Predicate, value: Value | None, own_zone: Zone) -> tuple[int, int]:
    """Return from when, and up to when, an attribute compares so; `holds` is the part that does not age.

    A date is older than a duration from the day on whose day so much before lies behind it, and newer until the
    day comes that lies so much after it.
    """
    always, never = (-kernel.NEVER, kernel.NEVER), (0, 0)
    if not holds(value):
        return never
    true, false = always
    if written.older_than is not None or written.newer_than is not None:
        if not isinstance(value, date):
            return never
        if written.older_than is not None:
            true = _ages(value, written.older_than, own_zone, 1)
        if written.newer_than is not None:
            false = _ages(value, written.newer_than, own_zone, 0)
    return (true, false) if true < false else never


def _ages(value: date, by: Duration, own_zone: Zone, further: int) -> int:
    if by.exact:
        return own_zone.midnight(day_of(value)) + by.microseconds + further
    return own_zone.midnight(day_of(by.later(value)) + further)


def _by_name(events: Sequence[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.name, []).append(event)
    return found


def _following(keys: Sequence[int], start: int) -> list[int]:
    """For each entry, the next one with the same key, counted from `start`."""
    newest: dict[int, int] = {}
    following = [kernel.NONE] * len(keys)
    for i in range(len(keys) - 1, -1, -1):
        following[i] = newest.get(keys[i], kernel.NONE)
        newest[keys[i]] = start + i
    return following


def _numbers(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}
