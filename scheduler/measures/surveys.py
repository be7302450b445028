"""Surveys: what customers answer, how many do, and how many of the unhappy ones come back.

NPS: Reichheld, "The One Number You Need to Grow", Harvard Business Review, December 2003. CES as in its second version,
a scale of 1 to 7: Dixon, Freeman and Toman, "Stop Trying to Delight Your Customers", HBR, July 2010.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from scheduler.measures.facts import Facts, followed
from scheduler.measures.measure import Grouping
from scheduler.rulebook.model import AsksFor, Rulebook
from scheduler.wallclock import DAY

if TYPE_CHECKING:
    import polars

NPS, CSAT, CES, EXIT = "nps_answered", "csat_answered", "ces_answered", "exit_answered"
SCALES: Mapping[str, tuple[int, int]] = {NPS: (0, 10), CSAT: (1, 5), CES: (1, 7)}
"""The lowest and the highest score of each; others are not counted."""
DETRACTOR, PROMOTER, SATISFIED, EASY = 6, 9, 4, 5
RECOVERY_DAYS = 180
_BY_HAND = "phone"


def answers_looked_at(_: Rulebook) -> Mapping[str, Iterable[str]]:
    """The answers, with what they say of their occasion."""
    return dict.fromkeys((*SCALES, EXIT), ("score", "rule", "occasion"))


def scores(facts: Facts, name: str) -> polars.DataFrame:
    """The answers to a survey with their `score`, in order: of each occasion the newest one."""
    import polars as pl

    lowest, highest = SCALES[name]
    found = facts.events((name,), "score", "rule", "occasion").with_columns(
        pl.col("score").cast(pl.Float64, strict=False), of=pl.coalesce("occasion", "id")
    )
    newest = found.unique(["customer", "of"], keep="last", maintain_order=True)
    return facts.with_campaign(newest.filter(pl.col("score").is_between(lowest, highest)))


def nps(facts: Facts, _: Grouping) -> polars.DataFrame:
    """1 for each promoter, -1 for each detractor, 0 for each of the others."""
    import polars as pl

    score = pl.col("score")
    value = pl.when(score >= PROMOTER).then(1).when(score <= DETRACTOR).then(-1).otherwise(0)
    return facts.in_months(scores(facts, NPS)).with_columns(value=value)


def csat(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each answer is satisfied."""
    return _at_least(SATISFIED, facts, CSAT)


def ces(facts: Facts, _: Grouping) -> polars.DataFrame:
    """The score of each answer."""
    import polars as pl

    return facts.in_months(scores(facts, CES)).with_columns(value=pl.col("score"))


def easy(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether it was easy, by each answer."""
    return _at_least(EASY, facts, CES)


def _at_least(least: int, facts: Facts, name: str) -> polars.DataFrame:
    import polars as pl

    return facts.in_months(scores(facts, name)).with_columns(value=(pl.col("score") >= least).cast(pl.Int64))


def answered(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each survey that was sent has an answer."""
    import polars as pl

    asked = (pl.col("asks_for") == str(AsksFor.FEEDBACK)) & (pl.col("channel") != _BY_HAND)
    sent = facts.contacts.filter(asked)
    return facts.in_months(sent).with_columns(value=pl.col("key").is_in(_answered(facts, sent)).cast(pl.Int64))


def _answered(facts: Facts, sent: polars.DataFrame) -> list[str]:
    """The occasions that have an answer: the one it names, or else the newest contact by the rule it names."""
    import polars as pl

    answers = facts.events((*SCALES, EXIT), "rule", "occasion")
    by_rule = answers.filter(pl.col("occasion").is_null() & pl.col("rule").is_not_null())
    met = by_rule.join_asof(
        sent.select("customer", "rule", "at", "key"),
        on="at",
        by=["customer", "rule"],
        strategy="backward",
        check_sortedness=False,
    )
    return pl.concat([answers["occasion"], met["key"].alias("occasion")]).drop_nulls().unique().to_list()


def recovered(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each customer who was a detractor in a month came back positive afterwards."""
    import polars as pl

    nps_scores, csat_scores = scores(facts, NPS), scores(facts, CSAT)
    unhappy = facts.in_months(nps_scores.filter(pl.col("score") <= DETRACTOR))
    first = unhappy.unique(["customer", "month"], keep="first", maintain_order=True)
    positive = pl.concat(
        [nps_scores.filter(pl.col("score") >= PROMOTER), csat_scores.filter(pl.col("score") >= SATISFIED)]
    )
    return followed(first, positive.sort("at"), RECOVERY_DAYS * DAY)
