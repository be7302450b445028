"""Works out measures: reads some customers at a time, keeps histograms, and makes figures of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.decisions.program import Program, compile_rules
from scheduler.measures.catalogue import MEASURES
from scheduler.measures.facts import Facts
from scheduler.measures.figures import figures
from scheduler.measures.measure import Figure, Grouping, Measure
from scheduler.measures.period import Period
from scheduler.rulebook.model import Rulebook
from scheduler.store import Store
from scheduler.store.columns import read_present
from scheduler.store.measured import AT_ONCE, parts

if TYPE_CHECKING:
    import polars

    from scheduler.decisions.columns import Columns

_LOOKED_UP = 2_000


def measured(
    store: Store,
    rulebook: Rulebook,
    period: Period,
    archive: Path,
    *,
    measures: Sequence[Measure] = MEASURES,
    at_once: int = AT_ONCE,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Figure]:
    """The figures of these months, measure by measure.

    `archive` is the folder of what has left the database, which counts too. `progress` is told of so many customers
    more that were looked at. Raises `StoreError`.
    """
    program = compile_rules(rulebook)
    properties = looked_at(measures, rulebook)
    told = [name for name, wanted in properties.items() if wanted]
    kept: dict[tuple[int, Grouping], polars.DataFrame] = {}
    for part in parts(store, archive, list(properties), told, at_once):
        facts = Facts(part, rulebook, program, period, partial(_looked_up, store))
        for number, measure in enumerate(measures):
            observed = None
            for by in measure.groupings:
                if observed is None or measure.regroups:
                    observed = measure.observe(facts, by)
                found = _histogram(observed, by)
                kept[number, by] = _together(kept[number, by], found, by) if (number, by) in kept else found
        progress(len(part.customers))
    return [
        figure
        for (number, by), histogram in kept.items()
        for figure in (measures[number].tell or figures)(
            measures[number], by, histogram, rulebook, period, measures[number].note(program)
        )
    ]


def looked_at(measures: Iterable[Measure], rulebook: Rulebook) -> dict[str, set[str]]:
    """The events that measures look at, each with the properties that they want to see of it."""
    found: dict[str, set[str]] = {}
    for measure in measures:
        for name, wanted in measure.looks_at(rulebook).items():
            found.setdefault(name, set()).update(wanted)
    return found


def _looked_up(store: Store, program: Program, ids: Iterable[str]) -> Iterator[Columns]:
    for (columns,) in read_present(store, [program], ids, chunk=_LOOKED_UP, arrays=False):
        yield columns


def _histogram(observations: polars.DataFrame, by: Grouping) -> polars.DataFrame:
    """How often each value was observed, by month and group."""
    import polars as pl

    keys = ["month", *by, "value"]
    counted = observations.select(pl.col("month").cast(pl.Int32), *by, pl.col("value").cast(pl.Float64))
    return counted.group_by(keys).agg(n=pl.len().cast(pl.Int64))


def _together(one: polars.DataFrame, other: polars.DataFrame, by: Grouping) -> polars.DataFrame:
    import polars as pl

    return pl.concat([one, other]).group_by("month", *by, "value").agg(pl.col("n").sum())
