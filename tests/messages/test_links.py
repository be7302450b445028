from __future__ import annotations

import pytest
from sample import KEY

from scheduler.messages.links import Link, Links, read_token, token_of

LINK = Link("unsubscribe", "c/1 ü", "rule/c%2F1/e1")
OTHER = b"another key"


def test_a_token_says_what_it_is_for() -> None:
    assert read_token(token_of(LINK, KEY), "unsubscribe", [KEY]) == LINK


def test_a_token_of_an_older_key_is_still_taken() -> None:
    assert read_token(token_of(LINK, OTHER), "unsubscribe", [KEY, OTHER]) == LINK


def test_a_token_of_an_unknown_key_is_not_taken() -> None:
    assert read_token(token_of(LINK, OTHER), "unsubscribe", [KEY]) is None


def test_a_token_of_one_kind_opens_no_other() -> None:
    assert read_token(token_of(LINK, KEY), "preferences", [KEY]) is None


def test_a_token_with_another_persons_name_is_not_taken() -> None:
    mine, theirs = token_of(LINK, KEY), token_of(Link("unsubscribe", "c2", "r/c2/e1"), KEY)
    assert read_token(theirs.partition(".")[0] + "." + mine.partition(".")[2], "unsubscribe", [KEY]) is None


@pytest.mark.parametrize("cut", [1, 5, 22, 30])
def test_a_token_that_is_cut_off_is_not_taken(cut: int) -> None:
    assert read_token(token_of(LINK, KEY)[:-cut], "unsubscribe", [KEY]) is None


@pytest.mark.parametrize("token", ["", ".", "a", "a.b", "ü.ü", "AAAA.AAAA", "=.="])
def test_what_is_no_token_is_not_taken(token: str) -> None:
    assert read_token(token, "unsubscribe", [KEY]) is None


def test_links_go_to_the_pages_of_the_house() -> None:
    links = Links("https://shop.example/", KEY, "c1", "r/c1/e1")
    assert links.survey("nps", 9).startswith("https://shop.example/survey/nps/")
    assert links.survey("nps", 9).endswith("?score=9")
    assert links.page("care").startswith("https://shop.example/page/care/")
