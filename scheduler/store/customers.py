"""Customers: their attributes, all that is known about them, and whether they are planned."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from scheduler.decisions.facts import Customer, Value
from scheduler.store import histories, notes, values
from scheduler.store.addresses import normal, normals
from scheduler.store.batch import PLACES, THOSE, Batch, Statement
from scheduler.store.buckets import OfSlices, buckets_in, places
from scheduler.store.taken import Taken
from scheduler.store.watch import notify

if TYPE_CHECKING:
    from scheduler.store.database import Store

_THESE = f" FROM {THOSE}customer WHERE bucket = of_bucket AND id = of_customer"
_OF_THESE = " FROM {given} WHERE customer.bucket = given.bucket AND customer.id = given.customer"
_ENROL = Batch(
    "INSERT INTO customer (bucket, id, attributes, email, phone, address,"
    " revision, planned_revision, planned_with, known_at, changed_at)"
    " SELECT bucket, customer, '{{}}', '', '', '', 0, 0, 0, :now, :now FROM {given} WHERE true"
    " ON CONFLICT (bucket, id) DO NOTHING",
    PLACES,
)
_READ = "SELECT id, revision, CAST(attributes AS TEXT)" + _THESE + " ORDER BY bucket, id"
_LOCK, _LOCK_ALONE = (
    {"sqlite": Batch(read, PLACES), "postgresql": Batch(read + " FOR UPDATE OF customer", PLACES)}
    for read in (_READ, "SELECT id, revision" + _THESE + " ORDER BY bucket, id")
)
_TOUCH = Batch("UPDATE customer SET revision = revision + 1, changed_at = :now" + _OF_THESE, PLACES)
_CHANGE = Batch(
    "UPDATE customer SET attributes = given.attributes, email = given.email, phone = given.phone,"
    " address = given.address, revision = customer.revision + 1, changed_at = :now"
    " FROM {given} WHERE customer.bucket = given.bucket AND customer.id = given.customer",
    {**PLACES, "attributes": "json", "email": "text", "phone": "text", "address": "text"},
)
_PAUSE = Batch("UPDATE customer SET paused_until = :until" + _OF_THESE, PLACES)
_REVISIONS = Batch("SELECT id, revision" + _THESE, PLACES)
_NAME = {"sqlite": "json_extract(attributes, '$.name')", "postgresql": "attributes ->> 'name'"}
_CALLED = {
    dialect: text(
        f"SELECT id FROM customer WHERE (email = :address AND email <> '') OR lower(id) = :lowered OR {name} = :written"
        f" OR lower({name}) = :lowered OR substr(lower({name}), 1, :length) = :start ORDER BY id LIMIT :limit"
    )
    for dialect, name in _NAME.items()
}
_NEW, _NEW_IN = (
    Statement(
        f"SELECT id, revision FROM customer WHERE revision > planned_revision{where} ORDER BY bucket, id LIMIT :limit"
    )
    # by buckets, since those lead the index of the unplanned: it would be long to look past those of others
    for where in ("", " AND bucket = ANY(CAST(:buckets AS smallint[]))")
)
_PLANNED_WITH_OTHERS = tuple(
    OfSlices(
        f"SELECT id, revision FROM customer WHERE planned_with {differs} :plan"
        " AND revision <= planned_revision{slices} LIMIT :limit"
    )
    for differs in ("<", ">")
)
_MARK = Batch(
    "UPDATE customer SET planned_revision = given.revision, planned_with = :plan FROM {given}"
    " WHERE customer.bucket = given.bucket AND customer.id = given.customer"
    " AND customer.planned_revision <= given.revision",
    {**PLACES, "revision": "bigint"},
)


@dataclass(frozen=True, slots=True)
class Customers:
    """The customers of a store."""

    store: Store

    def add(
        self, customers: Sequence[tuple[str, Mapping[str, Value | None]]], *, now: int, merge: bool = False
    ) -> Taken:
        """Takes ids with their attributes, which replace those that are there; None stands for one that is not there.

        With `merge`, attributes that are not named stay, and None takes one away. What changes counts the customer's
        revision up, and what was there before is noted. Raises `FactError` for values that can't be stored.
        """
        ids = [customer for customer, _ in customers]
        with self.store.write() as connection:
            enrol(connection, ids, now=now)
            known = {id_: (revision, attributes) for id_, revision, attributes in _locked(connection, ids)}
            new = {id_ for id_, (revision, _) in known.items() if revision == 0}
            before = {id_: attributes for id_, (_, attributes) in known.items()}
            after = dict(before)
            present: dict[str, Mapping[str, Value]] = {}
            for id_, attributes in customers:
                known_before = values.read(after[id_]) if merge else {}
                present[id_] = _there({**known_before, **attributes})
                after[id_] = values.written(present[id_])
            changed = {id_ for id_ in after if id_ in new or after[id_] != before[id_]}
            if changed:
                rows = [{**place, "attributes": after[place["customer"]]} for place in places(changed)]
                _CHANGE.run(connection, [row | normals(present[row["customer"]]) for row in rows], now=now)
                notify(connection)
            notes.write(
                connection,
                [("import", "attributes changed", id_, json.loads(before[id_])) for id_ in sorted(changed - new)],
                now=now,
            )
        return Taken(len(new), len(changed - new), len(customers) - len(changed))

    def pause(self, customer: str, until: int | None, *, now: int) -> bool:
        """Contacts nobody of that id until then; whether there is such a customer."""
        with self.store.write() as connection:
            if not lock(connection, [customer]):
                return False
            _PAUSE.run(connection, places([customer]), until=until)
            touch(connection, [customer], now=now)
        return True

    def read(self, ids: Iterable[str] | None = None, *, chunk: int = 2000) -> Iterator[Customer]:
        """Complete customers in order of (bucket, id); each `chunk` of them as of one instant.

        Without `ids`, all of them. Unknown ids are passed over.
        """
        return histories.read(self.store, ids, chunk=chunk)

    def get(self, customer: str) -> Customer | None:
        """That customer, complete, or None."""
        return next(self.read([customer]), None)

    def called(self, written: str, limit: int = 5) -> list[Customer]:
        """Up to `limit` customers with this name, e-mail address or id, whatever its case, or whose name begins so.

        Looks through all customers.
        """
        start = written.lower() + " "
        texts = {"address": normal(written), "written": written, "lowered": written.lower(), "start": start}
        asked = {**texts, "length": len(start), "limit": limit}
        with self.store.read() as connection:
            found = [id_ for (id_,) in connection.execute(_CALLED[connection.dialect.name], asked)]
        return list(self.read(found))

    def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        """The present revision of each of these customers that there is."""
        with self.store.read() as connection:
            return dict(_REVISIONS.all(connection, places(ids)))

    def unplanned(self, plan: str, limit: int) -> list[tuple[str, int]]:
        """Up to `limit` customers, with their revisions, about whom something is new or whose plan is another one.

        `plan` names all that a plan is made with beside the facts: the rulebook's version, that of the zone data.
        """
        slices = self.store.slices
        with self.store.read() as connection:
            if slices is None:
                found: dict[str, int] = dict(_NEW.all(connection, {"limit": limit}))
            else:
                found = dict(_NEW_IN.all(connection, {"buckets": buckets_in(slices), "limit": limit}))
            for others in _PLANNED_WITH_OTHERS:
                if len(found) < limit:
                    left = limit - len(found)
                    found.update(others.all(connection, slices, plan=_fingerprint(plan), limit=left))
        return list(found.items())

    def mark_planned(self, revisions: Iterable[tuple[str, int]], plan: str) -> None:
        """Notes that these customers are planned, as of these revisions, by `plan`."""
        read = dict(revisions)
        rows = [{**place, "revision": read[place["customer"]]} for place in places(read)]
        with self.store.write() as connection:
            if self.store.is_postgresql:
                lock(connection, read)  # in order; on SQLite a writer is alone
            _MARK.run(connection, rows, plan=_fingerprint(plan))


def enrol(connection: Connection, ids: Iterable[str], *, now: int) -> None:
    """Makes sure that these customers are there; the new ones know nothing yet and are at revision 0."""
    _ENROL.run(connection, places(ids), now=now)


def lock(connection: Connection, ids: Iterable[str]) -> dict[str, int]:
    """The revisions of those that there are, which nobody else can change before the transaction ends."""
    return dict(_LOCK_ALONE[connection.dialect.name].all(connection, places(ids)))


def _locked(connection: Connection, ids: Iterable[str]) -> list[tuple[Any, ...]]:
    return _LOCK[connection.dialect.name].all(connection, places(ids))


def touch(connection: Connection, ids: Iterable[str], *, now: int) -> None:
    """Counts up the revision of these customers: something about them is new."""
    if _TOUCH.run(connection, places(ids), now=now):
        notify(connection)


def _there(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in attributes.items() if value is not None}


def _fingerprint(plan: str) -> int:
    return int.from_bytes(blake2b(plan.encode(), digest_size=8).digest(), "big", signed=True)
