from __future__ import annotations

import pytest

from scheduler.messages.plain import tidied


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", "a\nb\n"),
        ("a \t\nb\t\nc \n", "a\nb\nc\n"),
        ("a\n\nb", "a\n\nb\n"),
        ("a\n\n\n\nb", "a\n\nb\n"),
        ("a\n \n\t\n\nb", "a\n\nb\n"),
        ("\n\na\n\n", "a\n"),
    ],
)
def test_a_tidied_text_has_one_blank_line_in_a_row_and_no_space_at_line_ends(text: str, expected: str) -> None:
    assert tidied(text) == expected
