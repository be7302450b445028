"""The kernel knows whole numbers alone: each stands for what the tables around it mean by it."""

from __future__ import annotations

from enum import IntEnum

import pytest

from scheduler.decisions import conditions, kernel
from scheduler.decisions.conditions import ASKS, Aggregate, From, LeafKind
from scheduler.decisions.outcome import OUTCOMES, Outcome
from scheduler.decisions.program import SERVES, ValueOf
from scheduler.rulebook.model import AsksFor, Serves
from scheduler.wallclock import DAY


def test_outcomes_have_the_kernels_numbers() -> None:
    assert {name: OUTCOMES.index(Outcome[name]) for name in Outcome.__members__} == {
        name: getattr(kernel, name) for name in Outcome.__members__
    }


@pytest.mark.parametrize("kind", [LeafKind, Aggregate, From])
def test_what_leaves_look_at_has_the_kernels_numbers(kind: type[IntEnum]) -> None:
    assert {one.name: one.value for one in kind} == {one.name: getattr(kernel, one.name) for one in kind}


def test_comparisons_have_the_kernels_numbers() -> None:
    compared = [one for one in conditions.Test if one is not conditions.Test.NEVER]
    assert [one.value for one in compared] == [getattr(kernel, one.name) for one in compared]


def test_what_combines_truths_has_the_kernels_numbers() -> None:
    assert (conditions.AND, conditions.OR, conditions.NOT) == (kernel.AND, kernel.OR, kernel.NOT)


def test_whose_value_window_is_waited_for_has_the_kernels_number() -> None:
    assert [one.value for one in ValueOf] == [getattr(kernel, f"VALUE_OF_{one.name}") for one in ValueOf]


def test_what_serves_us_has_the_kernels_bits() -> None:
    assert sum(1 << number for number, asks in enumerate(ASKS) if asks.serves is Serves.US) == kernel.ASKS_US
    assert ASKS.index(AsksFor.NOTHING) == kernel.ASKS_NOTHING


def test_whom_a_contact_serves_has_the_kernels_number() -> None:
    assert [SERVES.index(asks.serves) for asks in ASKS] == [kernel.serves_of(number) for number in range(len(ASKS))]


def test_a_day_is_as_long_in_the_kernel_as_on_the_wall() -> None:
    assert kernel.DAY == DAY
