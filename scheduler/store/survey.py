"""What there is in the database: names and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from scheduler.store.batch import fetched
from scheduler.store.states import State

_EVENTS = text("SELECT name, COUNT(*) FROM event WHERE replaced_by IS NULL GROUP BY name ORDER BY name")
_LOOKED_AT = 20_000
"""So many events show which properties are common: those of the first buckets, which are customers at random."""
_FIRST = "(SELECT name, properties FROM event ORDER BY bucket, customer, at, id LIMIT :most) AS e"
_PROPERTIES = {
    "sqlite": text(f"SELECT DISTINCT e.name, p.key FROM {_FIRST}, json_each(e.properties) AS p"),  # noqa: S608 - ours
    "postgresql": text(f"SELECT DISTINCT e.name, p FROM {_FIRST}, json_object_keys(e.properties) AS p"),  # noqa: S608 - ours
}
_EVER_HAD = {
    "sqlite": text(
        "SELECT EXISTS (SELECT 1 FROM event, json_each(event.properties) AS p"
        " WHERE event.name = :event AND p.key = :property)"
    ),
    "postgresql": text(
        "SELECT EXISTS (SELECT 1 FROM event, json_object_keys(properties) AS p WHERE name = :event AND p = :property)"
    ),
}
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
    """The events that there are, with their number, and the attributes, with the share of customers that have them.

    `properties` are those that many events show, by the event's name; rare ones may be missing.
    """

    events: Mapping[str, int]
    attributes: Mapping[str, float]
    properties: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many customers and events there are, customers about whom something new is not planned, rows by state."""

    customers: int
    events: int
    unplanned: int
    states: Mapping[State, int]


def survey(connection: Connection) -> Survey:
    """Looks through all customers and events, and into some of these."""
    events: dict[str, int] = dict(fetched(connection.execute(_EVENTS)))
    customers = connection.execute(_CUSTOMERS).scalar_one()
    named = connection.execute(_ATTRIBUTES[connection.dialect.name])
    properties: dict[str, set[str]] = {}
    for event, name in fetched(connection.execute(_PROPERTIES[connection.dialect.name], {"most": _LOOKED_AT})):
        properties.setdefault(event, set()).add(name)
    return Survey(
        events,
        {name: count / customers for name, count in sorted(fetched(named))},
        {event: frozenset(names) for event, names in properties.items()},
    )


def ever_had(connection: Connection, event: str, name: str) -> bool:
    """Whether any event called `event` has a property `name`; looks through all of them where none has."""
    asked = {"event": event, "property": name}
    return bool(connection.execute(_EVER_HAD[connection.dialect.name], asked).scalar_one())


def counts(connection: Connection) -> Counts:
    """Counts what there is."""
    customers, events, unplanned = (
        connection.execute(question).scalar_one() for question in (_CUSTOMERS, _EVENT_COUNT, _UNPLANNED)
    )
    states = fetched(connection.execute(_STATES))
    return Counts(customers, events, unplanned, {State(name): count for name, count in states})
