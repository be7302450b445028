"""Some customers with their facts, from frames to the columns that a program asks about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from scheduler.decisions.columns import Column, Columns
from scheduler.decisions.facts import ADDRESSES
from scheduler.decisions.kernel import NONE, Ints
from scheduler.decisions.program import Program
from scheduler.intake.series import Read, coded, numbered

WHO = "who"
"""The column with the place of a row's customer among those of the portion."""

_NO_RECORDS = pl.DataFrame(
    schema={WHO: pl.Int64, "at": pl.Int64, "topic": pl.String, "channel": pl.String, "given": pl.Boolean}
)


@dataclass(frozen=True)
class Portion:
    """Customers in order of `id`; `attributes` and `properties` say how the cells of a column are read."""

    program: Program
    customers: pl.DataFrame
    attributes: Mapping[str, Read]
    properties: Mapping[str, Read]

    def known(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Those rows, in order of `customer`, that are about customers of the portion; with their places."""
        ids = self.customers["id"]
        named = frame["customer"].rle().struct.field("value")
        places = ids.search_sorted(named, side="left").cast(pl.Int64)
        places = places.set(ids.extend_constant("", 1).gather(places) != named, NONE)
        frame = frame.drop("customer").with_columns(places.gather(frame["customer"].rle_id()).alias(WHO))
        return frame.filter(pl.col(WHO) != NONE) if (places == NONE).any() else frame

    def columns(self, events: pl.DataFrame, records: pl.DataFrame | None, *, arrays: bool) -> Columns:
        """The columns, from the events of these customers, as `once` gives them, and from their records of consent."""
        program, people = self.program, self.customers
        events = _in_order(_heard(events, program.events))
        records = (
            _NO_RECORDS
            if records is None
            else records.sort(WHO, "at", "topic", "channel", "given", maintain_order=True)
        )
        other = len(program.topics) + len(program.channels)  # a topic or channel that no rule uses fits none

        def ints(series: pl.Series) -> Ints:
            return series.to_numpy() if arrays else series.to_list()  # type: ignore[return-value] # reads as a sequence

        def column(frame: pl.DataFrame, name: str, read: Mapping[str, Read]) -> Column:
            if name not in read:
                return Column(ints(pl.repeat(NONE, len(frame), dtype=pl.Int64, eager=True)))
            codes, values = numbered(frame[name], read[name])
            return Column(ints(codes), values)

        def begin(frame: pl.DataFrame) -> Ints:
            return ints(frame[WHO].search_sorted(pl.int_range(len(people) + 1, eager=True)).cast(pl.Int64))

        ids = people["id"].to_list()
        asked = {*program.attributes, "timezone", "country", "preferred_channel"}
        own = Column(ints(pl.int_range(len(people), eager=True)), ids)
        return Columns(
            ids=ids,
            attributes={name: own if name == "id" else column(people, name, self.attributes) for name in asked},
            reachable=[ints(self._reachable(channel)) for channel in program.channels],
            event_from=begin(events),
            event_at=ints(events["at"]),
            event_known=ints(events["known_at"]),
            event_name=ints(events["name"]),
            event_rank=ints(events["rank"]),
            properties={name: column(events, name, self.properties) for name in program.properties},
            event_ids=_texts(events["id"], arrays),
            consent_from=begin(records),
            consent_at=ints(records["at"]),
            consent_topic=ints(_named(records["topic"], program.topics, other)),
            consent_channel=ints(_named(records["channel"], program.channels, other)),
            consent_given=ints(records["given"].cast(pl.Int64)),
            arrays=arrays,
        )

    def _reachable(self, channel: str) -> pl.Series:
        address = ADDRESSES.get(channel)
        if address is None:
            return pl.repeat(1, len(self.customers), dtype=pl.Int64, eager=True)
        if address not in self.customers.columns:
            return pl.repeat(0, len(self.customers), dtype=pl.Int64, eager=True)
        return self.customers[address].is_not_null().cast(pl.Int64)


def once(events: pl.DataFrame) -> pl.DataFrame:
    """The first of a customer's events with the same id; `rank` is the place of each id among the customer's."""
    who, ids = events[WHO], events["id"]
    rank = _place(who)
    rises = (who != who.shift()) | (ids > ids.shift())
    if not rises.all():
        mixed = events.select(WHO, "id").with_row_index("row")
        mixed = mixed.filter(who.is_in(who.filter(~rises).unique().to_list())).sort(WHO, "id", maintain_order=True)
        rank = rank.scatter(mixed["row"], _place(mixed[WHO]))
        again = mixed.filter((pl.col(WHO) == pl.col(WHO).shift()) & (pl.col("id") == pl.col("id").shift()))["row"]
        rank = rank.scatter(again, NONE)
    events = events.with_columns(rank.alias("rank"))
    return events if rises.all() else events.filter(pl.col("rank") != NONE)


def without_replaced(events: pl.DataFrame) -> pl.DataFrame:
    """The events whose place no other of the same customer takes."""
    if "replaces" not in events.columns:
        return events
    by = events.filter(pl.col("replaces") != pl.col("id")).select(WHO, id="replaces")
    return events.join(by, on=[WHO, "id"], how="anti", maintain_order="left")


def _place(who: pl.Series) -> pl.Series:
    """The place of each row among those of its customer, who stand together."""
    lengths = who.rle().struct.field("len").cast(pl.Int64)
    starts = lengths.cum_sum() - lengths
    return pl.int_range(len(who), eager=True) - starts.gather(who.rle_id())


def _heard(events: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The events of these names, with their numbers in place of them."""
    codes, there = coded(events["name"])
    numbers = pl.Series([names.index(one) if one in names else NONE for one in there], dtype=pl.Int64)
    events = events.with_columns(numbers.gather(codes).alias("name"))
    return events.filter(pl.col("name") != NONE) if NONE in numbers else events


def _in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Events in order of customer, instant and id."""
    who, at, rank = events[WHO], events["at"], events["rank"]
    later = (at > at.shift()) | ((at == at.shift()) & (rank > rank.shift()))
    return events if ((who != who.shift()) | later).all() else events.sort(WHO, "at", "rank")


def _named(texts: pl.Series, names: Sequence[str], other: int) -> pl.Series:
    """The numbers of topics or channels; a missing one is any."""
    numbers = {name: number for number, name in enumerate(names)}
    codes, there = coded(texts)
    return pl.Series([numbers.get(one, other) for one in there], dtype=pl.Int64).gather(codes).fill_null(NONE)


def _texts(texts: pl.Series, arrays: bool) -> Sequence[str]:
    found: Any = texts if arrays else texts.to_list()  # a series reads as a sequence, without an object for each text
    return found  # type: ignore[no-any-return] # as above
