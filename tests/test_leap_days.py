"""Who was born on 29 February gets one card a year, on the day that the house says, in every zone."""

from __future__ import annotations

import zoneinfo
from datetime import date

import pytest

from scheduler.decisions.decide import decide
from scheduler.decisions.facts import Customer, Value
from scheduler.decisions.outcome import Outcome
from scheduler.decisions.program import Program, compile_rules
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.wallclock import DAY, date_of, day_of, zone

HOUSE = """
send_hours: {any: {from: "00:00", to: "24:00", days: all}}
leap_day: LEAP_DAY
"""
RULES = """
campaign: Birthdays
rules:
  card:
    reason: It is the day on which they were born.
    asks_for: nothing
    when: {date: birthday}
    before: 1 day
    send: card
    by: [email]
"""
YEARS = range(1900, 2101)
A_FEW_ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu"]


def program(leap_day: str) -> Program:
    house = HOUSE.replace("LEAP_DAY", leap_day)
    return compile_rules(rulebook_from_texts({"rules/house_rules.yaml": house, "rules/all.yaml": RULES})[0])


def cards(rules: Program, timezone: str) -> list[date]:
    """The local days on which somebody born on 29 February 1896 gets a card."""
    born: dict[str, Value] = {"email": "a@example.com", "timezone": timezone, "birthday": date(1896, 2, 29)}
    since, until = (day_of(date(year, 1, 1)) * DAY - DAY for year in (YEARS[0], YEARS[-1] + 1))
    decisions = decide(rules, [Customer("leap", born)], since, until)
    where = zone(timezone)
    return [date_of(where.local_day(one.at)) for one in decisions if one.outcome is Outcome.CONTACT]


def expected(common: date) -> list[date]:
    return [date(year, 2, 29) if _is_leap(year) else common.replace(year=year) for year in YEARS]


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@pytest.mark.parametrize(("leap_day", "common"), [("feb 28", date(2001, 2, 28)), ("mar 1", date(2001, 3, 1))])
@pytest.mark.parametrize("timezone", A_FEW_ZONES)
def test_a_leap_days_child_gets_one_card_a_year(leap_day: str, common: date, timezone: str) -> None:
    assert cards(program(leap_day), timezone) == expected(common)


@pytest.mark.slow
@pytest.mark.parametrize(("leap_day", "common"), [("feb 28", date(2001, 2, 28)), ("mar 1", date(2001, 3, 1))])
def test_a_leap_days_child_gets_one_card_a_year_in_every_zone(leap_day: str, common: date) -> None:
    rules, wanted = program(leap_day), expected(common)
    assert [name for name in sorted(zoneinfo.available_timezones()) if cards(rules, name) != wanted] == []


@pytest.mark.parametrize(("timezone", "skipped"), [("Pacific/Apia", "2011-12-30"), ("Pacific/Kwajalein", "1993-08-21")])
def test_a_birthday_on_a_day_that_a_zone_skips_has_no_moment_that_year(timezone: str, skipped: str) -> None:
    day = date.fromisoformat(skipped)
    born: dict[str, Value] = {"email": "a@example.com", "timezone": timezone, "birthday": day.replace(year=1980)}
    since, until = (day_of(date(day.year + step, 1, 1)) * DAY for step in (-1, 2))
    decisions = list(decide(program("feb 28"), [Customer("one", born)], since, until))
    days = [date_of(zone(timezone).local_day(one.at)) for one in decisions if one.outcome is Outcome.CONTACT]
    assert days == [day.replace(year=day.year - 1), day.replace(year=day.year + 1)]
