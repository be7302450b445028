"""Stories that the tests of these modules tell, with a few rules."""

from textwrap import indent

from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.rulebook.rule_test_reader import rule_tests_from_texts
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
