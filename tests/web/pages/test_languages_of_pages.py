from __future__ import annotations

import re
from typing import Any

import pytest

from scheduler.messages.links import SCALES
from scheduler.messages.words import words_in
from scheduler.rulebook.model import AsksFor
from scheduler.web.pages.choices import CHANNELS
from scheduler.web.pages.exit_interview import REASONS
from scheduler.web.pages.words import accepted, all_words, words_for


def texts(words: Any, place: str = "") -> dict[str, str]:
    """Every text by its place."""
    if isinstance(words, str):
        return {place: words}
    return {at: text for name, part in words.items() for at, text in texts(part, f"{place}.{name}").items()}


def test_there_are_words_in_four_languages() -> None:
    assert set(all_words()) == {"de", "en", "pt-BR", "zh"}


@pytest.mark.parametrize("language", ["de", "pt-BR", "zh"])
def test_each_language_says_all_that_english_says_and_fills_in_the_same(language: str) -> None:
    theirs, english = texts(all_words()[language]), texts(all_words()["en"])
    assert theirs.keys() == english.keys()
    for place, text in english.items():
        assert sorted(re.findall(r"{\w*}", theirs[place])) == sorted(re.findall(r"{\w*}", text)), place
        assert theirs[place].strip(), place


def test_there_are_words_for_all_that_can_be_chosen() -> None:
    words = all_words()["en"]
    assert set(words["exit"]["reasons"]) == set(REASONS)
    assert set(words["preferences"]["channels"]) == set(CHANNELS)
    assert set(words["preferences"]["kinds"]) == set(AsksFor)
    assert set(SCALES) <= words.keys()


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (["de-AT"], "de"),
        (["pt"], "pt-BR"),
        (["pt_BR"], "pt-BR"),
        (["zh-TW"], "zh"),
        (["fr", "de"], "de"),
        (["fr"], "en"),
        (["", "zh"], "zh"),
        ([], "en"),
    ],
)
def test_somebody_reads_the_first_of_their_languages_that_there_is(wanted: list[str], language: str) -> None:
    assert words_for(wanted)["language"] == language


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("de", ["de"]),
        ("fr;q=0.5, de;q=0.9, en", ["en", "de", "fr"]),
        ("de;q=0, en", ["en"]),
        ("de;q=x, en", ["en"]),
        ("", []),
        (",;q=1,", []),
        ("zh-CN ; Q = 0.2 , pt-BR;q=0.3", ["pt-BR", "zh-CN"]),
    ],
)
def test_a_browser_says_what_it_reads_by_weight(header: str, tags: list[str]) -> None:
    assert accepted(header) == tags


@pytest.mark.parametrize(
    ("language", "word"),
    [("pt-BR", "Cancelar inscrição"), ("pt-PT", "Cancelar subscrição"), ("zh-CN", "退订"), ("xx", "Unsubscribe")],
)
def test_mails_say_how_to_unsubscribe_in_these_languages(language: str, word: str) -> None:
    assert words_in(language)["unsubscribe"] == word
