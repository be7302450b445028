"""What tests of rules find true and false."""

from textwrap import indent

import pytest

from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.rulebook.rule_tests import rule_tests_from_texts
from scheduler.ruletests.coverage import coverage
from scheduler.ruletests.running import run_tests
from scheduler.ruletests.verdict import Verdict

HOUSE = """
timezone: Europe/Berlin
send_hours: {any: {from: "08:00", to: "20:00", days: all}}
frequency_caps: [{at_most: 1, within: 1 day}]
asks: {any: {gives: 90 days, value_window: none}}
"""
RULES = """
campaign: test
rules:
  check_in:
    reason: It has arrived and may need a hand.
    asks_for: nothing
    when: delivered
    after: 1 day
    before: 4 days
    unless: [{event: returned, same: order}]
    send: check_in
    by: [email]
  review:
    reason: They have had the benefit and like it.
    asks_for: review
    when: delivered
    after: 30 days
    before: 60 days
    only_if: [{event: scored, latest: score, at_least: 9, within: 90 days}]
    until: reviewed
    again: never
    send: review
    by: [email]
"""
STORY = """
customer: {name: Ana, email: ana@example.com, consent: [review]}
timeline:
  2026-03-01 09:00: {delivered: {order: A1}}
  2026-03-20 12:00: {scored: {score: 10}}
"""


def run(*tests: str, rules: str = RULES, house: str = HOUSE) -> list[Verdict]:
    book, _ = rulebook_from_texts({"rules/house_rules.yaml": house, "rules/test.yaml": rules})
    text = "tests:\n" + "".join(
        f"  - name: test {number}\n{indent(test.strip(), '    ')}\n" for number, test in enumerate(tests, 1)
    )
    found, findings = rule_tests_from_texts({"rules/tests/test.yaml": text})
    assert findings == []
    return list(run_tests(found, book))


def passes(wish: str, *more: str) -> bool:
    (verdict,) = run(STORY + "\n".join(more) + f"\nexpect: [{{{wish}}}]")
    return verdict.passed


@pytest.mark.parametrize(
    ("wish", "so"),
    [
        ("on: 2026-03-02, rule: check_in", True),
        ("on: 2026-03-02, rule: check_in, by: email", True),
        ("on: 2026-03-02, rule: check_in, by: sms", False),
        ("on: 2026-03-01, rule: check_in", False),
        ("on: 2026-03-03, rule: check_in", False),
        ("at: 2026-03-02 10:00, rule: check_in", True),
        ("at: 2026-03-02 10:01, rule: check_in", False),
        ("on: 2026-03-01, rule: check_in, outcome: waiting, because: window", True),
        ("on: 2026-03-01, rule: check_in, outcome: waiting, because: consent", False),
        ("on: 2026-03-01, rule: check_in, outcome: no_contact", True),
        ("on: 2026-03-02, rule: check_in, outcome: no_contact", False),
        ("on: 2026-03-10, rule: review, outcome: no_contact, because: window", True),
        ("on: 2026-03-10, rule: review, outcome: no_contact, because: [window, gives]", False),
        ("on: 2026-03-30, rule: review, outcome: waiting", True),
        ("on: 2026-03-31, rule: review", True),
        ("on: 2026-02-20, rule: check_in, outcome: waiting", False),
    ],
)
def test_what_is_expected_is_compared_with_what_is_decided(wish: str, so: bool) -> None:
    assert passes(wish) is so


def test_an_occasion_that_ends_is_expected_on_the_day_of_its_end() -> None:
    reviewed = STORY + "  2026-03-25 08:00: reviewed\n"
    (verdict,) = run(reviewed + "expect: [{on: 2026-03-31, rule: review, outcome: goal_reached, because: until}]")
    assert verdict.passed
    (verdict,) = run(reviewed + "expect: [{on: 2026-04-01, rule: review, outcome: goal_reached}]")
    assert not verdict.passed


def test_what_happens_later_is_not_known_earlier() -> None:
    low = STORY + "  2026-04-10 08:00: {scored: {score: 2}}\n"
    (verdict,) = run(low + "expect: [{on: 2026-03-31, rule: review}]")
    assert verdict.passed


def test_all_contacts_are_those_that_are_named_and_no_other() -> None:
    both = "expect_all: [{on: 2026-03-02, rule: check_in}, {on: 2026-03-31, rule: review}]"
    one = "expect_all: [{on: 2026-03-02, rule: check_in}]\nto: 2026-04-30"
    short = "expect_all: [{on: 2026-03-02, rule: check_in}]"
    other = both.replace("03-31", "03-30")
    all_, missing, before, moved = run(*(STORY + wish for wish in (both, one, short, other)))
    assert (all_.passed, before.passed) == (True, True)
    ((unexpected,), lacking) = missing.misses, [miss.wanted for miss in moved.misses]
    assert (unexpected.wanted, [one.rule for one in unexpected.actual]) == (None, ["review"])
    assert [wanted.rule if wanted else None for wanted in lacking] == ["review"]


def test_a_test_adds_to_the_one_that_it_extends() -> None:
    first = STORY + "expect: [{on: 2026-03-02, rule: check_in}]"
    second = (
        "extends: test 1\ncustomer: {timezone: America/New_York}\ntimeline: {2026-03-01 09:00: {returned: {order: A1}}}"
        "\nexpect: [{on: 2026-03-02, rule: check_in, outcome: no_contact, because: unless.1}]"
    )
    verdicts = run(first, second)
    assert [one.passed for one in verdicts] == [True, True]
    (story,) = verdicts[1].test.customers.values()
    assert (story["name"], story["timezone"]) == ("Ana", "America/New_York")


def test_every_customer_of_several_lives_through_the_timeline_on_their_own_clock() -> None:
    customers = "customers: {ana: {timezone: Asia/Tokyo, email: a@example.com}, ben: {email: b@example.com}}\n"
    timeline = "timeline: {2026-03-01 09:00: {delivered: {order: A1}}}\n"
    (verdict,) = run(customers + timeline + "expect: [{at: 2026-03-02 10:00, rule: check_in}]")
    assert verdict.passed
    assert len({one.at for one in verdict.seen if one.outcome == "contact"}) == 2


def test_consent_is_given_from_the_first_day_on_and_may_be_withdrawn() -> None:
    wish = "expect: [{on: 2026-03-31, rule: review, outcome: waiting, because: consent}]"
    never, withdrawn, again = run(
        STORY.replace(", consent: [review]", "") + wish,
        STORY + "  2026-03-30 08:00: {consent: {review: false}}\n" + wish,
        STORY
        + "  2026-03-30 08:00: {consent: {review: false}}\n  2026-03-30 09:00: {consent: {review: true}}\n"
        + wish,
    )
    assert [one.passed for one in (never, withdrawn, again)] == [True, True, False]


def test_dates_and_moments_are_what_an_import_makes_of_them() -> None:
    rules = """
campaign: test
rules:
  birthday: {reason: It is their birthday today indeed., asks_for: nothing, when: {date: birthday}, before: 1 day, send: card, by: [email]}
  reminder:
    reason: Their appointment is tomorrow at the workshop.
    asks_for: nothing
    when: {event: booked, date: starts}
    ahead: 1 day
    send: reminder
    by: [email]
"""
    (verdict,) = run(
        """
customer: {name: Ana, email: ana@example.com, birthday: 1990-03-05}
timeline: {2026-03-01 09:00: {booked: {starts: 2026-03-10 15:00}}}
expect_all: [{on: 2026-03-05, rule: birthday}, {on: 2026-03-09, rule: reminder}]
""",
        rules=rules,
    )
    assert verdict.passed


def test_only_the_rules_of_the_named_files_take_part() -> None:
    book, _ = rulebook_from_texts(
        {"rules/house_rules.yaml": HOUSE, "rules/a.yaml": RULES, "rules/b.yaml": RULES.replace("in:", "in_b:")}
    )
    text = f"rules: ../a.yaml\ntests:\n  - name: x\n{indent(STORY.strip(), '    ')}\n    expect_all: [{{on: 2026-03-02, rule: check_in}}]\n"
    (found,), findings = rule_tests_from_texts({"rules/tests/t.yaml": text})
    assert findings == []
    assert [one.passed for one in run_tests([found], book)] == [True]


def test_what_the_tests_reach_of_each_rule_is_told() -> None:
    book, _ = rulebook_from_texts({"rules/house_rules.yaml": HOUSE, "rules/test.yaml": RULES})
    from scheduler.decisions.program import compile_rules

    verdicts = run(
        STORY + "expect: [{on: 2026-03-02, rule: check_in}]",
        STORY.replace("10}", "3}") + "expect: [{on: 2026-03-31, rule: review, outcome: waiting, because: only_if}]",
    )
    check_in, review = coverage(compile_rules(book), verdicts)
    assert (check_in.contacted, check_in.unreached) == (True, ("unless.1", "consent"))
    assert (review.contacted, review.gates["only_if.1"], review.gates["again"]) == (False, True, False)
    assert {"window", "value_window"} & review.gates.keys() == set()
    assert "gives" in review.gates
