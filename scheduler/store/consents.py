"""Consents: given and withdrawn, with their source as proof."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from scheduler.decisions.facts import Consent
from scheduler.store import customers, journal
from scheduler.store.batch import OF_THOSE, PLACES, THOSE, Batch
from scheduler.store.buckets import bucket_of, places
from scheduler.store.taken import Refusal, Taken

if TYPE_CHECKING:
    from scheduler.store.database import Store

_Record = tuple[str, int, str, str, bool]
_COLUMNS = {**PLACES, "at": "bigint", "topic": "text", "channel": "text", "given": "boolean", "source": "text"}
_ADD = Batch(
    f"INSERT INTO consent ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS)} FROM {{given}}",
    _COLUMNS,
)
_THERE = Batch(
    f"SELECT customer, at, topic, channel, given FROM {THOSE}consent WHERE {OF_THOSE}",
    PLACES,
)
_OF = text(
    "SELECT at, topic, channel, given, source FROM consent WHERE bucket = :bucket AND customer = :customer"
    " ORDER BY at, topic, channel, given"
)


@dataclass(frozen=True, slots=True)
class CustomerConsent:
    """A record of a customer's consent; `source` says where and how it was given."""

    customer: str
    consent: Consent
    source: str = ""


@dataclass(frozen=True, slots=True)
class Consents:
    """The consents of a store."""

    store: Store

    def add(self, consents: Sequence[CustomerConsent], *, now: int, create_customers: bool = False) -> Taken:
        """Takes records of consent; those that are there already are left alone, with their source.

        One of an unknown customer is refused, unless `create_customers`.
        """
        refused: list[Refusal] = []
        rows: dict[_Record, str] = {}
        with self.store.write() as connection:
            if create_customers:
                customers.enrol(connection, [given.customer for given in consents], now=now)
            known = customers.lock(connection, [given.customer for given in consents])
            there = _there(connection, known)
            for position, given in enumerate(consents):
                if given.customer not in known:
                    refused.append(Refusal(position, given.customer, f"there is no customer {given.customer}"))
                elif (record := _record(given)) not in there:
                    rows.setdefault(record, given.source)
            added = [_row(record, source) for record, source in rows.items()]
            _ADD.run(connection, added)
            journal.withdraw(connection, added)
            customers.touch(connection, {record[0] for record in rows}, now=now)
        return Taken(added=len(rows), unchanged=len(consents) - len(rows) - len(refused), refused=tuple(refused))

    def of(self, customer: str) -> list[CustomerConsent]:
        """All records of a customer, the oldest first, each with its source."""
        given = {"bucket": bucket_of(customer), "customer": customer}
        with self.store.read() as connection:
            return [
                CustomerConsent(customer, Consent(topic or None, channel or None, bool(agreed), at), source)
                for at, topic, channel, agreed, source in connection.execute(_OF, given)
            ]


def _record(given: CustomerConsent) -> _Record:
    consent = given.consent
    return given.customer, consent.at, consent.topic or "", consent.channel or "", consent.given


def _row(record: _Record, source: str) -> dict[str, Any]:
    customer, at, topic, channel, given = record
    return {
        "bucket": bucket_of(customer),
        "customer": customer,
        "at": at,
        "topic": topic,
        "channel": channel,
        "given": given,
        "source": source,
    }


def _there(connection: Connection, ids: Iterable[str]) -> set[_Record]:
    return {
        (customer, at, topic, channel, bool(given))
        for customer, at, topic, channel, given in _THERE.all(connection, places(ids))
    }
