from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pytest

from scheduler.cli.formats import Column, Format, count, print_objects, print_table, width


def test_a_table_in_a_pipe_is_aligned_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table((Column("name"), Column("n", align="right")), [("Ana", "1"), ("Benedikt", "120")])
    assert capsys.readouterr().out == "name        n\nAna         1\nBenedikt  120\n"


class Terminal(io.StringIO):
    """Takes what is printed, as a terminal would."""

    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: Sequence[Column], row: Sequence[str]) -> list[str]:
    """The lines of a table of one row on a terminal of 60 columns."""
    written = Terminal()
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", "60")
        patch.setenv("TERM", "xterm")
        patch.setenv("NO_COLOR", "1")
        patch.setattr("sys.stdout", written)
        print_table(columns, [row])
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in written.getvalue().splitlines()]


def test_on_a_narrow_terminal_all_of_a_table_is_told_in_more_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (*map(Column, ("due", "assignee", "reach at")), Column("id", wide=True), Column("reason", wide=True))
    row = ("overdue since Tue  3 Nov 2026 20:00", "escalated to ines", "+4912345678901", "call/jun/nps-034", "why " * 9)
    lines = on_a_terminal(monkeypatch, columns, row)
    assert max(map(len, lines)) <= 60
    written = "".join((*(column.title for column in columns), *row)).replace(" ", "")
    assert sorted("".join(lines).replace(" ", "")) == sorted(written)


def test_where_there_is_room_for_it_only_wide_columns_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (Column("due"), Column("reason", wide=True))
    _, first, *more = on_a_terminal(monkeypatch, columns, ("Tue  3 Nov 2026 20:00", "why " * 20))
    assert first.startswith("Tue  3 Nov 2026 20:00  why why")
    assert {line.strip().replace("why", "").strip() for line in more} == {""}


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
