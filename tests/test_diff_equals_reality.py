"""What a diff shows is what activation then does: the contacts before, with the difference, are the contacts after."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from shops import HOUR, UNHURRIED, Shop, shops
from sinks import Sinks

from scheduler.decisions.outcome import Decision
from scheduler.delivery.tick import tick
from scheduler.delivery.worker import Worker, at_work
from scheduler.errors import InputError
from scheduler.planning.activation import activate
from scheduler.planning.difference import Comparison, Kind, differences
from scheduler.planning.preview import preview
from scheduler.planning.rulebooks import active, as_active
from scheduler.planning.touched import spoken_to, touched
from scheduler.store import Store
from scheduler.store.columns import read_present
from scheduler.workspace import open_workspace

DAYS = 30
CAMPAIGN, HOUSE = "rules/all.yaml", "rules/house_rules.yaml"


EDITS: list[dict[str, Any]] = [
    {"before": "25 days"},
    {"before": "25 days", "after": "3 days", "ahead": None},
    {"by": ["phone", "email"]},
    {"priority": 90},
    {"again": "never"},
    {"status": "paused"},
    {"asks_for": "nothing", "only_if": None, "unless": None, "until": None},
    {"unless": ["marked"]},
    {"reason": "These are other words for the same reason."},
]
"""Keys of a rule as somebody writes them anew; None takes a key out."""

HOUSE_EDITS: list[dict[str, Any]] = [
    *[{}] * 15,
    {"frequency_caps": [{"at_most": 1, "within": "3 days"}]},
    {"lateness": "12 hours"},
    {"conditions": {"marked": {"means": "something else marks them", "event": "visited", "within": "10 days"}}},
]


@st.composite
def edits(draw: st.DrawFn) -> tuple[Shop, Shop]:
    """A shop, and the same shop after somebody edited a rule or two, or the house rules, or took a rule out."""
    shop = draw(shops(whole_language=True))
    campaign, house = (json.loads(shop.files[file]) for file in (CAMPAIGN, HOUSE))
    rules = campaign["rules"]
    for name in draw(st.sets(st.sampled_from(sorted(rules)), min_size=1, max_size=2)):
        if len(rules) > 1 and draw(st.integers(0, 4)) == 0:
            del rules[name]
            continue
        written = {**rules[name], **draw(st.sampled_from(EDITS))}
        rules[name] = {key: value for key, value in written.items() if value is not None}
    house |= draw(st.sampled_from(HOUSE_EDITS))
    return shop, replace(shop, files={**shop.files, CAMPAIGN: json.dumps(campaign), HOUSE: json.dumps(house)})


def contacts(store: Store, now: int) -> dict[str, Decision]:
    """The pending contacts by the rules that are active, as a preview shows them."""
    rules = active(store)
    assert rules is not None
    return {one.occasion: one for one in preview(store.customers.read(), rules, now, DAYS, silences=False)}


def compare(before: Shop, after: Shop, empty: Path, hours: int) -> int:
    """Go by some rules for a while, then by others, and hold the diff against what came of it; how much differed."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(empty, Path(folder) / "rightreason.db")
        with open_workspace(Path(folder), secret="a secret") as workspace:
            store, now = workspace.store, before.now
            before.fill(store)
            activated(store, before, now)
            with at_work(workspace, "test", now) as worker:
                tick(Worker(workspace, Sinks(workspace.settings), worker.lease), now)
            now += hours * HOUR
            expected = contacts(store, now)
            compared = Comparison(active(store), compiled(store, after, now))
            ids = spoken_to(store, compared, touched(store, compared, now), now, DAYS)
            seen = read_present(store, compared.programs, ids, chunk=2, arrays=False)
            found = list(differences(seen, compared, now, DAYS))
            activated(store, after, now)
            actual = contacts(store, now)
    for change in found:
        if change.before is not None:
            held = expected.pop(change.before.occasion)
            assert (held.at, held.channel) == (change.before.at, change.before.channel)
        if change.after is not None:
            expected[change.after.occasion] = change.after
    assert {(one.occasion, one.at, one.channel) for one in expected.values()} == {
        (one.occasion, one.at, one.channel) for one in actual.values()
    }
    assert all(change.differs or change.kind in {Kind.ADDED, Kind.CANCELLED} for change in found)
    return len(found)


def activated(store: Store, shop: Shop, now: int) -> None:
    try:
        activate(store, shop.rulebook, "test", now)
    except InputError:
        assume(False)


def compiled(store: Store, shop: Shop, now: int) -> Any:
    try:
        return as_active(store, shop.rulebook, now)
    except InputError:
        assume(False)


@settings(UNHURRIED, max_examples=50, phases=[Phase.explicit, Phase.generate, Phase.shrink])
@given(shops=edits(), hours=st.sampled_from([0, 1, 30]))
def test_after_activation_the_contacts_are_those_before_with_the_diff(
    shops: tuple[Shop, Shop], hours: int, sqlite_file: Path
) -> None:
    compare(*shops, sqlite_file, hours)


@pytest.mark.slow
@settings(UNHURRIED, max_examples=500)
@given(shops=edits(), hours=st.sampled_from([0, 1, 30]))
def test_after_many_activations_the_contacts_are_those_before_with_the_diff(
    shops: tuple[Shop, Shop], hours: int, sqlite_file: Path
) -> None:
    compare(*shops, sqlite_file, hours)
