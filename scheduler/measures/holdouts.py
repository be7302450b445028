"""What the rules bring: whether more of those who were contacted reached the goal than of those who were held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from scheduler.measures.figures import figure_of
from scheduler.measures.lift import Difference, newcombe
from scheduler.measures.measure import Figure, Grouping, Measure, Statistic, Unit
from scheduler.measures.period import Period
from scheduler.measures.rules import CONTACTED, HELD_OUT, goal_of
from scheduler.measures.verdict import Verdict
from scheduler.rulebook.model import Rule, Rulebook

if TYPE_CHECKING:
    import polars


def lifts(
    measure: Measure, _: Grouping, histogram: polars.DataFrame, rulebook: Rulebook, period: Period, note: str
) -> Iterator[Figure]:
    """For each rule the share that reached its goal, and how much larger it is than that of those who were held out."""
    for name, rule in sorted(rulebook.rules.items()):
        own = histogram.filter((histogram["rule"] == name) & (histogram["campaign"] == rule.campaign))
        arms = {arm: own.filter(own["arm"] == arm).sort("value") for arm in (CONTACTED, HELD_OUT)}
        groups = {"campaign": rule.campaign, "rule": name}
        open_ = period.until + measure.settles > period.now
        for arm, one in arms.items():
            if goal_of(rule) is not None and (len(one) or arm == CONTACTED):
                yield figure_of(
                    measure, Statistic.SHARE, period.span, one, groups | {"arm": arm}, open_=open_, note=note
                )
        yield _lift(measure, rule, arms, groups, period.span, open_=open_)


def _lift(
    measure: Measure,
    rule: Rule,
    arms: Mapping[str, polars.DataFrame],
    groups: Mapping[str, str],
    span: str,
    *,
    open_: bool,
) -> Figure:
    (part, count), (other_part, other_count) = (_part_of(arms[arm]) for arm in (CONTACTED, HELD_OUT))
    compared = newcombe(part, count, other_part, other_count) if count and other_count else None
    return Figure(
        measure="lift",
        title="Lift against the holdout",
        statistic="difference",
        period=span,
        value=None if compared is None else 100 * compared.value,
        unit=Unit.SHARE_DIFFERENCE,
        count=count + other_count,
        verdict=_verdict(rule, compared, count, other_count, measure.least, open_=open_),
        formula="share of those contacted who reached the rule's goal, minus that of those held out; 95 % interval by "
        "Newcombe's hybrid score method (1998)",
        denominator=measure.denominator,
        window=measure.window,
        groups=groups,
        low=None if compared is None else 100 * compared.low,
        high=None if compared is None else 100 * compared.high,
        note=f"{part:,} of {count:,} contacted, {other_part:,} of {other_count:,} held out" if compared else "",
    )


def _part_of(histogram: polars.DataFrame) -> tuple[int, int]:
    return int((histogram["value"] * histogram["n"]).sum()), int(histogram["n"].sum())


def _verdict(
    rule: Rule, compared: Difference | None, count: int, other_count: int, least: int, *, open_: bool
) -> Verdict:
    if goal_of(rule) is None:
        return Verdict.NO_GOAL
    if not other_count:
        return Verdict.NO_HOLDOUT
    if compared is None:
        return Verdict.NOTHING
    if min(count, other_count) < least:
        return Verdict.TOO_FEW
    if compared.includes_zero:
        return Verdict.CANNOT_TELL
    return Verdict.SO_FAR if open_ else Verdict.TELLS
