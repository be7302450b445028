from __future__ import annotations

import pytest
from storing import NOW, bought, enrol

from scheduler.decisions.facts import Event
from scheduler.errors import FactError
from scheduler.store import CustomerEvent, Refusal, Store, Taken


@pytest.fixture(autouse=True)
def customers(store: Store) -> None:
    enrol(store, "ann", "bob")


def events(store: Store, customer: str = "ann") -> list[str]:
    found = store.customers.get(customer)
    assert found is not None
    return [event.id for event in found.events]


def test_an_event_comes_back_as_it_went_in(store: Store) -> None:
    event = Event("1", "bought", 10, 20, {"total": 9.5, "gift": True})
    assert store.events.add([CustomerEvent("ann", event)], now=NOW) == Taken(added=1)
    ann = store.customers.get("ann")
    assert ann is not None
    assert ann.events == (event,)


def test_events_are_read_in_order_of_time_and_then_of_id(store: Store) -> None:
    store.events.add([bought("b", at=2), bought("Z", at=2), bought("a", at=2), bought("z", at=1)], now=NOW)
    assert events(store) == ["z", "Z", "a", "b"]


def test_the_same_event_again_changes_nothing(store: Store) -> None:
    store.events.add([bought("1", total=5)], now=NOW)
    assert store.events.add([bought("1", total=5)], now=NOW) == Taken(unchanged=1)
    assert store.customers.revisions(["ann"]) == {"ann": 2}


def test_an_event_that_comes_again_keeps_when_it_was_first_known(store: Store) -> None:
    store.events.add([CustomerEvent("ann", Event("1", "bought", 10, 20))], now=NOW)
    assert store.events.add([CustomerEvent("ann", Event("1", "bought", 10, 99))], now=NOW) == Taken(unchanged=1)
    ann = store.customers.get("ann")
    assert ann is not None
    assert ann.events[0].known_at == 20


@pytest.mark.parametrize("other", [bought("1", total=6), bought("1", at=11, total=5), bought("1", "bob", total=5)])
def test_a_known_id_with_other_content_is_refused_and_changes_nothing(store: Store, other: CustomerEvent) -> None:
    store.events.add([bought("1", total=5)], now=NOW)
    taken = store.events.add([bought("2"), other], now=NOW)
    assert taken == Taken(added=1, refused=(Refusal(1, "1", "this id is known with other content"),))
    ann = store.customers.get("ann")
    assert ann is not None
    assert dict(ann.events[0].properties) == {"total": 5}


def test_two_events_with_one_id_in_one_batch_are_told_apart(store: Store) -> None:
    taken = store.events.add([bought("1", total=5), bought("1", total=5), bought("1", total=6)], now=NOW)
    assert (taken.added, taken.unchanged, [refusal.position for refusal in taken.refused]) == (1, 1, [2])


def test_an_event_of_an_unknown_customer_is_refused(store: Store) -> None:
    taken = store.events.add([bought("1", "nobody"), bought("2")], now=NOW)
    assert taken == Taken(added=1, refused=(Refusal(0, "1", "there is no customer nobody"),))


def test_unknown_customers_are_made_where_that_is_wished(store: Store) -> None:
    assert store.events.add([bought("1", "new")], now=NOW, create_customers=True) == Taken(added=1)
    assert events(store, "new") == ["1"]
    assert store.customers.revisions(["new"]) == {"new": 1}


def test_an_event_takes_the_place_of_the_one_it_replaces(store: Store) -> None:
    store.events.add([bought("1", score=3)], now=NOW)
    assert store.events.add([bought("2", replaces="1", score=9)], now=NOW) == Taken(updated=1)
    assert events(store) == ["2"]


def test_what_was_replaced_stays_so_when_it_comes_again(store: Store) -> None:
    both = [bought("1", score=3), bought("2", replaces="1", score=9)]
    store.events.add(both, now=NOW)
    assert store.events.add(both, now=NOW) == Taken(unchanged=2)
    assert events(store) == ["2"]


def test_what_replaces_may_come_before_what_it_replaces(store: Store) -> None:
    store.events.add([bought("2", replaces="1", score=9)], now=NOW)
    store.events.add([bought("1", score=3)], now=NOW)
    assert events(store) == ["2"]


def test_an_event_may_replace_itself(store: Store) -> None:
    store.events.add([bought("1", score=3)], now=NOW)
    assert store.events.add([bought("1", at=12, replaces="1", score=4)], now=NOW) == Taken(updated=1)
    ann = store.customers.get("ann")
    assert ann is not None
    assert [(event.at, dict(event.properties)) for event in ann.events] == [(12, {"score": 4})]


def test_an_event_cannot_replace_that_of_another_customer(store: Store) -> None:
    store.events.add([bought("1", "bob")], now=NOW)
    taken = store.events.add([bought("2", replaces="1")], now=NOW)
    assert [refusal.cause for refusal in taken.refused] == ["it replaces an event of another customer"]
    assert events(store, "bob") == ["1"]


def test_a_batch_with_a_value_that_cannot_be_stored_changes_nothing(store: Store) -> None:
    with pytest.raises(FactError, match="can't be stored"):
        store.events.add([bought("1"), bought("2", total=float("nan"))], now=NOW)
    assert events(store) == []


def test_thousands_of_events_are_taken_at_once(store: Store) -> None:
    many = 5_000
    taken = store.events.add([bought(str(number), at=number) for number in range(many)], now=NOW)
    assert taken == Taken(added=many)
    assert len(events(store)) == many


def test_those_with_such_an_event_since_then_are_found_once(store: Store) -> None:
    enrol(store, "cem", "dan")
    told = [bought("1", at=9), bought("2", "bob", at=10), bought("3", "bob", at=20), bought("4", "cem", at=30)]
    store.events.add(told, now=NOW)
    store.events.add([CustomerEvent("dan", Event("5", "visited", 30, 30))], now=NOW)
    assert sorted(store.events.customers(["bought"], since=10)) == ["bob", "cem"]
    assert sorted(store.events.customers(["visited", "bought"], since=30)) == ["cem", "dan"]


def test_an_event_that_was_replaced_finds_nobody(store: Store) -> None:
    store.events.add([bought("1", at=20), bought("2", at=5, replaces="1")], now=NOW)
    assert store.events.customers(["bought"], since=10) == []


def test_where_at_may_differ_only_what_else_differs_is_refused(store: Store) -> None:
    def taken(id_: str, at: int, total: int, replaces: str | None = None) -> Taken:
        given = CustomerEvent("c1", Event(id_, "order_placed", at, at, {"total": total}), replaces)
        [found] = store.events.add_each([[given]], now=NOW, create_customers=True, at_may_differ=True)
        return found

    assert taken("e1", NOW, 1) == Taken(added=1)
    assert taken("e1", NOW + 1, 1) == Taken(unchanged=1)
    assert [one.id for one in taken("e1", NOW + 1, 2).refused] == ["e1"]
    assert taken("e1", NOW + 2, 1, replaces="e1") == Taken(updated=1)
    customer = store.customers.get("c1")
    assert customer is not None
    assert [event.at for event in customer.events] == [NOW + 2]


def test_what_became_of_each_group_is_told_apart(store: Store) -> None:
    def event(id_: str, total: int) -> CustomerEvent:
        return CustomerEvent("c1", Event(id_, "order_placed", NOW, NOW, {"total": total}))

    groups = [[event("e1", 1)], [], [event("e2", 1), event("e1", 2)], [event("e1", 1)]]
    first, none, mixed, again = store.events.add_each(groups, now=NOW, create_customers=True)
    assert (first, none, again) == (Taken(added=1), Taken(), Taken(unchanged=1))
    assert (mixed.added, [(one.position, one.id) for one in mixed.refused]) == (1, [(1, "e1")])
