"""Several workers on one PostgreSQL; on SQLite there is one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from storing import HOUR, NOW, enrol, occasion, queue

from scheduler.errors import LeaseTaken
from scheduler.store import Lease, State, Store, Tried
from scheduler.store.buckets import BUCKETS, SLICES, bucket_of, buckets_in

on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def join(store: Store, *holders: str, now: int = NOW) -> list[Lease]:
    return [store.shares.join(holder, now=now, ttl=HOUR) for holder in holders]


def settle(store: Store, *leases: Lease, now: int = NOW) -> list[int]:
    """Lets all settle, until nothing changes any more; how many slices each has."""
    for _ in range(2):
        shares = [store.shares.settle(lease, now=now) or () for lease in leases]
    assert len({slice_ for share in shares for slice_ in share}) == sum(map(len, shares)), (
        "somebody's slice is another's"
    )
    assert all(store.shares.is_settled(lease, now=now) for lease in leases)
    return [len(share) for share in shares]


def of(store: Store, *slices: int) -> Store:
    return replace(store, slices=slices)


def customers_of(*slices: int) -> list[str]:
    """One customer of each slice."""
    found: dict[int, str] = {}
    for name in (f"customer {number}" for number in range(BUCKETS)):
        found.setdefault(bucket_of(name) * SLICES // BUCKETS, name)
    return [found[slice_] for slice_ in slices]


@on_postgresql
def test_those_who_are_there_have_fair_shares_of_everything(store: Store) -> None:
    shares = []
    leases: list[Lease] = []
    for holder in ("one", "two", "three"):
        leases += join(store, holder)
        shares.append(settle(store, *leases))
    assert shares == [[32], [16, 16], [11, 11, 10]]


@on_postgresql
def test_a_new_worker_waits_until_others_have_made_room(store: Store) -> None:
    one, two = join(store, "one", "two")
    assert store.shares.settle(one, now=NOW) == tuple(range(16))
    store.shares.leave(two, now=NOW)
    store.shares.settle(one, now=NOW)
    (two,) = join(store, "two")
    assert store.shares.settle(two, now=NOW) == ()
    assert store.shares.is_settled(two, now=NOW)
    assert not store.shares.is_settled(one, now=NOW)
    store.shares.settle(one, now=NOW)
    assert not store.shares.is_settled(two, now=NOW)
    assert store.shares.settle(two, now=NOW) == tuple(range(16, 32))


@on_postgresql
def test_with_more_workers_than_slices_some_stand_by(store: Store) -> None:
    assert settle(store, *join(store, *map(str, range(SLICES + 1)))) == [1] * SLICES + [0]


@on_postgresql
def test_what_a_worker_leaves_is_shared_among_the_others(store: Store) -> None:
    one, two, three = join(store, "one", "two", "three")
    settle(store, one, two, three)
    store.shares.leave(two, now=NOW)
    assert settle(store, one, three) == [16, 16]


@on_postgresql
def test_a_dead_worker_is_inherited_once_its_lease_has_run_out(store: Store) -> None:
    one, two = join(store, "one", "two")
    settle(store, one, two)
    one = store.leases.renew(one, now=NOW + 1, ttl=HOUR)
    assert settle(store, one, now=NOW + HOUR - 1) == [16]
    assert settle(store, one, now=NOW + HOUR) == [32]
    with pytest.raises(LeaseTaken, match="others took over its work"):
        store.leases.renew(two, now=NOW + HOUR, ttl=HOUR)
    with pytest.raises(LeaseTaken):
        store.shares.settle(two, now=NOW + HOUR)


@on_postgresql
def test_the_same_holder_that_comes_again_is_another_worker_with_the_same_share(store: Store) -> None:
    one, two = join(store, "one", "two")
    settle(store, one, two)
    (again,) = join(store, "two")
    assert again.token > two.token
    assert settle(store, one, again) == [16, 16]
    with pytest.raises(LeaseTaken):
        store.shares.settle(two, now=NOW)


@on_postgresql
def test_who_was_expelled_claims_and_marks_nothing_and_what_it_was_sending_is_uncertain(store: Store) -> None:
    one, two = join(store, "one", "two")
    settle(store, one, two)
    claimed, sending = customers_of(16, 17)
    (key,) = revisions = queue(store, [occasion(sending)])
    store.outbox.mark_sending(revisions, lease=two, now=NOW)
    revisions = queue(store, [occasion(claimed)])
    assert [row.key for row in store.outbox.claim(two, NOW)] == list(revisions)

    settle(store, one, now=NOW + HOUR)
    with pytest.raises(LeaseTaken):
        store.outbox.mark_sending(revisions, lease=two, now=NOW + HOUR)
    with pytest.raises(LeaseTaken):
        store.outbox.claim(two, NOW + HOUR)
    heir = of(store, *range(SLICES))
    assert [(row.key, row.state) for row in heir.outbox.crashed(NOW + HOUR, one)] == [(key, State.UNCONFIRMED)]
    assert [(row.key, row.breaks) for row in heir.outbox.claim(one, NOW + HOUR)] == [(*revisions, 1)]


@on_postgresql
def test_nothing_is_given_up_while_a_message_of_it_is_being_sent(store: Store) -> None:
    (one,) = join(store, "one")
    settle(store, one)
    revisions = queue(store, [occasion()])
    store.outbox.mark_sending(revisions, lease=one, now=NOW)
    (two,) = join(store, "two")
    assert store.shares.settle(one, now=NOW) == tuple(range(SLICES))
    store.outbox.record([Tried(key, State.SENT) for key in revisions], now=NOW, lease=one)
    assert settle(store, one, two) == [16, 16]


@on_postgresql
def test_what_was_claimed_of_it_is_given_up_too_and_has_broken_nobody(store: Store) -> None:
    (one,) = join(store, "one")
    settle(store, one)
    queue(store, [occasion(customer) for customer in customers_of(3, 30)])
    assert len(store.outbox.claim(one, NOW)) == 2
    (two,) = join(store, "two")
    settle(store, one, two)
    store.outbox.crashed(NOW)
    (row,) = of(store, *range(16, 32)).outbox.claim(two, NOW)
    assert (row.customer, row.breaks) == (*customers_of(30), 0)


@on_postgresql
def test_who_passes_by_takes_what_is_free_and_nobody_shares_with_it(store: Store) -> None:
    passing = store.shares.join("cron", now=NOW, ttl=HOUR, stays=False)
    assert settle(store, passing) == [32]
    (one,) = join(store, "one")
    assert settle(store, passing, one) == [32, 0]
    store.shares.leave(passing, now=NOW)
    assert settle(store, one) == [32]


@on_postgresql
def test_who_passes_by_where_nothing_is_free_is_told_who_is_at_work(store: Store) -> None:
    one, two = join(store, "one", "two")
    settle(store, one, two)
    with pytest.raises(LeaseTaken, match=r"one, last seen 2027-01-15T08:00:00\+00:00"):
        store.shares.join("cron", now=NOW + HOUR - 1, ttl=HOUR, stays=False)
    assert [one.lease.holder for one in store.shares.at_work()] == ["one", "two"]
    cron = store.shares.join("cron", now=NOW + HOUR, ttl=HOUR, stays=False)
    assert settle(store, cron, now=NOW + HOUR) == [32]


@on_postgresql
def test_work_is_that_of_a_share(store: Store) -> None:
    mine, his = customers_of(5, 6)
    (my_key,) = queue(store, [occasion(mine)])
    (his_key,) = queue(store, [occasion(his)])
    enrol(store, mine, his)
    later = [occasion(customer, "2", next_at=NOW + number) for number, customer in enumerate((his, mine), 1)]
    store.ledger.put(later)
    me = of(store, 5)
    assert [customer for customer, _ in me.customers.unplanned("rules 1", 9)] == [mine]
    assert [row.customer for row in me.ledger.due(NOW + HOUR)] == [mine]
    (one,) = join(store, "one")
    assert [row.key for row in me.outbox.claim(one, NOW)] == [my_key]
    store.ledger.cancel([my_key], ["active"], now=NOW)
    assert (me.ledger.next_due(), store.ledger.next_due()) == (NOW + 2, NOW)
    store.outbox.mark_sending({his_key: 1}, lease=None, now=NOW)
    assert me.outbox.crashed(NOW) == []
    assert [row.key for row in of(store, 6).outbox.crashed(NOW)] == [his_key]


@on_postgresql
def test_customers_whose_plan_is_another_one_are_planned_by_who_has_them(store: Store) -> None:
    mine, his = customers_of(5, 6)
    enrol(store, mine, his)
    store.customers.mark_planned([(mine, 1), (his, 1)], "rules 1")
    assert of(store, 5).customers.unplanned("rules 2", 9) == [(mine, 1)]
    assert of(store, 5).customers.unplanned("rules 1", 9) == []


@on_postgresql
def test_a_job_is_done_by_one_at_a_time(store: Store) -> None:
    def alone(holder: str, now: int) -> bool:
        with store.leases.alone("collect", holder, now=now, ttl=HOUR) as found:
            return found

    with store.leases.alone("collect", "one", now=NOW, ttl=HOUR) as found:
        assert (found, alone("two", NOW), alone("two", NOW + HOUR)) == (True, False, True)
    assert alone("two", NOW)


@on_sqlite
def test_on_sqlite_one_works_for_all_customers(store: Store) -> None:
    (one,) = join(store, "one")
    assert store.shares.settle(one, now=NOW) is None
    assert store.shares.is_settled(one, now=NOW + 2 * HOUR)
    with pytest.raises(LeaseTaken, match="one"):
        join(store, "two")
    assert [(found.lease, found.slices) for found in store.shares.at_work()] == [(one, tuple(range(SLICES)))]
    store.shares.leave(one, now=NOW)
    assert store.shares.at_work() == []
    join(store, "two")


def test_every_bucket_is_in_one_slice() -> None:
    assert [bucket for slice_ in range(SLICES) for bucket in buckets_in([slice_])] == list(range(BUCKETS))
