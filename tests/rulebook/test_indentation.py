from __future__ import annotations

import pytest

from scheduler.rulebook.indentation import misplaced
from scheduler.rulebook.yaml_text import parse

ABOVE = """\
campaign: After the purchase
rules:
  first:
    reason: They like it
    when: bought
    by: [email]
"""
SECOND = "    reason: They like it\n    when: sold\n"


def found(text: str) -> str:
    _, (finding, *more) = parse("rules/a.yaml", text)
    assert not more
    return f"{finding.place.column}: {finding.message}"


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ("     after: 1 day\n    before: 2 days\n", "6: line 7 begins after 5 spaces; its neighbours after 4"),
        ("      after: 1 day\n", "7: line 7 begins after 6 spaces; its neighbours after 4"),
        ("   after: 1 day\n    before: 2 days\n", "4: line 7 begins after 3 spaces; its neighbours after 4"),
        (" after: 1 day\n    before: 2 days\n", "2: line 7 begins after 1 space; its neighbours after 4"),
        (f"   second:\n{SECOND}", "4: line 7 begins after 3 spaces; its neighbours after 2"),
        (f" second:\n{SECOND}", "2: line 7 begins after 1 space; its neighbours after 2"),
        (f"     second:\n{SECOND}", "6: line 7 begins after 5 spaces; its neighbours after 2"),
        (f"second:\n{SECOND}  third:\n{SECOND}", "1: line 7 begins at the margin; its neighbours after 2 spaces"),
        ("    only_if:\n      - a\n     - b\n", "6: line 9 begins after 5 spaces; its neighbours after 6"),
        (
            "    only_if:\n      - event: a\n         within: 3 days\n",
            "10: line 9 begins after 9 spaces; its neighbours after 8",
        ),
        (
            "    # a remark: so\n\n    why: |\n      a text: so\n   after: 1 day\n",
            "4: line 11 begins after 3 spaces; its neighbours after 4",
        ),
    ],
)
def test_the_line_that_is_out_of_line_is_named(below: str, said: str) -> None:
    assert found(ABOVE + below) == said


def test_a_first_key_that_stands_too_far_right_is_named_itself() -> None:
    text = ABOVE.replace("    reason", "     reason")
    assert found(text) == "6: line 4 begins after 5 spaces; its neighbours after 4"


def test_where_nothing_is_known_of_the_lines_above_nothing_is_said() -> None:
    assert misplaced(["campaign:After the purchase", "owner: ana"], 2) is None
    assert misplaced(["- a", "- b"], 2) is None
