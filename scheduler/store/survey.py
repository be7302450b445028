"""What there is in the database: names and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from scheduler.store.batch import fetched
from scheduler.store.states import State

_EVENTS = text("SELECT name, COUNT(*) FROM event WHERE replaced_by IS NULL GROUP BY name ORDER BY name")
_CUSTOMERS = text("SELECT COUNT(*) FROM customer")
_EVENT_COUNT = text("SELECT COUNT(*) FROM event")
_UNPLANNED = text("SELECT COUNT(*) FROM customer WHERE revision > planned_revision")
_STATES = text("SELECT state, COUNT(*) FROM occasion GROUP BY state")
_ATTRIBUTES = {
    "sqlite": text("SELECT a.key, COUNT(*) FROM customer, json_each(customer.attributes) AS a GROUP BY a.key"),
    "postgresql": text("SELECT a, COUNT(*) FROM customer, json_object_keys(customer.attributes) AS a GROUP BY a"),
}


@dataclass(frozen=True, slots=True)
class Survey:
    """The events that there are, with their number, and the attributes, with the share of customers that have them."""

    events: Mapping[str, int]
    attributes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many customers and events there are, customers about whom something new is not planned, rows by state."""

    customers: int
    events: int
    unplanned: int
    states: Mapping[State, int]


def survey(connection: Connection) -> Survey:
    """Looks through all customers and events."""
    events: dict[str, int] = dict(fetched(connection.execute(_EVENTS)))
    customers = connection.execute(_CUSTOMERS).scalar_one()
    named = connection.execute(_ATTRIBUTES[connection.dialect.name])
    return Survey(events, {name: count / customers for name, count in sorted(fetched(named))})


def counts(connection: Connection) -> Counts:
    """Counts what there is."""
    customers, events, unplanned = (
        connection.execute(question).scalar_one() for question in (_CUSTOMERS, _EVENT_COUNT, _UNPLANNED)
    )
    states = fetched(connection.execute(_STATES))
    return Counts(customers, events, unplanned, {State(name): count for name, count in states})
