"""Reads what a program asks about all customers as columns, many customers at a time, without an object per event.

The database hands out each column of many rows as one JSON list, in a third of the time that the rows would take.
"""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import accumulate, pairwise, repeat
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Connection, bindparam, text

from scheduler.decisions.columns import Column, Columns, ranks
from scheduler.decisions.facts import ADDRESSES, Value
from scheduler.decisions.kernel import NONE, NOWHEN, Ints
from scheduler.decisions.numbering import Numbers
from scheduler.decisions.program import Program
from scheduler.decisions.rows import laid, take
from scheduler.store.addresses import suppressed
from scheduler.store.batch import fetched
from scheduler.store.histories import _no_collection

if TYPE_CHECKING:
    from scheduler.store.database import Store

EVENTS_AT_ONCE = 5_000
"""About as many events are taken apart together: of more, the first have left the processor's cache by the end."""

MOST_EVENTS = 400_000
"""A chunk of customers who have more events than this is halved, and again, down to one customer."""

Rows = Sequence[tuple[Any, ...]]
_FIRST = (-1, "")
_A_DATE = '{"date":'  # as `values` writes it
_NEXT = text(
    "SELECT bucket, id, CAST(attributes AS TEXT), paused_until FROM customer"
    " WHERE (bucket, id) > (:bucket, :id) ORDER BY bucket, id LIMIT :chunk"
)
_RANGE = "(bucket, customer) >= (:bucket, :id) AND (bucket, customer) <= (:last_bucket, :last_id)"
_HOW_MANY = text(f"SELECT count(*) FROM event WHERE {_RANGE}")


class _Lists:
    """A question for columns of a table about a range of customers, in order, each column as one JSON list.

    `objects` names the column that is JSON itself. Where there are `names`, only their rows are asked for.
    """

    def __init__(self, table: str, columns: Sequence[str], order: str, where: str = _RANGE, objects: str = "") -> None:
        here = [
            f"'[' || group_concat({one}) || ']'" if one == objects else f"json_group_array({one})" for one in columns
        ]
        there = [f"CAST(json_agg({one}) AS TEXT)" for one in columns]
        # SQLite walks the key that the range is of, and so has nothing to sort.
        ordered = f"(SELECT {', '.join(columns)} FROM {table} WHERE {where} ORDER BY {order}) AS ordered"
        statements = {
            dialect: text(f"SELECT {', '.join(lists)} FROM {ordered}")
            for dialect, lists in (("sqlite", here), ("postgresql", there))
        }
        names: list[BindParameter[Any]] = [bindparam("names", expanding=True)] if ":names" in where else []
        self._statements = {dialect: statement.bindparams(*names) for dialect, statement in statements.items()}

    def of(self, connection: Connection, customers: Rows, **more: Any) -> list[str]:
        """The lists about customers, who have no others between them."""
        asked = {**_range(customers), **more}
        row = fetched(connection.execute(self._statements[connection.dialect.name], asked))[0]
        return [found or "[]" for found in row]


_EVENTS = _Lists(
    "event",
    ("customer", "id", "name", "at", "known_at", "properties"),
    order="bucket, customer, at, id",
    where=f"{_RANGE} AND replaced_by IS NULL AND name IN :names",
    objects="properties",
)
_CONSENTS = _Lists(
    "consent",
    ("customer", "topic", "channel", "given", "at"),
    order="bucket, customer, at, topic, channel, given",
)


def read_columns(store: Store, program: Program, *, chunk: int, arrays: bool) -> Iterator[Columns]:
    """What `program` asks about all customers in order of (bucket, id), at most `chunk` customers at a time.

    Past contacts and occasions that have ended are left out. The columns are arrays of 64-bit integers, or lists.
    """
    after = _FIRST
    while True:
        with store.read() as connection, _no_collection():
            customers = fetched(connection.execute(_NEXT, {"bucket": after[0], "id": after[1], "chunk": chunk}))
            if not customers:
                return
            while (events := _how_many(connection, customers)) > MOST_EVENTS and len(customers) > 1:
                customers = customers[: len(customers) // 2]
            after = (customers[-1][0], customers[-1][1])
            found = _columns(connection, program, customers, events, store.pepper, arrays=arrays)
        yield found


def _range(customers: Rows) -> dict[str, Any]:
    first, last = customers[0], customers[-1]
    return {"bucket": first[0], "id": first[1], "last_bucket": last[0], "last_id": last[1]}


def _how_many(connection: Connection, customers: Rows) -> int:
    return int(connection.execute(_HOW_MANY, _range(customers)).scalar_one())


def _columns(
    connection: Connection, program: Program, customers: Rows, events: int, pepper: bytes, *, arrays: bool
) -> Columns:
    ids = [row[1] for row in customers]
    asked = {*program.attributes, "timezone", "country", "preferred_channel"}
    addresses = {ADDRESSES[channel] for channel in program.channels if channel in ADDRESSES}
    attributes = _Values(asked | addresses, arrays)
    attributes.add(f"[{','.join(row[2] for row in customers)}]")
    known = {**attributes.columns(), "id": Column(_whole(range(len(ids)), arrays), ids)}
    unusable = suppressed(connection, _by_customer(ids, {name: known[name] for name in addresses}), pepper)
    told = _Told(program, arrays)
    if program.events:
        for lists in _lists_of_events(connection, program, customers, events):
            told.add(lists)
    whose, topics, channels, given, at = map(json.loads, _CONSENTS.of(connection, customers))
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
        paused_until=_whole((NOWHEN if row[3] is None else row[3] for row in customers), arrays),
        arrays=arrays,
    )


def _lists_of_events(connection: Connection, program: Program, customers: Rows, events: int) -> Iterator[list[str]]:
    """Read a part while the one before it is taken apart: the database needs no turn of the interpreter for it."""
    size = -(-len(customers) // (1 + events // EVENTS_AT_ONCE))
    parts = [customers[start : start + size] for start in range(0, len(customers), size)]
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(_EVENTS.of, connection, parts[0], names=program.events)
        for part in parts[1:]:
            lists = ahead.result()
            ahead = reader.submit(_EVENTS.of, connection, part, names=program.events)
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
            values: list[Any] = list(map(dict.get, rows, repeat(name)))
            if dated:
                values = [date.fromisoformat(one["date"]) if one.__class__ is dict else one for one in values]
            self._codes[name].append(_whole(map(numbers.__getitem__, values), self.arrays))

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


def _whole(numbers: Iterable[int], arrays: bool) -> Ints:
    if not arrays:
        return list(numbers)
    import numpy

    return numpy.fromiter(numbers, "i8")  # type: ignore[return-value] # as above


def _numbers(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}
