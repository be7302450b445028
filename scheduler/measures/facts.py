"""What a measure sees: the facts of some customers, in columns, with the house's rules and the months."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from scheduler.measures.period import Period
from scheduler.rulebook.model import Rulebook
from scheduler.store import CONTACTED, OUTGOING, State
from scheduler.store.measured import Part

if TYPE_CHECKING:
    import polars

    from scheduler.decisions.columns import Columns
    from scheduler.decisions.program import Program

MADE = CONTACTED - OUTGOING - {State.SENDING}
"""The states of contacts that were made: what was decided, and did not stay behind."""

ALL = MADE | OUTGOING | {State.SENDING, State.FAILED, State.QUARANTINED, State.DROPPED}
"""The states of whatever was decided to be a contact, whether or not it arrived."""


@dataclass(frozen=True)
class Facts:
    """The facts of some customers up to now; `look_up` reads what a program asks about named ones."""

    part: Part
    rulebook: Rulebook
    program: Program
    period: Period
    look_up: Callable[[Program, Iterable[str]], Iterator[Columns]]
    _kept: dict[tuple[tuple[str, ...], tuple[str, ...]], polars.DataFrame] = field(default_factory=dict)

    def events(self, names: Iterable[str], *properties: str) -> polars.DataFrame:
        """Events of these names up to now in order of (`at`, `id`), each property as a column of texts or nulls."""
        import polars as pl

        asked = tuple(names), properties
        if asked not in self._kept:
            found = self._events.filter(pl.col("name").is_in(asked[0]))
            told = [pl.col("properties").str.json_path_match(f"$.{name}").alias(name) for name in properties]
            self._kept[asked] = found.select("customer", "id", "name", "at", *told)
        return self._kept[asked]

    @cached_property
    def _events(self) -> polars.DataFrame:
        import polars as pl

        return self.part.events.filter(pl.col("at") < self.period.now).sort("at", "id")

    @cached_property
    def decided(self) -> polars.DataFrame:
        """Occasions that were decided up to now, in order, with `at` for when, and the `campaign` of their rule."""
        import polars as pl

        found = self.part.occasions.rename({"decided_for": "at"}).filter(pl.col("at") < self.period.now)
        return self.with_campaign(found.sort("at", "key"))

    @cached_property
    def contacts(self) -> polars.DataFrame:
        """Contacts that were made, as `decided`."""
        import polars as pl

        return self.decided.filter(pl.col("state").is_in(texts(MADE)))

    def with_campaign(self, frame: polars.DataFrame) -> polars.DataFrame:
        """Add the campaign of each `rule`; an empty text where no rule is named, or where it is no more."""
        import polars as pl

        campaigns = {name: rule.campaign for name, rule in self.rulebook.rules.items()}
        told = pl.col("rule").replace_strict(campaigns, default="", return_dtype=pl.String).fill_null("")
        return frame.with_columns(campaign=told)

    def in_months(self, frame: polars.DataFrame) -> polars.DataFrame:
        """Of rows with an `at`, those in the months, with the number of their `month`."""
        import polars as pl

        return frame.with_columns(month=self.period.month_of(frame["at"])).filter(pl.col("month").is_not_null())


def followed(frame: polars.DataFrame, events: polars.DataFrame, within: int) -> polars.DataFrame:
    """Add to rows with a `customer` and an `at`, as `value`, whether one of the events came to the customer after it.

    It came by no more than `within` microseconds later; rows and events are in order of their `at`.
    """
    import polars as pl

    met = frame.join_asof(
        events.select("customer", "at", next="at"),
        on="at",
        by="customer",
        strategy="forward",
        tolerance=within,
        allow_exact_matches=False,
        check_sortedness=False,
    )
    return met.with_columns(value=pl.col("next").is_not_null().cast(pl.Int64))


def texts(states: Iterable[State]) -> Sequence[str]:
    """States as they stand in their column."""
    return sorted(map(str, states))
