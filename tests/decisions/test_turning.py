from itertools import product

import pytest

from scheduler.decisions.conditions import AND, NOT, OR
from scheduler.decisions.turning import leaves_to_turn


@pytest.mark.parametrize(
    ("code", "truths", "wanted", "turning"),
    [
        ([0], [0], True, [0]),
        ([0], [1], True, []),
        ([0], [1], False, [0]),
        ([0, 1, AND], [1, 0], True, [1]),
        ([0, 1, AND], [1, 1], False, [0, 1]),
        ([0, 1, AND], [1, 0], False, []),
        ([0, 1, OR], [0, 0], True, [0, 1]),
        ([0, 1, OR], [1, 0], True, []),
        ([0, 1, OR], [1, 0], False, [0]),
        ([0, 1, OR, NOT, 2, AND], [1, 0, 0], True, [0, 2]),
    ],
)
def test_only_what_would_help_is_to_turn(code: list[int], truths: list[int], wanted: bool, turning: list[int]) -> None:
    assert leaves_to_turn(code, truths, wanted=wanted) == turning


def holds(code: list[int], truths: list[int]) -> bool:
    stack: list[bool] = []
    for step in code:
        if step >= 0:
            stack.append(truths[step] == 1)
        elif step == NOT:
            stack.append(not stack.pop())
        else:
            last, first = stack.pop(), stack.pop()
            stack.append(first and last if step == AND else first or last)
    return stack[0]


@pytest.mark.parametrize(
    "code", [[0, 1, OR, 2, NOT, AND], [0, NOT, 1, AND, 2, OR, NOT], [0, 1, AND, 2, 3, OR, NOT, OR]]
)
def test_when_all_of_them_have_turned_the_condition_is_as_wanted(code: list[int]) -> None:
    for truths, wanted in product(product([0, 1], repeat=4), [True, False]):
        turning = leaves_to_turn(code, truths, wanted=wanted)
        after = [1 - truth if leaf in turning else truth for leaf, truth in enumerate(truths)]
        assert holds(code, after) is wanted
        assert (turning == []) is (holds(code, list(truths)) is wanted)
