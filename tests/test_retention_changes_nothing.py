"""What left for the archive changes nothing that is decided from then on: a shop with and without it, side by side."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from keeping import AT_ONCE, BIRTHDAY, HOUSE, at, rulebook
from shops import DELIVERABLE, HOUR, UNHURRIED, Shop
from sinks import Sinks

from scheduler.decisions.facts import Customer, Event
from scheduler.decisions.outcome import Decision
from scheduler.decisions.program import compile_rules
from scheduler.delivery.simulation import simulate
from scheduler.delivery.tick import tick
from scheduler.delivery.worker import Worker, at_work
from scheduler.errors import InputError
from scheduler.planning.activation import activate
from scheduler.planning.lookback import look_back
from scheduler.planning.preview import preview
from scheduler.planning.rulebooks import active
from scheduler.planning.tidying import archive_of, tidy
from scheduler.store import CustomerEvent, State, Store, archive
from scheduler.wallclock import DAY
from scheduler.workspace import Workspace, open_workspace

MONTH = 30 * DAY
KEPT = dict.fromkeys(("occasions", "events", "tasks", "attempts", "notes", "traffic"), "1 month")


@contextmanager
def at_the_shop(folder: Path) -> Iterator[Workspace]:
    with open_workspace(folder, secret="a secret", retention=KEPT) as workspace:
        yield workspace


def live(workspace: Workspace, now: int, until: int) -> Sinks:
    """Let the daemon work; what it sent."""
    sinks = Sinks(workspace.settings)
    with at_work(workspace, "test", now) as worker:
        for _ in simulate(Worker(workspace, sinks, worker.lease), now, until):
            pass
    return sinks


def goes_by(store: Store, now: int) -> list[Decision]:
    rules = active(store)
    assert rules is not None
    return list(preview(store.customers.read(), rules, now, 30))


def what_comes(workspace: Workspace, shop: Shop, now: int) -> tuple[Any, ...]:
    """What is foreseen at `now`, what then happens in a month in which as much is learned as before, and the rows."""
    store, by = workspace.store, now - shop.now
    before = goes_by(store, now)
    news = [
        CustomerEvent(one.id, replace(event, id=f"again-{event.id}", at=event.at + by, known_at=event.known_at + by))
        for one in shop.customers
        for event in one.events
    ]
    store.events.add(news, now=now)
    sent = live(workspace, now, now + MONTH).taken
    rows = [row for row in store.ledger.rows() if row.state.is_open or (row.decided_at or 0) >= now]
    # What is learned of a window that had closed before what left tells no more that it came too late.
    rows = [row for row in rows if row.closes >= now - HOUR - MONTH or row.state is not State.TOO_LATE]
    return before, sent, [replace(row, message_id="", provider_id="", sender="") for row in rows]


def compare(shop: Shop, empty: Path, later: int) -> dict[str, list[str]]:
    """Let a shop work, then so much later with and without what may leave; the events and the rules' rows that left."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        shutil.copy(empty, Path(one) / "rightreason.db")
        with at_the_shop(Path(one)) as workspace:
            shop.fill(workspace.store)
            try:
                activate(workspace.store, shop.rulebook, "test", shop.now)
            except InputError:
                assume(False)
            live(workspace, shop.now, shop.now + 5 * DAY)
            now = shop.now + later
            with at_work(workspace, "test", now) as worker:
                tick(Worker(workspace, Sinks(workspace.settings), worker.lease), now)
            workspace.store.copy(Path(other) / "rightreason.db")
            with at_the_shop(Path(other)) as whole:
                kept = what_comes(whole, shop, now + HOUR)
            tidy(workspace, now)
            assert what_comes(workspace, shop, now + HOUR) == kept
            events, rows = (archive.read(archive_of(workspace), table) for table in ("event", "occasion"))
    return {
        "events": sorted({row["name"] for row in events.to_dicts()}),
        "occasions": sorted({row["rule"] for row in rows.to_dicts()}),
    }


def reach_of(shop: Shop) -> int:
    return look_back(compile_rules(shop.rulebook)).reach


HOUSE_THAT_REMEMBERS = (
    HOUSE
    + """
open_things: {ticket: {opened_by: asked, closed_by: answered}}
value_window: {delivered_by: delivered, default: 30 days}
"""
)
RULES_THAT_LOOK_BACK = (
    AT_ONCE.replace("thanks:", "again:") + "  only_if: [{event: bought, count: true, at_least: 2}]\n"
    f"{AT_ONCE.replace('thanks:', 'welcome:')}  again: never\n"
    f"{AT_ONCE.replace('thanks:', 'sorry:')}  unless: [{{open: ticket}}]\n"
    f"{AT_ONCE.replace('thanks:', 'hello:')}  only_if: [{{contact: card}}]\n"
    f"{AT_ONCE.replace('thanks:', 'tell:').replace('nothing', 'review')}"
    f"{AT_ONCE.replace('thanks:', 'more:').replace('when: bought', 'when: {contact: hello}')}"
    f"{AT_ONCE.replace('thanks:', 'lately:')}  only_if: [{{event: bought, count: true, at_least: 2, within: 60 days}}]\n"
    f"{BIRTHDAY}"
    f"{BIRTHDAY.replace('card:', 'letter:').replace('{date: birthday}', '{every: month, on: 9}')}  starts: 2026-01-01\n"
)


@pytest.fixture
def shop() -> Shop:
    now = at("2026-03-05 12:00")
    names = ("bought", "delivered", "asked", "noise")
    happened = tuple(Event(name, name, now + n * HOUR, now + n * HOUR) for n, name in enumerate(names))
    ana = Customer("ana", {"email": "ana@example.com", "birthday": date(1990, 3, 7)}, happened)
    return Shop(dict(rulebook(RULES_THAT_LOOK_BACK, HOUSE_THAT_REMEMBERS).files), [ana], now)


def test_rules_that_look_back_in_every_way_decide_as_if_nothing_had_left(shop: Shop, sqlite_file: Path) -> None:
    assert compare(shop, sqlite_file, reach_of(shop) + 12 * DAY) == {
        # `bought`, `delivered` and `asked` stay, and so do the contacts by `welcome` and `card`
        "events": ["noise"],
        "occasions": ["again", "hello", "lately", "letter", "more", "sorry", "tell"],
    }


def test_what_is_as_old_as_is_set_stays_while_a_rule_may_look_at_it(shop: Shop, sqlite_file: Path) -> None:
    assert compare(shop, sqlite_file, 45 * DAY) == {"events": [], "occasions": []}


@pytest.mark.slow
@settings(UNHURRIED, max_examples=40)
@given(shop=DELIVERABLE)
def test_random_shops_decide_as_if_nothing_had_left(shop: Shop, sqlite_file: Path) -> None:
    try:
        later = reach_of(shop) + 3 * DAY
    except InputError:
        assume(False)
    compare(shop, sqlite_file, later)
