from __future__ import annotations

from collections.abc import Iterator

import pytest
from storing import NOW, agreed, bought, lease, occasion, queue, state_of

from scheduler.errors import StoreError
from scheduler.store import State, Store, Task, Tried, open_store
from scheduler.store.erasure import pseudonym
from scheduler.store.tables import Table

SECRET = b"pepper"


@pytest.fixture
def peppered(database: str) -> Iterator[Store]:
    """A store in which ann has left every trace that a customer can leave."""
    with open_store(database, pepper=SECRET) as store:
        store.customers.add([("ann", {"email": "ann@example.org", "name": "Annabel"})], now=NOW)
        store.events.add([bought("ann-1", about="Annabel"), bought("ann-2", replaces="ann-1")], now=NOW)
        store.consents.add([agreed()], now=NOW)
        store.customers.add([("ann", {"email": "ann@example.org", "name": "Annabella"})], now=NOW)
        revisions = queue(store, [occasion(anchor="ann-1", reason="Dear Annabel")])
        store.outbox.mark_sending(revisions, lease=None, now=NOW)
        store.outbox.record([Tried(key, State.SENT, "p", message_id="<ann>") for key in revisions], now=NOW)
        revisions = queue(store, [occasion(anchor="ann-2", rule="call")])
        store.tasks.create([Task(key, "maria", "Ask Annabel", NOW) for key in revisions], now=NOW)
        store.ledger.put([occasion(anchor="ann-3")])
        yield store


def test_nothing_that_says_who_the_customer_was_is_left(peppered: Store) -> None:
    assert peppered.erase("ann", now=NOW)
    with peppered.read() as connection:
        tables = Table.metadata.sorted_tables
        left = [str(row) for table in tables for row in connection.execute(table.select())]
    assert [row for row in left if "ann" in row.casefold()] == []


def test_the_ledger_keeps_what_was_done_and_cancels_what_was_to_come(peppered: Store) -> None:
    peppered.erase("ann", now=NOW)
    rows = peppered.ledger.rows(customer=pseudonym("ann", SECRET))
    assert sorted((row.rule, row.state) for row in rows) == [
        ("call", State.ASSIGNED),
        ("thanks", State.CANCELLED),
        ("thanks", State.SENT),
    ]
    assert {row.because for row in rows if row.state is State.CANCELLED} == {("erased",)}


def test_the_proof_of_consent_stays_under_the_pseudonym(peppered: Store) -> None:
    peppered.erase("ann", now=NOW)
    (consent,) = peppered.consents.of(pseudonym("ann", SECRET))
    assert consent.consent == agreed().consent


def test_the_address_of_the_erased_stays_suppressed_when_it_comes_back(peppered: Store) -> None:
    peppered.erase("ann", now=NOW)
    peppered.customers.add([("ann again", {"email": "Ann@Example.org"})], now=NOW)
    again = peppered.customers.get("ann again")
    assert again is not None
    assert again.suppressed == {"email"}


def test_nobody_cannot_be_erased(peppered: Store) -> None:
    assert not peppered.erase("nobody", now=NOW)


def test_erasing_the_same_id_twice_keeps_both_histories(peppered: Store) -> None:
    peppered.erase("ann", now=NOW)
    peppered.customers.add([("ann", {"email": "ann@example.org"})], now=NOW)
    peppered.ledger.put([occasion(anchor="ann-4")])
    assert peppered.erase("ann", now=NOW)
    assert len(peppered.ledger.rows(customer=pseudonym("ann", SECRET))) == 4


def test_who_is_being_written_to_is_erased_afterwards(store: Store) -> None:
    revisions = queue(store, [occasion()])
    store.outbox.mark_sending(revisions, lease=lease(store), now=NOW)
    with pytest.raises(StoreError, match="is being sent"):
        store.erase("ann", now=NOW)
    assert state_of(store, next(iter(revisions))) is State.SENDING


def test_a_message_that_is_queued_does_not_leave_after_an_erasure(store: Store) -> None:
    revisions = queue(store, [occasion()])
    store.erase("ann", now=NOW)
    assert store.outbox.mark_sending(revisions, lease=None, now=NOW).gone == tuple(revisions)
