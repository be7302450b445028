from __future__ import annotations

from keeping import AT_ONCE, CHECK_IN, HOUSE, Business, at, local

ONE_A_DAY = HOUSE.replace("frequency_caps: []", "frequency_caps: [{at_most: 1, within: 1 day}]")


def test_what_is_due_is_sent_with_its_reason(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.tick("2026-03-02 15:00")
    assert business.heard() == []
    report = business.tick("2026-03-03 10:00")
    assert business.heard() == ["2026-03-03 10:00 check_in/ana/d1 email"]
    row = business.row("check_in/ana/d1")
    assert (row.state, row.channel, local(row.decided_for)) == ("sent", "email", "2026-03-03 10:00")
    assert row.reason == "Their order has arrived and we can still put it right."
    assert report.next_due is None


def test_seconds_of_delay_do_not_count(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.tick("2026-03-02 15:00")
    business.tick("2026-03-03 10:00:59")
    assert business.row("check_in/ana/d1").decided_for == at("2026-03-03 10:00")


def test_a_minute_of_delay_decides_as_of_now(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.tick("2026-03-02 15:00")
    business.tick("2026-03-03 10:01")
    assert business.row("check_in/ana/d1").decided_for == at("2026-03-03 10:01")


def test_what_waits_says_for_which_gate_and_until_when(business: Business) -> None:
    business.goes_by(AT_ONCE, "2026-03-01", ONE_A_DAY)
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.event("bought", "2026-03-02 16:00", id="b2")
    business.tick("2026-03-02 16:00")
    row = business.row("thanks/ana/b2")
    assert (row.state, row.because, local(row.next_at)) == ("waiting", ("cap.1",), "2026-03-03 00:00")


def test_an_answer_that_changes_months_later_is_not_missed(business: Business) -> None:
    house = HOUSE.replace("frequency_caps: []", "frequency_caps: [{at_most: 1, within: 300 days}]")
    business.goes_by(AT_ONCE.replace("2 days", "400 days"), "2026-03-01", house)
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.event("bought", "2026-03-02 16:00", id="b2")
    business.tick("2026-03-02 16:00")
    assert local(business.row("thanks/ana/b2").next_at) == "2026-12-27 00:00"


def test_a_fact_that_lies_ahead_is_waited_for(business: Business) -> None:
    business.goes_by(AT_ONCE + "  only_if: [{event: confirmed}]\n", "2026-03-01")
    business.event("confirmed", "2026-03-03 09:00", known="2026-03-03 09:00", id="c1")
    business.event("bought", "2026-03-02 15:00", id="b1")
    report = business.tick("2026-03-02 15:00")
    assert local(report.next_due) == "2026-03-03 09:00"
    business.tick("2026-03-03 09:00")
    assert business.heard() == ["2026-03-03 09:00 thanks/ana/b1 email"]


def test_after_a_week_without_the_daemon_what_is_too_late_ends_and_the_cap_holds(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01", ONE_A_DAY)
    for day in range(2, 9):
        business.event("delivered", f"2026-03-0{day} 15:00", id=f"d{day}")
    business.plan("2026-03-02 15:00")
    business.tick("2026-03-09 10:00")
    assert business.heard() == ["2026-03-09 10:00 check_in/ana/d6 email"]
    assert business.states() == {
        **{f"check_in/ana/d{day}": "too_late" for day in (2, 3, 4, 5)},
        "check_in/ana/d6": "sent",
        **{f"check_in/ana/d{day}": "waiting" for day in (7, 8)},
    }


def test_a_goal_that_is_reached_ends_it(business: Business) -> None:
    business.goes_by(CHECK_IN + "  until: solved\n", "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.event("solved", "2026-03-02 16:00")
    business.tick("2026-03-03 10:00")
    assert business.states() == {"check_in/ana/d1": "goal_reached"}


def test_a_customer_in_the_holdout_hears_nothing(business: Business) -> None:
    business.goes_by(AT_ONCE + "  holdout: 0.999999\n", "2026-03-01")
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.tick("2026-03-02 15:00")
    assert (business.heard(), business.states()) == ([], {"thanks/ana/b1": "held_out"})


def test_a_contact_lets_others_of_the_customer_speak_at_the_same_instant(business: Business) -> None:
    follow_up = AT_ONCE.replace("thanks:", "more:") + "  only_if: [{contact: thanks}]\n  priority: 90\n"
    business.goes_by(AT_ONCE + follow_up, "2026-03-01")
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.tick("2026-03-02 15:00")
    assert business.heard() == ["2026-03-02 15:00 more/ana/b1 email", "2026-03-02 15:00 thanks/ana/b1 email"]


def test_without_rules_nothing_happens(business: Business) -> None:
    business.event("bought", "2026-03-02 15:00")
    assert business.tick("2026-03-02 15:00").problems == ("no rules are active; activate some",)
