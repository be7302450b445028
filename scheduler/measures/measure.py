"""A measure: what it is called, how it is worked out, and the function that looks at the facts.

To add one, write a function that gives an observation a row and enter it in `catalogue`: no customer is looked at
twice, and nothing but a histogram of the observations is kept, so the memory does not grow with their number unless
each is a value of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from scheduler.measures.verdict import FEW, Verdict
from scheduler.rulebook.model import Rulebook

if TYPE_CHECKING:
    import polars

    from scheduler.decisions.program import Program
    from scheduler.measures.facts import Facts

Grouping = tuple[str, ...]
"""By which columns observations are told apart, beside the month."""

HOUSE: Grouping = ()
CAMPAIGN: Grouping = ("campaign",)
RULE: Grouping = ("campaign", "rule")
GROUPS = ("campaign", "rule", "cohort", "thing", "cause", "arm")
"""All that figures may be told apart by: each a key of a figure."""


class Unit(StrEnum):
    """What a value is counted in."""

    PERCENT = "percent"
    POINTS = "points"
    SCORE = "score"
    SECONDS = "seconds"
    COUNT = "count"
    SHARE_DIFFERENCE = "percentage points"


class Statistic(StrEnum):
    """How observations become a value."""

    SHARE = "share"
    NET = "net"
    MEAN = "mean"
    MEDIAN = "median"
    P90 = "p90"
    P95 = "p95"
    MOST = "most"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: what is measured, of when and of what, its value and what can be said of it.

    `count` is the denominator, `part` the numerator of a share; `low` and `high` are the ends of a 95 % confidence
    interval. A value of None has its cause in `verdict`; `note` says what people should know of it. `groups` are those
    of `GROUPS` that it is told apart by: without any it is of the whole house; a campaign of "" is none.
    """

    measure: str
    title: str
    statistic: str
    period: str
    value: float | None
    unit: Unit
    count: int
    verdict: Verdict
    formula: str
    denominator: str
    window: str
    groups: Mapping[str, str]
    part: int | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """The measure and its statistic, like `first_response.median`."""
        return f"{self.measure}.{self.statistic}" if self.statistic in _SEVERAL else self.measure


_SEVERAL = {Statistic.MEDIAN, Statistic.P90, Statistic.P95, Statistic.MOST}

Observe = Callable[["Facts", Grouping], "polars.DataFrame"]
"""Gives observations: `month` (its number), a column for each of the groups, and `value`.

It is asked once for all groupings; a measure that `regroups` for each of them, and told which.
"""

Tell = Callable[..., Iterator[Figure]]
"""Makes figures as `figures.figures` does, with its arguments."""


@dataclass(frozen=True)
class Measure:
    """What is measured, and how.

    `looks_at` says of which events it wants to see which properties; `groupings` how it is told apart; what is observed
    of one that `regroups` depends on that. From fewer than `least` observations it is too few to tell; after the end of
    a month it still changes for `settles` microseconds. A total that `must_be_zero` is wrong where it is not. `note` is
    told beside each figure; `tell` makes the figures where they are not one a month and group.
    """

    name: str
    title: str
    formula: str
    denominator: str
    window: str
    observe: Observe
    statistics: Sequence[Statistic]
    unit: Unit
    looks_at: Callable[[Rulebook], Mapping[str, Iterable[str]]] = lambda _: {}
    groupings: Sequence[Grouping] = (HOUSE, CAMPAIGN)
    regroups: bool = False
    least: int = FEW
    settles: int = 0
    must_be_zero: bool = False
    note: Callable[[Program], str] = lambda _: ""
    tell: Tell | None = None
