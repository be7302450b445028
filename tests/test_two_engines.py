"""The engine decides as a second one does: slow, obvious, and written from the page that describes both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from second_engine.walk import SecondDecision, second_decisions
from shops import UNHURRIED, Shop, shops

from scheduler.decisions.compiled import Kernel
from scheduler.decisions.decide import decide
from scheduler.decisions.outcome import Decision
from scheduler.decisions.program import compile_rules
from scheduler.wallclock import DAY

Told = tuple[str, int, str | None, tuple[str, ...]]
"""A decision, as far as it is compared: the outcome, its instant, the channel and the causes."""

GATES: Mapping[str, str] = {
    "cancelled": "active",
    "superseded": "again",
    "goal_reached": "until",
    "held_out": "holdout",
}
"""The gate by whose no alone an occasion ends so: it has to be named, and the others need not be."""


@dataclass(frozen=True)
class Walk:
    """From when to when the engines walk, and when the rules were activated; counted in days from the shop's now."""

    since: int
    until: int
    activated: int | None

    def within(self, shop: Shop) -> tuple[Shop, int, int, dict[str, int]]:
        """The shop with what the ledger remembers at the beginning, the two ends, and the activation of each rule."""
        since, until = shop.now + self.since * DAY, shop.now + self.until * DAY
        before = [
            replace(one, contacts=tuple(contact for contact in one.contacts if contact.at < since))
            for one in shop.customers
        ]
        names = json.loads(shop.files["rules/all.yaml"])["rules"]
        activated = {} if self.activated is None else dict.fromkeys(names, shop.now + self.activated * DAY)
        return replace(shop, customers=before), since, until, activated


SHOPS = shops(whole_language=True, remembered=True)
WALKS = st.builds(
    Walk,
    since=st.sampled_from([0, 0, 0, -3, -12]),
    until=st.sampled_from([30, 18, 3]),
    activated=st.sampled_from([None, 0, -3]),
)


def compare(shop: Shop, walk: Walk) -> None:
    """Let both engines decide about a shop, and fail where they differ."""
    shop, since, until, activated = walk.within(shop)
    book = shop.rulebook
    program = compile_rules(book)
    first = list(decide(program, shop.customers, since, until, activated=activated))
    second = second_decisions(book, shop.customers, since, until, activated=activated)
    by_first = {decision.occasion: decision for decision in first}
    by_second = {decision.occasion: decision for decision in second}
    for key in sorted({*by_first, *by_second}):
        _agree(shop, by_first.get(key), by_second.get(key))
    assert [decision.occasion for decision in first] == [decision.occasion for decision in second]


def _agree(shop: Shop, first: Decision | None, second: SecondDecision | None) -> None:
    if _told(first) == _told(second):
        return
    decided = first or second
    assert decided is not None
    rule = json.loads(shop.files["rules/all.yaml"])["rules"][decided.rule]
    [customer] = [one for one in shop.customers if one.id == decided.customer]
    pytest.fail(
        f"The engines differ about {decided.occasion}.\n\nfirst:  {first}\nsecond: {second}\n\n"
        f"rule: {json.dumps(rule)}\n\nhouse: {shop.files['rules/house_rules.yaml']}\n\ncustomer: {customer}"
    )


def _told(decision: Decision | SecondDecision | None) -> Told | None:
    if decision is None:
        return None
    outcome, because = str(decision.outcome), decision.because
    if outcome in GATES and GATES[outcome] in because:
        because = (GATES[outcome],)
    return outcome, decision.at, decision.channel, because


@settings(UNHURRIED, max_examples=200, derandomize=True)
@given(shop=SHOPS, walk=WALKS)
def test_both_engines_decide_the_same_about_random_shops(shop: Shop, walk: Walk) -> None:
    compare(shop, walk)


@pytest.mark.slow
@settings(UNHURRIED, max_examples=2000)
@given(shop=SHOPS, walk=WALKS)
def test_both_engines_decide_the_same_about_many_random_shops(shop: Shop, walk: Walk) -> None:
    compare(shop, walk)


@settings(UNHURRIED, max_examples=60, derandomize=True)
@given(shop=SHOPS, walk=WALKS)
def test_machine_code_decides_the_same_as_plain_python(shop: Shop, walk: Walk, compiled_kernel: Kernel) -> None:
    shop, since, until, activated = walk.within(shop)
    program = compile_rules(shop.rulebook)
    plain = decide(program, shop.customers, since, until, activated=activated)
    compiled = decide(program, shop.customers, since, until, activated=activated, by=compiled_kernel)
    assert list(plain) == list(compiled)
