"""More rows than may be held are sorted all the same."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import polars as pl
import pytest

from scheduler.backtest import sorting
from scheduler.backtest.sorting import Sorting

NUMBERS = random.Random(1).choices(range(500), k=2_000)  # noqa: S311 - no secret
ROWS = pl.DataFrame({"at": NUMBERS, "who": [f"c{number % 7}" for number in range(2_000)], "row": range(2_000)})
BY = ["at", "who", "row"]


@pytest.mark.parametrize("held", [10_000, 700, 1])
def test_rows_come_in_order_however_few_may_be_held(held: int) -> None:
    with Sorting(BY, held) as rows:
        for start in range(0, 2_000, 300):
            rows.add(ROWS[start : start + 300])
        found = pl.concat(list(rows.parts()))
    assert found.equals(ROWS.sort(BY))


def test_rows_of_one_instant_may_be_many() -> None:
    same = ROWS.with_columns(at=pl.lit(5))
    with Sorting(BY, 100) as rows:
        rows.add(same)
        rows.add(same)
        assert pl.concat(list(rows.parts()))["at"].to_list() == [5] * 4_000


def test_only_so_many_are_handed_out_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "PART", 300)
    with Sorting(BY) as rows:
        rows.add(ROWS)
        assert [len(part) for part in rows.parts()] == [300] * 6 + [200]


def test_without_rows_there_is_nothing() -> None:
    with Sorting(BY) as rows:
        assert list(rows.parts()) == []


def test_its_files_are_gone_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Sorting(BY, 100) as rows:
        rows.add(ROWS)
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []
