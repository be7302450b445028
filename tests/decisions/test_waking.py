"""What waits is asked again whenever an answer can have changed, and dates stay what they are."""

from __future__ import annotations

from datetime import date

import pytest
from deciding import HOUSE, ana, program

from scheduler.decisions.decide import decide
from scheduler.decisions.windows import pending
from scheduler.errors import InputError
from scheduler.wallclock import parse_instant, zone

GIFT = """
gift: {reason: They like to get something for nothing, asks_for: nothing, when: delivered, after: 3 days, send: w, by: [email]}
ask:
  reason: They are happy with it and may say so.
  asks_for: review
  topic: t
  when: nps
  before: 30 days
  only_if: [{event: nps, latest: score, at_least: 9}]
  send: w
  by: [email]
"""
TOPIC = "topics: {t: {consent: opt_out}}\n"


def test_an_ask_that_waits_for_its_value_window_is_not_forgotten_after_a_gift() -> None:
    house = (
        HOUSE
        + TOPIC
        + (
            "value_window: {delivered_by: delivered, default: 10 days}\n"
            "asks: {any: {value_window: required, gives: 30 days}}\n"
        )
    )
    story = ana().event("2026-03-02 10:00", "delivered").event("2026-03-04 10:00", "nps", score=10)
    assert story.contacts(program(GIFT, house), "2026-03-01", "2026-05-01") == [
        "2026-03-05 10:00 gift email",
        "2026-03-12 00:00 ask email",
    ]


def test_an_ask_that_is_blocked_for_a_week_is_not_forgotten_after_a_gift() -> None:
    house = (
        HOUSE
        + TOPIC
        + (
            "asks: {any: {value_window: none, gives: 30 days, blocked_while: [upset]}}\n"
            "conditions: {upset: {means: they complained, any_of: [{event: complaint, within: 7 days}]}}\n"
        )
    )
    story = ana().event("2026-03-02 10:00", "delivered").event("2026-03-02 11:00", "complaint")
    story = story.event("2026-03-04 10:00", "nps", score=10)
    assert story.contacts(program(GIFT, house), "2026-03-01", "2026-05-01") == [
        "2026-03-05 10:00 gift email",
        "2026-03-09 00:00 ask email",
    ]


def test_a_date_in_an_event_on_a_day_that_the_zone_skips_keeps_its_day() -> None:
    rules = program(
        "note: {reason: It is due tomorrow, asks_for: nothing, when: {event: booked, date: due}, ahead: 1 day, send: w, by: [email]}"
    )
    story = ana("Pacific/Apia").event("2011-12-20 09:00", "booked", due=date(2011, 12, 30))
    assert story.contacts(rules, "2011-12-21", "2012-02-01") == ["2011-12-29 10:00 note email"]


def test_returns_in_business_days_fall_on_the_same_days_whenever_they_are_looked_at() -> None:
    rules = program(
        "note: {reason: It is time for it again, asks_for: nothing, when: {every: 20 business days}, starts: 2021-01-04, before: 1 day, send: w, by: [email]}"
    )
    story = ana().where(attributes={**ana().customer.attributes, "country": "DE"})
    early = [one.occasion for one in story.decisions(rules, "2021-01-01", "2027-06-01")]
    late = [one.occasion for one in story.decisions(rules, "2027-01-01", "2027-06-01")]
    assert late
    assert late == early[-len(late) :]


def test_a_date_that_stands_for_never_does_not_stop_the_planning() -> None:
    rules = program(
        "note: {reason: It ends soon, asks_for: nothing, when: {event: signed, date: ends}, ahead: 2 business days, send: w, by: [email]}"
    )
    story = ana().where(attributes={**ana().customer.attributes, "country": "DE"})
    story = story.event("2026-03-02 10:00", "signed", ends=date(9999, 12, 31))
    story = story.event("2026-03-02 11:00", "signed", ends=date(2026, 4, 1))
    now = story.at("2026-03-03")
    assert [occasion.anchor for _, occasion, _ in pending(rules, [story.customer], now, now, {})] == ["e001"]


def test_a_key_is_the_same_number_however_it_is_written() -> None:
    rules = program(
        "note: {reason: They have been away, asks_for: nothing, when: {silence: visit, same: k}, after: 5 days, send: w, by: [email]}"
    )
    story = ana().event("2026-03-02 10:00", "visit", k=1).event("2026-03-04 10:00", "visit", k=1.0)
    assert story.contacts(rules, "2026-03-01", "2026-05-01") == ["2026-03-09 10:00 note email"]


@pytest.mark.parametrize(
    "keys",
    [
        "when: {date: birthday}, unless: [{event: returned, same: order}]",
        "when: {every: week}, starts: 2026-01-01, after: value_window",
    ],
)
def test_what_compares_with_an_event_is_refused_where_none_triggers(keys: str) -> None:
    with pytest.raises(InputError, match="note"):
        program(f"note: {{reason: They would like to know, asks_for: nothing, send: w, by: [email], {keys}}}")


def test_a_very_long_chain_of_our_own_contacts_is_told_too() -> None:
    rules = program(
        "note: {reason: Nobody has heard anything, asks_for: nothing, when: {silence: contact}, after: 1 day, send: w, by: [email]}"
    )
    story = ana().contacted("2020-01-01 10:00", "earlier")
    since, until = (parse_instant(day, zone("Europe/Berlin")) for day in ("2020-01-02", "2024-01-01"))
    assert len(list(decide(rules, [story.customer], since, until))) > 1_000


OPT_IN = HOUSE + "topics: {offers: {consent: opt_in}}\n"
OFFER = "note: {reason: They asked to hear of it, asks_for: nothing, topic: offers, when: delivered, before: 20 days, send: w"


def test_a_goal_reached_while_consent_is_missing_ends_it_at_that_moment() -> None:
    rules = program(OFFER + ", by: [email], until: ordered}", OPT_IN)
    story = ana().event("2026-03-02 10:00", "delivered").event("2026-03-05 12:00", "ordered")
    (decision,) = story.decisions(rules, "2026-03-01", "2026-04-01")
    assert (str(decision.outcome), story.local(decision.at)) == ("goal_reached", "2026-03-05 12:00")


def test_consent_for_the_second_channel_lets_it_go_though_the_first_has_no_address() -> None:
    rules = program(OFFER + ", by: [sms, email]}", OPT_IN)
    story = ana().event("2026-03-02 10:00", "delivered").consent("2026-03-05 12:00", "offers")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-05 12:00 note email"]


def test_an_event_opens_the_condition_that_keeps_it_waiting_though_another_forbids_it_too() -> None:
    rules = program(
        OFFER + ", by: [email], only_if: [{event: paid, count: true, at_least: 1}], unless: [{open: case}]}",
        HOUSE + "open_things: {case: {opened_by: complaint, closed_by: solved}}\n",
    )
    story = ana().event("2026-03-01 10:00", "complaint").event("2026-03-02 10:00", "delivered")
    paid_first = story.event("2026-03-05 12:00", "paid").event("2026-03-06 12:00", "solved")
    assert paid_first.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-06 12:00 note email"]
    solved_first = story.event("2026-03-05 12:00", "solved").event("2026-03-06 12:00", "paid")
    assert solved_first.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-06 12:00 note email"]


def test_an_ask_whose_newest_delivery_is_learned_late_waits_for_that_one() -> None:
    house = (
        HOUSE
        + TOPIC
        + (
            "value_window: {delivered_by: delivered, default: 10 days}\n"
            "asks: {any: {value_window: required, gives: none}}\n"
        )
    )
    story = ana().event("2026-03-02 10:00", "nps", score=10).event("2026-03-03 10:00", "delivered", known="2026-03-20")
    assert story.contacts(program(GIFT.replace("3 days", "60 days"), house), "2026-03-01", "2026-04-25") == [
        "2026-03-20 00:00 ask email"
    ]


def test_an_ask_that_waits_for_a_gift_speaks_on_the_day_after_it() -> None:
    house = HOUSE + TOPIC + "asks: {any: {value_window: none, gives: 30 days}}\n"
    story = ana().event("2026-03-02 10:00", "delivered").event("2026-03-02 10:00", "nps", score=10)
    assert story.contacts(program(GIFT, house), "2026-03-01", "2026-05-01") == [
        "2026-03-05 10:00 gift email",
        "2026-03-06 00:00 ask email",
    ]
