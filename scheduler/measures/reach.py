"""How much customers hear of us, who hears nothing, and who was asked at the wrong time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduler.backtest.judging import Moment
from scheduler.backtest.reading import as_lists, wanted
from scheduler.backtest.signs import signs_of
from scheduler.decisions.columns import lay
from scheduler.decisions.program import Program
from scheduler.measures.facts import Facts
from scheduler.measures.measure import Grouping
from scheduler.rulebook.model import AsksFor, Serves
from scheduler.store import State
from scheduler.wallclock import DAY

if TYPE_CHECKING:
    import polars

SILENT_DAYS = 180


def heard(facts: Facts, by: Grouping) -> polars.DataFrame:
    """How many contacts each customer had who had any."""
    import polars as pl

    return facts.in_months(facts.contacts).group_by("customer", "month", *by).agg(value=pl.len().cast(pl.Int64))


def unheard(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each customer who is known long enough has heard nothing for so long at the end of a month."""
    import polars as pl

    reached = facts.contacts.filter(pl.col("state") != str(State.BOUNCED))
    found = []
    for month, _name in enumerate(facts.period.names):
        until = facts.period.seen(month)
        since = until - SILENT_DAYS * DAY
        lately = reached.filter(pl.col("at").is_between(since, until, closed="left"))["customer"].unique()
        known = facts.part.customers.filter(pl.col("known_at") < since)
        silent = (~pl.col("id").is_in(lately.implode())).cast(pl.Int64)
        found.append(known.select(month=pl.lit(month, pl.Int32), value=silent))
    return pl.concat(found)


def at_the_wrong_time(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each ask came while the facts that were known then told that the customer was not well."""
    import polars as pl

    kinds = [str(kind) for kind in AsksFor if kind.serves is Serves.US]
    asks = facts.in_months(facts.contacts.filter(pl.col("asks_for").is_in(kinds)))
    moments: dict[str, list[int]] = {}
    for customer, at in asks.select("customer", "at").iter_rows():
        moments.setdefault(customer, []).append(at)
    wrong = [(customer, at, 1) for customer, at in _unwell(facts, moments)]
    schema = {"customer": pl.String, "at": pl.Int64, "wrong": pl.Int64}
    told = pl.DataFrame(wrong, schema=schema, orient="row").unique()
    return asks.join(told, on=["customer", "at"], how="left").with_columns(value=pl.col("wrong").fill_null(0))


def not_looked_for(program: Program) -> str:
    """Which signs of that can't be looked for, and why."""
    return "; ".join(f"{name} is not looked for: {why}" for name, why in signs_of(program).not_known.items())


def _unwell(facts: Facts, moments: dict[str, list[int]]) -> list[tuple[str, int]]:
    """The customers and instants at which a sign held."""
    signs = signs_of(facts.program).looked_for
    if not moments or not signs:
        return []
    found = []
    for read in facts.look_up(wanted([facts.program]), list(moments)):
        columns = as_lists(read)
        laid = lay(facts.program, columns, {})
        for number, customer in enumerate(columns.ids):
            row = laid.facts.customers[number]
            zone, country = laid.zones[row.zone], laid.countries[row.country]
            for at in moments[customer]:
                moment = Moment(facts.program, columns, number, zone, country, at)
                if any(moment.holds(sign.condition) for sign in signs):
                    found.append((customer, at))
    return found
