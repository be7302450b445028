"""Files of tests of rules: what is wrong with them, and where."""

import pytest

from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.rulebook.rule_test_reader import rule_tests_from_texts
from scheduler.rulebook.rule_tests import not_dates, unknown_names, vain_expectations

FILE = "rules/tests/t.yaml"
GOOD = """
tests:
  - name: it goes
    customer: {name: Ana, consent: [offers]}
    timeline: {2026-03-01 09:00: bought}
    expect: [{on: 2026-03-02, rule: check_in}]
"""
RULES = """
campaign: test
rules:
  check_in:
    reason: It has arrived and may need a hand.
    asks_for: nothing
    when: delivered
    send: check_in
    by: [email]
  card:
    reason: It is their birthday today indeed.
    asks_for: nothing
    when: {date: birthday}
    before: 1 day
    send: card
    by: [email]
    status: draft
"""


def found(text: str) -> list[str]:
    tests, findings = rule_tests_from_texts({FILE: text})
    book, _ = rulebook_from_texts({"rules/a.yaml": RULES, "rules/b.yaml": RULES.replace("check_in:", "check_in_b:")})
    findings += unknown_names(tests, ["check_in", "check_in_b", "card"], ["care", "offers"])
    findings += vain_expectations(tests, book)
    findings += not_dates(tests, book)
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
        (
            "2026-03-01 09:00: bought",
            "0001-01-01 09:00: bought",
            "5:16 bad-moment: '0001-01-01 09:00' is out of reach: tests tell of the years 1900 to 2199",
        ),
        (
            "on: 2026-03-02",
            "on: 2200-01-01",
            "6:19 bad-date: '2200-01-01' is out of reach: tests tell of the years 1900 to 2199",
        ),
        (
            "name: Ana",
            "timezone: Europe/Berln",
            "4:16 unknown-zone: there is no time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?",
        ),
        (
            "name: Ana",
            "timezone: 5",
            "4:16 unknown-zone: 'timezone' holds no name of a zone; zones are named like Europe/Berlin",
        ),
        (
            "    timeline: {2026-03-01 09:00: bought}\n    expect: [{on: 2026-03-02, rule: check_in}]\n",
            "    expect_all: []\n",
            "3:5 no-day: nothing happens in this test, and it names no day; write from: 2026-03-01 and to: 2026-03-31, or a timeline",
        ),
        (
            "    timeline",
            "    from: 2026-03-02\n    to: 2026-03-01\n    timeline",
            "6:5 vain-expectation: the story would end on 2026-03-01, before it begins on 2026-03-02; let 'to' be later, or 'from' earlier",
        ),
        (
            "    timeline",
            "    to: 2026-02-01\n    timeline",
            "5:5 vain-expectation: the story would end on 2026-02-01, before it begins on 2026-03-01; let 'to' be later",
        ),
        (
            "    expect: ",
            "    to: 2026-03-01\n    expect_all: ",
            "7:18 vain-expectation: the story ends on 2026-03-01, and this lies after; write an earlier day, or let 'to' be later",
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
        (
            "2026-03-01 09:00: bought",
            "2026-03-01 24:00: bought",
            "5:16 bad-moment: '2026-03-01 24:00' is no local time of a day; write it like 2026-04-10 12:00, in the customer's local time",
        ),
        (
            "customer: {name: Ana, consent: [offers]}",
            "customers: {}",
            "4:16 empty-value: 'customers' is empty or too short; write more, or take the key out",
        ),
        (
            "bought}",
            "{consent: {offers: yes}}}",
            "5:45 wrong-kind: 'yes' stands in 'offers'; write true where the customer agrees, false where they withdraw",
        ),
        (
            "bought}",
            "[bought, {consent: {offers: 0}}]}",
            "5:54 wrong-kind: '0' stands in 'offers'; write true where the customer agrees, false where they withdraw",
        ),
        (
            "bought}",
            "consent}",
            "5:16 empty-value: 'consent' says nothing of any topic; write consent: {offers: false}, or true",
        ),
        (
            "bought}",
            "[bought, consent]}",
            "5:43 empty-value: 'consent' says nothing of any topic; write consent: {offers: false}, or true",
        ),
        (
            "    timeline",
            "    from: 2026-03-03\n    timeline",
            "7:14 vain-expectation: the story begins on 2026-03-03, and this lies before; write a later day, or let 'from' be earlier",
        ),
        (
            "rule: check_in",
            "rule: check_in, because: window",
            "6:47 vain-expectation: gates that said no stand in 'because', and here a contact is expected; take it out, or write an outcome beside it, like outcome: no_contact",
        ),
        (
            "rule: check_in",
            "rule: check_in, outcome: no_contact, by: email",
            "6:68 vain-expectation: only a contact goes by a channel, and here the outcome is no_contact; take it out",
        ),
        (
            "rule: check_in",
            "rule: card, outcome: no_contact",
            "6:31 vain-expectation: 'card' is a draft, and nothing comes of drafts; let it be active, or take this out until it is",
        ),
        (
            "tests:\n",
            "rules: ../b.yaml\ntests:\n",
            "7:31 vain-expectation: 'check_in' takes no part: it stands in rules/a.yaml, and rules: ../b.yaml; let 'rules' take that file too, or take this out",
        ),
        (
            "tests:\n",
            "rules: ../ab.yaml\ntests:\n",
            "2:1 vain-expectation: '../ab.yaml' is no file of rules, as seen from rules/tests; did you mean '../b.yaml'?",
        ),
        (
            "name: Ana",
            "birthday: 15 March 1990",
            "4:16 bad-date: '15 March 1990' is no date, and 'card' waits for one in 'birthday'; write it like 1990-05-17",
        ),
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


def test_who_extends_a_test_with_a_mistake_is_told_of_that_mistake_alone() -> None:
    text = GOOD.replace("name: Ana", "name: [Ana]")
    for name, extends in (("then", "it goes"), ("and then", "then")):
        text += f"  - name: {name}\n    extends: {extends}\n    expect: [{{on: 2026-03-02, rule: check_in}}]\n"
    assert found(text) == ["4:16 wrong-kind: 'name' holds a list; only consent does; write one value"]


def test_a_day_before_the_first_one_is_told_where_that_was_taken_over_too() -> None:
    text = GOOD.replace("on: 2026-03-02", "on: 2026-03-04").replace(
        "    timeline", "    from: 2026-03-03\n    timeline"
    )
    text += "  - name: then\n    extends: it goes\n    expect: [{at: 2026-03-02 10:00, rule: check_in, outcome: no_contact}]\n"
    assert [one.partition(":")[2][:19] for one in found(text)] == ["14 vain-expectation"]


def test_a_file_without_tests_says_how_to_begin() -> None:
    assert found("- a\n") == ["1:1 wrong-kind: the file holds no keys with values; tests are written under 'tests:'"]
    assert found("tests: []\n")[0].startswith("1:8 empty-value")


def test_an_end_before_the_beginning_is_told_where_it_was_taken_over_too() -> None:
    text = GOOD.replace("    timeline", "    to: 2026-03-03\n    timeline")
    text += "  - name: then\n    extends: it goes\n    from: 2026-03-04\n    expect_all: []\n"
    assert [one.partition(":")[0] for one in found(text)] == ["10"]
