"""Imports: a file goes in, checked facts go to the store, and what can't be taken goes to the reject file.

A file is read twice: once to find out the types of its columns, once to take its rows, a batch in one transaction.
Importing the same file again changes nothing, so an import that was broken off is simply begun anew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from scheduler.decisions.facts import Value
from scheduler.intake import consents, customers, events, texts
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.columns import Cells
from scheduler.intake.files import opened
from scheduler.intake.options import Options
from scheduler.intake.reading import Reading
from scheduler.intake.rejects import Reject, RejectFile
from scheduler.intake.summary import Summary
from scheduler.intake.tables import Line, Table, table_of
from scheduler.store import CustomerConsent, CustomerEvent, Store, Taken

BATCH = 2_000

Progress = Callable[[int, int], None]
"""Called after each batch with the rows done and the rows in all."""

Fact = TypeVar("Fact")


def import_customers(
    store: Store, source: Path | str, options: Options, *, now: int, progress: Progress | None = None
) -> Summary:
    """Takes the customers of a file, `-` for standard input; `now` is in UTC microseconds.

    Attributes that a row does not fill stay as they are. Raises `InputError` where the file or the options can't be
    used, before anything is taken; `StoreError` where the database fails, with the batches before it taken.
    """
    with opened(source) as file:
        table = table_of(file)
        reading = Reading(table, options, customers.FORM)
        return _take(store, source, table, _Customers(reading, options, now), progress)


def import_events(
    store: Store, source: Path | str, options: Options, *, now: int, progress: Progress | None = None
) -> Summary:
    """Takes the events of a file, as `import_customers` does."""
    with opened(source) as file:
        table = table_of(file)
        reading = Reading(table, options, events.FORM if options.name is None else events.NAMED_FORM)
        return _take(store, source, table, _Events(reading, options, now), progress)


def import_consents(
    store: Store, source: Path | str, options: Options, *, now: int, progress: Progress | None = None
) -> Summary:
    """Takes the consents of a file, as `import_customers` does."""
    with opened(source) as file:
        table = table_of(file)
        reading = Reading(table, options, consents.FORM)
        return _take(store, source, table, _Consents(reading, options, now), progress)


class _Intake(ABC, Generic[Fact]):
    """Facts of one kind on their way from a file to the store; `created` counts customers that come with them."""

    def __init__(self, reading: Reading, options: Options, now: int) -> None:
        self.reading = reading
        self.options = options
        self.now = now
        self.created = 0

    @abstractmethod
    def check(self, cells: Cells) -> Fact:
        """The fact in a row; raises `Rejected`."""

    @abstractmethod
    def customer(self, fact: Fact) -> str:
        """Whom a fact is about."""

    @abstractmethod
    def add(self, store: Store, facts: Sequence[Fact]) -> Taken:
        """Hands facts to the store."""

    def add_counting(self, store: Store, facts: Sequence[Fact]) -> Taken:
        """As `add`, counting the customers that it brings."""
        if not self.options.create_customers:
            return self.add(store, facts)
        about = {self.customer(fact) for fact in facts}
        self.created += len(about) - len(store.customers.revisions(about))
        return self.add(store, facts)


class _Customers(_Intake[tuple[str, Mapping[str, Value]]]):
    def __init__(self, reading: Reading, options: Options, now: int) -> None:
        super().__init__(reading, options, now)
        self._seen: dict[str, int] = {}

    def check(self, cells: Cells) -> tuple[str, Mapping[str, Value]]:
        more = self.reading.values(cells)
        found, attributes = customers.customer(self.reading.fields(cells), self.reading.calendar, now=self.now)
        attributes = {**more, **attributes}
        content = hash(frozenset(attributes.items()))
        # Which of two rows is right can't be known; taking both would let each import change the customer twice.
        if self._seen.setdefault(found, content) != content:
            raise Rejected(Cause.SAME_ID, f"{found!r} stands in an earlier row with other content", "id")
        return found, attributes

    def customer(self, fact: tuple[str, Mapping[str, Value]]) -> str:
        return fact[0]

    def add(self, store: Store, facts: Sequence[tuple[str, Mapping[str, Value]]]) -> Taken:
        return store.customers.add(facts, now=self.now, merge=True)


class _Events(_Intake[CustomerEvent]):
    def __init__(self, reading: Reading, options: Options, now: int) -> None:
        super().__init__(reading, options, now)
        self._identities = None if "id" in reading.layout.fields else events.Identities()
        self._named = {} if options.name is None else {"name": options.name}

    def check(self, cells: Cells) -> CustomerEvent:
        identify = None
        if (identities := self._identities) is not None:

            def identify(customer: str, name: str, at: int) -> str:
                return identities.next(customer, name, at, self.reading.as_written(cells))

        return events.event(
            {**self.reading.fields(cells), **self._named},
            self.reading.values(cells),
            self.reading.calendar,
            identify,
            now=self.now,
        )

    def customer(self, fact: CustomerEvent) -> str:
        return fact.customer

    def add(self, store: Store, facts: Sequence[CustomerEvent]) -> Taken:
        return store.events.add(facts, now=self.now, create_customers=self.options.create_customers)


class _Consents(_Intake[CustomerConsent]):
    def check(self, cells: Cells) -> CustomerConsent:
        return consents.consent(
            self.reading.fields(cells), self.reading.calendar, now=self.now, topics=self.options.topics
        )

    def customer(self, fact: CustomerConsent) -> str:
        return fact.customer

    def add(self, store: Store, facts: Sequence[CustomerConsent]) -> Taken:
        return store.consents.add(facts, now=self.now, create_customers=self.options.create_customers)


def _take(store: Store, source: Path | str, table: Table, intake: _Intake[Fact], progress: Progress | None) -> Summary:
    read = added = updated = unchanged = skipped = 0
    causes: Counter[Cause] = Counter()
    with RejectFile(source, table, intake.options.reject_file) as reject_file:
        for batch in _batches(table.rows()):
            lines, facts, rejects, left = _checked(batch, intake)
            taken = intake.add_counting(store, facts) if facts else Taken()
            rejects += _refused(store, taken, lines, facts, intake)
            reject_file.write(rejects)
            causes.update(rejected.cause for _, rejected in rejects)
            read += len(batch)
            added += taken.added
            updated += taken.updated
            unchanged += taken.unchanged
            skipped += left
            if progress is not None:
                progress(read, intake.reading.rows)
    return Summary(
        source=table.shown,
        read=read,
        added=added,
        updated=updated,
        unchanged=unchanged,
        rejected=causes.total(),
        skipped=skipped,
        created=intake.created,
        causes=MappingProxyType(dict(causes.most_common())),
        left_out=intake.reading.layout.left_out,
        reject_file=reject_file.path,
    )


def _batches(rows: Iterator[Line]) -> Iterable[list[Line]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _checked(batch: list[Line], intake: _Intake[Fact]) -> tuple[list[Line], list[Fact], list[Reject], int]:
    """The rows that can be taken with their facts, those that can't, and how many are left out."""
    lines: list[Line] = []
    facts: list[Fact] = []
    rejects: list[Reject] = []
    skipped = 0
    for line in batch:
        if line.fault is not None:
            rejects.append((line, line.fault))
            continue
        try:
            if intake.reading.skips(line.cells):
                skipped += 1
                continue
            facts.append(intake.check(line.cells))
        except Rejected as rejected:
            rejects.append((line, rejected))
        else:
            lines.append(line)
    return lines, facts, rejects, skipped


def _refused(store: Store, taken: Taken, lines: list[Line], facts: list[Fact], intake: _Intake[Fact]) -> list[Reject]:
    """What the store refused, with its cause."""
    if not taken.refused:
        return []
    about = {refusal.position: intake.customer(facts[refusal.position]) for refusal in taken.refused}
    known = store.customers.revisions(set(about.values()))
    found = []
    for refusal in taken.refused:
        customer = about[refusal.position]
        if customer in known:
            rejected = Rejected(Cause.SAME_ID, f"{texts.shown(refusal.id)}: {refusal.cause}", "id")
        else:
            way_out = "import customers first, or --create-customers"
            rejected = Rejected(
                Cause.UNKNOWN_CUSTOMER, f"there is no customer {texts.shown(customer)}; {way_out}", "customer"
            )
        found.append((lines[refusal.position], rejected))
    return found
