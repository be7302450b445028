"""A folder of files as history: its customers with all that is told of them as columns, some customers at a time.

However many rows the files have, few more are held at once than those customers need.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from scheduler.decisions.columns import Columns
from scheduler.decisions.facts import ADDRESSES
from scheduler.decisions.program import Program
from scheduler.errors import InputError
from scheduler.intake import consents, customers, events
from scheduler.intake.causes import Cause
from scheduler.intake.columns import Form
from scheduler.intake.files import opened
from scheduler.intake.frames import Checks, LeftOut
from scheduler.intake.instants import Calendar
from scheduler.intake.portion import Portion, once, without_replaced
from scheduler.intake.rows import Rows, Scratch, readable, rows_of
from scheduler.intake.sequence import Ascending, Check, in_order
from scheduler.intake.series import Read, as_it_is, texts
from scheduler.wallclock import zone

ENDINGS = (".csv", ".jsonl", ".parquet")
MOST_EVENTS = 400_000
"""Chunks have fewer customers where so many of them have more events than this, on average."""

_TRIED = 1_000

Progress = Callable[[int, int], None]
"""Called after each chunk with the customers done and those that there are at most."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken from a folder, and how many rows of which file were left out, by their cause.

    `examples` tell what was wrong with the first row of each file and cause.
    """

    customers: int
    events: int
    consents: int
    left_out: Mapping[str, Mapping[Cause, int]]
    examples: Mapping[tuple[str, Cause], str]


def read_folder(
    folder: Path,
    program: Program,
    *,
    timezone: str | None,
    chunk: int,
    arrays: bool,
    progress: Progress | None = None,
) -> History:
    """What `program` asks about the customers in a folder, in order of their ids, at most `chunk` of them at a time.

    The files are customers, events and consent, each as .csv, .jsonl or .parquet, with the columns that `import`
    takes; without a file of customers, they are those to whom something happened. `timezone` is that of instants
    without an offset. The columns are arrays of 64-bit integers, or lists.

    Raises `InputError` where the folder or a file can't be used: at once, or while it is read.
    """
    return History(folder, program, Calendar(zone(timezone) if timezone else None), chunk, arrays, progress)


class History(Iterator[Columns]):
    """The columns of the customers in a folder, to be gone through once; then `taken` is complete."""

    def __init__(
        self, folder: Path, program: Program, calendar: Calendar, chunk: int, arrays: bool, progress: Progress | None
    ) -> None:
        files = _files(folder)
        self._program = program
        self._calendar = calendar
        self._arrays = arrays
        self._progress = progress
        self._left_out = LeftOut()
        self._scratch = Scratch()
        self._taken = Taken(0, 0, 0, {}, {})
        self._events = self._rows(files["events"], events.FORM, program.properties).numbered("id")
        self._ensure_events()
        self._people = self._consents = None
        if "customers" in files:
            form = replace(customers.FORM, fields=_fields(program))
            self._people = self._rows(files["customers"], form, _further(program))
        if "consent" in files:
            self._consents = self._rows(files["consent"], consents.FORM, ())
        each = self._events.count // max(1, (self._people or self._events).count)
        self._chunk = max(1, min(chunk, MOST_EVENTS // max(1, each)))
        self._columns = self._columns_of_all()

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> Columns:
        """The columns of the next customers. Raises `InputError`."""
        return next(self._columns)

    def close(self) -> None:
        """Lets go of the files, and of what was written meanwhile; at the end of the columns this has been done."""
        self._columns.close()
        self._scratch.close()

    @property
    def customers(self) -> int | None:
        """How many customers there are at most; None where only reading tells."""
        return None if self._people is None else self._people.count

    @property
    def taken(self) -> Taken:
        """What was taken so far, and what was left out."""
        counts = {file: dict(own.most_common()) for file, own in self._left_out.counts.items()}
        return replace(self._taken, left_out=counts, examples=dict(self._left_out.examples))

    def _rows(self, path: Path, form: Form, further: Sequence[str]) -> Rows:
        with opened(path) as file:
            rows = rows_of(file, form, further, self._scratch)
        self._left_out.add(rows.shown, Cause.NOT_JSON, rows.unread)
        return rows

    def _ensure_events(self) -> None:
        """Raises `InputError` where of the first events not one can be taken: then something is wrong with all."""
        rows, left_out = self._events, LeftOut()
        with readable(rows.shown):
            first = rows.frame.head(_TRIED).collect()
        if len(first) and not len(Checks(rows.shown, self._calendar, left_out).events(first)):
            example = next(iter(left_out.examples.values()))
            raise InputError(f"{rows.shown}: of the first {len(first):,} rows none can be taken; {example}")

    def _columns_of_all(self) -> Generator[Columns, None, None]:
        with closing(self._scratch):
            yield from self._chunks()

    def _chunks(self) -> Iterator[Columns]:
        happened = self._about(self._events, self._checks(self._events).events)
        agreed = None
        if self._consents is not None:
            topics = tuple(self._program.house.topics)
            agreed = self._about(self._consents, partial(self._checks(self._consents).consents, topics=topics))
        attributes, properties = self._readers()
        for people, end in self._portions():
            portion = Portion(self._program, people, attributes, properties)
            told = happened.below(end, portion)
            first = once(told)
            self._left_out.add(self._events.shown, Cause.SAME_ID, len(told) - len(first))
            records = None if agreed is None else agreed.below(end, portion)
            self._taken = replace(
                self._taken,
                customers=self._taken.customers + len(people),
                events=self._taken.events + len(first),
                consents=self._taken.consents + (0 if records is None else len(records)),
            )
            yield portion.columns(without_replaced(first), records, arrays=self._arrays)
            if self._progress is not None:
                self._progress(self._taken.customers, max(self._taken.customers, self.customers or 0))

    def _checks(self, rows: Rows) -> Checks:
        return Checks(rows.shown, self._calendar, self._left_out)

    def _about(self, rows: Rows, check: Check) -> _About:
        return _About(rows, check, self._scratch, self._left_out)

    def _readers(self) -> tuple[dict[str, Read], dict[str, Read]]:
        """How attributes and properties are read: those that the files have."""
        told = [name for name in self._events.columns if name not in events.FORM.fields]
        properties = self._events.readers(told, self._calendar)
        if self._people is None:
            return {}, properties
        known = [name for name in self._people.columns if name in customers.FORM.fields]
        further = [name for name in self._people.columns if name not in customers.FORM.fields]
        return {**dict.fromkeys(known, as_it_is), **self._people.readers(further, self._calendar)}, properties

    def _portions(self) -> Iterator[tuple[pl.DataFrame, str | None]]:
        """Customers, some at a time, with the first id of the next ones."""
        waiting: pl.DataFrame | None = None
        for frame in self._customers():
            for start in range(0, len(frame), self._chunk):
                found = frame[start : start + self._chunk]
                if waiting is not None:
                    yield waiting, found["id"][0]
                waiting = found
        if waiting is not None:
            yield waiting, None

    def _customers(self) -> Iterator[pl.DataFrame]:
        """Customers in order of their ids, each once."""
        if self._people is None:
            named = replace(self._events, columns=("id",), frame=self._events.frame.select(id="customer"))
            frames = in_order(named, _named, "id", self._scratch)
        else:
            frames = in_order(self._people, self._checks(self._people).customers, "id", self._scratch)
        last = None
        for frame in frames:
            first = frame.filter((pl.col("id") != pl.col("id").shift(fill_value=last)).fill_null(value=True))
            if self._people is not None:
                self._left_out.add(self._people.shown, Cause.SAME_ID, len(frame) - len(first))
            if len(frame):
                last = frame["id"][-1]
            yield first


class _About:
    """Facts about customers, handed out portion by portion; those about nobody who is known are counted."""

    def __init__(self, rows: Rows, check: Check, scratch: Scratch, left_out: LeftOut) -> None:
        self._shown = rows.shown
        self._left_out = left_out
        self._none = check(rows.frame.select(rows.columns).head(0).collect())
        self._facts = Ascending(in_order(rows, check, "customer", scratch), "customer")

    def below(self, end: str | None, portion: Portion) -> pl.DataFrame:
        """The facts about a portion, where `end` is the first id of the next one."""
        known = [portion.known(self._none)]
        for facts in self._facts.below(end):
            known.append(portion.known(facts))
            self._left_out.add(self._shown, Cause.UNKNOWN_CUSTOMER, len(facts) - len(known[-1]))
        return pl.concat(known)


def _files(folder: Path) -> dict[str, Path]:
    """The files of a folder by what they tell; raises `InputError` where it has no events."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; name one that holds events.csv, events.jsonl or events.parquet")
    found: dict[str, Path] = {}
    files = sorted(folder.iterdir())
    for name in ("events", "customers", "consent"):
        there = [one for one in files if one.name.lower() in {f"{name}{ending}" for ending in ENDINGS}]
        there = [one for one in there if not one.is_dir()]
        if unread := [one.name for one in there if not one.is_file()]:
            raise InputError(f"{folder}: {unread[0]} is no file, or a link to none; put one in its place, or remove it")
        if len(there) > 1:
            raise InputError(f"{folder} holds {' and '.join(one.name for one in there)}; leave one of them in it")
        if there:
            found[name] = there[0]
    if "events" not in found:
        others = ", ".join([one.name for one in files][:10])
        raise InputError(
            f"{folder} holds no events: name a file of them events.csv, events.jsonl or events.parquet"
            + (f" (it holds {others})" if others else "")
        )
    return found


def _fields(program: Program) -> tuple[str, ...]:
    """The fields of a customer that are looked at."""
    addresses = [ADDRESSES[channel] for channel in program.channels if channel in ADDRESSES]
    asked = {"id", "timezone", "country", *program.attributes, *addresses}
    return tuple(name for name in customers.FORM.fields if name in asked)


def _further(program: Program) -> list[str]:
    """The attributes that are looked at beside the fields."""
    asked = dict.fromkeys((*program.attributes, "preferred_channel"))
    return [name for name in asked if name not in customers.FORM.fields]


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame({"id": texts(frame["id"]).drop_nulls().unique(maintain_order=True)})
