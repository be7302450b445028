"""Buckets: every customer is in one of them; and slices, ranges of buckets, which are what daemons share out.

Customers are shared out, and not messages: so all that is decided and sent for a customer is done by one daemon at a
time, and no two ask the gates and count the caps of the same customer at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, CursorResult, text

from scheduler.store.batch import Statement, fetched

BUCKETS = 1024
"""How many there are; a database keeps its number for life."""
SLICES = 32
"""Into so many slices of as many buckets they are cut, from slice 0."""

IN_SLICES = f" AND bucket / {BUCKETS // SLICES} = ANY(CAST(:slices AS integer[]))"
"""What limits a statement to the customers in the given slices; only PostgreSQL knows `ANY`."""


@lru_cache(maxsize=4096)  # of a batch of customers, each is asked for many times
def bucket_of(customer: str) -> int:
    """The bucket of a customer's id, the same on every machine and in every version."""
    return crc32(customer.encode()) % BUCKETS


def places(customers: Iterable[str]) -> list[dict[str, Any]]:
    """The bucket and the id of each distinct customer, in order: the first columns of every key about them."""
    return [
        {"bucket": bucket, "customer": customer}
        for bucket, customer in sorted((bucket_of(customer), customer) for customer in set(customers))
    ]


def buckets_in(slices: Iterable[int]) -> list[int]:
    """The buckets of these slices, in order."""
    width = BUCKETS // SLICES
    return [bucket for one in sorted(slices) for bucket in range(one * width, (one + 1) * width)]


class OfSlices:
    """A statement about customers, in which `{slices}` stands where it may be limited to those in some slices."""

    def __init__(self, statement: str) -> None:
        of_all, of_some = statement.format(slices=""), statement.format(slices=IN_SLICES)
        self._of_all, self._of_some, self._asked = text(of_all), text(of_some), Statement(of_all)

    def run(self, connection: Connection, slices: Sequence[int] | None, **given: Any) -> CursorResult[Any]:
        """Executes it for the customers in these slices; for all customers where that is None."""
        if slices is None:
            return connection.execute(self._of_all, given)
        return connection.execute(self._of_some, {**given, "slices": list(slices)})

    def all(self, connection: Connection, slices: Sequence[int] | None, **given: Any) -> list[tuple[Any, ...]]:
        """What it answers, executed as by `run`."""
        if slices is None:
            return self._asked.all(connection, given)
        return fetched(self.run(connection, slices, **given))
