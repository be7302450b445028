from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.cli.results import KEYS
from scheduler.measures.catalogue import MEASURES
from scheduler.measures.measure import GROUPS, Measure
from scheduler.measures.verdict import Verdict

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.name)
def test_a_measure_says_how_it_is_worked_out_and_the_page_tells_of_it(measure: Measure) -> None:
    assert all((measure.title, measure.formula, measure.denominator, measure.window))
    assert {name for by in measure.groupings for name in by} <= set(GROUPS)
    assert f"`{measure.name}`" in PAGE


def test_names_are_unique() -> None:
    names = [measure.name for measure in MEASURES]
    assert len(names) == len(set(names))


def test_the_page_tells_of_every_key_and_every_verdict() -> None:
    told = PAGE[PAGE.index("## For programs") :]
    assert [key for key in KEYS if f"`{key}`" not in told] == []
    assert [str(verdict) for verdict in Verdict if f"`{verdict}`" not in PAGE] == []
