"""Events: what happened to customers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, text

from scheduler.decisions.facts import Event
from scheduler.store import customers, values
from scheduler.store.batch import PLACES, Batch, Insertion, fetched, no_collection
from scheduler.store.buckets import bucket_of
from scheduler.store.taken import Refusal, Taken

if TYPE_CHECKING:
    from scheduler.store.database import Store

_Content = tuple[str, str, int, str]
"""Customer, name, `at` and properties of an event."""
_ID = {"id": "text"}
_KNOWN = Batch(
    "SELECT id, customer, name, at, CAST(properties AS TEXT) FROM event WHERE id IN (SELECT id FROM {given})", _ID
)
_EARLY = Batch(
    "SELECT replaces, id, customer FROM event WHERE replaces IS NOT NULL AND replaces IN (SELECT id FROM {given})",
    _ID,
)
_COLUMNS = {
    **PLACES,
    "at": "bigint",
    "id": "text",
    "name": "text",
    "known_at": "bigint",
    "properties": "json",
    "replaces": "text",
    "replaced_by": "text",
}
_ADD = Insertion("event", _COLUMNS)
_REMOVE = Batch("DELETE FROM event WHERE id IN (SELECT id FROM {given})", _ID)
_REPLACE = Batch(
    "UPDATE event SET replaced_by = given.replaced_by FROM {given}"
    " WHERE event.id = given.id AND event.customer = given.customer",
    {**_ID, "customer": "text", "replaced_by": "text"},
)
_WHOSE = text(
    "SELECT DISTINCT bucket, customer FROM event WHERE name IN :names AND at >= :since AND replaced_by IS NULL"
    " ORDER BY bucket, customer"
).bindparams(bindparam("names", expanding=True))


@dataclass(frozen=True, slots=True)
class CustomerEvent:
    """An event of a customer; it takes the place of the event `replaces`, if that is given."""

    customer: str
    event: Event
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Events:
    """The events of a store."""

    store: Store

    def add(self, events: Sequence[CustomerEvent], *, now: int, create_customers: bool = False) -> Taken:
        """Takes events, and counts up the revision of those to whom something new happened.

        An id that is there with the same customer, name, `at` and properties is left alone. With other content it
        is refused, unless it replaces itself. An event of an unknown customer is refused, unless `create_customers`.
        What replaces may come before what it replaces. Raises `FactError` for values that can't be stored.
        """
        return self.add_each([events], now=now, create_customers=create_customers)[0]

    def add_each(
        self,
        groups: Sequence[Sequence[CustomerEvent]],
        *,
        now: int,
        create_customers: bool = False,
        at_may_differ: bool = False,
    ) -> list[Taken]:
        """As `add` of each group after the other, in one go; what became of each.

        With `at_may_differ`, an event that is there is left alone though only its `at` is another: whoever sends
        something again may read another clock.
        """
        events = [given for group in groups for given in group]
        with no_collection(), self.store.write() as connection:
            if create_customers:
                customers.enrol(connection, [given.customer for given in events], now=now)
            known = set(customers.lock(connection, [given.customer for given in events]))
            batch = _Batch(connection, events, at_may_differ=at_may_differ)
            taken = []
            for group in groups:
                for position, given in enumerate(group):
                    if given.customer not in known:
                        batch.refuse(position, given, f"there is no customer {given.customer}")
                    else:
                        batch.take(position, given)
                taken.append(batch.counted())
            batch.write()
            customers.touch(connection, batch.touched, now=now)
        return taken

    def customers(self, names: Iterable[str], *, since: int) -> list[str]:
        """The customers who have an event of one of these names that happened, or will, at `since` or later."""
        with self.store.read() as connection:
            found = fetched(connection.execute(_WHOSE, {"names": list(names), "since": since}))
        return [customer for _, customer in found]


class _Batch:
    """Events on their way in, with what is known already of them."""

    def __init__(self, connection: Connection, events: Sequence[CustomerEvent], *, at_may_differ: bool) -> None:
        self.connection = connection
        self.at_may_differ = at_may_differ
        self.contents: dict[str, _Content] = {}
        self.early: dict[str, tuple[str, str]] = {}
        self.rows: dict[str, tuple[Any, ...]] = {}
        self.removed: list[dict[str, str]] = []
        self.replaced: list[dict[str, str]] = []
        self.touched: set[str] = set()
        self.refused: list[Refusal] = []
        self.added = self.updated = self.unchanged = 0
        ids = sorted({given.event.id for given in events} | {given.replaces for given in events if given.replaces})
        asked = [{"id": id_} for id_ in ids]
        for id_, customer, name, at, properties in _KNOWN.all(connection, asked):
            self.contents[id_] = (customer, name, at, properties)
        for replaces, id_, customer in _EARLY.all(connection, asked):
            self.early[replaces] = (id_, customer)

    def refuse(self, position: int, given: CustomerEvent, cause: str) -> None:
        self.refused.append(Refusal(position, given.event.id, cause))

    def take(self, position: int, given: CustomerEvent) -> None:
        event = given.event
        content = (given.customer, event.name, event.at, values.written(event.properties))
        there = self.contents.get(event.id)
        if there == content or (there is not None and self._is_again(there, content, given)):
            self.unchanged += 1
            return
        if there is not None and given.replaces != event.id:
            self.refuse(position, given, "this id is known with other content")
            return
        if any(
            self.contents.get(id_, content)[0] != given.customer
            for id_ in (event.id, given.replaces)
            if id_ is not None
        ):
            self.refuse(position, given, "it replaces an event of another customer")
            return
        if there is not None:
            self.updated += 1
            if self.rows.pop(event.id, None) is None:
                self.removed.append({"id": event.id})
        elif given.replaces in self.contents:
            self.updated += 1
        else:
            self.added += 1
        if given.replaces is not None and given.replaces != event.id:
            self.replaced.append({"id": given.replaces, "replaced_by": event.id, "customer": given.customer})
            self.early[given.replaces] = (event.id, given.customer)
        self._keep(given, content)

    def _is_again(self, there: _Content, content: _Content, given: CustomerEvent) -> bool:
        """Whether only `at` is another, and that may be."""
        may = self.at_may_differ and given.replaces != given.event.id
        return may and there == (*content[:2], there[2], content[3])

    def counted(self) -> Taken:
        """What became of those since the last time that this was asked."""
        taken = Taken(self.added, self.updated, self.unchanged, tuple(self.refused))
        self.added = self.updated = self.unchanged = 0
        self.refused = []
        return taken

    def _keep(self, given: CustomerEvent, content: _Content) -> None:
        event, early = given.event, self.early.get(given.event.id)
        self.contents[event.id] = content
        self.touched.add(given.customer)
        self.rows[event.id] = (
            bucket_of(given.customer),
            given.customer,
            event.at,
            event.id,
            event.name,
            event.known_at,
            content[3],
            None if given.replaces == event.id else given.replaces,
            early[0] if early and early[1] == given.customer else None,
        )

    def write(self) -> None:
        _REMOVE.run(self.connection, self.removed)
        _ADD.run(self.connection, list(self.rows.values()))
        _REPLACE.run(self.connection, self.replaced)
