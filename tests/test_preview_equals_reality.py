"""What a preview shows is what the daemon then does, on a clock that jumps from one due moment to the next."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import Phase, assume, given, settings
from sample_shop import MONDAY, lay_down, take_sample
from shops import DELIVERABLE, HOUR, UNHURRIED, Shop
from sinks import Sinks

from scheduler.decisions.facts import Event
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.delivery.simulation import simulate
from scheduler.delivery.tick import tick
from scheduler.delivery.worker import Worker, at_work
from scheduler.errors import InputError
from scheduler.planning.activation import activate
from scheduler.planning.preview import preview
from scheduler.planning.rulebooks import active
from scheduler.rulebook.model import Status
from scheduler.rulebook.reader import load_rulebook
from scheduler.store import CustomerEvent, Row, Store
from scheduler.wallclock import DAY
from scheduler.workspace import Workspace, open_workspace

DAYS = 30


@contextmanager
def opened(empty: Path) -> Iterator[Workspace]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(empty, Path(folder) / "rightreason.db")
        with open_workspace(Path(folder), secret="a secret") as workspace:
            yield workspace


Happens = Callable[[Workspace, int], tuple[Sinks, list[Row]]]


def compare(shop: Shop, empty: Path, happens: Happens | None = None) -> Counter[str]:
    """Preview a shop, then let it happen; returns how often each outcome came."""
    with opened(empty) as workspace:
        shop.fill(workspace.store)
        try:
            activate(workspace.store, shop.rulebook, "test", shop.now)
        except InputError:
            assume(False)
        foreseen = foresee(workspace.store, shop.now)
        sinks, rows = (happens or let_it_happen)(workspace, shop.now)
    assert heard(sinks) == sorted(
        (one.at, one.occasion, one.channel or "") for one in foreseen if one.outcome is Outcome.CONTACT
    )
    # What is not admitted by `backfill` is never contacted, and has no row.
    assert sorted((row.decided_for or 0, row.key, outcome_of(row), row.because) for row in rows) == sorted(
        (one.at, one.occasion, str(one.outcome), one.because) for one in foreseen if _has_row(one, shop)
    )
    return Counter(str(one.outcome) for one in foreseen)


def heard(sinks: Sinks) -> list[tuple[int, str, str]]:
    """What was delivered; a task once, for it is the ledger that makes it, however often its channel is asked."""
    tasks = {one for one in sinks.taken if one[2] == "phone"}
    return sorted([*tasks, *(one for one in sinks.taken if one[2] != "phone")])


def foresee(store: Store, now: int) -> list[Decision]:
    """What a preview says that will be decided."""
    rules = active(store)
    assert rules is not None
    return [one for one in preview(store.customers.read(), rules, now, DAYS) if one.outcome.ends]


def let_it_happen(workspace: Workspace, now: int) -> tuple[Sinks, list[Row]]:
    """What is sent, and the rows that were decided."""
    sinks = Sinks(workspace.settings)
    with at_work(workspace, "test", now) as worker:
        for report in simulate(Worker(workspace, sinks, worker.lease), now, now + DAYS * DAY):
            assert not report.problems
            assert report.next_due is None or report.next_due > report.now, "the daemon would turn in circles"
    return sinks, [row for row in workspace.store.ledger.rows() if not row.state.is_open]


def amid_noise(workspace: Workspace, now: int) -> tuple[Sinks, list[Row]]:
    """As `let_it_happen`, but with a tick every seven hours too, and with facts that arrive before every tick and mark."""
    sinks, store, until = Sinks(workspace.settings), workspace.store, now + DAYS * DAY
    ids = [customer.id for customer in store.customers.read()]
    numbers = iter(range(1_000_000))

    def noise() -> None:
        events = [CustomerEvent(id_, Event(f"noise{next(numbers)}", "noise", now, now)) for id_ in ids]
        store.events.add(events, now=now)

    with at_work(workspace, "test", now) as worker:
        amid = Worker(workspace, sinks, worker.lease)
        while now < until:
            noise()
            sinks.before = noise
            report = tick(amid, now)
            assert not report.problems
            due = report.next_due if report.next_due is not None else until
            assert due > now, "the daemon would turn in circles"
            now = min(due, now + 7 * HOUR)
    return sinks, [row for row in store.ledger.rows() if not row.state.is_open]


def outcome_of(row: Row) -> str:
    return "contact" if row.state.is_contact else str(row.state)


def _has_row(decision: Decision, shop: Shop) -> bool:
    rule = shop.rulebook.rules[decision.rule]
    is_old = decision.trigger < shop.now and rule.status is Status.ACTIVE
    return not (rule.backfill == "none" and is_old)


@settings(UNHURRIED, max_examples=50, phases=[Phase.explicit, Phase.generate, Phase.shrink])
@given(shop=DELIVERABLE)
def test_random_shops_do_what_their_previews_show(shop: Shop, sqlite_file: Path) -> None:
    compare(shop, sqlite_file)


@settings(UNHURRIED, max_examples=6, phases=[Phase.explicit, Phase.generate])
@given(shop=DELIVERABLE)
def test_more_ticks_and_facts_that_concern_no_rule_change_nothing(shop: Shop, sqlite_file: Path) -> None:
    compare(shop, sqlite_file, happens=amid_noise)


@pytest.mark.slow
@settings(UNHURRIED, max_examples=500)
@given(shop=DELIVERABLE)
def test_many_random_shops_do_what_their_previews_show(shop: Shop, sqlite_file: Path) -> None:
    compare(shop, sqlite_file)


@pytest.mark.slow
@settings(UNHURRIED, max_examples=100)
@given(shop=DELIVERABLE)
def test_in_many_shops_more_ticks_and_facts_that_concern_no_rule_change_nothing(shop: Shop, sqlite_file: Path) -> None:
    compare(shop, sqlite_file, happens=amid_noise)


def test_the_sample_shop_does_what_its_preview_shows(tmp_path: Path) -> None:
    lay_down(tmp_path)
    with open_workspace(tmp_path, secret="a secret") as workspace:
        store = workspace.store
        take_sample(store, tmp_path)
        activate(store, load_rulebook(tmp_path), "test", MONDAY)
        foreseen = foresee(store, MONDAY)
        sinks, rows = let_it_happen(workspace, MONDAY)
    contacts = [one for one in foreseen if one.outcome is Outcome.CONTACT]
    assert len(contacts) > 50
    assert sinks.taken == sorted((one.at, one.occasion, one.channel or "") for one in contacts)
    assert {(row.decided_for, row.key, outcome_of(row), row.because) for row in rows} == {
        (one.at, one.occasion, str(one.outcome), one.because) for one in foreseen
    }
