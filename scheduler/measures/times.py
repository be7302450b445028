"""How long customers wait: for a first word after a delivery, for a first response, and for a solution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from scheduler.measures.facts import Facts
from scheduler.measures.measure import Grouping
from scheduler.measures.staying import STARTED
from scheduler.rulebook.model import OpenThing, Rulebook
from scheduler.store import State
from scheduler.wallclock import DAY, SECOND

if TYPE_CHECKING:
    import polars

FIRST_CONTACT_DAYS = 90
RESPONDED = "{thing}_answered"
"""The event that tells of a first response to a thing, like `ticket_answered`, with the thing's key."""


def deliveries_looked_at(rulebook: Rulebook) -> Mapping[str, Iterable[str]]:
    """The events that deliver value, by the house rules."""
    window = rulebook.house.value_window
    return {} if window is None else dict.fromkeys(window.delivered_by, ())


def things_looked_at(rulebook: Rulebook) -> Mapping[str, Iterable[str]]:
    """What opens, answers and closes things."""
    return {
        event: () if pair.key is None else (pair.key,)
        for thing, pair in things(rulebook)
        for event in (*pair.opened_by, *pair.closed_by, RESPONDED.format(thing=thing))
    }


def things(rulebook: Rulebook) -> Iterator[tuple[str, OpenThing]]:
    """The open things of the house that wait for somebody: all but those that a subscription opens."""
    for name, pair in sorted(rulebook.house.open_things.items()):
        if STARTED not in pair.opened_by:
            yield name, pair


def first_contact(facts: Facts, _: Grouping) -> polars.DataFrame:
    """The seconds from each delivery to the first contact after it."""
    import polars as pl

    delivered = facts.in_months(facts.events(deliveries_looked_at(facts.rulebook)))
    contacts = facts.contacts.select("customer", "at", "campaign", contacted="at")
    met = delivered.join_asof(
        contacts,
        on="at",
        by="customer",
        strategy="forward",
        tolerance=FIRST_CONTACT_DAYS * DAY,
        check_sortedness=False,
    )
    return _lasting(met.filter(pl.col("contacted").is_not_null()), "contacted")


def first_response(facts: Facts, _: Grouping) -> polars.DataFrame:
    """The seconds from each opening of a thing to its first response, or else to its closing."""
    return _joined(facts, answers=True)


def solution(facts: Facts, _: Grouping) -> polars.DataFrame:
    """The seconds from each opening of a thing to its closing."""
    return _joined(facts, answers=False)


def task_time(facts: Facts, _: Grouping) -> polars.DataFrame:
    """The seconds from the making of each task to its end as done."""
    return _lasting(_done(facts).with_columns(ended="at", at="created"), "ended")


def task_in_time(facts: Facts, _: Grouping) -> polars.DataFrame:
    """Whether each task was done by when it was due."""
    import polars as pl

    return _done(facts).with_columns(value=(pl.col("at") <= pl.col("due")).cast(pl.Int64))


def _done(facts: Facts) -> polars.DataFrame:
    """The tasks that were done in the months, with `at` for when."""
    import polars as pl

    tasks = facts.part.tasks.filter(pl.col("state") == str(State.DONE)).rename({"ended": "at"})
    rules = facts.part.occasions.select("rule", occasion="key")
    told = facts.with_campaign(tasks.join(rules, on="occasion", how="left"))
    return facts.in_months(told.filter(pl.col("at").is_not_null()))


def _joined(facts: Facts, *, answers: bool) -> polars.DataFrame:
    """Things by when they were opened (with their first response) or closed (with their solution)."""
    import polars as pl

    found = [_of_thing(facts, thing, pair, answers=answers) for thing, pair in things(facts.rulebook)]
    nothing = pl.DataFrame(schema={"month": pl.Int32, "thing": pl.String, "value": pl.Float64})
    return pl.concat([nothing, *found])


def _of_thing(facts: Facts, thing: str, pair: OpenThing, *, answers: bool) -> polars.DataFrame:
    import polars as pl

    ends = (*pair.closed_by, RESPONDED.format(thing=thing)) if answers else pair.closed_by
    opened, ended = _keyed(facts, pair.opened_by, pair.key), _keyed(facts, ends, pair.key)
    met = opened.join_asof(
        ended.with_columns(ended="at", ending="id").select("customer", "key", "at", "ended", "ending"),
        on="at",
        by=["customer", "key"],
        strategy="forward",
        check_sortedness=False,
    ).filter(pl.col("ended").is_not_null())
    once = met.unique("ending", keep="first", maintain_order=True)  # what is opened again before it ends waits on
    chosen = facts.in_months(once if answers else once.with_columns(at="ended", opened="at"))
    began = "at" if answers else "opened"
    return chosen.select(
        "month", thing=pl.lit(thing), value=((pl.col("ended") - pl.col(began)) / SECOND).cast(pl.Float64)
    )


def _keyed(facts: Facts, names: Iterable[str], key: str | None) -> polars.DataFrame:
    import polars as pl

    found = facts.events(names, *([] if key is None else [key]))
    of = pl.lit("") if key is None else pl.col(key).fill_null("")
    return found.select("customer", "id", "at", key=of)


def _lasting(frame: polars.DataFrame, until: str) -> polars.DataFrame:
    import polars as pl

    return frame.with_columns(value=(pl.col(until) - pl.col("at")) / SECOND)
