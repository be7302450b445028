from datetime import date
from typing import Any

import pytest

from scheduler.decisions.comparison import matcher, predicate
from scheduler.rulebook.model import Comparison


def compare(value: Any, **written: Any) -> bool:
    return predicate(Comparison.model_validate(written))(value)


@pytest.mark.parametrize(
    ("value", "written", "expected"),
    [
        (9, {"at_least": 9}, True),
        (8.9, {"at_least": 9}, False),
        (9, {"more_than": 9}, False),
        (9, {"at_most": 9}, True),
        (9, {"less_than": 9}, False),
        ("price", {"is": "price"}, True),
        ("price", {"is_not": "price"}, False),
        ("moved", {"is_not": "price"}, True),
        ("price", {"in": ["price", "moved"]}, True),
        ("other", {"not_in": ["price", "moved"]}, True),
        ("price", {"not_in": ["price"]}, False),
        (10, {"multiple_of": 5}, True),
        (0, {"multiple_of": 5}, True),
        (11, {"multiple_of": 5}, False),
        ("Kettle deluxe", {"contains": "Kettle"}, True),
        ("Kettle deluxe", {"contains": "kettle"}, False),
        (True, {"is": True}, True),
        (date(2026, 1, 2), {"more_than": "2026-01-01"}, True),
        (5, {"at_least": 1, "at_most": 4}, False),
    ],
)
def test_a_value_compares_as_it_reads(value: Any, written: dict[str, Any], expected: bool) -> None:
    assert compare(value, **written) is expected


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("9", {"at_least": 9}),
        (9, {"is": "9"}),
        (9, {"is_not": "9"}),
        (1, {"is": True}),
        (True, {"at_least": 1}),
        ("x", {"multiple_of": 2}),
        (5, {"contains": "5"}),
        (date(2026, 1, 1), {"is": "someday"}),
    ],
)
def test_a_comparison_across_kinds_is_false(value: Any, written: dict[str, Any]) -> None:
    assert not compare(value, **written)


@pytest.mark.parametrize("written", [{"is": 1}, {"is_not": 1}, {"not_in": [1]}, {"known": True}, {"at_most": 5}, {}])
def test_a_missing_value_compares_with_nothing(written: dict[str, Any]) -> None:
    assert not compare(None, **written)


def test_only_known_false_is_true_of_a_missing_value() -> None:
    assert compare(None, known=False)
    assert not compare("x", known=False)
    assert not compare(None, known=False, is_not="x")


def test_a_where_needs_every_property_to_pass() -> None:
    where = {"total": Comparison.model_validate({"at_least": 10}), "shop": Comparison.model_validate({"is": "web"})}
    passes = matcher(where)
    assert passes is not None
    assert passes({"total": 12, "shop": "web"})
    assert not passes({"total": 12})
