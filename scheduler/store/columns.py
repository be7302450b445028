"""Reads what a program asks about all customers as columns, many customers at a time, without an object per event.

The database hands out each column of many rows as one JSON list, in a third of the time that the rows would take.
"""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import accumulate, pairwise, repeat
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from scheduler.decisions.columns import Column, Columns, columns_of_each, ranks
from scheduler.decisions.facts import ADDRESSES, Value
from scheduler.decisions.kernel import NONE, NOWHEN, Ints
from scheduler.decisions.numbering import Numbers
from scheduler.decisions.program import Program
from scheduler.decisions.rows import laid, take
from scheduler.store.addresses import suppressed
from scheduler.store.chunks import About, Those, in_chunks
from scheduler.store.remembered import remembered

if TYPE_CHECKING:
    from scheduler.store.database import Store

EVENTS_AT_ONCE = 5_000
"""About as many events are taken apart together: of more, the first have left the processor's cache by the end."""

MOST_EVENTS = 400_000
"""A chunk of customers who have more events than this is halved, and again, down to one customer."""

ALWAYS = 2**63 - 1
"""The moment by which everything is known, in UTC microseconds."""

_A_DATE = '{"date":'  # as `values` writes it
_HOW_MANY = About("SELECT count(*) FROM {of}event WHERE {those}")


class _Lists:
    """A question for columns of a table about customers, in order, each column as one JSON list.

    `objects` names the column that is JSON itself.
    """

    def __init__(
        self, table: str, columns: Sequence[str], order: str, where: str = "{those}", objects: str = ""
    ) -> None:
        here = [
            f"'[' || group_concat({one}) || ']'" if one == objects else f"json_group_array({one})" for one in columns
        ]
        there = [f"CAST(json_agg({one}) AS TEXT)" for one in columns]
        # SQLite walks the key that the range is of, and so has nothing to sort.
        ordered = f" FROM (SELECT {', '.join(columns)} FROM {{of}}{table} WHERE {where} ORDER BY {order}) AS ordered"
        self._question = About(f"SELECT {', '.join(here)}{ordered}", f"SELECT {', '.join(there)}{ordered}")

    def of(self, connection: Connection, those: Those, **more: Any) -> list[str]:
        """The lists about these customers."""
        (row,) = self._question.ask(connection, those, **more)
        return [found or "[]" for found in row]


_EVENTS = _Lists(
    "event",
    ("customer", "id", "name", "at", "known_at", "properties"),
    order="bucket, customer, at, id",
    where="{those} AND replaced_by IS NULL AND name IN :names AND at <= :known_by AND known_at <= :known_by",
    objects="properties",
)
_CONSENTS = _Lists(
    "consent",
    ("customer", "topic", "channel", "given", "at"),
    order="bucket, customer, at, topic, channel, given",
    where="{those} AND at <= :known_by",
)


def read_columns(store: Store, program: Program, *, chunk: int, arrays: bool) -> Iterator[Columns]:
    """What `program` asks about all customers in order of (bucket, id), at most `chunk` customers at a time.

    Past contacts and occasions that have ended are left out. The columns are arrays of 64-bit integers, or lists.
    """

    def look(connection: Connection, those: Those) -> Columns:
        return _columns(connection, program, those, store.pepper, ALWAYS, arrays=arrays)

    return in_chunks(store, None, look, chunk=chunk, weigh=_how_many, most=MOST_EVENTS)


def read_present(
    store: Store,
    programs: Sequence[Program],
    ids: Iterable[str] | None,
    *,
    chunk: int,
    arrays: bool,
    known_by: int = ALWAYS,
) -> Iterator[list[Columns]]:
    """What each of the programs asks about customers, with past contacts and what has ended; without ids about all.

    In order and in chunks as `read_columns`. Programs that look at the same facts share their columns. What happened,
    or was learned, after `known_by` (UTC microseconds) is left out, as `facts.known_by` leaves it out of a customer.
    """

    def look(connection: Connection, those: Those) -> list[Columns]:
        contacts, ended = remembered(connection, those)
        contacts_of = [[one for one in contacts.get(row[1], ()) if one.at <= known_by] for row in those.rows]
        ended_of = [ended.get(row[1], ()) for row in those.rows]

        def columns(program: Program) -> Columns:
            found = _columns(connection, program, those, store.pepper, known_by, arrays=arrays)
            return replace(found, contacts=contacts_of, ended=ended_of)

        return columns_of_each(programs, columns)

    return in_chunks(store, ids, look, chunk=chunk, weigh=_how_many, most=MOST_EVENTS)


def _how_many(connection: Connection, those: Those) -> int:
    ((events,),) = _HOW_MANY.ask(connection, those)
    return int(events)


def _columns(
    connection: Connection, program: Program, those: Those, pepper: bytes, known_by: int, *, arrays: bool
) -> Columns:
    ids = [row[1] for row in those.rows]
    asked = {*program.attributes, "timezone", "country", "preferred_channel"}
    addresses = {ADDRESSES[channel] for channel in program.channels if channel in ADDRESSES}
    attributes = _Values(asked | addresses, arrays)
    attributes.add(f"[{','.join(row[2] for row in those.rows)}]")
    known = {**attributes.columns(), "id": Column(_whole(range(len(ids)), arrays), ids)}
    unusable = suppressed(connection, _by_customer(ids, {name: known[name] for name in addresses}), pepper)
    told = _Told(program, arrays)
    if program.events:
        for lists in _lists_of_events(connection, those, names=program.events, known_by=known_by):
            told.add(lists)
    whose, topics, channels, given, at = map(json.loads, _CONSENTS.of(connection, those, known_by=known_by))
    other = len(program.topics) + len(program.channels)  # a topic or channel that no rule uses fits none
    return Columns(
        ids=ids,
        attributes={name: known[name] for name in asked},
        reachable=[_reachable(channel, ids, known, unusable, arrays) for channel in program.channels],
        event_from=_begin(ids, told.customers, arrays),
        event_at=laid(told.at, arrays=arrays),
        event_known=laid(told.known_at, arrays=arrays),
        event_name=laid(told.name, arrays=arrays),
        event_rank=laid(told.rank, arrays=arrays),
        properties=told.properties.columns(),
        event_ids=told.ids,
        consent_from=_begin(ids, Counter(whose), arrays),
        consent_at=_whole(at, arrays),
        consent_topic=_named(topics, program.topics, other, arrays),
        consent_channel=_named(channels, program.channels, other, arrays),
        consent_given=_whole(map(int, given), arrays),
        paused_until=_whole((NOWHEN if row[4] is None else row[4] for row in those.rows), arrays),
        arrays=arrays,
    )


def _lists_of_events(connection: Connection, those: Those, **asked: Any) -> Iterator[list[str]]:
    """Read a part while the one before it is taken apart: the database needs no turn of the interpreter for it."""
    size = -(-len(those.rows) // (1 + those.weight // EVENTS_AT_ONCE))
    parts = [those.part(start, start + size) for start in range(0, len(those.rows), size)]
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(_EVENTS.of, connection, parts[0], **asked)
        for part in parts[1:]:
            lists = ahead.result()
            ahead = reader.submit(_EVENTS.of, connection, part, **asked)
            yield lists
        yield ahead.result()


def _reachable(
    channel: str,
    ids: Sequence[str],
    attributes: Mapping[str, Column],
    unusable: Mapping[str, frozenset[str]],
    arrays: bool,
) -> Ints:
    found = [1] * len(ids)
    if channel in ADDRESSES:
        address = attributes[ADDRESSES[channel]]
        found = list(take([0, *(int(bool(value)) for value in address.values)], address.codes))
    if unusable:
        found = [int(yes and channel not in unusable.get(id_, ())) for id_, yes in zip(ids, found, strict=True)]
    return _whole(found, arrays)


def _by_customer(ids: Sequence[str], columns: Mapping[str, Column]) -> dict[str, dict[str, Value]]:
    found: dict[str, dict[str, Value]] = {id_: {} for id_ in ids}
    for name, column in columns.items():
        for id_, code in zip(ids, column.codes, strict=True):
            if code != NONE:
                found[id_][name] = column.values[code]
    return found


def _named(texts: Sequence[str], names: Sequence[str], other: int, arrays: bool) -> Ints:
    """The numbers of topics or channels; an empty one is any."""
    numbers = {"": NONE, **_numbers(names)}
    return _whole((numbers.get(one, other) for one in texts), arrays)


class _Told:
    """Events of customers in order, as columns that grow."""

    def __init__(self, program: Program, arrays: bool) -> None:
        self.arrays = arrays
        self.customers = Counter[str]()
        self.ids: list[str] = []
        self.at: list[Ints] = []
        self.known_at: list[Ints] = []
        self.name: list[Ints] = []
        self.rank: list[Ints] = []
        self.properties = _Values(program.properties, arrays)
        self._names = _numbers(program.events)

    def add(self, lists: Sequence[str]) -> None:
        """Add the events of further customers, from a JSON list for each column."""
        customers = Counter(json.loads(lists[0]))
        ids = json.loads(lists[1])
        self.customers += customers
        self.ids += ids
        self.name.append(_whole(map(self._names.__getitem__, json.loads(lists[2])), self.arrays))
        self.at.append(_instants(lists[3], self.arrays))
        self.known_at.append(_instants(lists[4], self.arrays))
        self.rank.append(_whole(_ranks(ids, customers.values()), self.arrays))
        self.properties.add(lists[5])


def _ranks(ids: list[str], counts: Iterable[int]) -> list[int]:
    """The place of each id among those of its customer, given how many each customer has."""
    found: list[int] = []
    for start, end in pairwise(accumulate(counts, initial=0)):
        own = ids[start:end]
        found += range(len(own)) if own == sorted(own) else ranks(own)
    return found


def _begin(ids: Sequence[str], counts: Mapping[str, int], arrays: bool) -> Ints:
    return _whole(accumulate((counts.get(id_, 0) for id_ in ids), initial=0), arrays)


class _Values:
    """Attributes or properties of many rows, as columns that grow."""

    def __init__(self, names: Iterable[str], arrays: bool) -> None:
        self.arrays = arrays
        self._numbers = {name: Numbers() for name in names}
        self._codes: dict[str, list[Ints]] = {name: [] for name in self._numbers}

    def add(self, written: str) -> None:
        """Add rows from a JSON list of objects."""
        if not self._numbers:
            return
        # Numbers stay as they are written until the different ones are read: 1 and 1.0 are equal, true is another.
        rows: list[dict[str, Any]] = json.loads(written, parse_int=str.encode, parse_float=_number)
        dated = _A_DATE in written
        for name, numbers in self._numbers.items():
            values: Iterable[Any] = map(dict.get, rows, repeat(name))
            if dated:
                values = [date.fromisoformat(one["date"]) if one.__class__ is dict else one for one in values]
            self._codes[name].append(_whole(map(numbers.__getitem__, values), self.arrays, count=len(rows)))

    def columns(self) -> dict[str, Column]:
        """The columns by name."""
        return {
            name: Column(laid(self._codes[name], arrays=self.arrays), list(map(_value, numbers.values_in_order())))
            for name, numbers in self._numbers.items()
        }


def _number(written: str) -> bytes:
    return written.removesuffix(".0").encode()


def _value(written: Any) -> Value:
    if not isinstance(written, bytes):
        return written  # type: ignore[no-any-return] # text, a date, true or false
    return int(written) if written.lstrip(b"-").isdigit() else float(written)


def _instants(written: str, arrays: bool) -> Ints:
    if not arrays:
        return json.loads(written)  # type: ignore[no-any-return] # a list of integers
    import numpy

    return numpy.fromstring(written[1:-1], "i8", sep=",")  # type: ignore[return-value] # an array reads as a sequence


def _whole(numbers: Iterable[int], arrays: bool, *, count: int = -1) -> Ints:
    """Lay out numbers; an array is made at once where it is told how many they are."""
    if not arrays:
        return list(numbers)
    import numpy

    return numpy.fromiter(numbers, "i8", count)  # type: ignore[return-value] # as above


def _numbers(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}
