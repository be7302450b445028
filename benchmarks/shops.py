"""Made-up shops of any size: the same numbers give the same shop, as Parquet, as CSV or in a store.

`python -m benchmarks.shops parquet FOLDER --customers 1000000` writes one in a process of its own.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from benchmarks import people
from benchmarks.drawing import DAY, Numbers, Random
from benchmarks.events import PROPERTIES, events
from scheduler.decisions.facts import Consent, Event, Value
from scheduler.store import CustomerConsent, CustomerEvent, Store, open_store
from scheduler.wallclock import parse_instant, zone

PART = 50_000
"""Customers made at a time: what bounds the memory."""

ROW_GROUP = 500_000
BATCH = 50_000
SPAN = 2 * 365 * DAY
"""How long before `until` the first customers came."""

T = TypeVar("T")


@dataclass(frozen=True)
class Shop:
    """So many customers with so many events each on average, as all is known at `until` (UTC microseconds)."""

    customers: int
    events_each: float
    until: int
    seed: int = 1

    def parts(self) -> Iterator[Part]:
        """Its customers in the order of their ids, part by part."""
        for number, first in enumerate(range(0, self.customers, PART)):
            yield Part(self, number, first, min(PART, self.customers - first))


@dataclass(frozen=True)
class Part:
    """Some customers of a shop, numbered from `first`; each method makes its rows anew."""

    shop: Shop
    number: int
    first: int
    count: int

    def customers(self) -> pl.DataFrame:
        """One row a customer."""
        return people.customers(self._random(0), self._ids(), self.shop.until // DAY)

    def events(self) -> pl.DataFrame:
        """One row an event, by customer and instant, with a column for each property."""
        return events(self._random(1), self._ids(), self._came(), self.shop.until, self.shop.events_each)

    def consent(self) -> pl.DataFrame:
        """One row a record of consent, by customer and instant."""
        return people.consent(self._random(2), self._ids(), self._came(), self.shop.until)

    def _came(self) -> Numbers:
        ago: Numbers = self._random(3).integers(DAY, SPAN, self.count)
        return self.shop.until - ago

    def _ids(self) -> pl.Series:
        """Padded, so that their order as texts is that of their numbers."""
        numbers = pl.Series(np.arange(self.first, self.first + self.count))
        return "c" + numbers.cast(pl.String).str.zfill(8)

    def _random(self, stream: int) -> Random:
        return np.random.default_rng((self.shop.seed, self.number, stream))


TABLES: Mapping[str, Callable[[Part], pl.DataFrame]] = {
    "customers": Part.customers,
    "events": Part.events,
    "consent": Part.consent,
}


def write_parquet(folder: Path, customers: int, events_each: float, until: int, seed: int = 1) -> None:
    """Write `customers.parquet`, `events.parquet` and `consent.parquet`, part by part."""
    shop = Shop(customers, events_each, until, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows_of in TABLES.items():

        def parts(*_: object, rows_of: Callable[[Part], pl.DataFrame] = rows_of) -> Iterator[pl.DataFrame]:
            return map(rows_of, shop.parts())

        schema = rows_of(Part(shop, 0, 0, 1)).schema
        register_io_source(parts, schema=schema).sink_parquet(folder / f"{name}.parquet", row_group_size=ROW_GROUP)


def write_csv(folder: Path, customers: int, events_each: float, until: int, seed: int = 1) -> None:
    """Write `customers.csv`, `events.csv` and `consent.csv`, part by part, with instants in ISO 8601."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows_of in TABLES.items():
        with (folder / f"{name}.csv").open("wb") as file:
            for part in Shop(customers, events_each, until, seed).parts():
                rows_of(part).write_csv(file, include_header=part.first == 0, datetime_format="%Y-%m-%dT%H:%M:%SZ")


def fill(store: Store, customers: int, events_each: float, until: int, seed: int = 1) -> int:
    """Fill a store, as of `until`, in one transaction; returns how many events there are."""
    total = 0
    with store.together() as target:
        for part in Shop(customers, events_each, until, seed).parts():
            for people_ in _batches(_customers(part.customers())):
                target.customers.add(people_, now=until)
            for told in _batches(_events(part.events())):
                total += target.events.add(told, now=until).added
            for records in _batches(_consents(part.consent())):
                target.consents.add(records, now=until)
    return total


def _customers(frame: pl.DataFrame) -> Iterator[tuple[str, dict[str, Value]]]:
    names = frame.columns[1:]
    for id_, *cells in frame.iter_rows():
        yield id_, _filled(names, cells)


def _events(frame: pl.DataFrame) -> Iterator[CustomerEvent]:
    for id_, customer, name, at, known_at, *cells in _numbered(frame, "at", "known_at"):
        yield CustomerEvent(customer, Event(id_, name, at, known_at, _filled(PROPERTIES, cells)))


def _consents(frame: pl.DataFrame) -> Iterator[CustomerConsent]:
    for customer, topic, channel, status, at, source in _numbered(frame, "at"):
        yield CustomerConsent(customer, Consent(topic, channel, status == "given", at), source)


def _numbered(frame: pl.DataFrame, *instants: str) -> Iterator[tuple[Any, ...]]:
    return frame.with_columns(pl.col(instants).dt.epoch("us")).iter_rows()


def _filled(names: Iterable[str], cells: Iterable[Value | None]) -> dict[str, Value]:
    return {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def main() -> None:
    """Write a shop as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shops", description=__doc__)
    parser.add_argument("form", choices=("parquet", "csv", "sqlite"))
    parser.add_argument("folder", type=Path, help="where the files go, or rightreason.db")
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--events-each", type=float, default=10)
    parser.add_argument("--until", default="2026-11-01T12:00:00Z")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    shop = (asked.customers, asked.events_each, parse_instant(asked.until, zone("UTC")), asked.seed)
    if asked.form == "parquet":
        write_parquet(asked.folder, *shop)
    elif asked.form == "csv":
        write_csv(asked.folder, *shop)
    else:
        gc.disable()  # nothing here is cyclic: to look for garbage takes a sixth of the time
        with open_store(f"sqlite:///{asked.folder / 'rightreason.db'}") as store:
            fill(store, *shop)


if __name__ == "__main__":
    main()
