"""Who stays, who leaves, who buys again, and who brings others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from scheduler.measures.facts import Facts
from scheduler.measures.measure import Grouping
from scheduler.rulebook.model import Rulebook

if TYPE_CHECKING:
    import polars

STARTED, CANCELLED = "subscription_started", "subscription_cancelled"
ORDERED, REFERRED = "order_placed", "referral_made"
_KEY = "subscription_id"


def subscriptions_looked_at(_: Rulebook) -> Mapping[str, Iterable[str]]:
    """The beginnings and ends of subscriptions."""
    return {STARTED: (_KEY,), CANCELLED: (_KEY,)}


def orders_looked_at(_: Rulebook) -> Mapping[str, Iterable[str]]:
    """The orders."""
    return {ORDERED: ()}


def referrals_looked_at(_: Rulebook) -> Mapping[str, Iterable[str]]:
    """The referrals, with the rule that brought each, where that is known."""
    return {REFERRED: ("rule",)}


def kept(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each customer who ever subscribed has a subscription at the end of a month."""
    import polars as pl

    events, cohorts = _subscriptions(facts), _cohorts(facts, STARTED)
    found = []
    for month, _name in enumerate(facts.period.names):
        until = facts.period.seen(month)
        began = cohorts.filter(pl.col("first") < until)
        active = _active(events, until)
        found.append(
            began.select(
                "cohort",
                month=pl.lit(month, pl.Int32),
                value=pl.col("customer").is_in(active.implode()).cast(pl.Int64),
            )
        )
    return pl.concat(found)


def lost(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each customer who had a subscription as a month began has none at its end."""
    import polars as pl

    events, cohorts = _subscriptions(facts), _cohorts(facts, STARTED)
    found = []
    for month, begins in enumerate(facts.period.begins):
        before = cohorts.filter(pl.col("customer").is_in(_active(events, begins).implode()))
        after = _active(events, facts.period.seen(month))
        found.append(
            before.select(
                "cohort",
                month=pl.lit(month, pl.Int32),
                value=(~pl.col("customer").is_in(after.implode())).cast(pl.Int64),
            )
        )
    return pl.concat(found)


def ordered(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each customer who had ordered before a month began ordered in it."""
    import polars as pl

    cohorts = _cohorts(facts, ORDERED)
    in_month = facts.in_months(facts.events((ORDERED,))).select("customer", "month").unique()
    found = []
    for month, begins in enumerate(facts.period.begins):
        own = in_month.filter(pl.col("month") == month)["customer"]
        found.append(
            cohorts.filter(pl.col("first") < begins).select(
                "cohort", month=pl.lit(month, pl.Int32), value=pl.col("customer").is_in(own.implode()).cast(pl.Int64)
            )
        )
    return pl.concat(found)


def repeated(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each customer who ordered in a month had ordered at least twice by its end."""
    import polars as pl

    orders = facts.events((ORDERED,)).with_columns(number=pl.int_range(1, pl.len() + 1).over("customer"))
    by_month = facts.in_months(orders).group_by("customer", "month").agg(pl.col("number").max())
    return by_month.with_columns(value=(pl.col("number") > 1).cast(pl.Int64))


def referred(facts: Facts, _: Grouping) -> polars.DataFrame:
    """One for each referral."""
    import polars as pl

    return facts.with_campaign(facts.in_months(facts.events((REFERRED,), "rule"))).with_columns(value=pl.lit(1))


def _subscriptions(facts: Facts) -> polars.DataFrame:
    """Beginnings and ends in order; of those at one instant the end is the last."""
    import polars as pl

    events = facts.events((STARTED, CANCELLED), _KEY)
    return events.with_columns(ends=pl.col("name") == CANCELLED, key=pl.col(_KEY).fill_null("")).sort(
        "at", "ends", "id"
    )


def _active(events: polars.DataFrame, until: int) -> polars.Series:
    """The customers who have a subscription just before an instant: one whose last event is its beginning."""
    import polars as pl

    last = events.filter(pl.col("at") < until).unique(["customer", "key"], keep="last")
    return last.filter(~pl.col("ends"))["customer"].unique()


def _cohorts(facts: Facts, event: str) -> polars.DataFrame:
    """Customers with the instant of their first such event, and the month that it lies in."""
    import polars as pl

    first = facts.events((event,)).group_by("customer", maintain_order=True).agg(first=pl.col("at").min())
    return first.with_columns(cohort=facts.period.named(first["first"]))
