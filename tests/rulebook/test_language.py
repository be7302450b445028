from __future__ import annotations

import re
from pathlib import Path

import pytest
from language_examples import (
    ACCEPTED_CONDITIONS,
    ACCEPTED_RULES,
    ACCEPTED_TRIGGERS,
    CAMPAIGN,
    EVERY_WEEK,
    HOUSE_RULES,
    TEMPLATES,
    rule,
    with_condition,
)
from rulebook_shop import WELCOME, read

from scheduler.decisions.program import MOST_GATES, compile_rules
from scheduler.durations import Duration
from scheduler.rulebook.model import (
    TRIGGER_FORMS,
    Again,
    ChannelUse,
    EventDateTrigger,
    EveryTrigger,
    Status,
    Weekday,
)
from scheduler.rulebook.reader import rulebook_from_texts

FILES = {"rules/after_the_purchase.yaml": CAMPAIGN, "rules/house_rules.yaml": HOUSE_RULES} | {
    f"templates/{name}": "Hello!\n" for name in TEMPLATES
}
PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
NEEDED = {"every:": "starts: 2026-01-01", "silence:": "after: 90 days"}


def triggers_of_the_page() -> list[str]:
    """The triggers in the first column of the page's table."""
    table = PAGE.read_text(encoding="utf-8").split("\n## Triggers\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `") and "`when`" not in line]
    return [trigger for cell in cells for trigger in re.findall(r"`([^`]+)`", cell)]


def test_the_campaign_and_the_house_rules_of_the_documentation_are_accepted() -> None:
    book, findings = rulebook_from_texts(FILES)
    assert findings == []
    assert list(book.rules) == ["delivery_check_in", "referral_ask", "birthday_card", "exit_interview"]


def test_their_values_are_what_they_say() -> None:
    book, _ = rulebook_from_texts(FILES)
    assert book.rules["delivery_check_in"].at == 600
    assert book.rules["referral_ask"].after == "value_window"
    assert book.rules["referral_ask"].again == Again(after=Duration.parse("365 days"))
    assert book.rules["birthday_card"].by == (
        ChannelUse("post", Duration.parse("4 business days")),
        ChannelUse("email"),
    )


@pytest.mark.parametrize("text", [*ACCEPTED_RULES, *ACCEPTED_TRIGGERS])
def test_a_rule_of_this_form_is_accepted(text: str) -> None:
    assert read(rules__examples=text)[1] == []


@pytest.mark.parametrize("condition", ACCEPTED_CONDITIONS)
def test_a_condition_of_this_form_is_accepted(condition: str) -> None:
    assert read(rules__examples=with_condition(condition))[1] == []


def test_every_form_of_a_trigger_has_an_example() -> None:
    shown = {type(read(rules__examples=text)[0].rules["example"].when) for text in ACCEPTED_TRIGGERS}
    assert shown == {EventDateTrigger, *TRIGGER_FORMS.values()}


@pytest.mark.parametrize("text", [*ACCEPTED_RULES, *ACCEPTED_TRIGGERS, *map(with_condition, ACCEPTED_CONDITIONS)])
def test_what_is_accepted_can_be_compiled(text: str) -> None:
    book, _ = read(rules__examples=text)
    example = book.rules["example"]
    compiled = [rule.name for rule in compile_rules(book).rules]
    assert ("example" in compiled) is (example.status is not Status.DRAFT)


@pytest.mark.parametrize("trigger", triggers_of_the_page())
def test_a_trigger_that_the_page_shows_is_accepted(trigger: str) -> None:
    more = [key for form, key in NEEDED.items() if form in trigger]
    followed = WELCOME.replace("  welcome:", "  delivery_check_in:")
    assert read(rules__examples=rule(*more, when=trigger), rules__followed=followed)[1] == []


@pytest.mark.parametrize("asks_for", ["nothing", "feedback"])
def test_a_rule_may_ask_as_much_as_the_engine_can(asks_for: str) -> None:
    gates = 9 + (2 if asks_for == "feedback" else 0)  # those that every such rule has; one of them is the house's cap
    conditions = [f"  - {{event: event_{number}}}" for number in range(MOST_GATES - gates + 1)]
    few, many = (
        rule("before: 99 days", "unless:", *lines).replace("asks_for: nothing", f"asks_for: {asks_for}")
        for lines in (conditions[:-1], conditions)
    )
    book, findings = read(rules__examples=few)
    assert (findings, "example" in [one.name for one in compile_rules(book).rules]) == ([], True)
    assert [finding.code for finding in read(rules__examples=many)[1]] == ["too-many-conditions"]


def test_weekdays_may_be_written_in_full() -> None:
    book, _ = read(rules__examples=EVERY_WEEK)
    assert book.rules["example"].when == EveryTrigger(every="week", on=Weekday.TUE)


def test_times_of_day_need_no_quotes() -> None:
    text = ACCEPTED_RULES[2].replace('"09:30"', "09:30")
    assert read(rules__examples=text)[0].rules["example"].at == 570
