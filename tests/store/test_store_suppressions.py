from __future__ import annotations

import pytest
from storing import NOW

from scheduler.store import Store, Suppression, Taken, open_store
from scheduler.store.addresses import hashed, normal

BOUNCED = Suppression("email", "Ann@Example.org", "hard bounce", NOW)


@pytest.fixture(autouse=True)
def ann(store: Store) -> None:
    store.customers.add([("ann", {"email": "ann@example.org", "phone": "+4930123456"})], now=NOW)


def suppressed(store: Store) -> frozenset[str]:
    found = store.customers.get("ann")
    assert found is not None
    return found.suppressed


def test_a_suppressed_address_must_not_be_used_on_its_channel(store: Store) -> None:
    assert store.suppressions.add([BOUNCED], now=NOW) == Taken(added=1)
    assert suppressed(store) == {"email"}


def test_a_phone_that_gets_no_messages_may_still_be_called(store: Store) -> None:
    store.suppressions.add([Suppression("sms", "+49 30 123456".replace(" ", ""), "request", NOW)], now=NOW)
    assert suppressed(store) == {"sms"}


def test_a_new_address_is_not_suppressed(store: Store) -> None:
    store.suppressions.add([BOUNCED], now=NOW)
    store.customers.add([("ann", {"email": "ann@new.example"})], now=NOW)
    assert suppressed(store) == frozenset()


def test_suppressing_an_address_counts_up_the_revision_of_those_who_use_it(store: Store) -> None:
    store.customers.add([("bob", {"email": "ANN@example.org "}), ("cid", {"email": "cid@example.org"})], now=NOW)
    store.suppressions.add([BOUNCED], now=NOW)
    assert store.customers.revisions(["ann", "bob", "cid"]) == {"ann": 2, "bob": 2, "cid": 1}


def test_an_address_that_is_suppressed_already_keeps_its_cause(store: Store) -> None:
    store.suppressions.add([BOUNCED], now=NOW)
    assert store.suppressions.add([Suppression("email", "ann@example.org", "request", NOW)], now=NOW) == Taken(
        unchanged=1
    )
    assert [suppression.cause for suppression in store.suppressions.list()] == ["hard bounce"]


def test_a_lifted_address_may_be_used_again(store: Store) -> None:
    store.suppressions.add([BOUNCED], now=NOW)
    assert store.suppressions.lift("email", "ann@example.org", now=NOW)
    assert suppressed(store) == frozenset()


def test_lifting_what_is_not_suppressed_says_so(store: Store) -> None:
    assert not store.suppressions.lift("email", "ann@example.org", now=NOW)


def test_an_erased_address_is_known_by_its_keyed_hash(database: str) -> None:
    with open_store(database, pepper=b"pepper") as store:
        erased = hashed(normal("ann@example.org"), b"pepper")
        store.suppressions.add([Suppression("email", erased, "request", NOW)], now=NOW)
        assert suppressed(store) == {"email"}
