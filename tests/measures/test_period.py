from __future__ import annotations

import polars as pl
import pytest

from scheduler.errors import InputError
from scheduler.measures.period import period
from scheduler.wallclock import parse_instant, zone

BERLIN = zone("Europe/Berlin")


def at(text: str) -> int:
    return parse_instant(text, BERLIN)


def test_months_begin_at_the_houses_midnight_and_end_before_the_next_one() -> None:
    found = period("2026-10", 2, "Europe/Berlin", at("2026-12-01"))
    assert found.names == ("2026-09", "2026-10")
    instants = [at("2026-09-01") - 1, at("2026-09-01"), at("2026-10-01") - 1, at("2026-10-01"), at("2026-11-01")]
    assert found.month_of(pl.Series(instants)).to_list() == [None, 0, 0, 1, None]


def test_what_has_not_happened_yet_is_in_no_month() -> None:
    found = period("2026-10", 1, "Europe/Berlin", at("2026-10-15"))
    assert found.month_of(pl.Series([at("2026-10-15") - 1, at("2026-10-15")])).to_list() == [0, None]
    assert found.seen(0) == at("2026-10-15")


def test_without_a_month_it_is_the_last_that_is_over() -> None:
    assert period(None, 1, "Europe/Berlin", at("2026-10-31 23:59")).span == "2026-09"
    assert period(None, 3, "Europe/Berlin", at("2026-11-01")).span == "2026-08..2026-10"


def test_cohorts_are_named_after_any_month() -> None:
    found = period("2026-10", 1, "Europe/Berlin", at("2026-12-01"))
    assert found.named(pl.Series([at("2024-02-29"), at("2026-01-01") - 1])).to_list() == ["2024-02", "2025-12"]
    assert found.named(pl.Series([], dtype=pl.Int64)).to_list() == []


@pytest.mark.parametrize(
    ("month", "cause"),
    [("2026-13", "from 1970-01"), ("26-10", "write it like 2026-10"), ("2027-01", "is still to come")],
)
def test_what_is_no_month_is_refused_with_the_way_to_write_it(month: str, cause: str) -> None:
    with pytest.raises(InputError, match=cause):
        period(month, 1, "Europe/Berlin", at("2026-12-01"))
