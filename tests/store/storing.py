"""Facts and rows for the tests of the store, with everything that a test doesn't speak of filled in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scheduler.decisions.facts import Consent, Event, Value
from scheduler.decisions.occasions import occasion_key
from scheduler.rulebook.model import AsksFor
from scheduler.store import CustomerConsent, CustomerEvent, Decided, Lease, Row, State, Store

NOW = 1_800_000_000_000_000
HOUR = 3_600_000_000


def bought(
    id_: str, customer: str = "ann", at: int = 10, *, replaces: str | None = None, **properties: Value
) -> CustomerEvent:
    return CustomerEvent(customer, Event(id_, "bought", at, at, properties), replaces)


def agreed(customer: str = "ann", at: int = 10, *, given: bool = True, channel: str | None = None) -> CustomerConsent:
    return CustomerConsent(customer, Consent("news", channel, given, at), "the till")


def occasion(customer: str = "ann", anchor: str = "1", rule: str = "thanks", **more: Any) -> Row:
    key = occasion_key(rule, customer, anchor)
    filled = {"trigger_at": NOW, "opens": NOW, "closes": NOW + HOUR, "asks_for": AsksFor.NOTHING, "next_at": NOW}
    return Row(key, customer, rule, anchor, **{**filled, **more})


def enrol(store: Store, *customers: str) -> None:
    store.customers.add([(customer, {}) for customer in customers], now=NOW, merge=True)


def decide(store: Store, row: Row, state: State, **more: Any) -> list[str]:
    """Decides a row as it stands in the store, from the facts of now."""
    present = store.ledger.row(row.key)
    assert present is not None
    revision = store.customers.revisions([row.customer])[row.customer]
    filled = {"decided_for": NOW, "channel": "email"}
    return store.ledger.record([Decided(row.key, present.state, revision, state, **{**filled, **more})], now=NOW)


def queue(store: Store, rows: Iterable[Row]) -> dict[str, int]:
    """Plans rows of new customers and decides that they contact; the revisions that the gates were asked at."""
    rows = list(rows)
    enrol(store, *{row.customer for row in rows})
    store.ledger.put(rows)
    revisions = store.customers.revisions({row.customer for row in rows})
    decisions = [
        Decided(row.key, State.PLANNED, revisions[row.customer], State.QUEUED, decided_for=NOW, channel="email")
        for row in rows
    ]
    assert store.ledger.record(decisions, now=NOW) == []
    return {row.key: revisions[row.customer] for row in rows}


def lease(store: Store, holder: str = "one", *, now: int = NOW, name: str = "daemon") -> Lease:
    return store.leases.acquire(holder, now=now, ttl=HOUR, name=name)


def state_of(store: Store, key: str) -> State:
    row = store.ledger.row(key)
    assert row is not None
    return row.state
