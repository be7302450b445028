"""What comes while a mark is being written: it either stops the message, or comes after the mark."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from storing import NOW, lease, occasion, queue

from scheduler.store import State, Store, open_store

ROWS = 60


def activates(store: Store) -> None:
    number = len(store.rulebooks.list()) + 1
    store.rulebooks.activate({}, f"version {number}", "test", rules=["thanks"], now=NOW)


def holds(store: Store) -> None:
    store.holds.place("rule:thanks", "a look", "me", now=NOW)


@pytest.mark.parametrize("happens", [activates, holds])
def test_what_races_a_mark_either_stops_it_or_comes_after_it(
    store: Store, database: str, happens: Callable[[Store], None]
) -> None:
    activates(store)
    rules = store.rulebooks.active()
    assert rules is not None
    revisions = queue(store, [occasion(f"customer {number}") for number in range(ROWS)])
    amid = Event()

    def mark() -> set[str]:
        marked = set()
        with open_store(database) as own:
            held = lease(own)
            for number, (key, revision) in enumerate(revisions.items()):
                if number == ROWS // 2:
                    amid.set()
                found = own.outbox.mark_sending({key: revision}, lease=held, rules=rules.number, now=NOW)
                marked |= set(found.marked)
        return marked

    def happen() -> set[str]:
        """What was marked before it was committed."""
        with open_store(database) as own:
            amid.wait()
            with own.together() as both:
                happens(both)
                return {row.key for row in both.ledger.rows(states=[State.SENDING])}

    with ThreadPoolExecutor(2) as pool:
        marking, happening = pool.submit(mark), pool.submit(happen)
        assert marking.result() == happening.result()
