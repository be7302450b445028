from __future__ import annotations

import pytest

from scheduler.measures.lift import newcombe, wilson


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_is_that_of_newcombes_own_examples(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """Table II of the paper, method 10."""
    found = newcombe(*first, *second)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_turned_round_it_is_the_same_with_the_other_sign() -> None:
    one, other = newcombe(56, 70, 48, 80), newcombe(48, 80, 56, 70)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))


def test_an_interval_that_touches_zero_tells_nothing() -> None:
    assert newcombe(5, 56, 0, 29).includes_zero
    assert not newcombe(56, 70, 48, 80).includes_zero


def test_a_share_of_nobody_or_of_more_than_all_is_none() -> None:
    with pytest.raises(ValueError, match="3 of 0 is no share"):
        wilson(3, 0)
    with pytest.raises(ValueError, match="3 of 2 is no share"):
        wilson(3, 2)
