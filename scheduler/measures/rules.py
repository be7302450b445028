"""What each rule did: occasions, contacts, silences by their cause, answers, and the goals that were reached."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from scheduler.decisions.causes import Cause
from scheduler.decisions.comparison import predicate
from scheduler.measures.facts import ALL, Facts, followed, texts
from scheduler.measures.measure import Grouping
from scheduler.measures.staying import ORDERED, REFERRED
from scheduler.measures.surveys import EXIT, SCALES
from scheduler.rulebook.model import AsksFor, EventCondition, Rule, Rulebook
from scheduler.store import OPEN, State, values
from scheduler.wallclock import DAY

if TYPE_CHECKING:
    import polars

GOAL_DAYS = 30
"""So long after it was decided a goal counts, for those who were contacted and those who were held out alike."""
CONTACTED, HELD_OUT = "contacted", "held_out"
"""The arms that are compared."""
_OBVIOUS = {AsksFor.REVIEW: "review_written", AsksFor.REFERRAL: REFERRED, AsksFor.PURCHASE: ORDERED}
_ENDED_BY = {
    str(State.SUPERSEDED): Cause.AGAIN,
    str(State.GOAL_REACHED): Cause.UNTIL,
    str(State.HELD_OUT): Cause.HOLDOUT,
    str(State.TOO_LATE): Cause.WINDOW,
}


def goal_of(rule: Rule) -> EventCondition | None:
    """The event that a rule is for: that of its `until`, or else the one that what it asks for is called after.

    None where `until` is a condition that can't be counted one event at a time, or there is nothing of the kind.
    """
    until = rule.until
    if until is None:
        name = _OBVIOUS.get(rule.asks_for)
        return None if name is None else EventCondition(event=name)
    if isinstance(until, str):
        return EventCondition(event=until)
    if isinstance(until, EventCondition) and until.aggregate[0] == "happened" and until.same is None:
        return until
    return None


def goals_looked_at(rulebook: Rulebook) -> Mapping[str, Iterable[str]]:
    """The events that are goals."""
    goals = [goal for rule in rulebook.rules.values() if (goal := goal_of(rule)) is not None]
    return {
        goal.event: tuple({key for one in goals if one.event == goal.event for key in one.where or {}})
        for goal in goals
    }


def occasions(facts: Facts, _: Grouping) -> polars.DataFrame:
    """One for each occasion that was decided."""
    import polars as pl

    return facts.in_months(facts.decided).with_columns(value=pl.lit(1))


def contacts(facts: Facts, _: Grouping) -> polars.DataFrame:
    """One for each contact that was made."""
    import polars as pl

    return facts.in_months(facts.contacts).with_columns(value=pl.lit(1))


def silences(facts: Facts, _: Grouping) -> polars.DataFrame:
    """One for each cause of an occasion that came to no contact; for the gate alone that ended it by itself."""
    import polars as pl

    silent = facts.in_months(facts.decided.filter(~pl.col("state").is_in(texts(ALL | OPEN))))
    distinct = silent.select("state", "because").unique()
    causes = distinct.with_columns(
        cause=pl.Series([_causes(state, because) for state, because in distinct.iter_rows()], dtype=pl.List(pl.String))
    )
    return silent.join(causes, on=["state", "because"], nulls_equal=True).explode("cause").with_columns(value=pl.lit(1))


def answers(facts: Facts, _: Grouping) -> polars.DataFrame:
    """One for each answer that names its rule."""
    import polars as pl

    found = facts.events((*SCALES, EXIT), "rule", "occasion").with_columns(of=pl.coalesce("occasion", "id"))
    newest = found.unique(["customer", "name", "of"], keep="last", maintain_order=True)
    named = facts.in_months(newest.filter(pl.col("rule").is_not_null()))
    return facts.with_campaign(named).with_columns(value=pl.lit(1))


def goals(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each customer, once a rule, reached its goal in time: by whether they were contacted or held out."""
    import polars as pl

    chosen = facts.in_months(facts.decided.filter(pl.col("state").is_in(texts(ALL | {State.HELD_OUT}))))
    first = chosen.unique(["customer", "rule"], keep="first", maintain_order=True)
    arm = pl.when(pl.col("state") == str(State.HELD_OUT)).then(pl.lit(HELD_OUT)).otherwise(pl.lit(CONTACTED))
    arms = first.with_columns(arm=arm, month=pl.lit(0, pl.Int32))
    found = [
        pl.DataFrame(
            schema={"month": pl.Int32, **dict.fromkeys(("campaign", "rule", "arm"), pl.String), "value": pl.Int64}
        )
    ]
    for name, rule in facts.rulebook.rules.items():
        goal, own = goal_of(rule), arms.filter(pl.col("rule") == name)
        if goal is not None and len(own):
            found.append(followed(own, _goals(facts, goal), GOAL_DAYS * DAY).select(found[0].columns))
    return pl.concat(found)


def _goals(facts: Facts, goal: EventCondition) -> polars.DataFrame:
    """The events that fulfil a goal, in order."""
    import polars as pl

    told = facts.part.events.filter((pl.col("name") == goal.event) & (pl.col("at") < facts.period.now)).sort("at", "id")
    if not goal.where:
        return told
    tests = {key: predicate(test) for key, test in goal.where.items()}
    distinct = told["properties"].drop_nulls().unique()
    read = values.read_all(distinct.to_list())
    fitting = [all(test(one.get(key)) for key, test in tests.items()) for one in read]
    return told.filter(pl.col("properties").is_in(distinct.filter(pl.Series(fitting, dtype=pl.Boolean)).implode()))


def _causes(state: str, because: str | None) -> list[str]:
    """The kinds of gates that kept an occasion silent."""
    gates: list[str] = json.loads(because or "[]")
    ended = _ENDED_BY.get(state)
    if ended is not None and ended is not Cause.WINDOW and str(ended) in {gate.partition(".")[0] for gate in gates}:
        return [str(ended)]
    kinds = dict.fromkeys(gate.partition(".")[0] for gate in gates)
    return list(kinds) or [str(ended or Cause.ACTIVE)]
