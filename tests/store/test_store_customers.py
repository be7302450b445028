from __future__ import annotations

from datetime import date

from storing import NOW, agreed, bought, enrol

from scheduler.decisions.facts import Value
from scheduler.store import Store, Taken


def test_new_customers_are_added_with_their_attributes(store: Store) -> None:
    attributes: dict[str, Value] = {"name": "Ann", "birthday": date(1990, 2, 28), "points": 3, "vip": True}
    assert store.customers.add([("ann", attributes)], now=NOW) == Taken(added=1)
    ann = store.customers.get("ann")
    assert ann is not None
    assert (dict(ann.attributes), ann.revision) == (attributes, 1)


def test_the_same_customer_again_changes_nothing(store: Store) -> None:
    store.customers.add([("ann", {"name": "Ann", "points": 3})], now=NOW)
    assert store.customers.add([("ann", {"points": 3, "name": "Ann"})], now=NOW) == Taken(unchanged=1)
    assert store.customers.revisions(["ann"]) == {"ann": 1}


def test_other_attributes_replace_those_that_were_there_and_count_the_revision_up(store: Store) -> None:
    store.customers.add([("ann", {"name": "Ann", "points": 3})], now=NOW)
    assert store.customers.add([("ann", {"name": "Anna"})], now=NOW) == Taken(updated=1)
    ann = store.customers.get("ann")
    assert ann is not None
    assert (dict(ann.attributes), ann.revision) == ({"name": "Anna"}, 2)


def test_customers_are_found_by_what_they_are_called(store: Store) -> None:
    ann = ("Ann", {"name": "Ann Álvarez", "email": "Ann@Example.com"})
    store.customers.add([ann, ("bob", {"name": "Ann_ Berg"}), ("cy", {"name": "Émile"})], now=NOW)

    def found(written: str) -> list[str]:
        return [one.id for one in store.customers.called(written)]

    assert found("Ann Álvarez") == ["Ann"]
    assert found(" ann@example.com") == ["Ann"]
    assert found("ann") == ["Ann"]
    assert found("ANN_") == ["bob"]
    assert found("Émile") == ["cy"]
    assert found("An") == found("%") == found("") == []


def test_merging_keeps_the_attributes_that_are_not_named(store: Store) -> None:
    store.customers.add([("ann", {"name": "Ann", "points": 3})], now=NOW)
    store.customers.add([("ann", {"points": 4})], now=NOW, merge=True)
    ann = store.customers.get("ann")
    assert ann is not None
    assert dict(ann.attributes) == {"name": "Ann", "points": 4}


def test_merging_none_takes_an_attribute_away(store: Store) -> None:
    store.customers.add([("ann", {"name": "Ann", "email": "ann@example.com"})], now=NOW)
    taken = store.customers.add([("ann", {"email": None}), ("bob", {"email": None})], now=NOW, merge=True)
    assert (taken.added, taken.updated) == (1, 1)
    assert {one.id: dict(one.attributes) for one in store.customers.read()} == {"ann": {"name": "Ann"}, "bob": {}}
    assert store.customers.called("ann@example.com") == []
    assert store.customers.add([("ann", {"email": None})], now=NOW, merge=True).unchanged == 1


def test_a_customer_named_twice_in_one_batch_is_taken_as_named_last(store: Store) -> None:
    taken = store.customers.add([("ann", {"name": "Ann"}), ("ann", {"name": "Anna"})], now=NOW)
    assert (taken.added, taken.unchanged) == (1, 1)
    ann = store.customers.get("ann")
    assert ann is not None
    assert dict(ann.attributes) == {"name": "Anna"}


def test_attributes_that_were_replaced_are_noted(store: Store) -> None:
    store.customers.add([("ann", {"name": "Ann"})], now=NOW)
    store.customers.add([("ann", {"name": "Anna"})], now=NOW + 1)
    (note,) = store.notes.list("ann")
    assert (note.at, note.what, note.detail) == (NOW + 1, "attributes changed", {"name": "Ann"})


def test_every_write_about_a_customer_counts_their_revision_up_once(store: Store) -> None:
    enrol(store, "ann", "bob")
    store.events.add([bought("1"), bought("2"), bought("3", "bob")], now=NOW)
    store.consents.add([agreed()], now=NOW)
    store.customers.pause("ann", NOW, now=NOW)
    assert store.customers.revisions(["ann", "bob", "nobody"]) == {"ann": 4, "bob": 2}


def test_a_pause_is_read_with_the_customer(store: Store) -> None:
    enrol(store, "ann")
    assert store.customers.pause("ann", NOW + 5, now=NOW)
    ann = store.customers.get("ann")
    assert ann is not None
    assert ann.paused_until == NOW + 5


def test_nobody_can_not_be_paused(store: Store) -> None:
    assert not store.customers.pause("nobody", NOW, now=NOW)


def test_new_customers_are_unplanned_until_they_are_marked(store: Store) -> None:
    enrol(store, "ann", "bob")
    unplanned = store.customers.unplanned("rules 1", 10)
    assert sorted(unplanned) == [("ann", 1), ("bob", 1)]
    store.customers.mark_planned(unplanned, "rules 1")
    assert store.customers.unplanned("rules 1", 10) == []


def test_a_new_fact_makes_a_customer_unplanned_again(store: Store) -> None:
    enrol(store, "ann", "bob")
    store.customers.mark_planned([("ann", 1), ("bob", 1)], "rules 1")
    store.events.add([bought("1")], now=NOW)
    assert store.customers.unplanned("rules 1", 10) == [("ann", 2)]


def test_a_fact_that_came_while_planning_keeps_the_customer_unplanned(store: Store) -> None:
    enrol(store, "ann")
    unplanned = store.customers.unplanned("rules 1", 10)
    store.events.add([bought("1")], now=NOW)
    store.customers.mark_planned(unplanned, "rules 1")
    assert store.customers.unplanned("rules 1", 10) == [("ann", 2)]


def test_a_slow_planner_does_not_undo_what_a_newer_one_marked(store: Store) -> None:
    enrol(store, "ann")
    store.events.add([bought("1")], now=NOW)
    store.customers.mark_planned([("ann", 2)], "rules 1")
    store.customers.mark_planned([("ann", 1)], "rules 1")
    assert store.customers.unplanned("rules 1", 10) == []


def test_other_rules_make_all_customers_unplanned(store: Store) -> None:
    enrol(store, "ann", "bob")
    store.customers.mark_planned([("ann", 1), ("bob", 1)], "rules 1")
    assert sorted(store.customers.unplanned("rules 2", 10)) == [("ann", 1), ("bob", 1)]


def test_unplanned_gives_no_more_than_asked_for(store: Store) -> None:
    enrol(store, *"abcdef")
    store.customers.mark_planned([("a", 1), ("b", 1), ("c", 1)], "rules 1")
    asked = 4
    assert len(store.customers.unplanned("rules 2", asked)) == asked


def test_what_is_known_is_surveyed(store: Store) -> None:
    store.customers.add([("ann", {"name": "Ann", "points": 1}), ("bob", {"name": "Bob"})], now=NOW)
    store.events.add([bought("1"), bought("2", "bob")], now=NOW)
    known = store.survey()
    assert (known.events, known.attributes) == ({"bought": 2}, {"name": 1.0, "points": 0.5})


def test_the_properties_that_events_ever_had_are_known(store: Store) -> None:
    enrol(store, "ann", "bob")
    store.events.add([bought("1", product="Kettle"), bought("2", "bob", total=3)], now=NOW)
    assert store.survey().properties == {"bought": {"product", "total"}}
    assert (store.ever_had("bought", "total"), store.ever_had("bought", "totl")) == (True, False)
    assert store.ever_had("sold", "total") is False


def test_an_empty_store_knows_nothing(store: Store) -> None:
    assert (store.survey().events, store.survey().attributes, store.counts().customers) == ({}, {}, 0)
