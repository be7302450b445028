"""Forecasts: how much the ledger said, beforehand, would be done in each clock hour."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from scheduler.durations import HOUR
from scheduler.store.batch import Insertion

if TYPE_CHECKING:
    from scheduler.store.database import Store

AHEAD = 26
"""So many hours are foreseen: a day, the hour that a change of clocks adds, and one for who comes late."""

_OF = text(
    "SELECT made, rules, foreseen + (SELECT COALESCE(SUM(foreseen), 0) FROM forecast AS missed"
    # hours after the one in which this was written, and that nobody has written again, had nobody at work
    f" WHERE missed.made = forecast.made AND missed.hour > forecast.made / {HOUR} AND missed.hour < forecast.hour)"
    " FROM forecast WHERE hour = :hour"
)
_DUE = text(
    " UNION ALL ".join(
        f"SELECT next_at / {HOUR}, COUNT(*) FROM occasion WHERE state IN {states} AND next_at < :until GROUP BY 1"
        for states in ("('planned', 'waiting')", "('queued', 'retry')")
    )
)
_FORGET = text("DELETE FROM forecast WHERE hour < :hour")
_WRITE = Insertion(
    "forecast",
    {"hour": "bigint", "foreseen": "bigint", "made": "bigint", "rules": "integer"},
    "ON CONFLICT (hour) DO UPDATE SET foreseen = excluded.foreseen, made = excluded.made, rules = excluded.rules",
)


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many contacts a clock hour may have, when that was written (UTC microseconds), by which activation."""

    foreseen: int
    made: int
    rules: int


@dataclass(frozen=True, slots=True)
class Forecasts:
    """The forecasts of a store."""

    store: Store

    def of(self, at: int) -> Forecast | None:
        """That of the clock hour of an instant, and of the hours just before it in which nobody was at work."""
        with self.store.read() as connection:
            found = connection.execute(_OF, {"hour": at // HOUR}).first()
        return None if found is None else Forecast(int(found[2]), found[0], found[1])

    def make(self, rules: int, *, now: int, overdue: bool = True, gone: int | None = None) -> None:
        """Writes down what the hours after that of `now` will have, by the ledger and the activation of that number.

        The next hour may have all that is due by its end, or without `overdue` what comes due in it. With `gone`, the
        number of messages that left in this hour, this hour too is written anew: they, and all that is due in it.
        """
        this = now // HOUR
        with self.store.write() as connection:
            due: Counter[int] = Counter()
            for hour, number in connection.execute(_DUE, {"until": (this + AHEAD + 1) * HOUR}):
                due[max(hour, this)] += number
            rows = {hour: due[hour] for hour in range(this + 1, this + AHEAD + 1)}
            if overdue:
                rows[this + 1] += due[this]
            if gone is not None:
                rows = {this: gone + due[this], **rows}
            connection.execute(_FORGET, {"hour": this - 2 * AHEAD})
            _WRITE.run(connection, [(hour, foreseen, now, rules) for hour, foreseen in rows.items()])
