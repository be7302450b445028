from __future__ import annotations

from datetime import date

from scheduler.cli.chart import bars, volume_chart

MONDAY = date(2026, 11, 2)


def test_the_fullest_day_is_named_and_drawn_highest() -> None:
    chart = volume_chart({MONDAY: 8, date(2026, 11, 4): 4}, MONDAY, date(2026, 11, 5))
    assert chart == [
        "contacts a day (most: 8 on Mon 2 Nov)",
        "  █",
        "  █",
        "  █   █",
        "  █   █",
        "  ───────",
        "  2 Nov",
    ]


def test_a_day_with_anything_shows_something() -> None:
    assert "▁" in volume_chart({MONDAY: 1_000, date(2026, 11, 3): 1}, MONDAY, date(2026, 11, 3))[4]


def test_single_contacts_need_a_single_line() -> None:
    assert len(volume_chart({MONDAY: 1}, MONDAY, date(2026, 11, 8))) == 4


def test_many_days_are_drawn_by_the_week() -> None:
    chart = volume_chart({MONDAY: 1, date(2026, 11, 5): 2}, MONDAY, date(2027, 2, 1))
    assert chart[0] == "contacts a week (most: 3 in the week of Mon 2 Nov)"


def test_without_contacts_there_is_no_chart() -> None:
    assert volume_chart({}, MONDAY, MONDAY) == []


def test_bars_are_in_order_of_their_size_then_their_name() -> None:
    assert bars({"b": 1, "a": 1, "most": 24}) == ["most  24  " + "▇" * 24, "a      1  ▇", "b      1  ▇"]
