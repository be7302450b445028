"""Results for people, on a terminal: each measure with how it is worked out, then the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import typer

from scheduler.cli import results_words as words
from scheduler.cli.chart import bars
from scheduler.cli.formats import Column, labelled, painted, print_table
from scheduler.decisions.causes import Cause
from scheduler.measures.measure import Figure, Unit
from scheduler.measures.period import Period
from scheduler.measures.verdict import Verdict

_COHORTS = 12
"""So many of the newest cohorts are told to people; programs get all of them."""
_BAR = 16
_OF_100 = frozenset({Unit.PERCENT, Unit.POINTS})
"""What is counted up to 100, so that a whole bar is that; any other is drawn beside the largest of its kind."""


def print_report(figures: Sequence[Figure], period: Period, campaign: str | None) -> None:
    """Write the report to stdout."""
    of = f" of {campaign}" if campaign else ""
    typer.echo(painted(f"Results{of} for {period.span.replace('..', ' to ')} ({period.zone_name})", bold=True))
    for _, own in words.blocks(figures):
        _print_measure(own)
    _print_rules(figures)


def _print_measure(own: Sequence[Figure]) -> None:
    first = own[0]
    typer.echo()
    typer.echo(painted(first.title, bold=True))
    typer.echo(labelled("  = ", first.formula))
    typer.echo(labelled("  of ", f"{first.denominator}; {first.window}"))
    if first.note:
        typer.echo(labelled("  note: ", first.note))
    if all(one.verdict is Verdict.NOTHING for one in own):
        typer.echo(f"  {Verdict.NOTHING.meaning}")
        return
    columns = (Column("of", style="cyan"), Column("month"), *(Column(name, "right") for name in ("value", "count")))
    print_table((*columns, Column(""), Column("")), [*_rows(newest(own))], indent=2)
    if len(newest(own)) < len(own):
        typer.echo("  … and more of the cohorts (--format json has all of them)")


def newest(own: Sequence[Figure]) -> list[Figure]:
    """The figures, of cohorts only those of the newest ones in the last month."""
    cohorts = sorted({one.groups["cohort"] for one in own if "cohort" in one.groups})[-_COHORTS:]
    last = own[-1].period
    return [
        one for one in own if "cohort" not in one.groups or (one.groups["cohort"] in cohorts and one.period == last)
    ]


def _rows(own: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    statistics = list(dict.fromkeys(one.statistic for one in own))
    by_label = sorted(own, key=lambda one: (sorted(one.groups.items()), statistics.index(one.statistic)))
    whole = {one.statistic: 100.0 if one.unit in _OF_100 else 0.0 for one in own}
    for one in own:
        whole[one.statistic] = max(whole[one.statistic], one.value or 0)
    for one in by_label:
        value = one.value or 0
        bar = "▇" * max(1, round(_BAR * value / whole[one.statistic])) if value > 0 else ""
        yield (
            words.label(one),
            one.period,
            words.shown(one.value, one.unit),
            f"{one.count:,}",
            bar,
            words.said(one.verdict),
        )


def _print_rules(figures: Sequence[Figure]) -> None:
    rules = [one for one in words.of_rules(figures) if one.happened]
    if not rules:
        return
    typer.echo()
    typer.echo(painted("What each rule did", bold=True))
    columns = (Column("rule", style="cyan"), *(Column(name, "right") for name in ("occasions", "contacts", "answers")))
    print_table(
        columns,
        [(one.rule, f"{one.occasions:,}", f"{one.contacts:,}", f"{one.answers:,}") for one in rules],
        indent=2,
    )
    _print_lifts(rules)
    causes: Counter[str] = Counter()
    for one in rules:
        causes.update({Cause(cause).meaning: number for cause, number in one.silences.items()})
    if causes:
        typer.echo()
        typer.echo(painted("What stood in the way of the others", bold=True))
        for line in bars(causes, indent=2):
            typer.echo(line)


def _print_lifts(rules: Sequence[words.OfRule]) -> None:
    with_goal = [one for one in rules if one.reached]
    without = [one.rule for one in rules if not one.reached]
    typer.echo()
    typer.echo(painted("What each rule brought", bold=True))
    lift = next((one.lift for one in rules if one.lift), None)
    if lift is not None:
        typer.echo(labelled("  lift = ", lift.formula))
        typer.echo(labelled("  of ", f"{lift.denominator}; {lift.window}"))
    width = max((len(one.rule) for one in with_goal), default=0)
    for one in with_goal:
        arms = [_arm(arm, name) for arm, name in ((one.reached, "contacted"), (one.held_out, "held out")) if arm]
        typer.echo(labelled(f"  {one.rule:{width}}  ", f"goal: {', '.join(arms)}; lift: {one.lift_in_words}"))
    if without:
        typer.echo(labelled(f"  {Verdict.NO_GOAL.meaning}: ", ", ".join(without)))


def _arm(figure: Figure, name: str) -> str:
    return f"{words.told(figure)} of {figure.count:,} {name}"
