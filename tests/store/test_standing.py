from __future__ import annotations

from storing import HOUR, NOW, enrol, occasion, queue

from scheduler.store import State, Store, Tried
from scheduler.store.standing import outcomes, standing


def test_nothing_stands_in_an_empty_store(store: Store) -> None:
    there = standing(store, NOW)
    assert (there.due, there.queued, there.sending, there.unplanned, there.overdue) == (0, 0, 0, 0, 0)
    assert there.holds == ()
    assert outcomes(store) == {}


def test_what_is_to_be_decided_is_due_from_its_moment_on(store: Store) -> None:
    enrol(store, "ann")
    store.ledger.put([occasion()])
    assert standing(store, NOW - 1).due == 0
    later = standing(store, NOW + HOUR)
    assert (later.due, later.overdue) == (1, HOUR)


def test_what_is_queued_is_counted_until_it_is_being_sent(store: Store) -> None:
    row = occasion()
    revisions = queue(store, [row])
    assert standing(store, NOW).queued == 1
    store.outbox.mark_sending(revisions, lease=None, now=NOW)
    there = standing(store, NOW)
    assert (there.queued, there.sending) == (0, 1)


def test_what_came_to_an_end_is_counted_by_channel_and_state(store: Store) -> None:
    rows = [occasion(anchor=str(number)) for number in range(3)]
    revisions = queue(store, rows)
    assert outcomes(store) == {}
    store.outbox.mark_sending(revisions, lease=None, now=NOW)
    assert outcomes(store) == {}
    store.outbox.record([Tried(rows[0].key, State.SENT)], now=NOW)
    store.outbox.crashed(NOW)
    counted = outcomes(store)
    assert sum(counted.values()) == 3
    assert counted["email", State.UNCONFIRMED] >= 2


def test_holds_are_named(store: Store) -> None:
    store.holds.place("rule:x", "why not", "me", now=NOW)
    assert standing(store, NOW).holds == ("rule:x",)
