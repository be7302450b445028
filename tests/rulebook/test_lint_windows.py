from __future__ import annotations

import pytest
from language_examples import rule
from rulebook_shop import HOUSE, read

from scheduler.durations import Duration
from scheduler.rulebook.lint.windows import longest, shortest


def found(*lines: str, when: str = "order_delivered", house: str = HOUSE) -> list[tuple[str, str]]:
    _, findings = read(rules__examples=rule(*lines, when=when), rules__house_rules=house)
    return [(finding.code, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    ("written", "fewest", "most"),
    [
        ("3 days", 3, 3),
        ("2 weeks", 14, 14),
        ("12 hours", 0.5, 0.5),
        ("1 month", 28, 31),
        ("1 year", 365, 366),
        ("1 business day", 1, 3),
        ("5 business days", 5, 7),
        ("6 business days", 8, 10),
        ("0 days", 0, 0),
    ],
)
def test_a_duration_takes_between_so_many_days(written: str, fewest: float, most: float) -> None:
    duration = Duration.parse(written)
    assert (shortest(duration), longest(duration)) == (fewest, most)


@pytest.mark.parametrize(
    "lines", [("after: 1 day", "before: 2 days"), ("after: 2 hours", "before: 1 day"), ("before: 1 hour",)]
)
def test_a_window_that_opens_before_it_closes_is_fine(lines: tuple[str, ...]) -> None:
    assert found(*lines) == []


@pytest.mark.parametrize(
    ("lines", "severity"),
    [
        (("after: 1 day", "before: 20 hours"), "warning"),  # a delivery at 18:00 has from midnight up to 14:00
        (("after: 2 days", "before: 24 hours"), "error"),
        (("after: 2 days", "before: 30 hours"), "warning"),
        (("after: 36 hours", "before: 20 hours"), "error"),
        (("after: 1 day", "before: 1 day"), "error"),
    ],
)
def test_a_delay_in_days_after_an_event_ends_at_a_midnight(lines: tuple[str, ...], severity: str) -> None:
    assert found(*lines) == [("empty-window", severity)]


@pytest.mark.parametrize("lines", [("ahead: 0 days",), ("ahead: 0 days", "before: 0 days"), ("before: 0 days",)])
def test_a_date_needs_a_window_of_some_length(lines: tuple[str, ...]) -> None:
    assert ("empty-window", "error") in found(*lines, when="{date: birthday}")


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (("before: 6 hours",), True),
        (("before: 10 hours",), True),
        (("before: 11 hours",), False),
        (("before: 9 hours", 'at: "09:00"'), True),
        (("before: 9 hours", 'at: "08:30"'), False),
        (("before: 9 hours", 'at: "07:00"'), False),
        (("before: 7 hours", 'at: "07:00"'), True),
        (("after: 1 day", "before: 30 hours"), True),
        (("after: 1 day", "before: 36 hours"), False),
        (("after: 1 hour", "before: 7 hours"), True),
        (("after: 1 hour", "before: 12 hours"), False),
        (("before: 6 hours", 'at: "05:00"', "exempt: [send_hours]"), False),
    ],
)
def test_a_window_on_a_date_is_open_at_its_time_of_day(lines: tuple[str, ...], refused: bool) -> None:
    for when in ("{date: birthday}", "{every: week, on: monday}\n    starts: 2026-01-01"):
        assert found(*lines, when=when) == [("empty-window", "error")] * refused


def test_a_channel_that_leaves_early_fills_a_window_that_ends_with_the_date() -> None:
    assert found("before: 0 days", "by: [{email: {ahead: 3 days}}]", when="{date: birthday}") == []


def test_a_time_of_day_may_come_a_little_before_the_hours() -> None:
    assert found("after: 1 day", 'at: "06:00"', "by: [email]") == []


def test_the_time_of_day_of_the_house_is_checked_where_a_rule_has_none() -> None:
    house = HOUSE + 'default_at: "21:30"\n'
    assert (found("after: 1 day", house=house), found("after: 2 hours", house=house)) == (
        [("outside-hours", "error")],
        [],
    )


@pytest.mark.parametrize(
    ("lines", "when", "refused"),
    [
        (("starts: 2026-01-01",), "{every: month}", True),
        (("starts: 2026-01-01", "after: 2 hours"), "{every: month}", False),
        (("ahead: 1 day",), "{event: appointment_booked, date: at}", True),
        (("ahead: 2 hours",), "{event: appointment_booked, date: at}", False),
        ((), "{event: appointment_booked, date: at}", False),
        (("after: 90 days",), "{silence: contact}", True),
    ],
)
def test_the_time_of_day_of_the_house_holds_where_a_window_opens_at_a_midnight(
    lines: tuple[str, ...], when: str, refused: bool
) -> None:
    found_there = found(*lines, when=when, house=HOUSE + 'default_at: "21:30"\n')
    assert (("outside-hours", "error") in found_there) is refused


def test_what_is_exempt_from_the_hours_may_go_at_any_time() -> None:
    assert found("after: 1 day", 'at: "03:00"', "exempt: [send_hours]") == []


def test_a_rule_may_narrow_the_hours() -> None:
    assert found('send_hours: {from: "10:00", to: "12:00", days: [mon]}') == []


def test_hours_that_are_narrower_for_one_channel_are_fine() -> None:
    assert found('send_hours: {from: "08:00", to: "21:00"}', "by: [email, sms]") == []


@pytest.mark.parametrize(
    ("lines", "warned"),
    [
        (("before: 1 day", "by: [sms]"), True),
        (("before: 2 days", "by: [sms]"), False),
        (("before: 1 day", "by: [sms, email]"), False),
        (("before: 1 day", "by: [{sms: {ahead: 1 day}}]"), False),
        (("ahead: 1 day", "by: [sms]"), True),
        (("ahead: 2 days", "by: [sms]"), False),
        (("by: [sms]",), False),
    ],
)
def test_a_date_on_a_closed_weekday_is_warned_of_unless_there_is_another_way(
    lines: tuple[str, ...], warned: bool
) -> None:
    assert (("closed-weekday", "warning") in found(*lines, when="{date: birthday}")) is warned


@pytest.mark.parametrize(
    ("when", "warned"),
    [
        ("{every: week, on: sunday}", True),
        ("{every: week, on: saturday}", False),
        ("{every: week, on: monday, spread: 6 days}", False),
        ("{every: week, on: monday, spread: 1 week}", True),
        ("{every: week}", False),
        ("{every: 2 weeks}", False),
        ("{every: 14 days}", False),
        ("{every: 2 weeks, spread: 4 days}", True),
        ("{every: 5 business days}", True),
        ("{every: month, on: 1}", True),
    ],
)
def test_what_returns_on_a_closed_weekday_is_warned_of(when: str, warned: bool) -> None:
    lines = ("starts: 2026-01-01", "before: 1 day", "by: [sms]")  # a Thursday
    assert found(*lines, when=when) == ([("closed-weekday", "warning")] if warned else [])


@pytest.mark.parametrize(
    ("again", "refused"),
    [
        ("365 days", True),
        ("1 year", True),
        ("12 months", True),
        ("2 years", True),
        ("300 days", False),
        ("400 days", False),
    ],
)
def test_a_yearly_date_is_not_to_be_skipped_by_chance(again: str, refused: bool) -> None:
    lines = ("before: 1 day", f"again: after {again}")
    assert (("yearly-again", "error") in found(*lines, when="{date: birthday}")) is refused


def test_a_date_that_comes_once_may_be_followed_by_a_year_of_silence() -> None:
    assert found("before: 1 day", "again: after 365 days", when="{date: renews_on, once: true}") == []
