from __future__ import annotations

import pytest

from scheduler.cli.formats import Column, Format, count, print_objects, print_table, width


def test_a_table_in_a_pipe_is_aligned_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table((Column("name"), Column("n", align="right")), [("Ana", "1"), ("Benedikt", "120")])
    assert capsys.readouterr().out == "name        n\nAna         1\nBenedikt  120\n"


def test_wide_and_combining_characters_keep_the_columns_straight(capsys: pytest.CaptureFixture[str]) -> None:
    print_table((Column("name"), Column("n")), [("山田", "1"), ("e\u0301", "2")])
    assert capsys.readouterr().out.splitlines() == ["name  n", "山田  1", "e\u0301     2"]


def test_json_is_one_object_a_line_with_its_keys_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    print_objects([{"b": ["x"], "a": None}], ("a", "b"), Format.JSON)
    assert capsys.readouterr().out == '{"a":null,"b":["x"]}\n'


def test_csv_has_the_same_columns_with_lists_as_words(capsys: pytest.CaptureFixture[str]) -> None:
    print_objects([{"a": None, "b": ["x", "y"]}], ("a", "b"), Format.CSV)
    assert capsys.readouterr().out == "a,b\n,x y\n"


def test_a_number_comes_with_its_noun() -> None:
    assert [count(1, "row"), count(1204, "row"), count(2, "address", "addresses")] == [
        "1 row",
        "1,204 rows",
        "2 addresses",
    ]


def test_the_width_of_a_text_is_in_cells() -> None:
    assert [width("abc"), width("山田"), width("e\u0301")] == [3, 4, 1]
