"""Whatever stands in a file, the reader answers with findings that can be shown, and never fails."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from language_examples import CAMPAIGN, HOUSE_RULES

from scheduler.rulebook.findings import render
from scheduler.rulebook.reader import rulebook_from_texts

WORDS = tuple(match.span() for match in re.finditer(r"[\w']+|[{}\[\]:,-]", CAMPAIGN))
PIECES = ("", ":", "{", "}", "[", "]", "- ", "~", "-1", "1.5", "true", "{}", "[]", "0 days", "any", "until", "{x: [1]}")


def read(campaign: str, house: str) -> None:
    files = {"rules/campaign.yaml": campaign, "rules/house_rules.yaml": house}
    rulebook, findings = rulebook_from_texts(files)
    assert render(findings, files, colour=True).endswith("\n")
    assert all(rule.by for rule in rulebook.rules.values())


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
