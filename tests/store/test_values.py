from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.decisions.facts import Value
from scheduler.errors import FactError
from scheduler.store.values import read, written

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.one_of(TEXTS, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.dates())


@given(st.dictionaries(TEXTS, VALUES))
def test_values_come_back_as_they_went_in(values: dict[str, Value]) -> None:
    assert read(written(values)) == values


def test_a_date_comes_back_as_a_date_and_a_text_that_looks_like_one_as_a_text() -> None:
    values: dict[str, Value] = {"birthday": date(1990, 2, 28), "note": "1990-02-28", "trap": '{"date":"1990-02-28"}'}
    assert read(written(values)) == values


def test_types_are_kept() -> None:
    kinds = {name: type(value) for name, value in read(written({"a": 1, "b": 1.0, "c": True})).items()}
    assert kinds == {"a": int, "b": float, "c": bool}


def test_equal_values_give_equal_text_whatever_their_order() -> None:
    assert written({"a": 1, "b": 2}) == written({"b": 2, "a": 1})


@pytest.mark.parametrize("bad", [math.nan, math.inf, b"bytes", None.__class__, "nul\0", "\ud800"])
def test_what_cannot_be_stored_is_refused(bad: object) -> None:
    with pytest.raises(FactError, match="can't be stored"):
        written({"bad": bad})  # type: ignore[dict-item] # that is what is refused
