from __future__ import annotations

import pytest
from storing import NOW, occasion, queue

from scheduler.durations import HOUR, MINUTE
from scheduler.store import State, Store, Tried, traffic

THIS_MINUTE = NOW // MINUTE * MINUTE
NAMES = ("ann", "bob", "cem")


def marked(store: Store) -> list[str]:
    revisions = queue(store, [occasion(name) for name in NAMES])
    return list(store.outbox.mark_sending(revisions, lease=None, now=NOW).marked)


@pytest.mark.parametrize(
    ("state", "left"), [(State.SENT, True), (State.UNCONFIRMED, True), (State.RETRY, False), (State.FAILED, False)]
)
def test_what_left_or_may_have_left_is_counted_by_the_minute(store: Store, state: State, left: bool) -> None:
    store.outbox.record([Tried(key, state, attempt=1) for key in marked(store)], now=NOW + 5 * MINUTE)
    assert store.traffic.sent("email", NOW) == ([(THIS_MINUTE + 5 * MINUTE, 3)] if left else [])
    assert store.traffic.sent("sms", NOW) == []


def test_what_may_have_left_as_its_sender_ended_is_counted_and_not_again_when_it_is_known(store: Store) -> None:
    keys = marked(store)
    store.outbox.crashed(NOW)
    store.outbox.record([Tried(key, State.SENT) for key in keys], now=NOW + MINUTE)
    assert store.traffic.sent("email", NOW) == [(THIS_MINUTE, 3)]


def test_an_outcome_that_is_refused_is_not_counted(store: Store) -> None:
    (key, *_) = marked(store)
    store.outbox.record([Tried(key, State.SENT, attempt=2)], now=NOW)
    assert store.traffic.sent("email", NOW) == []


def test_minutes_come_in_order_from_that_of_an_instant_on(store: Store) -> None:
    for ago, number in ((0, 4), (1, 3), (60, 2), (61, 1), (1, 10)):
        with store.write() as connection:
            traffic.count(connection, {"email": number, "sms": 100}, now=NOW - ago * MINUTE)
    store.traffic.came_back("email", left=NOW - 2 * MINUTE, bounced=1)
    found = [(THIS_MINUTE - ago * MINUTE, number) for ago, number in ((60, 2), (1, 13), (0, 4))]
    assert store.traffic.sent("email", NOW - HOUR) == found
    assert store.traffic.of_hours(["email", "sms"], [NOW // HOUR, NOW // HOUR - 1]) == [104, 315]
    assert store.traffic.newest("email", NOW - 60 * MINUTE, 3) == [(4, 0, 0), (13, 0, 0), (0, 1, 0)]
