"""Asks near unhappy customers are found in the facts, whatever the gates let through."""

from __future__ import annotations

from histories import HOUSE, customer, event, program, tallied

from scheduler.backtest.counting import NearUnhappy
from scheduler.backtest.signs import signs_of
from scheduler.backtest.tally import Tally
from scheduler.decisions.facts import Event

# This house lets every ask through: what it calls `unhappy` keeps only referrals back, which no rule asks for.
LAX = (
    HOUSE
    + """\
open_things:
  ticket: {opened_by: ticket_opened, closed_by: ticket_closed, key: number}
  membership: {opened_by: joined, closed_by: left}
conditions:
  unhappy: {means: their newest score was a low one, event: nps_answered, latest: score, at_most: 6, within: 90 days}
"""
).replace("none}}", "none}, referral: {blocked_while: [unhappy]}}")
RULES = """\
review:
  reason: You bought it.
  asks_for: review
  when: bought
  at: "10:00"
  after: 1 day
  topic: any_topic
  unless: [{all_of: [{open: ticket}, {open: membership}, unhappy, {event: never}]}]
  send: words
  by: [email]
thanks:
  reason: You bought it.
  asks_for: nothing
  when: bought
  send: words
  by: [email]
"""
CONSENT = "topics: {any_topic: {consent: opt_out}}\n"


def story(*events: Event, rules: str = RULES, house: str = LAX) -> Tally:
    """What comes of somebody who bought something on 1 June, so that they are asked for a review on the 2nd at 10."""
    somebody = customer("ana", event("2026-06-01 12:00", "bought"), *events)
    return tallied(program(rules, house + CONSENT), [somebody], "2026-05-01", "2026-07-01")


def scored(when: str, score: int, known: str = "") -> Event:
    return event(when, "nps_answered", score=score, known=known)


def signs(*events: Event) -> dict[str, int]:
    found = story(*events)
    assert found.counts.asks == 1
    return dict(found.counts.signs)


def test_an_ask_of_somebody_of_whom_nothing_bad_is_known_is_near_nobody_unhappy() -> None:
    assert signs() == {}
    assert signs(scored("2026-05-30 12:00", 9)) == {}


def test_a_low_score_of_the_last_30_days_is_a_sign() -> None:
    assert signs(scored("2026-05-30 12:00", 6)) == {"low_score": 1, "blocked_while.unhappy": 1}
    assert signs(scored("2026-05-30 12:00", 7)) == {}


def test_30_days_are_today_and_the_29_before() -> None:
    assert "low_score" in signs(scored("2026-05-04 00:00", 3))
    assert "low_score" not in signs(scored("2026-05-03 23:59", 3))


def test_the_newest_score_is_what_counts() -> None:
    assert signs(scored("2026-05-20 12:00", 2), scored("2026-05-30 12:00", 10)) == {}


def test_what_happened_or_was_learned_after_the_ask_is_no_sign() -> None:
    assert signs(scored("2026-06-02 10:01", 2)) == {}
    assert signs(scored("2026-06-01 10:00", 2, known="2026-06-03 10:00")) == {}


def test_an_open_ticket_is_a_sign_until_it_is_closed() -> None:
    opened = event("2026-05-30 12:00", "ticket_opened", number=7)
    other = event("2026-05-31 12:00", "ticket_closed", number=8)
    closed = event("2026-05-31 12:00", "ticket_closed", number=7)
    assert signs(opened) == {"open.ticket": 1}
    assert signs(opened, other) == {"open.ticket": 1}
    assert signs(opened, closed) == {}


def test_an_open_membership_is_a_good_thing() -> None:
    assert signs(event("2026-05-30 12:00", "joined")) == {}


def test_what_blocks_asks_of_any_kind_is_a_sign_for_all_of_them() -> None:
    assert signs(scored("2026-04-01 12:00", 2)) == {"blocked_while.unhappy": 1}


def test_contacts_that_ask_for_nothing_may_come_near_anybody() -> None:
    found = story(scored("2026-06-02 10:01", 2))
    assert (found.contacts(), found.counts.asks, found.counts.near) == (2, 1, 0)


def test_each_ask_is_told_with_its_signs() -> None:
    found = story(scored("2026-05-30 12:00", 2), event("2026-05-30 12:00", "ticket_opened", number=7))
    names = ("low_score", "open.ticket", "blocked_while.unhappy")
    asked = found.counts.examples
    assert [(one.customer, one.rule, one.signs) for one in asked] == [("ana", "review", names)]
    assert found.counts.near == 1
    assert isinstance(asked[0], NearUnhappy)


def test_what_no_rule_looks_at_is_told_as_not_known() -> None:
    rules = RULES.replace("{open: ticket}, {open: membership}, unhappy, ", "")
    house = LAX.replace("referral: {blocked_while: [unhappy]}", "referral: {blocked_while: []}")
    found = signs_of(program(rules, house + CONSENT))
    assert found.looked_for == ()
    assert dict(found.not_known) == {
        "low_score": "no rule looks at nps_answered",
        "open.ticket": "no rule looks at ticket_opened",
    }


def test_a_condition_that_blocks_what_no_rule_asks_for_is_looked_for_by_all_that_it_needs() -> None:
    house = LAX.replace("at_most: 6, within: 90 days}", "at_most: 6, where: {topic: service}}")
    rules = RULES.replace("unhappy, ", "{event: nps_answered}, ")
    low = event("2026-01-30 12:00", "nps_answered", score=2, topic="service")
    assert story(low, rules=rules, house=house).counts.signs == {"blocked_while.unhappy": 1}
    assert story(scored("2026-01-30 12:00", 2), rules=rules, house=house).counts.signs == {}


def test_a_condition_about_what_we_did_is_told_as_not_looked_at() -> None:
    bothered = "  bothered: {means: we wrote lately, any_of: [unhappy, {contact: any, within: 30 days}]}\n"
    house = LAX.replace("[unhappy]", "[bothered]") + bothered
    found = signs_of(program(RULES, house + CONSENT))
    assert [sign.name for sign in found.looked_for] == ["low_score", "open.ticket"]
    assert dict(found.not_known) == {"blocked_while.bothered": "it asks about more than events and attributes"}
