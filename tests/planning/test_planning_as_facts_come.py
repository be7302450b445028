"""Planning after each fact leaves the ledger as planning once leaves it when all facts are there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import Phase, assume, given, settings
from shops import UNHURRIED, Shop, shops

from scheduler.errors import InputError
from scheduler.planning.activation import activate
from scheduler.planning.plan import Planned, plan
from scheduler.planning.rulebooks import active
from scheduler.store import OPEN, CustomerConsent, CustomerEvent, Row, Store, open_store

SHOPS = shops(whole_language=True)


def open_rows(shop: Shop, empty: Path, facts_come: Callable[[Store, Callable[[], Planned]], None]) -> list[Row]:
    """What is planned of a shop when facts have come, whatever they were planned with; planned again, it is the same."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "rightreason.db"
        shutil.copy(empty, database)
        with open_store(f"sqlite:///{database}") as store:
            try:
                activate(store, shop.rulebook, "test", shop.now)
            except InputError:
                assume(False)
            rules = active(store)
            assert rules is not None
            facts_come(store, lambda: plan(store, rules, shop.now))
            plan(store, rules, shop.now)
            rows = store.ledger.rows(states=OPEN)
            store.customers.mark_planned(store.customers.revisions(one.id for one in shop.customers).items(), "")
            again = plan(store, rules, shop.now)
            assert again == Planned(customers=len(shop.customers))
            return [replace(row, revision=0) for row in rows]


def compare(shop: Shop, empty: Path) -> None:
    def one_by_one(store: Store, planned: Callable[[], Planned]) -> None:
        store.customers.add(
            [(one.id, {"birthday": date(1990, 2, 3), "timezone": "Pacific/Apia"}) for one in shop.customers],
            now=shop.now,
        )
        for one in shop.customers:
            for event in reversed(one.events):
                store.events.add([CustomerEvent(one.id, event)], now=shop.now)
                planned()
            store.customers.add([(one.id, one.attributes)], now=shop.now)
            planned()
            store.consents.add([CustomerConsent(one.id, record) for record in one.consents], now=shop.now)
            planned()

    def at_once(store: Store, _: Callable[[], Planned]) -> None:
        shop.fill(store)

    assert open_rows(shop, empty, one_by_one) == open_rows(shop, empty, at_once)


@settings(UNHURRIED, max_examples=6, phases=[Phase.explicit, Phase.generate])
@given(shop=SHOPS)
def test_a_few_random_shops_are_planned_alike_fact_by_fact_and_at_once(shop: Shop, sqlite_file: Path) -> None:
    compare(shop, sqlite_file)


@pytest.mark.slow
@settings(UNHURRIED, max_examples=60)
@given(shop=SHOPS)
def test_random_shops_are_planned_alike_fact_by_fact_and_at_once(shop: Shop, sqlite_file: Path) -> None:
    compare(shop, sqlite_file)
