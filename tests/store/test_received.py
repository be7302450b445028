from __future__ import annotations

import pytest
from sqlalchemy import text
from storing import HOUR, NOW, bought, enrol

from scheduler.store import Store
from scheduler.store.received import Received


def test_what_came_before_is_known_until_it_may_be_forgotten(store: Store) -> None:
    received = Received(store)
    assert received.is_first("a message", until=NOW + HOUR)
    assert not received.is_first("a message", until=NOW + HOUR)
    assert received.is_first("another", until=NOW + 2 * HOUR)
    assert received.forget(now=NOW + HOUR) == 1
    assert received.is_first("a message", until=NOW + 2 * HOUR)
    assert not received.is_first("another", until=NOW + 2 * HOUR)


@pytest.mark.parametrize(("version", "newest"), [(6, False), (7, True), (8, True)])
def test_only_a_newer_version_makes_one_old(store: Store, version: int, newest: bool) -> None:
    received = Received(store)
    assert received.is_newest("order 1", 7, until=NOW + HOUR)
    assert received.is_newest("order 1", version, until=NOW + HOUR) is newest
    assert received.is_newest("order 2", 1, until=NOW + HOUR)


def test_what_is_rolled_back_did_not_come(store: Store) -> None:
    def broken() -> None:
        with store.together() as both:
            assert Received(both).is_first("a message", until=NOW + HOUR)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert Received(store).is_first("a message", until=NOW + HOUR)


def test_nothing_of_what_came_can_be_read(store: Store) -> None:
    Received(store).is_first("ana@example.com", until=NOW)
    with store.read() as connection:
        (key,) = connection.execute(text("SELECT key FROM received")).scalars()
    assert "ana" not in key


def test_events_are_found_with_their_customers(store: Store) -> None:
    enrol(store, "ann")
    store.events.add([bought("1")], now=NOW)
    assert Received(store).whose(["1", "2"]) == {"1": "ann"}
    assert Received(store).whose([]) == {}
