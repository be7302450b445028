from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.durations import Duration, Unit
from scheduler.errors import BadDuration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("1 minute", Duration(1, Unit.MINUTES)),
        ("2 hours", Duration(2, Unit.HOURS)),
        ("1 day", Duration(1, Unit.DAYS)),
        ("3 weeks", Duration(3, Unit.WEEKS)),
        ("18 months", Duration(18, Unit.MONTHS)),
        ("1 year", Duration(1, Unit.YEARS)),
        ("4 business days", Duration(4, Unit.BUSINESS_DAYS)),
        ("0 days", Duration(0, Unit.DAYS)),
    ],
)
def test_a_duration_is_a_whole_number_and_a_unit(text: str, duration: Duration) -> None:
    assert Duration.parse(text) == duration


@pytest.mark.parametrize(
    "text", ["", "3", "days", "-1 day", "1.5 days", "P1M", "3d", "three days", "1 fortnight", "٣ days", "100000 days"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadDuration, match="write a whole number and a unit, like '3 days'"):
        Duration.parse(text)


def test_a_duration_of_more_than_a_thousand_years_is_refused() -> None:
    with pytest.raises(BadDuration, match=r"'1001 years' is longer than 1,000 years"):
        Duration.parse("1001 years")


@given(st.builds(Duration, st.integers(0, 1000), st.sampled_from(Unit)))
def test_a_duration_reads_back_as_it_is_written(duration: Duration) -> None:
    assert Duration.parse(str(duration)) == duration


def test_minutes_and_hours_are_exact_and_days_are_not() -> None:
    assert [unit for unit in Unit if Duration(1, unit).exact] == [Unit.MINUTES, Unit.HOURS]


def test_an_exact_duration_has_a_length_in_microseconds() -> None:
    assert Duration.parse("2 hours").microseconds == 7_200_000_000


def test_an_exact_duration_moves_no_day() -> None:
    with pytest.raises(BadDuration, match="2 hours is exact"):
        Duration.parse("2 hours").later(date(2026, 3, 1))


@pytest.mark.parametrize(
    ("day", "text", "moved"),
    [
        (date(2026, 2, 27), "2 days", date(2026, 3, 1)),
        (date(2028, 2, 27), "2 days", date(2028, 2, 29)),
        (date(2026, 12, 28), "1 week", date(2027, 1, 4)),
        (date(2026, 1, 31), "1 month", date(2026, 2, 28)),
        (date(2028, 1, 31), "1 month", date(2028, 2, 29)),
        (date(2026, 1, 31), "2 months", date(2026, 3, 31)),
        (date(2026, 10, 31), "13 months", date(2027, 11, 30)),
        (date(2028, 2, 29), "1 year", date(2029, 2, 28)),
        (date(2028, 2, 29), "4 years", date(2032, 2, 29)),
    ],
)
def test_months_and_years_clamp_to_the_end_of_a_shorter_month(day: date, text: str, moved: date) -> None:
    assert Duration.parse(text).later(day) == moved


def test_months_clamp_backwards_too() -> None:
    assert Duration.parse("1 month").earlier(date(2026, 3, 31)) == date(2026, 2, 28)


def test_days_go_backwards_over_a_leap_day() -> None:
    assert Duration.parse("1 day").earlier(date(2028, 3, 1)) == date(2028, 2, 29)


FRIDAY, SATURDAY, MONDAY, TUESDAY = date(2026, 5, 22), date(2026, 5, 23), date(2026, 5, 25), date(2026, 5, 26)


@pytest.mark.parametrize("start", [FRIDAY, SATURDAY])
def test_business_days_skip_the_weekend(start: date) -> None:
    assert Duration.parse("1 business day").later(start) == MONDAY


def test_business_days_skip_holidays() -> None:
    assert Duration.parse("1 business day").later(FRIDAY, {MONDAY}) == TUESDAY


def test_business_days_go_backwards_over_weekend_and_holiday() -> None:
    assert Duration.parse("1 business day").earlier(TUESDAY, {MONDAY}) == FRIDAY


def test_no_business_days_stay_where_they_are() -> None:
    assert Duration.parse("0 business days").later(SATURDAY) == SATURDAY


def test_durations_of_different_units_compare_by_their_usual_length() -> None:
    texts = ["2 hours", "1 day", "5 business days", "8 days", "1 month", "60 days", "1 year"]
    assert sorted(texts, key=lambda text: Duration.parse(text).nominal_days) == texts
