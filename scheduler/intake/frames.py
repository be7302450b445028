"""Facts in frames: the rows of a file checked all at once, and what can't be taken counted by its cause.

Less is looked at than an import looks at: addresses are taken for what they are, and texts may hold anything, because
nothing is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from scheduler.errors import InputError
from scheduler.intake import customers
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.events import EARLIEST
from scheduler.intake.instants import Calendar
from scheduler.intake.series import coded, instants, texts
from scheduler.intake.texts import shown
from scheduler.rulebook.findings import meant
from scheduler.rulebook.templates import CHANNELS


@dataclass
class LeftOut:
    """Rows that are left out, counted by file and cause, and what was wrong with the first of each."""

    counts: dict[str, Counter[Cause]] = field(default_factory=dict)
    examples: dict[tuple[str, Cause], str] = field(default_factory=dict)

    def add(self, file: str, cause: Cause, count: int, example: str = "") -> None:
        """Count rows of a file."""
        if count:
            self.counts.setdefault(file, Counter())[cause] += count
            self.examples.setdefault((file, cause), example or cause.meaning)


@dataclass(frozen=True)
class Checks:
    """Makes facts of the rows of one file; those that can't be taken are left out and counted."""

    file: str
    calendar: Calendar
    left_out: LeftOut

    def customers(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Customers by `id`, with zones, countries, languages and birthdays as an import writes them."""
        frame = self._filled(frame, "id")
        for column, check in (
            ("timezone", customers.timezone),
            ("country", customers.country),
            ("language", customers.language),
        ):
            frame = self._each(frame, column, check, pl.String)
        frame = self._each(frame, "birthday", self._birthday, pl.Date)
        return frame.with_columns(texts(frame[one]) for one in _TEXTS if one in frame.columns)

    def events(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Events with `id`, `customer` and `name`, and with `at` and `known_at` in microseconds."""
        frame = self._filled(frame, "id", "customer", "name", "at")
        frame = self._instants(frame, "at")
        frame = self._keep(frame, frame["at"] >= EARLIEST, Cause.TOO_EARLY)
        if "known_at" not in frame.columns:
            frame = frame.with_columns(known_at="at")
        else:
            frame = self._instants(frame, "known_at").with_columns(pl.col("known_at").fill_null(pl.col("at")))
            frame = self._keep(frame, frame["known_at"] >= frame["at"], Cause.KNOWN_BEFORE_AT)
        if "not_before" in frame.columns:
            frame = self._instants(frame, "not_before")
            in_time = frame["not_before"].is_null() | (frame["at"] >= frame["not_before"])
            frame = self._keep(frame, in_time, Cause.TOO_SOON)
        if "replaces" in frame.columns:
            frame = frame.with_columns(texts(frame["replaces"]))
        return frame

    def consents(self, frame: pl.DataFrame, topics: Collection[str]) -> pl.DataFrame:
        """Records of consent: whose, about which `topic` and `channel`, null for any, `given` or not, and `at`."""
        frame = self._filled(frame, "customer", "status", "at")
        frame = self._instants(frame, "at")
        frame = self._each(frame, "status", _given, pl.Boolean).rename({"status": "given"})
        for column, cause, known in (
            ("topic", Cause.UNKNOWN_TOPIC, topics),
            ("channel", Cause.UNKNOWN_CHANNEL, CHANNELS),
        ):
            if column not in frame.columns:
                frame = frame.with_columns(pl.lit(None, pl.String).alias(column))
            frame = self._each(frame, column, _any_or(known, column, cause), pl.String)
        return frame

    def _birthday(self, written: str) -> date:
        return self.calendar.date(written, "birthday")

    def _keep(self, frame: pl.DataFrame, good: pl.Series, cause: Cause, example: str = "") -> pl.DataFrame:
        if good.all():
            return frame
        self.left_out.add(self.file, cause, len(good) - int(good.sum()), example)
        return frame.filter(good)

    def _filled(self, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
        """The rows in which none of these columns is empty; those of texts are trimmed."""
        for column in columns:
            cells = frame[column]
            if not cells.dtype.is_temporal():
                cells = texts(cells)
                frame = frame.with_columns(cells)
            frame = self._keep(frame, cells.is_not_null(), Cause.MISSING, f"{column}: is empty")
        return frame

    def _instants(self, frame: pl.DataFrame, column: str) -> pl.DataFrame:
        """The rows in which a column is an instant, or empty."""
        try:
            found, unreadable = instants(frame[column], self.calendar)
        except Rejected as refused:
            raise InputError(f"{self.file}: {refused}") from refused
        if not unreadable:
            return frame.with_columns(found.alias(column))
        written = texts(frame[column])
        counts = dict(written.filter(written.is_in(list(unreadable))).value_counts().iter_rows())
        for text, fault in unreadable.items():
            self.left_out.add(self.file, fault.cause, counts[text], str(fault))
        return frame.with_columns(found.alias(column)).filter(found.is_not_null() | written.is_null())

    def _each(
        self, frame: pl.DataFrame, column: str, check: Callable[[str], Any], dtype: type[pl.DataType]
    ) -> pl.DataFrame:
        """The rows in which each different text of a column passes a check, or is missing, and what it makes of it."""
        if column not in frame.columns or frame.schema[column] == pl.Date:
            return frame
        codes, contents = coded(texts(frame[column]))
        made: list[Any] = []
        bad: list[int] = []
        for number, content in enumerate(contents):
            try:
                made.append(check(content))
            except Rejected as refused:
                made.append(None)
                bad.append(number)
                example = str(refused) if refused.column else f"{column}: {refused}"
                self.left_out.add(self.file, refused.cause, int((codes == number).sum()), example)
        frame = frame.with_columns(pl.Series(made, dtype=dtype).gather(codes).alias(column))
        return frame.filter(codes.is_null() | ~codes.is_in(bad)) if bad else frame


_TEXTS = ("name", "owner", "email", "phone", "address")


def _given(status: str) -> bool:
    if status.lower() not in ("given", "withdrawn"):
        raise Rejected(Cause.UNKNOWN_STATUS, f"{shown(status)} is neither 'given' nor 'withdrawn'", "status")
    return status.lower() == "given"


def _any_or(known: Collection[str], column: str, cause: Cause) -> Callable[[str], str | None]:
    def check(written: str) -> str | None:
        if written == "any":
            return None
        if known and written not in known:
            raise Rejected(
                cause,
                f"{shown(written)} is no {column}; {meant(written, known, 'there are ' + ', '.join(known))}",
                column,
            )
        return written

    return check
