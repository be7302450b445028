from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.cli.silences import in_words
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.reader import load_rulebook

STARTER = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(STARTER)


def test_every_gate_of_every_rule_has_words(rulebook: Rulebook) -> None:
    from scheduler.decisions.program import compile_rules

    program = compile_rules(rulebook)
    for rule, gates in zip(program.rules, program.gates, strict=True):
        for gate in gates:
            words = in_words(gate.name, rulebook, rule)
            assert words
            assert words != gate.name


def test_a_named_condition_is_told_in_its_own_words(rulebook: Rulebook) -> None:
    assert in_words("blocked.unresolved", rulebook, None) == rulebook.conditions["unresolved"].means


def test_what_should_hold_and_does_not_is_told_as_not_so(rulebook: Rulebook) -> None:
    assert in_words("only_if.happy", rulebook, None) == f"not so: {rulebook.conditions['happy'].means}"


def test_a_cap_is_told_with_its_number_and_time(rulebook: Rulebook) -> None:
    assert in_words("cap.1", rulebook, None) == "contacted often enough (at most 1 within 1 day)"


def test_a_cap_that_is_gone_from_the_house_rules_still_has_words(rulebook: Rulebook) -> None:
    assert in_words("cap.99", rulebook, None) == "contacted often enough"


def test_an_inline_condition_is_told_by_what_the_rule_says(rulebook: Rulebook) -> None:
    rule = rulebook.rules["exit_questions"]
    assert in_words("only_if.1", rulebook, rule) == "not so: phone is not known"


def test_what_has_to_be_given_first_is_told_of_those_who_were_never_asked_too(rulebook: Rulebook) -> None:
    assert in_words("gives", rulebook, rulebook.rules["referral_ask"]) == (
        "a contact that asks for nothing has to come first, within 90 days and after the last ask"
    )
