from __future__ import annotations

import pytest
from keeping import AT_ONCE, BIRTHDAY, CHECK_IN, HOUSE, rulebook

from scheduler.decisions.program import compile_rules
from scheduler.planning.lookback import LookBack, look_back
from scheduler.wallclock import DAY


def looks(rules: str, house: str = HOUSE) -> LookBack:
    return look_back(compile_rules(rulebook(rules, house)))


def test_what_has_a_limit_stays_no_longer_than_that() -> None:
    found = looks(AT_ONCE + "  only_if: [{event: bought, count: true, at_least: 2, within: 1 year}]\n")
    assert (found.events, found.contacts) == ({}, {})
    assert 365 * DAY < found.reach < 700 * DAY


def test_a_longer_span_reaches_farther() -> None:
    one, two = (
        looks(AT_ONCE, HOUSE.replace("[]", f"[{{at_most: 1, within: {span}}}]")) for span in ("1 week", "2 years")
    )
    assert two.reach - one.reach > 700 * DAY


@pytest.mark.parametrize(
    "asked",
    [
        "only_if: [{event: bought, count: true, at_least: 2}]",
        "unless: [{any_of: [{none_of: [{event: bought, latest: item, is: tea}]}, {event: seen, within: 1 day}]}]",
        "until: {event: bought}",
        "only_if: [loyal]",
    ],
)
def test_an_event_that_is_looked_at_without_a_limit_stays_for_good(asked: str) -> None:
    house = HOUSE + "conditions:\n  loyal: {means: They came twice., all_of: [{event: bought}, {event: bought}]}\n"
    assert looks(f"{AT_ONCE}  {asked}\n", house).events == {"bought": "thanks looks at it without `within`"}


def test_a_goal_after_the_trigger_has_a_limit() -> None:
    assert looks(f"{AT_ONCE}  until: paid\n").events == {}


def test_what_opens_and_closes_a_thing_stays_for_good() -> None:
    house = HOUSE + "open_things: {ticket: {opened_by: asked, closed_by: answered}}\n"
    why = "thanks asks what is still open"
    assert looks(f"{AT_ONCE}  unless: [{{open: ticket}}]\n", house).events == {"asked": why, "answered": why}
    assert looks(AT_ONCE, house).events == {}


def test_deliveries_stay_where_an_ask_waits_for_the_newest() -> None:
    house = HOUSE + "value_window: {delivered_by: delivered, default: 30 days}\n"
    why = "card waits for the newest delivery, whenever that was"
    assert looks(BIRTHDAY.replace("nothing", "review"), house).events == {"delivered": why}
    assert looks(CHECK_IN.replace("nothing", "review").replace("  after: 1 day\n", ""), house).events == {}


def test_an_event_with_a_date_that_counts_stays_for_good() -> None:
    rule = AT_ONCE.replace("when: bought", "when: {event: booked, date: due}")
    assert looks(rule).events == {"booked": "thanks goes by a date in it"}


def test_contacts_stay_where_a_rule_never_contacts_again() -> None:
    assert looks(f"{AT_ONCE}  again: never\n").contacts == {"thanks": "thanks never contacts anybody again"}
    assert looks(f"{AT_ONCE}  again: after 3 days\n").contacts == {}


def test_contacts_stay_where_a_condition_looks_at_them_without_a_limit() -> None:
    rules = CHECK_IN + AT_ONCE + "  unless: [{contact: check_in}]\n"
    assert looks(rules).contacts == {"check_in": "thanks looks at them without `within`"}
    assert looks(rules.replace("check_in}", "any}")).contacts == {"any": "thanks looks at them without `within`"}
    assert looks(rules.replace("check_in}", "any, within: 3 days}")).contacts == {}
