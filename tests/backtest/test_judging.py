"""Conditions are judged by the facts as the slow second engine judges them, which shares no code with either way."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
from histories import on_arrays, walks
from hypothesis import Phase, assume, given, settings
from second_engine.conditions import holds
from second_engine.person import person
from shops import UNHURRIED, Shop, shops

from scheduler.backtest.judging import Moment, Moments
from scheduler.backtest.signs import needs_of
from scheduler.decisions.program import Program, compile_rules
from scheduler.errors import InputError
from scheduler.rulebook.model import Condition
from scheduler.wallclock import DAY

if TYPE_CHECKING:
    from second_engine.occasions import Occasion

NO_OCCASION = cast("Occasion", SimpleNamespace(event=None, counts_from=0))
"""What is judged by facts alone asks about none."""


def judged(condition: Condition, program: Program) -> bool:
    """Whether the columns of a program tell all that a condition asks about."""
    needs = needs_of(condition, program)
    return (
        needs.facts_alone
        and {*needs.events} <= {*program.events}
        and {*needs.properties} <= {*program.properties}
        and {*needs.attributes} <= {*program.attributes}
    )


@settings(
    UNHURRIED,
    max_examples=60,
    derandomize=True,
    phases=[Phase.generate],
)
@given(shop=shops(whole_language=True))
def test_conditions_hold_as_the_second_engine_says(shop: Shop) -> None:
    book = shop.rulebook
    try:
        program = compile_rules(book)
    except InputError:  # a condition names a draft
        assume(False)
    asked = [one for rule in program.rules for one in (*rule.only_if, *rule.unless)]
    conditions = [one for one in ("marked", *asked) if judged(one, program)]
    known = [replace(one, contacts=()) for one in shop.customers]
    since, until = shop.now - 40 * DAY, shop.now + 30 * DAY
    instants = range(since, until, 3 * DAY - 7_919_000_000)
    for walk in walks(program, known, since, until, chunk=len(known)):
        customers = np.repeat(np.arange(len(known)), len(instants))
        at = np.array([*instants] * len(known))
        moments = Moments(on_arrays(walk), customers, at, since, until)
        for condition in conditions:
            expected = [holds(condition, person(one, book), NO_OCCASION, now) for one in known for now in instants]
            told = [Moment.of(walk, number, now).holds(condition) for number, _ in enumerate(known) for now in instants]
            assert told == expected, condition
            assert moments.holds(condition).tolist() == expected, condition
