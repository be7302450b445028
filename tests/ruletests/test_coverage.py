"""What the tests reach of the rules."""

from told_stories import HOUSE, RULES, STORY, run

from scheduler.decisions.program import compile_rules
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.ruletests.coverage import coverage


def test_what_the_tests_reach_of_each_rule_is_told() -> None:
    book, _ = rulebook_from_texts({"rules/house_rules.yaml": HOUSE, "rules/test.yaml": RULES})
    verdicts = run(
        STORY + "expect: [{on: 2026-03-02, rule: check_in}]",
        STORY.replace("10}", "3}") + "expect: [{on: 2026-03-31, rule: review, outcome: waiting, because: only_if}]",
    )
    check_in, review = coverage(compile_rules(book), verdicts)
    assert (check_in.contacted, check_in.unreached) == (True, ("unless.1", "consent"))
    assert (review.contacted, review.gates["only_if.1"], review.gates["again"]) == (False, True, False)
    assert {"window", "value_window"} & review.gates.keys() == set()
    assert "gives" in review.gates
