from __future__ import annotations

import pytest
from storing import HOUR, NOW, agreed, bought, lease, occasion, queue, state_of

from scheduler.errors import LeaseTaken
from scheduler.store import Attempt, State, Store, Suppression, Tried
from scheduler.store.states import MAY_BECOME


def test_what_is_queued_may_be_sent_the_oldest_first(store: Store) -> None:
    keys = queue(store, [occasion("ann"), occasion("bob")])
    assert [row.key for row in store.outbox.queued(NOW)] == sorted(keys, key=lambda key: _place(store, key))
    assert store.outbox.queued(NOW - 1) == []


def _place(store: Store, key: str) -> int:
    return [row.key for row in store.ledger.rows()].index(key)


def test_a_mark_is_on_the_disk_before_the_message_may_leave(store: Store) -> None:
    revisions = queue(store, [occasion()])
    (key,) = revisions
    marked = store.outbox.mark_sending(revisions, lease=lease(store), now=NOW)
    assert (marked.marked, marked.changed, marked.gone) == ({key: 1}, (), ())
    assert state_of(store, key) is State.SENDING
    assert store.outbox.attempts(key) == [Attempt(1, NOW, None, "sending", "", "")]


def test_what_is_marked_cannot_be_marked_again(store: Store) -> None:
    revisions = queue(store, [occasion()])
    store.outbox.mark_sending(revisions, lease=None, now=NOW)
    assert store.outbox.mark_sending(revisions, lease=None, now=NOW).gone == tuple(revisions)


def test_a_withdrawal_before_the_mark_stops_the_message(store: Store) -> None:
    revisions = queue(store, [occasion("ann"), occasion("bob")])
    ann, bob = sorted(revisions)
    store.consents.add([agreed("ann", given=False)], now=NOW)
    marked = store.outbox.mark_sending(revisions, lease=None, now=NOW)
    assert (list(marked.marked), marked.changed) == ([bob], (ann,))
    assert state_of(store, ann) is State.QUEUED


@pytest.mark.parametrize("fact", ["event", "attribute", "suppression", "pause"])
def test_any_new_fact_before_the_mark_stops_the_message(store: Store, fact: str) -> None:
    store.customers.add([("ann", {"email": "ann@example.org"})], now=NOW)
    revisions = queue(store, [occasion("bob"), occasion("ann")])
    revisions = {key: revision for key, revision in revisions.items() if "/ann/" in key}
    match fact:
        case "event":
            store.events.add([bought("1")], now=NOW)
        case "attribute":
            store.customers.add([("ann", {"email": "ann@new.example"})], now=NOW)
        case "suppression":
            store.customers.add([("ann", {"email": "ann@example.org"})], now=NOW)
            revisions = dict.fromkeys(revisions, store.customers.revisions(["ann"])["ann"])
            store.suppressions.add([Suppression("email", "ann@example.org", "request", NOW)], now=NOW)
        case _:
            store.customers.pause("ann", NOW + HOUR, now=NOW)
    assert store.outbox.mark_sending(revisions, lease=None, now=NOW).changed == tuple(revisions)


def test_a_cancelled_message_is_not_there_to_send(store: Store) -> None:
    revisions = queue(store, [occasion()])
    store.ledger.cancel(revisions, ["active"], now=NOW)
    assert store.outbox.mark_sending(revisions, lease=None, now=NOW).gone == tuple(revisions)


def test_who_has_lost_the_lease_marks_nothing(store: Store) -> None:
    revisions = queue(store, [occasion()])
    old = lease(store, "old")
    lease(store, "new", now=NOW + 2 * HOUR)
    with pytest.raises(LeaseTaken, match="new"):
        store.outbox.mark_sending(revisions, lease=old, now=NOW)
    assert state_of(store, next(iter(revisions))) is State.QUEUED


def test_an_outcome_is_written_with_the_attempt(store: Store) -> None:
    revisions = queue(store, [occasion()])
    (key,) = revisions
    store.outbox.mark_sending(revisions, lease=None, now=NOW)
    outcome = Tried(key, State.SENT, provider_id="p1", message_id="<m1>")
    assert store.outbox.record([outcome], now=NOW + 5) == []
    row = store.ledger.row(key)
    assert row is not None
    assert (row.state, row.provider_id, row.message_id, row.attempts) == (State.SENT, "p1", "<m1>", 1)
    assert store.outbox.attempts(key) == [Attempt(1, NOW, NOW + 5, "sent", "p1", "")]


def test_a_retry_waits_for_its_time_and_counts_its_attempts(store: Store) -> None:
    revisions = queue(store, [occasion()])
    (key,) = revisions
    store.outbox.mark_sending(revisions, lease=None, now=NOW)
    store.outbox.record([Tried(key, State.RETRY, error="451 later", next_at=NOW + HOUR)], now=NOW)
    assert store.outbox.queued(NOW) == []
    assert store.ledger.next_due() == NOW + HOUR
    (row,) = store.outbox.queued(NOW + HOUR)
    assert (row.state, row.error) == (State.RETRY, "451 later")
    assert store.outbox.mark_sending(revisions, lease=None, now=NOW + HOUR).marked == {key: 2}
    assert [attempt.outcome for attempt in store.outbox.attempts(key)] == ["retry", "sending"]


def test_an_outcome_keeps_the_providers_id_of_before(store: Store) -> None:
    revisions = queue(store, [occasion()])
    (key,) = revisions
    store.outbox.mark_sending(revisions, lease=None, now=NOW)
    store.outbox.record([Tried(key, State.SENT, provider_id="p1")], now=NOW)
    store.outbox.record([Tried(key, State.BOUNCED, error="5.1.1")], now=NOW)
    row = store.ledger.row(key)
    assert row is not None
    assert (row.state, row.provider_id, row.error) == (State.BOUNCED, "p1", "5.1.1")


@pytest.mark.parametrize("before", list(State))
def test_a_state_becomes_only_what_it_may(store: Store, before: State) -> None:
    (key,) = queue(store, [occasion()])
    for after in State:
        with store.write() as connection:
            connection.exec_driver_sql(f"UPDATE occasion SET state = '{before}'")  # noqa: S608 (a member of our own)
        refused = store.outbox.record([Tried(key, after)], now=NOW)
        assert (refused == []) == (after in MAY_BECOME.get(before, ()))


def test_what_a_dead_process_was_sending_becomes_unconfirmed(store: Store) -> None:
    revisions = queue(store, [occasion()])
    (key,) = revisions
    store.outbox.mark_sending(revisions, lease=lease(store, "dead"), now=NOW)
    lease(store, "new", now=NOW + 2 * HOUR)
    (crashed,) = store.outbox.crashed(NOW + 2 * HOUR)
    assert (crashed.key, crashed.state, state_of(store, key)) == (key, State.UNCONFIRMED, State.UNCONFIRMED)
    assert [attempt.outcome for attempt in store.outbox.attempts(key)] == ["unconfirmed"]
    assert store.outbox.queued(NOW + 9 * HOUR) == []


def test_what_the_same_process_was_sending_before_it_started_again_becomes_unconfirmed(store: Store) -> None:
    revisions = queue(store, [occasion()])
    store.outbox.mark_sending(revisions, lease=lease(store, "same"), now=NOW)
    lease(store, "same", now=NOW + 1)
    assert [row.key for row in store.outbox.crashed(NOW + 1)] == list(revisions)


def test_what_a_living_process_is_sending_is_left_alone(store: Store) -> None:
    revisions = queue(store, [occasion()])
    store.outbox.mark_sending(revisions, lease=lease(store), now=NOW)
    lease(store, "another", name="second")
    assert store.outbox.crashed(NOW + 1) == []
    assert store.outbox.record([Tried(next(iter(revisions)), State.SENT)], now=NOW + 1) == []


def test_a_claim_is_nobody_elses_while_its_lease_lives(store: Store) -> None:
    keys = queue(store, [occasion("ann"), occasion("bob"), occasion("cid")])
    one, two = lease(store, "one", name="1"), lease(store, "two", name="2")
    first = store.outbox.claim(one, NOW, 2)
    second = store.outbox.claim(two, NOW, 2)
    assert sorted(row.key for row in first + second) == sorted(keys)
    assert store.outbox.claim(two, NOW + HOUR - 1, 9) == second


def test_what_a_dead_process_had_claimed_can_be_claimed_again(store: Store) -> None:
    queue(store, [occasion()])
    first = store.outbox.claim(lease(store, "dead", name="1"), NOW, 9)
    two = lease(store, "two", name="2", now=NOW + HOUR)
    assert store.outbox.claim(two, NOW + HOUR, 9) == first


def test_who_has_lost_the_lease_claims_nothing(store: Store) -> None:
    queue(store, [occasion()])
    old = lease(store, "old")
    lease(store, "new", now=NOW + 2 * HOUR)
    with pytest.raises(LeaseTaken):
        store.outbox.claim(old, NOW, 9)
