"""Results as a page: one file with charts, which needs neither network nor scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduler.cli import results_words as words
from scheduler.cli.results_charts import Charts, Interval, Point
from scheduler.decisions.causes import Cause
from scheduler.measures.measure import Figure
from scheduler.measures.period import Period
from scheduler.measures.verdict import Verdict
from scheduler.settings.brand import Brand

_TEMPLATE = Path(__file__).with_name("results_page.html")
_WEAK = {Verdict.TOO_FEW, Verdict.SO_FAR, Verdict.CANNOT_TELL}


@dataclass(frozen=True)
class Block:
    """A measure on the page: its charts as SVG, each with what it is of, and its tables.

    `labels` are the columns of the one by month, of which `rows` has a figure or None for each; `cohorts` are the rows
    of the other, with a figure or None for each month.
    """

    title: str
    formula: str
    of: str
    note: str
    charts: Sequence[tuple[str, str]]
    labels: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Figure | None]]]
    cohorts: Sequence[tuple[str, Sequence[Figure | None]]]
    verdict: str


def results_page(figures: Sequence[Figure], period: Period, brand: Brand, campaign: str | None) -> str:
    """The page as HTML."""
    from jinja2 import Environment, StrictUndefined

    charts = Charts()
    rules = [one for one in words.of_rules(figures) if one.happened]
    template = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    ).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        brand=brand,
        period=period,
        span=period.span.replace("..", " to "),
        campaign=campaign,
        blocks=[_block(own, period, charts) for _, own in words.blocks(figures)],
        rules=rules,
        lift=next((one.lift for one in rules if one.lift), None),
        lift_chart=_lifts(rules, charts),
        causes=_causes(rules),
        causes_chart=_silences(rules, charts),
        words=words,
        Cause=Cause,
        until=f"{period.zone.wall(period.now):%Y-%m-%d %H:%M}",
    )


def _block(own: Sequence[Figure], period: Period, charts: Charts) -> Block:
    first = own[0]
    nothing = all(one.verdict is Verdict.NOTHING for one in own)
    by_month = {(words.label(one), one.period): one for one in own if "cohort" not in one.groups}
    labels = list(dict.fromkeys(label for label, _ in by_month))
    return Block(
        first.title,
        first.formula,
        f"{first.denominator}; {first.window}",
        first.note,
        [] if nothing else _charts(own, period, charts),
        labels,
        [(name, [by_month.get((label, name)) for label in labels]) for name in period.names],
        _cohorts(own, period),
        Verdict.NOTHING.meaning if nothing else "",
    )


def _charts(own: Sequence[Figure], period: Period, charts: Charts) -> list[tuple[str, str]]:
    """By month where there are several, else by group; each with what it is of."""
    found = []
    title = own[0].title
    for statistic in dict.fromkeys(one.statistic for one in own):
        same = [one for one in own if one.statistic == statistic and "cohort" not in one.groups]
        if len(period.names) == 1:
            groups = [_point(one, words.label(one)) for one in same if one.groups and one.value is not None]
            if len(groups) > 1:
                found.append(("", charts.bars(f"{title} by {next(iter(same[-1].groups))}, {period.span}", groups)))
            continue
        for label in dict.fromkeys(words.label(one) for one in same if not one.groups or "thing" in one.groups):
            series = {one.period: one for one in same if words.label(one) == label}
            points = [
                _point(series[name], name) if name in series else Point(name, None, words.NOTHING)
                for name in period.names
            ]
            if any(point.value is not None for point in points):
                found.append((label, charts.columns(f"{title} by month: {label}", points)))
    return found


def _point(figure: Figure, label: str) -> Point:
    return Point(label, figure.value, words.shown(figure.value, figure.unit), figure.verdict in _WEAK)


def _cohorts(own: Sequence[Figure], period: Period) -> list[tuple[str, list[Figure | None]]]:
    by_cohort: dict[str, dict[str, Figure]] = {}
    for one in own:
        if "cohort" in one.groups:
            by_cohort.setdefault(one.groups["cohort"], {})[one.period] = one
    return [(cohort, [months.get(name) for name in period.names]) for cohort, months in sorted(by_cohort.items())]


def _lifts(rules: Sequence[words.OfRule], charts: Charts) -> str:
    rows = [
        Interval(
            one.rule,
            lift.value,
            lift.low,
            lift.high,
            words.shown(lift.value, lift.unit),
            lift.verdict is not Verdict.TELLS,
        )
        for one in rules
        if (lift := one.lift) and lift.value is not None and lift.low is not None and lift.high is not None
    ]
    return charts.intervals("Lift of each rule against its holdout, with 95 % intervals", rows) if rows else ""


def _causes(rules: Sequence[words.OfRule]) -> list[tuple[str, int]]:
    found: Counter[str] = Counter()
    for one in rules:
        found.update({Cause(cause).meaning: number for cause, number in one.silences.items()})
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def _silences(rules: Sequence[words.OfRule], charts: Charts) -> str:
    causes = _causes(rules)
    points = [Point(meaning, number, f"{number:,}") for meaning, number in causes]
    return charts.bars("Why occasions came to no contact", points) if points else ""
