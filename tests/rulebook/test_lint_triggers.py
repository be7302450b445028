from __future__ import annotations

import pytest
from language_examples import rule
from rulebook_shop import RULE, read

from scheduler.rulebook.lint.subject import Known
from scheduler.rulebook.reader import rulebook_from_texts

FIRST_DAY = "starts: 2026-01-01"


def found(*lines: str, when: str) -> list[tuple[str, str]]:
    _, findings = read(rules__examples=rule(*lines, when=when))
    return [(finding.code, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    ("every", "spread", "warned"),
    [
        ("week", "1 week", False),
        ("week", "5 business days", False),
        ("week", "8 days", True),
        ("month", "31 days", False),
        ("month", "32 days", True),
        ("90 days", "3 months", False),
        ("90 days", "4 months", True),
        ("1 year", "366 days", False),
    ],
)
def test_a_spread_is_no_longer_than_the_period(every: str, spread: str, warned: bool) -> None:
    codes = found(FIRST_DAY, when=f"{{every: {every}, spread: {spread}}}")
    assert codes == ([("bad-spread", "warning")] if warned else [])


@pytest.mark.parametrize("period", ["week", "month"])
def test_a_day_in_the_wrong_place_and_no_first_day_are_told_at_once(period: str) -> None:
    day = "tuesday" if period == "month" else "1"
    assert found(when=f"{{every: {period}, on: {day}, spread: 2 hours}}") == [
        ("every-without-starts", "error"),
        ("wrong-on", "error"),
        ("bad-spread", "error"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "warned"),
    [("active", "active", False), ("draft", "active", True), ("paused", "active", True), ("draft", "draft", False)],
)
def test_a_rule_that_speaks_is_not_to_follow_one_that_does_not(first: str, second: str, warned: bool) -> None:
    follows = rule(f"status: {second}", when="{contact: example}")
    text = rule(f"status: {first}") + "  second:\n" + follows.partition("  example:\n")[2]
    _, findings = read(rules__examples=text)
    assert [finding.code for finding in findings] == (["silent-rule"] if warned else [])


def test_a_rule_that_could_not_be_read_may_be_followed() -> None:
    text = rule("priority: high") + "  second:\n" + rule(when="{contact: example}").partition("  example:\n")[2]
    assert [finding.code for finding in read(rules__examples=text)[1]] == ["wrong-kind"]


def test_our_contacts_are_no_event_that_could_be_unseen() -> None:
    text = rule("after: 90 days", "by: [email]", when="{silence: contact}")
    files = {"rules/r.yaml": text, "templates/hello.email.md": "Hello!\n"}
    assert rulebook_from_texts(files, known=Known(events=frozenset({"order_placed"})))[1] == []


def test_a_rule_that_may_stand_in_a_file_that_could_not_be_read_is_not_missed() -> None:
    _, findings = read(rules__broken="campaign: [", rules__examples=rule(when="{contact: elsewhere}"))
    assert [finding.code for finding in findings] == ["bad-yaml"]


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("task_assigned", [("contact-circle", "error")]),
        ("{event: task_assigned, where: {assignee: maria}}", [("contact-circle", "error")]),
        ("{event: task_assigned, where: {rule: welcome}}", []),
        ("task_done", []),
    ],
)
def test_a_task_is_not_the_trigger_of_its_own_next_one(when: str, found: list[tuple[str, str]]) -> None:
    text = RULE.replace("send: hello", "assign: care\n    script: call").replace("[email]", "[phone]")
    [line] = [line for line in text.splitlines() if line.strip().startswith("when:")]
    _, findings = read(rules__tested=text.replace(line, f"    when: {when}"))
    assert [(finding.code, finding.severity) for finding in findings] == found
