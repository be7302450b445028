from __future__ import annotations

from storing import NOW, agreed, enrol

from scheduler.decisions.facts import Consent
from scheduler.store import Refusal, Store, Taken


def test_consents_are_read_with_the_customer_in_order_of_time(store: Store) -> None:
    enrol(store, "ann")
    store.consents.add([agreed(at=20, given=False), agreed(at=10, channel="sms")], now=NOW)
    ann = store.customers.get("ann")
    assert ann is not None
    assert ann.consents == (Consent("news", "sms", True, 10), Consent("news", None, False, 20))


def test_the_same_record_again_changes_nothing(store: Store) -> None:
    enrol(store, "ann")
    store.consents.add([agreed()], now=NOW)
    assert store.consents.add([agreed(), agreed()], now=NOW) == Taken(unchanged=2)
    assert store.customers.revisions(["ann"]) == {"ann": 2}


def test_giving_and_withdrawing_at_the_same_instant_are_two_records(store: Store) -> None:
    enrol(store, "ann")
    assert store.consents.add([agreed(), agreed(given=False)], now=NOW) == Taken(added=2)


def test_consent_of_an_unknown_customer_is_refused(store: Store) -> None:
    assert store.consents.add([agreed()], now=NOW) == Taken(refused=(Refusal(0, "ann", "there is no customer ann"),))


def test_unknown_customers_are_made_where_that_is_wished(store: Store) -> None:
    assert store.consents.add([agreed()], now=NOW, create_customers=True) == Taken(added=1)


def test_the_source_is_kept_as_proof(store: Store) -> None:
    enrol(store, "ann")
    store.consents.add([agreed()], now=NOW)
    assert store.consents.of("ann") == [agreed()]
