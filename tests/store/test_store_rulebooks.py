from __future__ import annotations

from storing import NOW

from scheduler.store import Activation, Store

FILES = {"rules/a.yaml": "campaign: Größe\n"}


def test_no_rulebook_is_active_at_first(store: Store) -> None:
    assert (store.rulebooks.active(), store.rulebooks.list(), store.rulebooks.get(1)) == (None, [], None)


def test_the_rulebook_activated_last_is_the_active_one(store: Store) -> None:
    assert store.rulebooks.activate(FILES, "aa", "me", rules=["x"], now=NOW) == 1
    assert store.rulebooks.activate({}, "bb", "you", rules=["y"], now=NOW + 1) == 2
    assert store.rulebooks.active() == Activation(2, "bb", {}, {"x": NOW, "y": NOW + 1}, "you", NOW + 1)
    assert store.rulebooks.get(1) == Activation(1, "aa", FILES, {"x": NOW}, "me", NOW)
    assert [activation.number for activation in store.rulebooks.list()] == [2, 1]


def test_a_rule_keeps_the_instant_at_which_its_name_first_became_active(store: Store) -> None:
    store.rulebooks.activate({}, "aa", "me", rules=["x"], now=NOW)
    store.rulebooks.activate({}, "bb", "me", rules=[], now=NOW + 1)
    store.rulebooks.activate({}, "cc", "me", rules=["x"], now=NOW + 2)
    active = store.rulebooks.active()
    assert active is not None
    assert active.rules == {"x": NOW}


def test_activating_what_is_active_changes_nothing(store: Store) -> None:
    store.rulebooks.activate(FILES, "aa", "me", rules=["x"], now=NOW)
    assert store.rulebooks.activate(FILES, "aa", "you", rules=["x"], now=NOW + 1) == 1
    assert [activation.who for activation in store.rulebooks.list()] == ["me"]


def test_going_back_is_an_activation_of_its_own(store: Store) -> None:
    for number, version in enumerate(("aa", "bb", "aa"), start=1):
        assert store.rulebooks.activate({}, version, "me", rules=[], now=NOW + number) == number
