from __future__ import annotations

from dataclasses import replace

import pytest
from storing import HOUR, NOW, lease

from scheduler.errors import LeaseTaken
from scheduler.store import Store


def test_a_living_lease_keeps_others_out_and_names_its_holder(store: Store) -> None:
    lease(store, "host:1")
    with pytest.raises(LeaseTaken, match=r"host:1, last seen 2027-01-15T08:00:00\+00:00") as refused:
        lease(store, "host:2", now=NOW + HOUR - 1)
    assert refused.value.exit_code == 3


def test_a_lease_that_has_run_out_can_be_taken_with_a_higher_token(store: Store) -> None:
    first = lease(store, "host:1")
    second = lease(store, "host:2", now=NOW + HOUR)
    assert (second.holder, second.token) == ("host:2", first.token + 1)


def test_the_holder_that_comes_again_has_a_new_token(store: Store) -> None:
    first = lease(store)
    assert lease(store, now=NOW + 1) == replace(first, token=first.token + 1, expires=NOW + 1 + HOUR)


def test_a_renewed_lease_lives_on(store: Store) -> None:
    first = lease(store)
    store.leases.renew(first, now=NOW + HOUR - 1, ttl=HOUR)
    with pytest.raises(LeaseTaken):
        lease(store, "two", now=NOW + HOUR)


def test_a_lost_lease_cannot_be_renewed(store: Store) -> None:
    first = lease(store, "one")
    lease(store, "two", now=NOW + HOUR)
    with pytest.raises(LeaseTaken, match="two"):
        store.leases.renew(first, now=NOW + HOUR, ttl=HOUR)


def test_a_released_lease_can_be_taken_at_once(store: Store) -> None:
    store.leases.release(lease(store, "one"), now=NOW + 1)
    assert lease(store, "two", now=NOW + 1).holder == "two"


def test_releasing_a_lost_lease_does_not_take_it_from_its_new_holder(store: Store) -> None:
    old = lease(store, "one")
    new = lease(store, "two", now=NOW + HOUR)
    store.leases.release(old, now=NOW + HOUR)
    assert store.leases.held() == (new, NOW + HOUR)


def test_leases_of_other_names_do_not_hinder_each_other(store: Store) -> None:
    assert {lease(store, "one", name="1").token, lease(store, "two", name="2").token} == {1}


def test_nobody_holds_a_lease_that_was_never_taken(store: Store) -> None:
    assert store.leases.held() is None
