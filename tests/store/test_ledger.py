from __future__ import annotations

from dataclasses import replace

import pytest
from storing import HOUR, NOW, bought, decide, enrol, occasion, queue, state_of

from scheduler.rulebook.model import AsksFor
from scheduler.store import OPEN, OUTGOING, Decided, State, Store, Taken
from scheduler.store.row import NO_LONGER


def test_a_row_comes_back_as_it_was_put(store: Store) -> None:
    row = occasion(
        "Zoë/1",
        "2026-03-01",
        asks_for=AsksFor.REFERRAL,
        template="refer",
        reason="Because",
        version="v1",
        revision=1,
        exempt=True,
    )
    enrol(store, "Zoë/1")
    assert store.ledger.put([row]) == Taken(added=1)
    assert store.ledger.row(row.key) == row


def test_what_is_planned_is_open_whatever_became_of_the_row_that_says_it(store: Store) -> None:
    row = occasion()
    sent = replace(row, state=State.SENT, decided_for=NOW, channel="email", because=("gap",), sender="a", attempts=3)
    enrol(store, "ann")
    assert store.ledger.put([sent]) == Taken(added=1)
    assert store.ledger.row(row.key) == row


def test_a_buried_row_comes_back_as_it_was_but_belongs_to_no_sender(store: Store) -> None:
    row = occasion(
        "erased",
        state=State.SENT,
        next_at=None,
        decided_for=NOW,
        decided_at=NOW + 1,
        channel="email",
        because=("gap", "cap"),
        attempts=2,
        message_id="<1@example.com>",
        provider_id="p-1",
        error="was slow",
        breaks=1,
        exempt=True,
        sender="a lease",
    )
    enrol(store, "erased")
    store.ledger.bury([row, row])
    assert store.ledger.row(row.key) == replace(row, sender="")


def test_a_row_that_is_not_there_is_none(store: Store) -> None:
    assert store.ledger.row("thanks/ann/1") is None
    assert store.ledger.row("no key") is None


def test_putting_the_same_rows_again_changes_nothing(store: Store) -> None:
    enrol(store, "ann", "bob")
    rows = [occasion(), occasion("bob")]
    store.ledger.put(rows)
    assert store.ledger.put(rows) == Taken(unchanged=2)


def test_an_open_row_moves_with_the_plan(store: Store) -> None:
    row = occasion()
    enrol(store, "ann")
    store.ledger.put([row])
    moved = replace(row, opens=NOW + 5, closes=NOW + HOUR + 5, next_at=NOW + 5, reason="a better one", version="v2")
    assert store.ledger.put([moved]) == Taken(updated=1)
    assert store.ledger.row(row.key) == moved


def test_a_waiting_row_stays_waiting_when_it_moves(store: Store) -> None:
    row = occasion()
    enrol(store, "ann")
    store.ledger.put([row])
    decide(store, row, State.WAITING, next_at=NOW + 9, because=("cap.1",))
    store.ledger.put([replace(row, next_at=NOW + 5)])
    found = store.ledger.row(row.key)
    assert found is not None
    assert (found.state, found.next_at, found.because) == (State.WAITING, NOW + 5, ("cap.1",))


@pytest.mark.parametrize("state", [State.QUEUED, State.TOO_LATE, State.CANCELLED, State.HELD_OUT])
def test_what_is_decided_is_not_touched_by_planning(store: Store, state: State) -> None:
    row = occasion()
    enrol(store, "ann")
    store.ledger.put([row])
    decide(store, row, state)
    before = store.ledger.row(row.key)
    assert store.ledger.put([replace(row, opens=NOW + 5, next_at=NOW + 5)]) == Taken(unchanged=1)
    assert store.ledger.row(row.key) == before


def test_a_row_of_an_unknown_customer_is_refused(store: Store) -> None:
    (refusal,) = store.ledger.put([occasion("nobody")]).refused
    assert (refusal.position, refusal.cause) == (0, "there is no customer nobody for it")


def test_due_are_the_open_rows_whose_time_has_come_the_oldest_first(store: Store) -> None:
    enrol(store, "ann", "bob", "cid", "dan")
    late, now, early, done = (
        occasion("ann", next_at=NOW + 1),
        occasion("bob", next_at=NOW),
        occasion("cid", next_at=NOW - 1),
        occasion("dan", next_at=NOW - 2),
    )
    store.ledger.put([late, now, early, done])
    decide(store, done, State.TOO_LATE)
    assert store.ledger.due(NOW) == [early, now]
    assert store.ledger.due(NOW, limit=1) == [early]


def test_next_due_is_the_earliest_instant_to_decide_or_to_send(store: Store) -> None:
    assert store.ledger.next_due() is None
    enrol(store, "ann", "bob")
    ann, bob = occasion("ann", next_at=NOW + 5), occasion("bob", next_at=NOW + 9)
    store.ledger.put([ann, bob])
    assert store.ledger.next_due() == NOW + 5
    decide(store, bob, State.QUEUED, decided_for=NOW + 1)
    assert store.ledger.next_due() == NOW + 1


def test_open_rows_are_those_of_these_customers_that_are_not_decided(store: Store) -> None:
    enrol(store, "ann", "bob")
    rows = [occasion(anchor="1"), occasion(anchor="2"), occasion("bob")]
    store.ledger.put(rows)
    decide(store, rows[0], State.GOAL_REACHED)
    assert store.ledger.open_rows(["ann", "nobody"]) == [rows[1]]


def test_a_decision_is_written_with_its_causes(store: Store) -> None:
    row = occasion(template="thanks", reason="planned")
    enrol(store, "ann")
    store.ledger.put([row])
    decision = Decided(row.key, State.PLANNED, 1, State.WAITING, NOW + 7, ("send_hours", "cap.1"))
    assert store.ledger.record([decision], now=NOW + 2) == []
    assert store.ledger.row(row.key) == replace(
        row,
        state=State.WAITING,
        next_at=NOW + 7,
        because=("send_hours", "cap.1"),
        decided_at=NOW + 2,
        revision=1,
    )


def test_what_stopped_the_deciding_is_kept_and_counts_where_it_is_the_rows_own(store: Store) -> None:
    enrol(store, "ann")
    row = occasion()
    store.ledger.put([row])
    for was, broke in ((State.PLANNED, True), (State.WAITING, False), (State.WAITING, True)):
        decided = Decided(row.key, was, 1, State.WAITING, NOW + 7, error="a fault", broke=broke)
        assert store.ledger.record([decided], now=NOW) == []
    found = store.ledger.row(row.key)
    assert found is not None
    assert (found.state, found.next_at, found.breaks, found.error) == (State.WAITING, NOW + 7, 2, "a fault")


def test_a_contact_keeps_for_when_and_when_it_was_decided(store: Store) -> None:
    row = occasion(template="thanks", reason="planned")
    enrol(store, "ann")
    store.ledger.put([row])
    decision = Decided(row.key, State.PLANNED, 1, State.QUEUED, decided_for=NOW, channel="sms", reason="rendered")
    store.ledger.record([decision], now=NOW + 2)
    found = store.ledger.row(row.key)
    assert found is not None
    assert (found.decided_for, found.decided_at, found.channel) == (NOW, NOW + 2, "sms")
    assert (found.template, found.reason, found.next_at) == ("thanks", "rendered", NOW)


def test_what_is_over_is_never_due(store: Store) -> None:
    row = occasion()
    enrol(store, "ann")
    store.ledger.put([row])
    decide(store, row, State.TOO_LATE, next_at=NOW)
    assert store.ledger.next_due() is None


def test_a_decision_from_old_facts_is_not_written(store: Store) -> None:
    row = occasion()
    enrol(store, "ann")
    store.ledger.put([row])
    store.events.add([bought("1")], now=NOW)
    assert store.ledger.record([Decided(row.key, State.PLANNED, 1, State.QUEUED)], now=NOW) == [row.key]
    assert state_of(store, row.key) is State.PLANNED


def test_a_decision_about_a_row_that_was_decided_already_is_not_written(store: Store) -> None:
    row = occasion()
    enrol(store, "ann")
    store.ledger.put([row])
    decide(store, row, State.CANCELLED)
    assert store.ledger.record([Decided(row.key, State.PLANNED, 1, State.QUEUED)], now=NOW) == [row.key]
    assert state_of(store, row.key) is State.CANCELLED


def test_a_stale_decision_does_not_keep_the_others_from_being_written(store: Store) -> None:
    enrol(store, "ann", "bob")
    rows = [occasion("ann"), occasion("bob")]
    store.ledger.put(rows)
    store.events.add([bought("1", "ann")], now=NOW)
    decisions = [Decided(row.key, State.PLANNED, 1, State.QUEUED) for row in rows]
    assert store.ledger.record(decisions, now=NOW) == [rows[0].key]
    assert state_of(store, rows[1].key) is State.QUEUED


@pytest.mark.parametrize("state", list(State))
def test_only_what_is_neither_over_nor_being_sent_can_be_cancelled(store: Store, state: State) -> None:
    (key,) = queue(store, [occasion()])
    with store.write() as connection:
        connection.exec_driver_sql(f"UPDATE occasion SET state = '{state}'")  # noqa: S608 (a member of our own)
    cancelled = store.ledger.cancel([key], ["active"], now=NOW)
    assert cancelled == (state in OPEN | OUTGOING)
    assert state_of(store, key) is (State.CANCELLED if cancelled else state)


def test_a_cancelled_row_keeps_its_cause(store: Store) -> None:
    row = occasion()
    enrol(store, "ann")
    store.ledger.put([row])
    store.ledger.cancel([row.key], ["active"], now=NOW + 3)
    found = store.ledger.row(row.key)
    assert found is not None
    assert (found.because, found.decided_at, found.next_at) == (("active",), NOW + 3, None)


def test_rows_are_found_by_state_rule_customer_and_time(store: Store) -> None:
    enrol(store, "ann", "bob")
    first, second, third = (
        occasion("ann", next_at=NOW + 1),
        occasion("ann", rule="greet", next_at=NOW + 2),
        occasion("bob", next_at=NOW + 3),
    )
    store.ledger.put([third, second, first])
    decide(store, third, State.CANCELLED, decided_for=NOW + 3)
    keys = [first.key, second.key, third.key]

    def found(**asked: object) -> list[str]:
        return [row.key for row in store.ledger.rows(**asked)]  # type: ignore[arg-type] # each test names its own

    assert found() == keys
    assert found(customer="ann") == keys[:2]
    assert found(rule="thanks") == [keys[0], keys[2]]
    assert found(states=[State.CANCELLED, State.DONE]) == keys[2:]
    assert found(since=NOW + 2) == keys[1:]
    assert found(until=NOW + 2) == keys[:1]
    assert found(limit=2) == keys[:2]
    assert found(customer="ann", rule="greet", states=[State.PLANNED], since=NOW, until=NOW + 9) == [keys[1]]


def test_counts_say_how_many_rows_are_in_each_state(store: Store) -> None:
    enrol(store, "ann", "bob")
    store.ledger.put([occasion(), occasion("bob")])
    decide(store, occasion(), State.CANCELLED)
    counts = store.counts()
    assert (counts.customers, counts.events, counts.unplanned) == (2, 0, 2)
    assert counts.states == {State.PLANNED: 1, State.CANCELLED: 1}


def test_what_was_withdrawn_is_planned_again_and_is_not_over(store: Store) -> None:
    enrol(store, "ann")
    row = occasion()
    store.ledger.put([row])
    store.ledger.cancel([row.key], NO_LONGER, now=NOW)
    ann = store.customers.get("ann")
    assert ann is not None
    assert ann.ended == frozenset()
    assert store.ledger.put([row]).added == 1
    assert store.ledger.row(row.key) == row


def test_what_somebody_cancelled_is_never_planned_again(store: Store) -> None:
    enrol(store, "ann")
    row = occasion()
    store.ledger.put([row])
    store.ledger.cancel([row.key], ("person",), now=NOW)
    assert store.ledger.put([row]).added == 0
    assert state_of(store, row.key) == State.CANCELLED


def test_an_open_row_that_a_whole_plan_does_not_name_is_withdrawn(store: Store) -> None:
    enrol(store, "ann")
    kept, gone = occasion(anchor="1"), occasion(anchor="2")
    store.ledger.put([kept, gone])
    assert store.ledger.put([kept], whole=["ann"], now=NOW + 3) == Taken(unchanged=1, withdrawn=1)
    found = store.ledger.row(gone.key)
    assert found is not None
    assert (found.is_withdrawn, found.decided_at, found.next_at) == (True, NOW + 3, None)


def test_a_whole_plan_withdraws_nothing_of_others_and_nothing_that_is_decided(store: Store) -> None:
    mine, his = occasion(), occasion("bob")
    queue(store, [mine])
    enrol(store, "bob")
    store.ledger.put([his])
    assert store.ledger.put([], whole=["ann"], now=NOW) == Taken()
    assert (state_of(store, mine.key), state_of(store, his.key)) == (State.QUEUED, State.PLANNED)


def test_what_was_withdrawn_is_not_withdrawn_again(store: Store) -> None:
    enrol(store, "ann")
    row = occasion()
    store.ledger.put([row])
    store.ledger.put([], whole=["ann"], now=NOW)
    assert store.ledger.put([], whole=["ann"], now=NOW + 3) == Taken()
    found = store.ledger.row(row.key)
    assert found is not None
    assert found.decided_at == NOW


def test_a_plan_that_says_the_same_of_newer_facts_writes_nothing(store: Store) -> None:
    enrol(store, "ann")
    row = occasion(revision=1)
    store.ledger.put([row])
    assert store.ledger.put([replace(row, revision=2)]) == Taken(unchanged=1)
    assert store.ledger.row(row.key) == row
