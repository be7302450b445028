"""Buckets: the unit of sharding, of partitions and of leases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

BUCKETS = 1024
"""How many there are; a database keeps its number for life."""


def bucket_of(customer: str) -> int:
    """The bucket of a customer's id, the same on every machine and in every version."""
    return crc32(customer.encode()) % BUCKETS


def places(customers: Iterable[str]) -> list[dict[str, Any]]:
    """The bucket and the id of each distinct customer, in order: the first columns of every key about them."""
    return [
        {"bucket": bucket, "customer": customer}
        for bucket, customer in sorted((bucket_of(customer), customer) for customer in set(customers))
    ]
