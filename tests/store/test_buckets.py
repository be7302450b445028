from __future__ import annotations

from collections import Counter

from scheduler.store.buckets import BUCKETS, bucket_of, places


def test_a_customers_bucket_never_changes() -> None:
    assert [bucket_of(customer) for customer in ("ann", "Zoë", "")] == [627, 554, 0]


def test_customers_spread_evenly() -> None:
    sizes = Counter(bucket_of(f"customer {number}") for number in range(BUCKETS * 100))
    assert len(sizes) == BUCKETS
    assert max(sizes.values()) < 160


def test_places_are_distinct_and_in_the_order_of_the_keys() -> None:
    found = [(place["bucket"], place["customer"]) for place in places(["ann", "bob", "ann", "cid"])]
    assert found == sorted({(bucket_of(name), name) for name in ("ann", "bob", "cid")})
