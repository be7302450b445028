"""Whatever stands in a file, the reader answers with findings that can be shown, and never fails.

What it finds no error in, the engine can compile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from language_examples import ACCEPTED_TRIGGERS, CAMPAIGN, HOUSE_RULES, TEMPLATES
from rulebook_shop import FILES, HOUSE

from scheduler.decisions.program import compile_rules
from scheduler.rulebook.findings import render
from scheduler.rulebook.reader import rulebook_from_texts

WORDS = tuple(match.span() for match in re.finditer(r"[\w']+|[{}\[\]:,-]", CAMPAIGN))
PIECES = ("", ":", "{", "}", "[", "]", "- ", "~", "-1", "1.5", "true", "{}", "[]", "0 days", "any", "until", "{x: [1]}")
DURATION = re.compile(r"\d+ (business )?\w+")
DURATIONS = ("0 days", "5 days", "3 hours", "2 business days", "100 years")
NAMES = ("contact", "event", "every", "date", "silence", "on", "same", "spread", "week", "month", "3", "value_window")
TEMPLATE_FILES = {f"templates/{name}": "Hello!\n" for name in TEMPLATES}


def read(campaign: str, house: str, others: Mapping[str, str] = TEMPLATE_FILES) -> None:
    files = {**others, "rules/campaign.yaml": campaign, "rules/house_rules.yaml": house}
    rulebook, findings = rulebook_from_texts(files)
    assert render(findings, files, colour=True).endswith("\n")
    assert all(rule.by for rule in rulebook.rules.values())
    if not any(finding.is_error for finding in findings):
        assert compile_rules(rulebook).rules is not None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(WORDS), st.sampled_from(PIECES))
def test_a_campaign_with_anything_in_the_place_of_a_word_is_answered(word: tuple[int, int], piece: str) -> None:
    read(CAMPAIGN[: word[0]] + piece + CAMPAIGN[word[1] :], HOUSE_RULES)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, len(HOUSE_RULES)), st.integers(0, 30), st.sampled_from(PIECES))
def test_house_rules_with_anything_in_the_place_of_a_part_are_answered(start: int, length: int, piece: str) -> None:
    read(CAMPAIGN, HOUSE_RULES[:start] + piece + HOUSE_RULES[start + length :])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    read(text, HOUSE_RULES)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(ACCEPTED_TRIGGERS), st.data())
def test_a_trigger_with_another_word_in_it_is_refused_or_can_be_compiled(campaign: str, data: st.DataObject) -> None:
    head, when, keys = campaign.partition("when: ")
    words = [word[0] for word in re.finditer(rf"{DURATION.pattern}|\w+", keys) if word[0] not in ("send", "hello")]
    word = data.draw(st.sampled_from(words))
    another = data.draw(st.sampled_from(DURATIONS if DURATION.fullmatch(word) else NAMES))
    read(head + when + re.sub(rf"\b{word}\b", another, keys), HOUSE, FILES)
