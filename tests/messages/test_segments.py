from __future__ import annotations

import pytest

from scheduler.messages.segments import Encoding, Segments, segments

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2


@pytest.mark.parametrize(
    ("text", "units", "count"),
    [
        ("", 0, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        ("é@£à\n", 5, 1),
        ("€" * 80, 160, 1),
        ("€" * 81, 162, 2),
    ],
)
def test_a_text_of_the_gsm_alphabet_has_160_places_or_153_in_each_of_several(text: str, units: int, count: int) -> None:
    assert segments(text) == Segments(GSM, units, count)


@pytest.mark.parametrize(
    ("text", "units", "count"),
    [("“" * 70, 70, 1), ("“" * 71, 71, 2), ("“" * 134, 134, 2), ("“" * 135, 135, 3)],
)
def test_one_letter_beyond_it_leaves_70_places_or_67_in_each_of_several(text: str, units: int, count: int) -> None:
    assert segments(text) == Segments(UCS, units, count, "“")
    assert segments("a" * (units - 1) + "“") == Segments(UCS, units, count, "“")


def test_a_letter_of_two_places_goes_whole_into_the_next_segment() -> None:
    assert segments("a" * 152 + "€" + "a" * 152) == Segments(GSM, 306, 3)
    assert segments("a" * 151 + "€" + "a" * 153) == Segments(GSM, 306, 2)


def test_a_pair_of_surrogates_goes_whole_into_the_next_segment() -> None:
    assert segments("a" * 66 + "😀" + "a" * 66) == Segments(UCS, 134, 3, "😀")
    assert segments("a" * 65 + "😀" + "a" * 67) == Segments(UCS, 134, 2, "😀")


@pytest.mark.parametrize("letter", [*"^{}\\[~]|€\f"])
def test_the_second_table_costs_an_escape(letter: str) -> None:
    assert segments(letter) == Segments(GSM, 2, 1)


@pytest.mark.parametrize("letter", [*"çáßẞ`…\u2019\u2013\t\u00a0"])
def test_what_looks_usual_may_be_in_neither_table(letter: str) -> None:
    assert segments(letter).encoding is (GSM if letter == "ß" else UCS)


def test_the_basic_alphabet_has_all_its_places() -> None:
    there = [chr(code) for code in range(0x2100) if segments(chr(code)) == Segments(GSM, 1, 1)]
    assert len(there) == 127, "the 128th is the escape"


def test_what_a_marketer_reads_names_the_letters_that_cost() -> None:
    assert str(segments("10\u00a0%\t")) == "1 segment, UCS-2 because of U+00A0 U+0009"
    assert str(segments("Hello")) == "1 segment, GSM-7"
    assert str(segments("“Hello” " * 10 + "😀")) == "2 segments, UCS-2 because of “ ” 😀"
