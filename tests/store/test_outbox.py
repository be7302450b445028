from __future__ import annotations

from dataclasses import replace

import pytest
from storing import HOUR, NOW, agreed, bought, enrol, lease, occasion, queue, state_of

from scheduler.errors import LeaseTaken
from scheduler.store import Attempt, Decided, Lease, State, Store, Suppression, Tried
from scheduler.store.outbox import CANCELLABLE
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
            connection.exec_driver_sql(f"UPDATE occasion SET state = '{before}', sender = 'nobody'")  # noqa: S608 (a member of our own)
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
    one = lease(store)
    store.outbox.mark_sending(revisions, lease=one, now=NOW)
    lease(store, "another", name="second")
    assert store.outbox.crashed(NOW + 1) == []
    assert store.outbox.record([Tried(next(iter(revisions)), State.SENT)], now=NOW + 1, lease=one) == []


def test_a_claim_is_nobody_elses_while_its_lease_lives(store: Store) -> None:
    keys = queue(store, [occasion("ann"), occasion("bob"), occasion("cid")])
    one, two = lease(store, "one", name="1"), lease(store, "two", name="2")
    first = store.outbox.claim(one, NOW, 2)
    second = store.outbox.claim(two, NOW, 2)
    assert sorted(row.key for row in first + second) == sorted(keys)
    assert store.outbox.claim(two, NOW + HOUR - 1, 9) == second


def test_what_a_dead_process_had_claimed_can_be_claimed_again_and_counts_as_broken(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.outbox.claim(lease(store, "dead", name="1"), NOW, 9)
    two = lease(store, "two", name="2", now=NOW + HOUR)
    assert store.outbox.claim(two, NOW + HOUR, 9) == []
    assert store.outbox.crashed(NOW + HOUR) == []
    (row,) = store.outbox.claim(two, NOW + HOUR, 9)
    assert (row.key, row.state, row.breaks, row.sender) == (key, State.QUEUED, 1, two.sender)


def test_what_a_living_process_has_claimed_stays_its_own(store: Store) -> None:
    queue(store, [occasion()])
    one = lease(store)
    claimed = store.outbox.claim(one, NOW, 9)
    assert store.outbox.crashed(NOW + 1) == []
    assert store.outbox.claim(one, NOW + 1, 9) == claimed


def test_what_a_worker_has_claimed_stays_its_own_though_its_lease_has_run_out(store: Store) -> None:
    queue(store, [occasion()])
    one = lease(store)
    store.outbox.claim(one, NOW, 9)
    store.outbox.crashed(NOW + 2 * HOUR, one)
    assert [row.breaks for row in store.outbox.claim(one, NOW + 2 * HOUR, 9)] == [0]


def test_what_a_worker_was_sending_and_knows_nothing_of_is_unconfirmed_and_has_not_broken_it(store: Store) -> None:
    revisions = queue(store, [occasion()])
    one = lease(store)
    store.outbox.mark_sending(revisions, lease=one, now=NOW)
    assert store.outbox.crashed(NOW + 1) == []
    (row,) = store.outbox.crashed(NOW + 1, one)
    assert (row.state, row.breaks) == (State.UNCONFIRMED, 0)


def test_what_is_given_back_has_broken_nothing(store: Store) -> None:
    queue(store, [occasion()])
    one, two = lease(store, "one", name="1"), lease(store, "two", name="2")
    store.outbox.claim(one, NOW, 9)
    store.outbox.give_back(one, NOW)
    store.leases.release(one, now=NOW)
    store.outbox.crashed(NOW)
    assert [row.breaks for row in store.outbox.claim(two, NOW, 9)] == [0]


def test_what_may_have_broken_its_worker_is_claimed_last_and_alone(store: Store) -> None:
    suspects = queue(store, [occasion("ann"), occasion("bob")])
    store.outbox.claim(lease(store, "dead", name="1"), NOW, 9)
    one = lease(store, "one", name="2", now=NOW + HOUR)
    store.outbox.crashed(NOW + HOUR)
    sound = queue(store, [occasion("cid"), occasion("dan")])
    claimed = []
    while found := [row.key for row in store.outbox.claim(one, NOW + HOUR, 9)]:
        claimed.append(found)
        store.ledger.cancel(found, ["active"], now=NOW)
    assert (sorted(claimed[0]), sorted(claimed[1:])) == (sorted(sound), sorted([key] for key in suspects))


def test_what_has_broken_three_workers_is_quarantined_with_the_cause(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    changed = []
    for number in range(3):
        now = NOW + number * HOUR
        assert [row.key for row in store.outbox.claim(lease(store, f"worker {number}", now=now), now, 9)] == [key]
        changed.append([row.state for row in store.outbox.crashed(now + HOUR)])
    row = store.ledger.row(key)
    assert row is not None
    assert (changed, row.state, row.breaks) == ([[], [], [State.QUARANTINED]], State.QUARANTINED, 3)
    assert row.error == "the process that was about to send it ended each of 3 times"
    assert store.outbox.queued(NOW + 9 * HOUR) == []


def test_a_decision_to_send_it_all_the_same_leaves_it_with_who_has_claimed_it(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    one = lease(store)
    (row,) = store.outbox.claim(one, NOW, 9)
    still = Decided(key, State.QUEUED, row.revision, State.QUEUED, decided_for=NOW + 1, channel="sms")
    assert store.ledger.record([still], now=NOW) == []
    found = store.ledger.row(key)
    assert found is not None
    assert (found.channel, found.sender) == ("sms", one.sender)


def test_who_has_lost_the_lease_claims_nothing(store: Store) -> None:
    queue(store, [occasion()])
    old = lease(store, "old")
    lease(store, "new", now=NOW + 2 * HOUR)
    with pytest.raises(LeaseTaken):
        store.outbox.claim(old, NOW, 9)


# --- the fences of the mark --------------------------------------------------------------------------------------


def activate(store: Store, version: str) -> int:
    return store.rulebooks.activate({"rules/all.yaml": version}, version, "test", rules=["thanks"], now=NOW)


def test_other_rules_before_the_mark_stop_every_message(store: Store) -> None:
    revisions = queue(store, [occasion("ann"), occasion("bob")])
    asked_by = activate(store, "one")
    now_active = activate(store, "two")
    marked = store.outbox.mark_sending(revisions, lease=None, rules=asked_by, now=NOW)
    assert (marked.marked, marked.outdated) == ({}, True)
    assert {state_of(store, key) for key in revisions} == {State.QUEUED}
    marked = store.outbox.mark_sending(revisions, lease=None, rules=now_active, now=NOW)
    assert (sorted(marked.marked), marked.outdated) == (sorted(revisions), False)


def test_rules_that_are_active_again_after_others_are_another_activation(store: Store) -> None:
    revisions = queue(store, [occasion()])
    asked_by = activate(store, "one")
    activate(store, "two")
    activate(store, "one")
    assert store.outbox.mark_sending(revisions, lease=None, rules=asked_by, now=NOW).outdated


@pytest.mark.parametrize("name", ["all", "rule:thanks", "channel:email"])
def test_a_hold_before_the_mark_stops_the_message(store: Store, name: str) -> None:
    revisions = queue(store, [occasion()])
    store.holds.place(name, "a look", "me", now=NOW)
    marked = store.outbox.mark_sending(revisions, lease=None, now=NOW)
    assert (marked.marked, marked.held, marked.gone) == ({}, tuple(revisions), ())
    store.holds.lift(name, now=NOW)
    assert list(store.outbox.mark_sending(revisions, lease=None, now=NOW).marked) == list(revisions)


@pytest.mark.parametrize("name", ["rule:other", "channel:sms"])
def test_a_hold_of_something_else_stops_nothing(store: Store, name: str) -> None:
    revisions = queue(store, [occasion()])
    store.holds.place(name, "a look", "me", now=NOW)
    assert len(store.outbox.claim(lease(store), NOW, 9)) == 1
    assert list(store.outbox.mark_sending(revisions, lease=None, now=NOW).marked) == list(revisions)


@pytest.mark.parametrize("name", ["all", "rule:thanks", "channel:email"])
def test_what_is_held_is_not_claimed_until_it_is_released(store: Store, name: str) -> None:
    (key,) = queue(store, [occasion()])
    one = lease(store)
    store.holds.place(name, "a look", "me", now=NOW)
    before = store.ledger.row(key)
    assert store.outbox.claim(one, NOW, 9) == []
    assert store.ledger.row(key) == before
    store.holds.lift(name, now=NOW)
    assert [row.key for row in store.outbox.claim(one, NOW, 9)] == [key]


def test_what_is_held_and_too_late_is_claimed_to_be_ended_but_not_while_all_is_held(store: Store) -> None:
    (key,) = queue(store, [occasion(closes=NOW + 5)])
    one = lease(store)
    store.holds.place("rule:thanks", "a look", "me", now=NOW)
    assert store.outbox.claim(one, NOW + 4, 9) == []
    assert [row.key for row in store.outbox.claim(one, NOW + 5, 9)] == [key]
    store.holds.place("all", "a look", "me", now=NOW)
    assert store.outbox.claim(one, NOW + 5, 9) == []


def test_how_much_waits_is_counted_by_rule_and_channel(store: Store) -> None:
    queue(store, [occasion("ann"), occasion("bob"), occasion("ann", rule="tips")])
    assert store.outbox.waiting(NOW) == {("thanks", "email"): 2, ("tips", "email"): 1}
    assert store.outbox.waiting(NOW - 1) == {}


def test_what_may_leave_can_be_asked_without_marking_it(store: Store) -> None:
    revisions = queue(store, [occasion()])
    one, rules = lease(store), activate(store, "one")
    assert list(store.outbox.may_leave(revisions, lease=one, rules=rules).marked) == list(revisions)
    assert state_of(store, next(iter(revisions))) is State.QUEUED
    activate(store, "two")
    assert store.outbox.may_leave(revisions, lease=one, rules=rules).outdated


# --- who may say what became of a message ------------------------------------------------------------------------


@pytest.fixture
def taken_over(store: Store) -> tuple[str, Lease, Lease]:
    """A message that one worker was sending, by whose lease, and the lease of another that has taken over."""
    revisions = queue(store, [occasion(closes=NOW + 99 * HOUR)])
    (key,) = revisions
    old = lease(store, "old")
    store.outbox.mark_sending(revisions, lease=old, now=NOW)
    new = lease(store, "new", now=NOW + 2 * HOUR)
    store.outbox.crashed(NOW + 2 * HOUR)
    return key, old, new


def sends_again(store: Store, key: str, new: Lease) -> None:
    """A person says that it did not go out, and the new worker is sending it."""
    assert store.outbox.record([Tried(key, State.QUEUED, next_at=NOW)], now=NOW) == []
    row = store.ledger.row(key)
    assert row is not None
    assert store.outbox.mark_sending({key: row.revision}, lease=new, now=NOW + 2 * HOUR).marked == {key: 2}


@pytest.mark.parametrize("state", [State.SENT, State.FAILED])
def test_who_was_taken_for_dead_may_tell_late_how_it_ended(
    store: Store, taken_over: tuple[str, Lease, Lease], state: State
) -> None:
    key, old, _ = taken_over
    assert store.outbox.record([Tried(key, state, attempt=1)], lease=old, now=NOW + 3 * HOUR) == []
    assert state_of(store, key) is state
    assert [attempt.outcome for attempt in store.outbox.attempts(key)] == [state]


@pytest.mark.parametrize("outcome", [Tried("", State.RETRY, attempt=1), Tried("", State.SENT)], ids=["retry", "sent"])
def test_who_was_taken_for_dead_begins_no_other_try_and_names_the_one_it_speaks_of(
    store: Store, taken_over: tuple[str, Lease, Lease], outcome: Tried
) -> None:
    key, old, _ = taken_over
    assert store.outbox.record([replace(outcome, key=key)], lease=old, now=NOW) == [key]
    assert state_of(store, key) is State.UNCONFIRMED


def test_who_has_taken_over_may_let_it_be_tried_again(store: Store, taken_over: tuple[str, Lease, Lease]) -> None:
    key, _, new = taken_over
    assert store.outbox.record([Tried(key, State.RETRY, attempt=1)], lease=new, now=NOW) == []
    assert state_of(store, key) is State.RETRY


@pytest.mark.parametrize("attempt", [1, 2, None])
def test_who_has_lost_the_lease_says_nothing_of_what_another_one_is_sending(
    store: Store, taken_over: tuple[str, Lease, Lease], attempt: int | None
) -> None:
    key, old, new = taken_over
    sends_again(store, key, new)
    for state in (State.SENT, State.RETRY, State.FAILED, State.UNCONFIRMED):
        assert store.outbox.record([Tried(key, state, attempt=attempt)], lease=old, now=NOW) == [key]
        assert store.outbox.record([Tried(key, state, attempt=attempt)], now=NOW) == [key]
    assert state_of(store, key) is State.SENDING
    assert store.outbox.record([Tried(key, State.SENT, attempt=2)], lease=new, now=NOW) == []


def test_an_outcome_of_an_earlier_attempt_is_refused(store: Store, taken_over: tuple[str, Lease, Lease]) -> None:
    key, _, new = taken_over
    sends_again(store, key, new)
    assert store.outbox.record([Tried(key, State.RETRY, attempt=1)], lease=new, now=NOW) == [key]
    assert state_of(store, key) is State.SENDING


def test_of_what_another_one_has_claimed_nothing_can_be_said(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    one, two = lease(store, "one", name="1"), lease(store, "two", name="2")
    store.outbox.claim(one, NOW, 9)
    assert store.outbox.record([Tried(key, State.FAILED)], lease=two, now=NOW) == [key]
    assert store.outbox.record([Tried(key, State.FAILED)], now=NOW) == [key]
    assert store.outbox.record([Tried(key, State.FAILED)], lease=one, now=NOW) == []


def test_a_break_is_counted_with_its_outcome(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    for breaks in (1, 2):
        assert store.outbox.record([Tried(key, State.RETRY, error="broke", next_at=NOW, broke=True)], now=NOW) == []
        assert [row.breaks for row in store.outbox.queued(NOW)] == [breaks]


def test_what_the_other_side_said_is_written_whatever_is_in_it(store: Store) -> None:
    revisions = queue(store, [occasion()])
    (key,) = revisions
    store.outbox.mark_sending(revisions, lease=None, now=NOW)
    said = Tried(key, State.FAILED, provider_id="p\0", error="no\0 \ud800", message_id="<m\0>")
    assert store.outbox.record([said], now=NOW) == []
    row = store.ledger.row(key)
    assert row is not None
    assert (row.provider_id, row.error, row.message_id) == ("p ", "no  ?", "<m >")


# --- by hand -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", list(State))
def test_only_what_has_not_gone_out_can_be_cancelled(store: Store, before: State) -> None:
    (key,) = queue(store, [occasion()])
    with store.write() as connection:
        connection.exec_driver_sql(f"UPDATE occasion SET state = '{before}'")  # noqa: S608 (a member of our own)
    assert store.outbox.cancel(key, ["by_hand"], now=NOW) == (before in CANCELLABLE)
    row = store.ledger.row(key)
    assert row is not None
    assert (row.state, row.because) == ((State.CANCELLED, ("by_hand",)) if before in CANCELLABLE else (before, ()))


def test_what_was_cancelled_by_hand_is_not_planned_again(store: Store) -> None:
    row = occasion()
    enrol(store, row.customer)
    store.ledger.put([row])
    assert store.outbox.cancel(row.key, ["by_hand"], now=NOW)
    assert store.ledger.put([row]).added == 0
    assert state_of(store, row.key) is State.CANCELLED


def test_what_there_is_not_can_not_be_cancelled(store: Store) -> None:
    assert not store.outbox.cancel("thanks/nobody/1", ["by_hand"], now=NOW)
