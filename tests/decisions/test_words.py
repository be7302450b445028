from datetime import date
from typing import Any

import pytest
from deciding import BERLIN, program

from scheduler.decisions import words
from scheduler.decisions.causes import Cause
from scheduler.decisions.facts import Value
from scheduler.rulebook.model import Hours, Rule
from scheduler.wallclock import zone


def rule(when: str, more: str = "") -> Rule:
    keys = f"{{reason: They would like to know it, asks_for: nothing, when: {when}, before: 9 days, by: [email]{more}}}"
    (found,) = program(f"note: {keys}").rules
    return found


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("bought", Cause.UNTIL.meaning),
        ("{silence: bought}", "bought has happened again"),
        ("{silence: contact}, after: 3 days", "we have been in touch again"),
        ("{event: booked, date: day}", Cause.UNTIL.meaning),
        ("{event: booked, date: day, same: visit}", "a newer booked has moved the date"),
    ],
)
def test_an_occasion_that_ended_by_gate_four_says_what_happened(when: str, said: str) -> None:
    assert words.ended(rule(when)) == said


def test_where_a_goal_may_be_reached_as_well_it_says_so() -> None:
    both = words.ended(rule("{silence: bought}", ", until: rated"))
    assert both == f"bought has happened again, or {Cause.UNTIL.meaning}"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("{event: returned, same: order_id}", "no returned of the same order_id"),
        ("{event: bought, where: {kind: tools}, within: 30 days}", "no bought with kind tools within 30 days"),
        ("{event: bought, count: true, at_least: 2}", "not: the number of bought is at least 2"),
        ("{open: ticket}", "no ticket open"),
        ("{open: ticket, for: 2 days}", "no ticket open for 2 days or longer"),
    ],
)
def test_what_must_not_be_is_told_as_a_no(condition: str, said: str) -> None:
    house = "timezone: UTC\nopen_things: {ticket: {opened_by: opened, closed_by: closed}}\n"
    keys = f"{{reason: They like it, asks_for: nothing, when: bought, before: 9 days, unless: [{condition}]}}"
    (found,) = program(f"note: {keys}", house).rules
    assert words.negated(found.unless[0], {}) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"from": "09:00", "to": "18:00", "days": ["mon", "tue", "wed", "thu", "fri"]}, "09:00 to 18:00, mon to fri"),
        ({"from": "09:00", "to": "18:00", "days": ["sat", "mon"]}, "09:00 to 18:00, mon, sat"),
        ({"from": "09:00", "to": "18:00", "days": "all"}, "09:00 to 18:00"),
        ({"from": "09:00", "to": "18:00", "days": []}, "09:00 to 18:00, on no day"),
        ({"from": "10:00"}, "10:00 to 24:00"),
    ],
)
def test_hours_name_their_days(written: dict[str, Any], said: str) -> None:
    assert words.hours(Hours.model_validate(written)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "nothing"),
        (True, "true"),
        (749.0, "749"),
        (8.9, "8.9"),
        (12345.67, "12345.67"),
        (date(2026, 4, 10), "10 Apr 2026"),
        ("2026-04-10T12:00:00+00:00", "10 Apr 2026 14:00"),
        ("on 2026-04-10", "on 2026-04-10"),
    ],
)
def test_values_read_as_people_write_them(value: Value | None, said: str) -> None:
    assert words.dated(value, zone(BERLIN)) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(3, "3"), (2.5, "2.5"), (123456.78, "123456.78"), (999999.7, "999999.7"), (1e6, "1000000"), (-0.001, "0")],
)
def test_a_number_keeps_its_cents_and_no_needless_digits(number: float, said: str) -> None:
    assert words.number(number) == said


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (
            "{all_of: [{event: a}, {any_of: [{event: b}, {event: c}]}]}",
            "a has happened and (b has happened or c has happened)",
        ),
        (
            "{any_of: [{all_of: [{event: a}, {event: b}]}, {event: c}]}",
            "(a has happened and b has happened) or c has happened",
        ),
        ("{all_of: [{any_of: [{event: a}]}, {none_of: [{event: b}]}]}", "a has happened and not (b has happened)"),
    ],
)
def test_what_is_nested_in_a_combination_stands_in_brackets(condition: str, said: str) -> None:
    keys = f"{{reason: They like it, asks_for: nothing, when: bought, before: 9 days, only_if: [{condition}]}}"
    (found,) = program(f"note: {keys}").rules
    assert words.condition(found.only_if[0], {}) == said


def test_what_must_not_be_stands_in_brackets_where_it_joins_several() -> None:
    keys = "{reason: They like it, asks_for: nothing, when: bought, before: 9 days, unless: [{any_of: [{event: a}, {event: b}]}]}"
    (found,) = program(f"note: {keys}").rules
    assert words.negated(found.unless[0], {}) == "not: (a has happened or b has happened)"
