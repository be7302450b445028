from __future__ import annotations

import pytest
from storing import NOW

from scheduler.errors import StoreError
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


@pytest.mark.parametrize("compared_with", [0, 1])
def test_what_was_compared_with_another_than_the_active_one_is_not_activated(store: Store, compared_with: int) -> None:
    for number, version in enumerate(("aa", "bb")):
        store.rulebooks.activate({}, version, "Bea", rules=[], now=NOW, expected=number)
    with pytest.raises(StoreError, match="nothing was changed: version 2 was made active by Bea meanwhile; look again"):
        store.rulebooks.activate({}, "cc", "Al", rules=[], now=NOW, expected=compared_with)
    assert [activation.version for activation in store.rulebooks.list()] == ["bb", "aa"]


def test_the_same_that_another_has_activated_meanwhile_is_active(store: Store) -> None:
    store.rulebooks.activate({}, "aa", "Bea", rules=[], now=NOW, expected=0)
    assert store.rulebooks.activate({}, "aa", "Al", rules=[], now=NOW, expected=0) == 1
