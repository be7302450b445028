"""Several processes and threads at the same rows."""

from __future__ import annotations

import multiprocessing
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from storing import HOUR, NOW, agreed, occasion, queue

from scheduler.store import State, Store, open_store

ROWS = 400


def claim_all(url: str, name: str) -> list[str]:
    """Claims and marks until there is nothing left; what it may send."""
    sending: list[str] = []
    with open_store(url) as store:
        lease = store.leases.acquire(name, now=NOW, ttl=HOUR, name=name)
        while found := store.outbox.claim(lease, NOW, 7):
            marked = store.outbox.mark_sending({row.key: row.revision for row in found}, lease=lease, now=NOW)
            sending += marked.marked
    return sending


def mark_each(url: str, name: str, revisions: dict[str, int]) -> list[str]:
    """Marks every row without asking whether it is somebody else's; what it may send."""
    with open_store(url) as store:
        lease = store.leases.acquire(name, now=NOW, ttl=HOUR, name=name)
        return [
            key for key in revisions if store.outbox.mark_sending({key: revisions[key]}, lease=lease, now=NOW).marked
        ]


def processes() -> ProcessPoolExecutor:
    # forked processes would share the connections of this one
    sys.path.insert(0, str(Path(__file__).parent))
    return ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn"))


def test_processes_that_claim_at_once_never_send_the_same_twice(database: str) -> None:
    with open_store(database) as store:
        keys = queue(store, [occasion(f"customer {number}") for number in range(ROWS)])
    with processes() as pool:
        sent = Counter(key for keys in pool.map(claim_all, [database] * 3, "abc") for key in keys)
    assert sent == Counter(list(keys))


def test_threads_that_mark_the_same_rows_never_send_the_same_twice(database: str) -> None:
    with open_store(database) as store:
        revisions = queue(store, [occasion(f"customer {number}") for number in range(60)])
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(mark_each, [database] * 4, "abcd", [revisions] * 4)
        sent = Counter(key for keys in found for key in keys)
    assert sent == Counter(list(revisions))


def test_a_withdrawal_that_races_a_mark_either_stops_it_or_comes_after_it(store: Store, database: str) -> None:
    rows = [occasion(f"customer {number}") for number in range(60)]
    revisions = queue(store, rows)

    def withdraw() -> dict[str, bool]:
        """Whether each message was marked before its customer's withdrawal was committed."""
        before = {}
        with open_store(database) as own:
            for row in rows:
                with own.together() as both:
                    both.consents.add([agreed(row.customer, given=False)], now=NOW)
                    found = both.ledger.row(row.key)
                    before[row.key] = found is not None and found.state is State.SENDING
        return before

    with ThreadPoolExecutor(2) as pool:
        marking, withdrawing = pool.submit(mark_each, database, "a", revisions), pool.submit(withdraw)
        marked, before = set(marking.result()), withdrawing.result()
    assert marked == {key for key, was_marked in before.items() if was_marked}


def test_threads_that_add_the_same_facts_add_each_once(store: Store, database: str) -> None:
    customers = [(f"customer {number}", {"number": number}) for number in range(50)]

    def add(_: int) -> int:
        with open_store(database) as own:
            return own.customers.add(customers, now=NOW).added

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, range(4))) == len(customers)
    assert set(store.customers.revisions([id_ for id_, _ in customers]).values()) == {1}
