"""Files of tests of rules: what is wrong with them, and where."""

import pytest

from scheduler.rulebook.rule_tests import rule_tests_from_texts, unknown_names

FILE = "rules/tests/t.yaml"
GOOD = """
tests:
  - name: it goes
    customer: {name: Ana, consent: [offers]}
    timeline: {2026-03-01 09:00: bought}
    expect: [{on: 2026-03-02, rule: check_in}]
"""


def found(text: str) -> list[str]:
    tests, findings = rule_tests_from_texts({FILE: text})
    findings += unknown_names(tests, ["check_in"], ["care", "offers"])
    return [f"{one.place.line}:{one.place.column} {one.code}: {one.message}; {one.way_out}" for one in findings]


def test_a_good_file_has_no_findings() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("written", "instead", "finding"),
    [
        ("on: 2026-03-02", "on: 2026-02-30", "6:19 bad-date: '2026-02-30' is no date; write it like 2026-12-24"),
        (
            "2026-03-01 09:00: bought",
            "2026-03-01 25:00: bought",
            "5:16 bad-moment: '2026-03-01 25:00' is no local time of a day; write it like 2026-04-10 12:00, in the customer's local time",
        ),
        ("customer:", "custmer:", "4:5 unknown-key: 'custmer' is no key of a test; did you mean 'customer'?"),
        (
            "on: 2026-03-02, ",
            "",
            "6:14 no-day: this names no day; write either on: 2026-04-30, or at: 2026-04-30 10:00",
        ),
        (
            "on: 2026-03-02, ",
            "on: 2026-03-02, at: 2026-03-02 10:00, ",
            "6:14 no-day: this names a day and a moment; write either on: 2026-04-30, or at: 2026-04-30 10:00",
        ),
        ("rule: check_in", "rule: chek_in", "6:31 unknown-rule: there is no rule 'chek_in'; did you mean 'check_in'?"),
        ("[offers]", "[ofers]", "3:5 unknown-topic: there is no topic 'ofers' to agree to; did you mean 'offers'?"),
        (
            "rule: check_in",
            "rule: check_in, customer: ben",
            "6:47 unknown-person: this test has no customer 'ben'; there are customer",
        ),
        ("name: Ana", "name: [Ana]", "4:16 wrong-kind: 'name' holds a list; only consent does; write one value"),
        (
            "    expect: [{on: 2026-03-02, rule: check_in}]\n",
            "",
            "3:5 no-expectation: 'it goes' expects nothing; add expect",
        ),
        (
            "    customer: {name: Ana, consent: [offers]}\n",
            "",
            "3:5 missing-key: the test has no customer; add customer: {name: Ana, email: ana@example.com}",
        ),
        (
            "    timeline",
            "    customers: {ben: {name: Ben}}\n    timeline",
            "5:5 two-customers: the test has one customer and several; write customer, or customers by name",
        ),
        (
            "name: it goes",
            "name: it goes\n    extends: it gos",
            "4:5 unknown-test: no test before this one is called 'it gos'; write the one that is extended above this one",
        ),
        ("rule: check_in", "rule: check_in, outcome: sent", "6:56 bad-value: 'sent' can't stand in 'outcome'; "),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_way_out(written: str, instead: str, finding: str) -> None:
    assert written in GOOD
    assert [one[: len(finding)] for one in found(GOOD.replace(written, instead, 1))][:1] == [finding]


def test_two_tests_of_one_name_are_refused() -> None:
    text = GOOD + GOOD.split("tests:\n")[1]
    assert found(text) == [
        f"7:5 duplicate-name: there is a test 'it goes' already, in {FILE}:3:5; give one of them another name"
    ]


def test_a_file_without_tests_says_how_to_begin() -> None:
    assert found("- a\n") == ["1:1 wrong-kind: the file holds no keys with values; tests are written under 'tests:'"]
    assert found("tests: []\n")[0].startswith("1:8 empty-value")
