from __future__ import annotations

import gc

import pytest
from storing import NOW, agreed, bought, decide, enrol, occasion, queue

from scheduler.decisions.facts import Contact
from scheduler.rulebook.model import AsksFor
from scheduler.store import CONTACTED, OVER, State, Store

IDS = [f"customer {number}" for number in range(25)]


@pytest.mark.parametrize("chunk", [1, 7, 25, 100])
def test_all_customers_are_read_once_whatever_the_chunk(store: Store, chunk: int) -> None:
    enrol(store, *IDS)
    store.events.add([bought(id_, id_) for id_ in IDS], now=NOW)
    found = list(store.customers.read(chunk=chunk))
    assert sorted(customer.id for customer in found) == sorted(IDS)
    assert all([event.id for event in customer.events] == [customer.id] for customer in found)


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_only_the_customers_asked_for_are_read(store: Store, chunk: int) -> None:
    enrol(store, *IDS)
    store.events.add([bought(id_, id_) for id_ in IDS], now=NOW)
    found = list(store.customers.read([IDS[3], "nobody", IDS[1], IDS[3]], chunk=chunk))
    assert sorted(customer.id for customer in found) == [IDS[1], IDS[3]]
    assert all([event.id for event in customer.events] == [customer.id] for customer in found)


def test_the_order_is_the_same_for_some_and_for_all(store: Store) -> None:
    enrol(store, *IDS)
    assert [customer.id for customer in store.customers.read(IDS)] == [c.id for c in store.customers.read()]


def test_a_customer_about_whom_nothing_is_known_is_complete_all_the_same(store: Store) -> None:
    enrol(store, "ann")
    ann = store.customers.get("ann")
    assert ann is not None
    assert (dict(ann.attributes), ann.events, ann.consents, ann.contacts, ann.ended) == ({}, (), (), (), frozenset())


def test_an_unknown_customer_is_none(store: Store) -> None:
    assert store.customers.get("nobody") is None


def test_facts_that_come_while_reading_do_not_disturb_it(store: Store) -> None:
    enrol(store, *IDS)
    reading = store.customers.read(chunk=5)
    first = next(reading)
    store.events.add([bought(id_, id_) for id_ in IDS], now=NOW)
    rest = list(reading)
    assert len({first.id, *(customer.id for customer in rest)}) == len(IDS)
    assert first.events == ()


def test_a_decided_contact_counts_as_made_at_the_instant_it_was_decided_for(store: Store) -> None:
    row = occasion(asks_for=AsksFor.REVIEW, exempt=True)
    enrol(store, "ann")
    store.ledger.put([row])
    decide(store, row, State.QUEUED, decided_for=NOW + 3, channel="sms")
    ann = store.customers.get("ann")
    assert ann is not None
    assert ann.contacts == (Contact(row.key, "thanks", NOW + 3, "sms", AsksFor.REVIEW, exempt=True),)


def test_a_held_out_contact_is_remembered_as_such(store: Store) -> None:
    row = occasion()
    enrol(store, "ann")
    store.ledger.put([row])
    decide(store, row, State.HELD_OUT)
    ann = store.customers.get("ann")
    assert ann is not None
    assert [contact.held_out for contact in ann.contacts] == [True]
    assert ann.ended == {row.key}


def test_contacts_are_read_in_order_of_time(store: Store) -> None:
    rows = [occasion(anchor=anchor) for anchor in "abc"]
    enrol(store, "ann")
    store.ledger.put(rows)
    for row, at in zip(rows, (30, 10, 20), strict=True):
        decide(store, row, State.QUEUED, decided_for=at)
    ann = store.customers.get("ann")
    assert ann is not None
    assert [contact.at for contact in ann.contacts] == [10, 20, 30]


@pytest.mark.parametrize("state", list(State))
def test_each_state_counts_as_a_contact_and_as_over_as_its_sets_say(store: Store, state: State) -> None:
    (key,) = queue(store, [occasion()])
    with store.write() as connection:
        connection.exec_driver_sql(f"UPDATE occasion SET state = '{state}'")  # noqa: S608 (a member of our own)
    store.consents.add([agreed()], now=NOW)
    ann = store.customers.get("ann")
    assert ann is not None
    assert bool(ann.contacts) == (state in CONTACTED or state is State.HELD_OUT)
    assert ann.ended == ({key} if state in OVER else set())


def test_reading_leaves_the_garbage_collector_as_it_was(store: Store) -> None:
    enrol(store, *IDS)
    next(store.customers.read(chunk=5))
    assert gc.isenabled()
