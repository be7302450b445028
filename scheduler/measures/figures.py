"""Turns histograms of observations into figures, each with its verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import ceil
from typing import TYPE_CHECKING

from scheduler.measures.measure import RULE, Figure, Grouping, Measure, Statistic
from scheduler.measures.period import Period
from scheduler.measures.verdict import Verdict
from scheduler.rulebook.model import Rulebook

if TYPE_CHECKING:
    import polars


def figures(
    measure: Measure, by: Grouping, histogram: polars.DataFrame, rulebook: Rulebook, period: Period, note: str
) -> Iterator[Figure]:
    """The figures of a measure, a month and a group at a time; `histogram` has `month`, the groups, `value`, `n`.

    What is wanted of the whole house, or by rule, is told also where there is nothing of it.
    """
    found: dict[tuple[object, ...], polars.DataFrame] = {
        key: part.sort("value") for key, part in histogram.partition_by("month", *by, as_dict=True).items()
    }
    empty = histogram.clear()
    keys = {*found, *((month, *group) for month in range(len(period.names)) for group in _expected(by, rulebook))}
    for key in sorted(keys, key=_order):
        month = _order(key)[0]
        for statistic in measure.statistics:
            yield figure_of(
                measure,
                statistic,
                period.names[month],
                found.get(key, empty),
                dict(zip(by, map(str, key[1:]), strict=True)),
                open_=period.ends[month] + measure.settles > period.now,
                note=note,
            )


def _order(key: tuple[object, ...]) -> tuple[int, list[str]]:
    return int(str(key[0])), [str(part) for part in key[1:]]


def _expected(by: Grouping, rulebook: Rulebook) -> list[tuple[str, ...]]:
    if by == RULE:
        return [(rule.campaign, name) for name, rule in rulebook.rules.items()]
    return [()] if not by else []


def figure_of(
    measure: Measure,
    statistic: Statistic,
    name: str,
    histogram: polars.DataFrame,
    groups: Mapping[str, str],
    *,
    open_: bool,
    note: str,
) -> Figure:
    """A figure from the observations of one group, in order of their values; it still changes while it is `open_`."""
    count = int(histogram["n"].sum())
    total = float((histogram["value"] * histogram["n"]).sum())
    is_total = statistic is Statistic.TOTAL
    value = total if is_total else _STATISTICS[statistic](histogram, count) if count else None
    return Figure(
        measure=measure.name,
        title=measure.title,
        statistic=str(statistic),
        period=name,
        value=value,
        unit=measure.unit,
        count=count,
        verdict=_verdict(measure, value, count, open_=open_, is_total=is_total),
        formula=measure.formula,
        denominator=measure.denominator,
        window=measure.window,
        groups=groups,
        part=int(total) if statistic is Statistic.SHARE and count else None,
        note=note,
    )


def _verdict(measure: Measure, value: float | None, count: int, *, open_: bool, is_total: bool) -> Verdict:
    if value is None:
        return Verdict.NOTHING
    if measure.must_be_zero and value:
        return Verdict.WRONG
    if not is_total and count < measure.least:
        return Verdict.TOO_FEW
    return Verdict.SO_FAR if open_ else Verdict.TELLS


# --- from a histogram in order of its values


def _mean(histogram: polars.DataFrame, count: int) -> float:
    return float((histogram["value"] * histogram["n"]).sum()) / count


def _share(histogram: polars.DataFrame, count: int) -> float:
    return 100 * _mean(histogram, count)


def _at(histogram: polars.DataFrame, place: int) -> float:
    """The value at a place in order, counted from 1."""
    return float(histogram["value"][int(histogram["n"].cum_sum().search_sorted(place))])


def _median(histogram: polars.DataFrame, count: int) -> float:
    """The one in the middle, or the mean of the two there."""
    return (_at(histogram, (count + 1) // 2) + _at(histogram, count // 2 + 1)) / 2


def _nearest_rank(share: float) -> Callable[[polars.DataFrame, int], float]:
    """The least value that so large a share of all does not exceed."""
    return lambda histogram, count: _at(histogram, max(1, ceil(share * count)))


_STATISTICS: Mapping[Statistic, Callable[[polars.DataFrame, int], float]] = {
    Statistic.SHARE: _share,
    Statistic.NET: _share,
    Statistic.MEAN: _mean,
    Statistic.MEDIAN: _median,
    Statistic.P90: _nearest_rank(0.9),
    Statistic.P95: _nearest_rank(0.95),
    Statistic.MOST: _nearest_rank(1),
}
