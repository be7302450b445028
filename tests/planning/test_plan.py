from __future__ import annotations

import pytest
from keeping import AT_ONCE, BIRTHDAY, CHECK_IN, Business, born, local

from scheduler.planning.plan import Planned
from scheduler.wallclock import ZONE_DATA_VERSION


def test_an_event_becomes_a_row_that_is_due_at_its_first_moment(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.plan("2026-03-02 15:01")
    row = business.row("check_in/ana/d1")
    assert (local(row.opens), local(row.closes)) == ("2026-03-03 00:00", "2026-03-06 00:00")
    assert (row.state, local(row.next_at)) == ("planned", "2026-03-03 10:00")


def test_planning_twice_changes_nothing(business: Business) -> None:
    business.goes_by(CHECK_IN + BIRTHDAY, "2026-03-01")
    business.customer(birthday=born(1990, 5, 5))
    business.event("delivered", "2026-03-02 15:00")
    assert business.plan("2026-03-02 16:00") == Planned(customers=1, added=3)
    assert business.plan("2026-03-02 17:00") == Planned()


def test_a_new_fact_makes_open_occasions_due_again(business: Business) -> None:
    business.goes_by(AT_ONCE + "  unless: [{open: ticket}]\n", "2026-03-01", HOUSE_WITH_TICKETS)
    business.event("ticket_opened", "2026-03-01 09:00")
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.tick("2026-03-02 15:00")
    assert local(business.row("thanks/ana/b1").next_at) == "2026-03-04 15:00"
    business.event("anything", "2026-03-02 16:00")
    business.plan("2026-03-02 16:00")
    assert local(business.row("thanks/ana/b1").next_at) == "2026-03-02 16:00"


def test_an_event_learned_after_its_window_ends_as_too_late(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", known="2026-03-20 09:00", id="d1")
    business.tick("2026-03-20 09:00")
    row = business.row("check_in/ana/d1")
    assert (row.state, row.because) == ("too_late", ("window",))


def test_a_window_that_closed_before_the_rule_was_active_has_no_row(business: Business) -> None:
    business.event("delivered", "2026-02-20 15:00")
    business.goes_by(CHECK_IN, "2026-03-01")
    assert business.plan("2026-03-01") == Planned(customers=1)


def test_a_window_that_is_open_when_the_rule_becomes_active_has_a_row(business: Business) -> None:
    business.event("delivered", "2026-02-26 15:00")
    business.goes_by(CHECK_IN, "2026-03-01")
    assert business.plan("2026-03-01").added == 1


def test_what_backfill_does_not_admit_has_no_row(business: Business) -> None:
    business.event("delivered", "2026-02-26 15:00")
    business.goes_by(CHECK_IN + "  backfill: none\n", "2026-03-01")
    assert business.plan("2026-03-01") == Planned(customers=1)


def test_the_rows_of_a_rule_that_was_removed_are_cancelled(business: Business) -> None:
    business.goes_by(CHECK_IN + AT_ONCE, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.plan("2026-03-02 16:00")
    business.goes_by(AT_ONCE, "2026-03-02 17:00")
    assert business.plan("2026-03-02 17:00").cancelled == 1
    row = business.row("check_in/ana/d1")
    assert (row.state, row.because) == ("cancelled", ("active",))


def test_a_rule_that_comes_back_brings_its_pending_occasions_back(business: Business) -> None:
    business.goes_by(CHECK_IN + AT_ONCE, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.plan("2026-03-02 16:00")
    business.goes_by(AT_ONCE, "2026-03-02 17:00")
    business.plan("2026-03-02 17:00")
    business.goes_by(CHECK_IN + AT_ONCE, "2026-03-02 18:00")
    assert business.plan("2026-03-02 18:00") == Planned(customers=1, added=1)
    row = business.row("check_in/ana/d1")
    assert (row.state, row.because, local(row.next_at)) == ("planned", (), "2026-03-03 10:00")
    business.tick("2026-03-03 10:00")
    assert business.heard() == ["2026-03-03 10:00 check_in/ana/d1 email"]


def test_what_was_cancelled_at_its_moment_does_not_come_back(business: Business) -> None:
    business.goes_by(CHECK_IN + "  status: paused\n", "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.tick("2026-03-03 10:00")
    business.goes_by(CHECK_IN, "2026-03-03 11:00")
    business.tick("2026-03-04 10:00")
    assert (business.heard(), business.states()) == ([], {"check_in/ana/d1": "cancelled"})


def test_a_paused_rule_cancels_an_occasion_at_its_moment_and_not_before(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.plan("2026-03-02 16:00")
    business.goes_by(CHECK_IN + "  status: paused\n", "2026-03-02 17:00")
    business.tick("2026-03-02 17:00")
    assert business.states() == {"check_in/ana/d1": "planned"}
    business.tick("2026-03-03 10:00")
    assert business.states() == {"check_in/ana/d1": "cancelled"}


def test_of_a_paused_rule_too_what_is_learned_too_late_ends_as_too_late_though_it_is_planned_anew(
    business: Business,
) -> None:
    business.goes_by(AT_ONCE + "  status: paused\n" + CHECK_IN, "2026-03-01")
    business.event("bought", "2026-03-02 15:00", id="b1", known="2026-03-05 12:00")
    business.plan("2026-03-02 16:00")
    business.event("visited", "2026-03-04 18:00")
    business.plan("2026-03-04 18:00")
    assert business.states() == {"thanks/ana/b1": "planned"}
    business.tick("2026-03-05 12:00")
    assert business.states() == {"thanks/ana/b1": "too_late"}


def test_of_a_paused_rule_too_what_was_planned_ends_as_too_late_though_it_is_planned_anew_when_it_closes(
    business: Business,
) -> None:
    business.goes_by(AT_ONCE + "  status: paused\n  only_if: [{event: paid}]\n" + CHECK_IN, "2026-03-01")
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.plan("2026-03-02 16:00")
    business.event("visited", "2026-03-09 18:00")
    business.tick("2026-03-09 18:00")
    assert business.states() == {"thanks/ana/b1": "too_late"}


def test_an_event_that_was_replaced_cancels_its_occasion(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.plan("2026-03-02 16:00")
    business.event("delivered", "2026-03-03 15:00", id="d2", replaces="d1")
    business.plan("2026-03-03 16:00")
    assert business.states() == {"check_in/ana/d1": "cancelled", "check_in/ana/d2": "planned"}


def test_a_rule_that_was_edited_moves_its_rows(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.plan("2026-03-02 16:00")
    business.goes_by(CHECK_IN.replace("1 day", "2 days"), "2026-03-02 17:00")
    assert business.plan("2026-03-02 17:00").moved == 1
    assert local(business.row("check_in/ana/d1").next_at) == "2026-03-04 10:00"


def test_other_zone_data_plan_everybody_again(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00")
    business.plan("2026-03-02 16:00")
    monkeypatch.setattr("scheduler.planning.plan.ZONE_DATA_VERSION", f"{ZONE_DATA_VERSION}+")
    assert business.plan("2026-03-02 16:00").customers == 1


def test_a_birthday_is_planned_for_the_next_two_years(business: Business) -> None:
    business.goes_by(BIRTHDAY, "2026-03-01")
    business.customer(birthday=born(1990, 2, 1))
    business.plan("2026-03-01")
    assert list(business.states()) == ["card/ana/2027-02-01", "card/ana/2028-02-01"]


def test_the_next_birthday_is_planned_when_one_has_come(business: Business) -> None:
    business.goes_by(BIRTHDAY, "2026-03-01")
    business.customer(birthday=born(1990, 3, 5))
    business.tick("2026-03-01")
    business.tick("2026-03-05 10:00")
    business.tick("2027-03-05 10:00")
    assert business.states() == {
        "card/ana/2026-03-05": "sent",
        "card/ana/2027-03-05": "sent",
        "card/ana/2028-03-05": "planned",
        "card/ana/2029-03-05": "planned",
    }


def test_a_date_that_lies_years_ahead_is_planned(business: Business) -> None:
    business.goes_by(BIRTHDAY.replace("{date: birthday}", "{date: renewal, once: true}"), "2026-03-01")
    business.customer(renewal=born(2033, 7, 1))
    business.plan("2026-03-01")
    assert list(business.states()) == ["card/ana/2033-07-01"]


def test_the_first_return_of_a_date_to_come_is_planned(business: Business) -> None:
    business.goes_by(BIRTHDAY, "2026-03-01")
    business.customer(birthday=born(2030, 7, 1))
    business.plan("2026-03-01")
    assert "card/ana/2031-07-01" in business.states()


def test_a_window_that_opens_in_ten_years_is_planned(business: Business) -> None:
    rule = CHECK_IN.replace("after: 1 day", "after: 10 years").replace("4 days", "11 years")
    business.goes_by(rule, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.plan("2026-03-02 16:00")
    assert local(business.row("check_in/ana/d1").next_at) == "2036-03-02 10:00"


def test_the_reason_is_filled_in_for_the_ledger(business: Business) -> None:
    business.goes_by(CHECK_IN.replace("Their order", "Their {event.product}"), "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1", product="Kettle")
    business.plan("2026-03-02 16:00")
    assert business.row("check_in/ana/d1").reason == "Their Kettle has arrived and we can still put it right."


HOUSE_WITH_TICKETS = """\
timezone: Europe/Berlin
send_hours: {any: {from: "00:00", to: "24:00", days: all}}
frequency_caps: []
open_things: {ticket: {opened_by: ticket_opened, closed_by: ticket_closed}}
"""
