from __future__ import annotations

import pytest
from language_examples import (
    ACCEPTED_CONDITIONS,
    ACCEPTED_RULES,
    CAMPAIGN,
    HOUSE_RULES,
    NOT_RUN_YET,
    TEMPLATES,
    with_condition,
)
from rulebook_shop import codes, read

from scheduler.durations import Duration
from scheduler.rulebook.lint import NOT_YET
from scheduler.rulebook.model import Again, ChannelUse, EveryTrigger, Weekday
from scheduler.rulebook.reader import rulebook_from_texts

FILES = {"rules/after_the_purchase.yaml": CAMPAIGN, "rules/house_rules.yaml": HOUSE_RULES} | {
    f"templates/{name}": "Hello!\n" for name in TEMPLATES
}


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


@pytest.mark.parametrize("text", ACCEPTED_RULES)
def test_a_rule_of_this_form_is_accepted(text: str) -> None:
    assert read(rules__examples=text)[1] == []


@pytest.mark.parametrize("condition", ACCEPTED_CONDITIONS)
def test_a_condition_of_this_form_is_accepted(condition: str) -> None:
    assert read(rules__examples=with_condition(condition))[1] == []


@pytest.mark.parametrize("text", NOT_RUN_YET)
def test_a_form_that_is_not_run_yet_is_understood_and_refused(text: str) -> None:
    book, findings = read(rules__examples=text)
    assert (set(codes(findings)), "example" in book.rules) == ({"not-yet"}, True)


def test_everything_that_is_not_run_yet_has_an_example() -> None:
    rules = [read(rules__examples=text)[0].rules["example"] for text in NOT_RUN_YET]
    assert [form.form for form in NOT_YET if not any(form.used(rule) for rule in rules)] == []


def test_weekdays_may_be_written_in_full() -> None:
    book, _ = read(rules__examples=NOT_RUN_YET[1])
    assert book.rules["example"].when == EveryTrigger(every="week", on=Weekday.TUE)


def test_times_of_day_need_no_quotes() -> None:
    text = ACCEPTED_RULES[2].replace('"09:30"', "09:30")
    assert read(rules__examples=text)[0].rules["example"].at == 570
