"""Whatever the rules and the facts are, they are explained, and as they were decided."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from shops import Shop, shops

from scheduler.decisions.causes import Cause
from scheduler.decisions.decide import decide
from scheduler.decisions.outcome import Outcome
from scheduler.decisions.program import Program, compile_rules
from scheduler.decisions.trace import Explanation, explain
from scheduler.wallclock import DAY

SPAN = 60 * DAY


def explained(shop: Shop) -> tuple[Program, list[Explanation]]:
    program = compile_rules(shop.rulebook)
    since = shop.now - SPAN
    return program, [one for customer in shop.customers for one in explain(program, customer, since, shop.now)]


@settings(max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(shop=shops(whole_language=True, remembered=True))
def test_an_explanation_is_of_what_was_decided(shop: Shop) -> None:
    program, explanations = explained(shop)
    assert [one.decision for one in explanations] == list(decide(program, shop.customers, shop.now - SPAN, shop.now))
    for one in explanations:
        refused = {gate.gate for gate in one.gates if not gate.ok}
        if one.decision.outcome is Outcome.CONTACT:
            assert refused == set()
        elif one.decision.outcome.ends and one.asked is not None:
            assert {*one.decision.because} <= refused
        assert all(gate.wanted and gate.actual for gate in one.gates)
        assert all(gate.changed_by == () for gate in one.gates if gate.ok)


@settings(max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(shop=shops(whole_language=True, remembered=True))
def test_what_took_the_ground_away_is_found_wherever_gate_four_says_no(shop: Shop) -> None:
    program, explanations = explained(shop)
    rules = program.rulebook.rules
    for one in explanations:
        (until,) = [gate for gate in one.gates if gate.gate == Cause.UNTIL]
        if one.voided:
            assert not until.ok
        if not until.ok and rules[one.decision.rule].until is None:
            assert one.voided
