from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from printed import pages
from sample import ANA, contact, message, rule

from scheduler.errors import ChannelError, TemplateError
from scheduler.messages.card import LETTERS, LINES, address_lines, card_pdf, lines_taken
from scheduler.messages.check import check_templates
from scheduler.messages.message import Card
from scheduler.rulebook.model import Rulebook
from scheduler.settings import Settings
from scheduler.settings.brand import Brand

NOW = 1_772_355_600_000_000  # 2026-03-01 09:00 UTC
HOUSE = Brand.model_validate({"name": "Kettle & Crumb", "colour": "#204060", "address": "Mill Lane 2, 12345 Millby"})
CARD = Card(
    to="Sample Street 1, 10115 Berlin",
    name="Ana Lopez",
    address=("Sample Street 1", "10115 Berlin", "GERMANY"),
    text="Dear Ana,\n\nToday the cake is for you.\n",
    brand=HOUSE,
    title="Happy birthday, Ana!",
    language="en",
)
AT_HOME = {**ANA, "name": "Ana Lopez", "address": "Sample Street 1, 10115 Berlin", "country": "DE"}


def printed(**changes: Any) -> str:
    return " ".join(word for page in pages(card_pdf(replace(CARD, **changes), NOW)) for word in page.text.split())


def written(body: str, customer: Any = AT_HOME, **brand: Any) -> Card:
    made = message({"templates/check_in.post.md": body}, contact(customer, channel="post", **brand))
    assert isinstance(made, Card)
    return made


def test_a_card_is_a_postcard_with_a_front_and_a_back() -> None:
    front, back = pages(card_pdf(CARD, NOW))
    assert (front.size, back.size) == ((148, 105), (148, 105))
    assert front.text.split() == ["Happy", "birthday,", "Ana!", "Kettle", "&", "Crumb"]
    assert back.lines[:2] == ("Dear Ana,", "Today the cake is for you.")
    assert back.lines[-4:] == ("Ana Lopez", "Sample Street 1", "10115 Berlin", "GERMANY")


def test_a_card_says_who_sends_it_and_from_where() -> None:
    back = pages(card_pdf(CARD, NOW))[1]
    assert back.lines[2:5] == ("Kettle & Crumb", "Mill Lane 2", "12345 Millby")


def test_a_card_shows_the_colour_of_the_house() -> None:
    assert card_pdf(CARD, NOW) != card_pdf(replace(CARD, brand=HOUSE.model_copy(update={"colour": "#a4471c"})), NOW)


def test_the_same_card_has_the_same_bytes() -> None:
    assert card_pdf(CARD, NOW) == card_pdf(replace(CARD), NOW)


@pytest.mark.parametrize(
    "words", ['#read("/etc/passwd")', "$x^2$ *bold* _i_ `raw`", r"\ #{ panic() } <a> @b", "[](x) // y"]
)
@pytest.mark.parametrize("field", ["name", "title", "text"])
def test_what_a_customer_is_called_is_printed_and_never_run(field: str, words: str) -> None:
    assert words in printed(**{field: words})


def test_no_page_holds_the_words_of_a_file_of_the_machine() -> None:
    assert "root:" not in printed(text='#read("/etc/passwd")\n\n#include "card.typ"\n\n#sys.inputs')


@pytest.mark.parametrize("name", ["Şükrü Öztürk", "Ярослав Мельник", "Ελένη Παππά", "Łukasz Żółć", "Đorđe Gråberg"])
def test_names_are_printed_in_their_own_letters(name: str) -> None:
    assert name in printed(name=name)


def test_a_letter_that_no_font_has_is_an_error_and_never_a_box_on_paper() -> None:
    with pytest.raises(ChannelError, match="no font of this machine has some of its letters; install one") as caught:
        card_pdf(replace(CARD, name="Ana \U000f1234"), NOW)
    assert "Ana" not in str(caught.value)


def test_a_card_as_full_as_it_may_be_can_be_read() -> None:
    words = "We wish you a year with warm bread, and good company, and time for both of them. "
    full = (words * 20)[: LINES * LETTERS]
    assert lines_taken(full) == LINES
    assert pages(card_pdf(replace(CARD, text=full), NOW))[1].points[0] >= 9


@pytest.mark.parametrize("field", ["name", "title", "text"])
def test_a_word_that_no_card_is_wide_enough_for_is_broken(field: str) -> None:
    word = "Donaudampfschifffahrtsgesellschaftskapitänswitwe" * 3
    changed: Any = {field: word}
    lines = [line.strip() for page in pages(card_pdf(replace(CARD, **changed), NOW)) for line in page.lines]
    assert word not in lines
    assert word in "".join(lines)


def test_cards_are_printed_by_several_threads_at_once() -> None:
    with ThreadPoolExecutor(4) as threads:
        cards = threads.map(lambda number: printed(name=f"Number {number}"), range(12))
    assert [f"Number {number}" in card for number, card in enumerate(cards)] == [True] * 12


@pytest.mark.parametrize("language", ["", "en", "de-AT", "zz", "#x", "ar", "x" * 40])
def test_any_language_can_be_printed(language: str) -> None:
    assert "Today the cake is for you" in printed(language=language)


@pytest.mark.parametrize("language", ["en", "he", "ar"])
def test_an_address_keeps_its_order_in_languages_that_run_from_right_to_left(language: str) -> None:
    lines = pages(card_pdf(replace(CARD, language=language), NOW))[1].lines
    assert lines[-7:] == (*("Kettle & Crumb", "Mill Lane 2", "12345 Millby"), CARD.name, *CARD.address)


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ("Sample Street 1, 10115 Berlin", ("Sample Street 1", "10115 Berlin")),
        ("Sample Street 1\r\n10115 Berlin\n", ("Sample Street 1", "10115 Berlin")),
        ("Care of Bo, Smith & Sons\nMill Lane 2", ("Care of Bo, Smith & Sons", "Mill Lane 2")),
        ("9 Elm St, Springfield, IL 62701", ("9 Elm St", "Springfield, IL 62701")),
        ("1 King St, Toronto, ON M5V 2T6", ("1 King St", "Toronto, ON M5V 2T6")),
        (" , ,, ", ()),
        ("", ()),
    ],
)
def test_an_address_stands_in_lines(address: str, lines: tuple[str, ...]) -> None:
    assert address_lines(address) == lines


@pytest.mark.parametrize(
    ("address", "country", "last"),
    [
        ("14 Palm Row, Lagos", "NG", "NIGERIA"),
        ("14 Palm Row, Lagos", "ng", "NIGERIA"),
        ("Sample Street 1, 10115 Berlin, Germany", "DE", "Germany"),
        ("Musterweg 1, 10115 Berlin, Deutschland", "DE", "GERMANY"),
        ("14 Palm Row, Lagos", "", "Lagos"),
        ("14 Palm Row, Lagos", "Nigeria", "Lagos"),
        ("14 Palm Row, Lagos", "QQ", "Lagos"),
    ],
)
def test_the_country_is_the_last_line_where_it_is_known(address: str, country: str, last: str) -> None:
    assert address_lines(address, country, "en")[-1] == last


def test_the_country_is_called_as_the_house_calls_it() -> None:
    assert address_lines("Via Roma 1, 00184 Roma", "IT", "de")[-1] == "ITALIEN"
    assert address_lines("Via Roma 1, 00184 Roma, Italien", "IT", "de")[-1] == "Italien"


def test_nobody_lives_at_a_country_alone() -> None:
    assert address_lines("", "DE") == ()


def test_wide_letters_take_the_room_of_two() -> None:
    assert lines_taken("a" * (LETTERS + 1)) == 2
    assert lines_taken("北" * (LETTERS // 2 + 1)) == 2


def test_a_template_becomes_a_card() -> None:
    card = written(
        "---\nsubject: Hello, {{ customer.first_name }}!\n---\nDear {{ customer.first_name }},\n\nall *well*?"
    )
    assert (card.title, card.text) == ("Hello, Ana!", "Dear Ana,\n\nall well?\n")
    assert (card.name, card.to) == ("Ana Lopez", "Sample Street 1, 10115 Berlin")
    assert card.address == ("Sample Street 1", "10115 Berlin", "GERMANY")
    assert card.channel == "post"


def test_a_card_needs_no_head() -> None:
    assert written("Dear Ana").title == ""


def test_an_address_of_several_lines_keeps_them_and_is_known_by_one() -> None:
    card = written("Hello", {**AT_HOME, "address": "Care of Bo, Ltd\nSample Street 1\n10115 Berlin"})
    assert card.address[:3] == ("Care of Bo, Ltd", "Sample Street 1", "10115 Berlin")
    assert card.to == "Care of Bo, Ltd Sample Street 1 10115 Berlin"


def test_a_text_that_has_no_room_on_a_card_is_refused() -> None:
    with pytest.raises(
        TemplateError, match=f"a card has room for {LINES} lines of {LETTERS} letters, and the text takes"
    ):
        written("word " * 400)


def test_an_empty_card_is_refused() -> None:
    with pytest.raises(TemplateError, match="the message is empty"):
        written("---\nsubject: Hello\n---\n{% if customer.nobody %}x{% endif %}")


def findings(body: str) -> list[str]:
    book = Rulebook(rules={"check_in": rule(by=["post"])}, files={"templates/check_in.post.md": body})
    return [f"{one.place.file}:{one.place.line}: {one.code}" for one in check_templates(book, Settings())]


def test_templates_of_cards_are_tried_before_they_are_used() -> None:
    assert findings("---\nsubject: Hello\n---\nDear {{ customer.first_name }}") == []
    assert findings("Dear\n\n{{ custmer.x }}") == ["templates/check_in.post.md:3: unknown-template-name"]
    assert findings("word " * 400) == ["templates/check_in.post.md:1: bad-template"]
