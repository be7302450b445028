"""What came back: whose message it was, and soft bounces in a row."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from scheduler.decisions.facts import ADDRESSES
from scheduler.durations import MINUTE
from scheduler.store import customers
from scheduler.store.addresses import ATTRIBUTES, normal
from scheduler.store.buckets import bucket_of
from scheduler.store.row import Row

if TYPE_CHECKING:
    from scheduler.store.database import Store

HAD_TIME = 3 * 24 * 60 * MINUTE
"""After so long a message that did not come back has arrived."""

# the condition that seems idle is what lets a database use the index, which holds no empty ids
_FIND = text("SELECT key FROM occasion WHERE message_id = :message_id AND message_id <> '' LIMIT 1")
_NAMELESS = text("SELECT key FROM occasion WHERE state IN ('sending', 'unconfirmed') AND message_id = ''")
_KNOWN = text("SELECT 1 FROM event WHERE id = :id")
_PRESENT = {
    attribute: text(f"SELECT {attribute} FROM customer WHERE bucket = :bucket AND id = :customer")
    for attribute in ATTRIBUTES
}
_SOFT = text("SELECT number, last FROM soft_bounce WHERE channel = :channel AND address = :address")
_ARRIVED = text(
    "SELECT 1 FROM occasion WHERE bucket = :bucket AND customer = :customer AND channel = :channel"
    " AND state IN ('sent', 'delivered') AND decided_for > :last AND decided_for <= :before LIMIT 1"
)
_COUNT_SOFT = text(
    "INSERT INTO soft_bounce (channel, address, number, last) VALUES (:channel, :address, :number, :last)"
    " ON CONFLICT (channel, address) DO UPDATE SET number = excluded.number, last = excluded.last"
)
_FORGET = text("DELETE FROM soft_bounce WHERE channel = :channel AND address = :address")


@dataclass(frozen=True, slots=True)
class Bounces:
    """What came back to a store."""

    store: Store

    def find(self, message_id: str) -> str | None:
        """The key of the row whose message has that `Message-ID`."""
        with self.store.read() as connection:
            found: str | None = connection.execute(_FIND, {"message_id": message_id}).scalar()
        return found

    def nameless(self) -> list[str]:
        """The keys of rows whose message may have left before its `Message-ID` was noted.

        Looks through the whole ledger.
        """
        with self.store.read() as connection:
            return [key for (key,) in connection.execute(_NAMELESS)]

    def lock(self, customer: str) -> bool:
        """Lets nobody else change what is known of a customer before the transaction ends; whether they are there."""
        with self.store.write() as connection:
            return bool(customers.lock(connection, [customer]))

    def is_known(self, event: str) -> bool:
        """Whether there is an event with that id."""
        with self.store.read() as connection:
            return connection.execute(_KNOWN, {"id": event}).first() is not None

    def present_address(self, customer: str, channel: str) -> str:
        """The address of a customer as of now, in the form that can be compared; empty where they have none."""
        attribute = ADDRESSES.get(channel)
        if attribute is None:
            return ""
        given = {"bucket": bucket_of(customer), "customer": customer}
        with self.store.read() as connection:
            return str(connection.execute(_PRESENT[attribute], given).scalar() or "")

    def count_soft(self, row: Row, address: str, *, now: int) -> int:
        """Counts a soft bounce of that row's message; how many in a row the address has had by now.

        A later message to the customer that did not come back within `HAD_TIME` ends a row.
        """
        place = {"channel": row.channel, "address": normal(address)}
        sent = now if row.decided_for is None else row.decided_for
        with self.store.write() as connection:
            number, last = connection.execute(_SOFT, place).first() or (0, sent)
            since = {"last": last, "before": now - HAD_TIME, "channel": row.channel}
            whose = {"bucket": bucket_of(row.customer), "customer": row.customer}
            if number and connection.execute(_ARRIVED, {**since, **whose}).first() is not None:
                number = 0
            connection.execute(_COUNT_SOFT, {**place, "number": number + 1, "last": max(last, sent)})
        return int(number) + 1

    def forget(self, channel: str, address: str) -> None:
        """Lets the next soft bounce of the address be its first."""
        with self.store.write() as connection:
            connection.execute(_FORGET, {"channel": channel, "address": normal(address)})
