"""Group commit, on both databases."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.decisions.facts import Consent, Event
from scheduler.errors import Busy, FactError, StoreError
from scheduler.store import CustomerConsent, CustomerEvent, Store, Taken, open_store
from scheduler.web.facts import writer
from scheduler.web.facts.writer import Facts, NotTaken, Writer

NOW = 1_793_610_000_000_000


@pytest.fixture
def sqlite_store(tmp_path: Path, sqlite_file: Path) -> Iterator[Store]:
    shutil.copy(sqlite_file, tmp_path / "rightreason.db")
    with open_store(f"sqlite:///{tmp_path / 'rightreason.db'}") as opened:
        yield opened


class Gate:
    """A clock that lets the first group be written only once it is opened, and counts the groups."""

    def __init__(self) -> None:
        self.asked, self.open = threading.Event(), threading.Event()
        self.groups = 0

    def __call__(self) -> int:
        self.groups += 1
        self.asked.set()
        assert self.open.wait(30)
        return NOW


def event(id_: str, customer: str = "17", **properties: object) -> CustomerEvent:
    return CustomerEvent(customer, Event(id_, "order_placed", NOW, NOW, properties))  # type: ignore[arg-type] # some are none


def events(*ids: str) -> Facts:
    return Facts(events=tuple(event(id_) for id_ in ids))


async def together(store: Store, *facts: Facts) -> tuple[list[Taken | BaseException], int]:
    """What becomes of requests, the first of which is being written when the others come; and the number of groups."""
    gate = Gate()
    one = Writer(store, gate)
    tasks = [asyncio.create_task(one.take(facts[0]))]
    await asyncio.to_thread(gate.asked.wait, 30)
    tasks += [asyncio.create_task(one.take(each)) for each in facts[1:]]
    await asyncio.sleep(0)
    gate.open.set()
    return await asyncio.gather(*tasks, return_exceptions=True), gate.groups


def test_what_comes_while_a_group_is_written_is_the_next_group(store: Store) -> None:
    taken, groups = asyncio.run(together(store, events("a"), events("b", "c"), events("c", "d"), events("b")))
    assert taken == [Taken(added=1), Taken(added=2), Taken(added=1, unchanged=1), Taken(unchanged=1)]
    assert groups == 2
    found = store.customers.get("17")
    assert found is not None
    assert [one.id for one in found.events] == ["a", "b", "c", "d"]


def test_each_is_told_what_became_of_its_own(store: Store) -> None:
    other = Facts(events=(event("x"), event("a", total=2)))
    taken, _ = asyncio.run(together(store, events("a"), other, events("y")))
    assert isinstance(taken[1], Taken)
    assert [(one.position, one.id) for one in taken[1].refused] == [(1, "a")]
    assert (taken[1].added, taken[2]) == (1, Taken(added=1))


def test_what_can_not_be_stored_fails_alone(store: Store) -> None:
    bad = Facts(customers=(("18", {"x": object()}),), events=(event("bad"),))  # type: ignore[dict-item] # as meant
    taken, _ = asyncio.run(together(store, events("a"), events("b"), bad, events("c")))
    assert isinstance(taken[2], FactError)
    assert [taken[1], taken[3]] == [Taken(added=1)] * 2
    assert store.customers.get("18") is None


class Old(Facts):
    def settled(self, store: Store, *, now: int) -> Facts:
        raise NotTaken(f"{store} knows it at {now}")


def test_what_is_not_taken_leaves_the_others_in_their_group(store: Store) -> None:
    taken, groups = asyncio.run(together(store, events("a"), events("b"), Old(events=(event("old"),)), events("c")))
    assert isinstance(taken[2], NotTaken)
    assert (taken[1], taken[3], groups) == (Taken(added=1), Taken(added=1), 2)
    assert store.counts().events == 3


def test_customers_consents_and_events_are_one_transaction(store: Store) -> None:
    consent = CustomerConsent("19", Consent(None, "email", True, NOW), "a form")
    facts = Facts(customers=(("18", {"plan": "basic"}),), events=(event("a", "17"),), consents=(consent,))
    assert asyncio.run(Writer(store, lambda: NOW).take(facts)) == Taken(added=1)
    assert {one.id: one.attributes for one in store.customers.read()} == {"17": {}, "18": {"plan": "basic"}, "19": {}}
    assert store.consents.of("19") == [consent]


def test_a_request_too_many_is_turned_away_and_the_others_are_taken(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 3)
    taken, _ = asyncio.run(together(sqlite_store, events("a", "b"), events("c"), events("d")))
    assert taken[:2] == [Taken(added=2), Taken(added=1)]
    assert isinstance(taken[2], Busy)


def test_what_is_larger_than_all_that_may_wait_is_taken_where_nothing_does(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 1)
    assert asyncio.run(together(sqlite_store, events("a", "b")))[0] == [Taken(added=2)]


def test_where_the_database_fails_all_are_told_and_the_next_group_is_tried(sqlite_store: Store, tmp_path: Path) -> None:
    file, away = tmp_path / "rightreason.db", tmp_path / "away.db"

    async def work() -> None:
        one = Writer(sqlite_store, lambda: NOW)
        file.rename(away)
        failed = await asyncio.gather(one.take(events("a")), one.take(events("b")), return_exceptions=True)
        assert [type(error) for error in failed] == [StoreError] * 2
        away.rename(file)
        assert await one.take(events("a")) == Taken(added=1)

    asyncio.run(work())


def test_who_does_not_wait_holds_nobody_up(sqlite_store: Store) -> None:
    async def work() -> None:
        gate = Gate()
        one = Writer(sqlite_store, gate)
        left = asyncio.create_task(one.take(events("a")))
        stays = asyncio.create_task(one.take(events("b")))
        await asyncio.sleep(0)
        left.cancel()
        gate.open.set()
        assert await stays == Taken(added=1)

    asyncio.run(work())
    assert sqlite_store.counts().events == 2  # what was brought before is kept
