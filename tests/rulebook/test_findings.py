from __future__ import annotations

from scheduler.rulebook.findings import Finding, error, in_order, meant, nearest, render, warning
from scheduler.rulebook.model import Place


def shown(line: str, column: int, *, colour: bool = False) -> str:
    return render([error("tab", Place("r.yaml", 1, column), "here")], {"r.yaml": line}, colour=colour)


def caret(line: str, column: int) -> str:
    return shown(line, column).splitlines()[2].removeprefix("      | ")


def test_a_finding_shows_its_place_its_cause_its_line_and_its_way_out() -> None:
    finding = error("unknown-key", Place("r.yaml", 2, 3), "'afer' is no key", "did you mean 'after'?", ["after", "at"])
    assert render([finding], {"r.yaml": "rule:\n  afer: 1 day\n"}, colour=False) == (
        "r.yaml:2:3: error[unknown-key] 'afer' is no key\n"
        "    2 |   afer: 1 day\n"
        "      |   ^~~~\n"
        "      = did you mean 'after'?\n"
        "      = allowed: after, at\n"
        "\n"
        "1 error, 0 warnings in 1 file\n"
    )


def test_the_caret_keeps_tabs() -> None:
    assert caret("\ta: b", 2) == "\t^"


def test_the_caret_stands_under_what_follows_wide_characters() -> None:
    assert caret("名前: here", 5) == " " * 6 + "^~~~"


def test_the_caret_underlines_wide_characters_whole() -> None:
    assert caret("a: 購入後", 4) == "   ^~~~~~"


def test_combining_characters_take_no_room() -> None:
    assert caret("e\u0301: here", 5) == "   ^~~~"


def test_the_caret_underlines_a_text_of_several_words() -> None:
    assert caret("after: 1 dya # soon", 8) == "       ^~~~~"


def test_the_caret_underlines_a_key_up_to_its_colon() -> None:
    assert caret("{after: 1 day}", 2) == " ^~~~~"


def test_a_column_beyond_the_line_does_no_harm() -> None:
    assert caret("a:", 9) == "  ^"


def test_a_long_line_is_cut_around_the_caret() -> None:
    lines = shown("x" * 500 + " here " + "y" * 500, 502).splitlines()
    column = lines[2].index("^")
    assert (len(lines[1]) < 200, lines[1][column : column + 4]) == (True, "here")


def test_escape_codes_of_a_file_never_reach_the_terminal() -> None:
    assert "\x1b" not in shown("a: \x1b[31mred\x1b[0m", 4)


def test_colours_are_there_only_when_asked_for() -> None:
    assert ("\x1b[1;31m" in shown("a", 1, colour=True), "\x1b" in shown("a", 1)) == (True, False)


def test_a_place_outside_the_file_shows_no_line() -> None:
    finding = error("empty-file", Place("r.yaml", 7, 1), "the file holds nothing")
    assert render([finding], {}, colour=False).splitlines()[0] == "r.yaml:7:1: error[empty-file] the file holds nothing"


def test_the_closing_count_tells_errors_from_warnings() -> None:
    place = Place("a.yaml", 1, 1)
    findings = [error("tab", place, "x"), warning("tab", place, "y"), warning("tab", Place("b.yaml", 1, 1), "z")]
    assert render(findings, {}, colour=False).splitlines()[-1] == "1 error, 2 warnings in 2 files"


def test_nothing_found_is_said_too() -> None:
    assert render([], {}, colour=False) == "0 errors, 0 warnings\n"


def test_findings_stand_in_the_order_of_their_places_and_once() -> None:
    def at(file: str, line: int, column: int) -> Finding:
        return error("tab", Place(file, line, column), "x")

    unordered = [at("b", 1, 1), at("a", 2, 1), at("a", 1, 9), at("a", 1, 2), at("b", 1, 1)]
    assert [str(finding.place) for finding in in_order(unordered)] == ["a:1:2", "a:1:9", "a:2:1", "b:1:1"]


def test_the_nearest_word_is_found_whatever_its_case() -> None:
    assert nearest("Emial", ["sms", "email"]) == "email"


def test_a_word_is_meant_by_a_longer_form_of_it() -> None:
    assert nearest("tuesday", ["mon", "tue"]) == "tue"


def test_a_word_that_shares_some_letters_is_not_meant() -> None:
    assert nearest("late", ["active", "window", "consent"]) is None


def test_no_word_is_meant_where_none_is_near() -> None:
    assert meant("zzz", ["email"], "take it out") == "take it out"
