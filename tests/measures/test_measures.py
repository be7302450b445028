"""Each measure on a few facts of which the figure can be worked out in the head."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import text

from scheduler.decisions.facts import Event, Value
from scheduler.measures.catalogue import MEASURES
from scheduler.measures.measure import Figure
from scheduler.measures.measuring import measured
from scheduler.measures.period import period
from scheduler.measures.verdict import Verdict
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerEvent, Store, open_store
from scheduler.store.buckets import bucket_of
from scheduler.store.retention import Leaving, leave
from scheduler.wallclock import parse_instant, zone

BERLIN = zone("Europe/Berlin")
NOW = "2027-06-01"
HOUSE = """\
timezone: Europe/Berlin
value_window: {delivered_by: [order_delivered]}
asks: {any: {blocked_while: [unresolved]}}
open_things: {ticket: {opened_by: ticket_opened, closed_by: ticket_closed, key: ticket_id}}
conditions: {unresolved: {means: a ticket of theirs is open, open: ticket}}
"""
RULES = """\
campaign: Asking
owner: care@example.com
rules:
  how_was_it:
    reason: They have used it for a while and can tell.
    asks_for: feedback
    when: order_delivered
    before: 9 days
    send: words
  review_ask:
    reason: They were happy and others would like to know.
    asks_for: review
    when: order_delivered
    after: value_window
    before: 90 days
    only_if: [{event: nps_answered, latest: score, at_least: 9, within: 90 days}]
    until: {event: review_written, where: {stars: {at_least: 4}}}
    holdout: 0.2
    send: words
"""


def at(written: str) -> int:
    return parse_instant(written, BERLIN)


@dataclass
class Shop:
    """A store, to put facts and rows of the ledger into, and to ask for figures."""

    store: Store
    rules: Rulebook
    archive: Path
    numbers: Iterator[int] = field(default_factory=count)

    def event(
        self, customer: str, name: str, when: str, key: str = "", replaces: str | None = None, **told: Value
    ) -> None:
        event = Event(key or f"e{next(self.numbers)}", name, at(when), at(when), told)
        taken = self.store.events.add([CustomerEvent(customer, event, replaces)], now=at(when), create_customers=True)
        assert not taken.refused

    def decided(
        self,
        customer: str,
        when: str,
        rule: str = "how_was_it",
        state: str = "sent",
        asks_for: str = "feedback",
        because: Sequence[str] = (),
        channel: str = "email",
    ) -> str:
        """Put an occasion that was decided into the ledger; returns its key."""
        self.store.customers.add([(customer, {})], now=at("2026-01-01"))
        key = f"{rule}/{customer}/a{next(self.numbers)}"
        row = {
            "bucket": bucket_of(customer),
            "customer": customer,
            "key": key,
            "rule": rule,
            "state": state,
            "decided_for": at(when),
            "asks_for": asks_for,
            "because": json.dumps(because),
            "channel": channel,
        }
        with self.store.write() as connection:
            connection.execute(
                text(
                    "INSERT INTO occasion (bucket, customer, key, rule, anchor, trigger_at, opens, closes, asks_for,"
                    " state, decided_for, decided_at, channel, template, reason, because, version, revision, exempt,"
                    " attempts, message_id, provider_id, error, sender) VALUES (:bucket, :customer, :key, :rule, '',"
                    " :decided_for, :decided_for, :decided_for, :asks_for, :state, :decided_for, :decided_for,"
                    " :channel, 'words', '', :because, '', 0, FALSE, 1, '', '', '', '')"
                ),
                row,
            )
        return key

    def figures(self, *measures: str, last: str = "2026-10", now: str = NOW, at_once: int = 10_000) -> list[Figure]:
        """The figures of a month by some measures, or by all."""
        chosen = [one for one in MEASURES if not measures or one.name in measures]
        months = period(last, 1, "Europe/Berlin", at(now))
        return measured(self.store, self.rules, months, self.archive, measures=chosen, at_once=at_once)

    def figure(self, name: str, last: str = "2026-10", now: str = NOW, **groups: str) -> Figure:
        """The one figure of that name and of exactly these groups in a month."""
        measure = "goal_reached" if name == "lift" else name.partition(".")[0]
        told = self.figures(measure, last=last, now=now)
        (found,) = [one for one in told if one.name == name and dict(one.groups) == groups]
        return found

    def value(self, name: str, last: str = "2026-10", **groups: str) -> tuple[float | None, int]:
        found = self.figure(name, last, **groups)
        return None if found.value is None else round(found.value, 2), found.count


@pytest.fixture
def shop(sqlite_file: Path, tmp_path: Path) -> Iterator[Shop]:
    shutil.copy(sqlite_file, tmp_path / "rightreason.db")
    with open_store(f"sqlite:///{tmp_path / 'rightreason.db'}") as store:
        yield Shop(store, rules(), tmp_path / "archive")


def rules() -> Rulebook:
    files = {"rules/house_rules.yaml": dedent(HOUSE), "rules/asking.yaml": dedent(RULES)}
    return rulebook_from_texts(files)[0]


def test_nps_is_the_share_of_promoters_less_that_of_detractors(shop: Shop) -> None:
    for customer, score in enumerate([10, 9, 9, 8, 7, 6, 0, 11]):  # there is no 11
        shop.event(f"c{customer}", "nps_answered", "2026-10-05", score=score, rule="how_was_it")
    assert shop.value("nps") == (round(100 * (3 - 2) / 7, 2), 7)
    assert shop.value("nps", campaign="Asking") == (round(100 * (3 - 2) / 7, 2), 7)


def test_from_fewer_than_twenty_answers_it_is_too_few_to_tell(shop: Shop) -> None:
    for customer in range(19):
        shop.event(f"c{customer}", "csat_answered", "2026-10-05", score=5)
    assert shop.figure("csat").verdict is Verdict.TOO_FEW
    shop.event("c19", "csat_answered", "2026-10-05", score=1)
    one = shop.figure("csat")
    assert (one.value, one.part, one.count, one.verdict) == (95.0, 19, 20, Verdict.TELLS)
    assert shop.figure("ces").verdict is Verdict.NOTHING


def test_the_month_is_that_of_the_houses_clock(shop: Shop) -> None:
    shop.event("ana", "ces_answered", "2026-10-01 00:00", score=7)
    shop.event("bea", "ces_answered", "2026-10-31 23:59", score=4)
    shop.event("cid", "ces_answered", "2026-11-01 00:00", score=1)
    assert (shop.value("ces"), shop.value("ces_easy")) == ((5.5, 2), (50.0, 2))


def test_of_each_occasion_the_newest_answer_counts_and_what_was_replaced_does_not(shop: Shop) -> None:
    key = shop.decided("ana", "2026-10-02")
    shop.event("ana", "csat_answered", "2026-10-03", score=1, occasion=key, rule="how_was_it")
    shop.event("ana", "csat_answered", "2026-10-04", score=5, occasion=key, rule="how_was_it")
    shop.event("bea", "csat_answered", "2026-10-04", key="first", score=1)
    shop.event("bea", "csat_answered", "2026-10-05", key="second", replaces="first", score=4)
    assert shop.value("csat") == (100.0, 2)
    assert shop.value("answers", campaign="Asking", rule="how_was_it") == (1.0, 1)


def test_the_answer_rate_counts_each_survey_that_was_sent_once(shop: Shop) -> None:
    keys = [shop.decided(f"c{number}", "2026-10-02") for number in range(4)]
    shop.event("c0", "nps_answered", "2026-12-03", score=1, occasion=keys[0])
    shop.event("c0", "csat_answered", "2026-12-04", score=1, occasion=keys[0])
    shop.event("c1", "nps_answered", "2026-10-05", score=1, rule="how_was_it")  # it says by which rule, and no more
    shop.event("c2", "nps_answered", "2026-10-01", score=1, rule="how_was_it")  # before it was asked
    shop.decided("c5", "2026-10-02", state="queued")
    shop.decided("c6", "2026-10-02", channel="phone", state="done")
    assert shop.value("answer_rate") == (50.0, 4)


def test_a_detractor_has_come_back_with_a_good_score_within_180_days(shop: Shop) -> None:
    for customer in ("ana", "bea", "cid", "dan"):
        shop.event(customer, "nps_answered", "2026-10-05", score=3)
    shop.event("ana", "nps_answered", "2026-10-06", score=0)  # a customer counts once a month
    shop.event("ana", "nps_answered", "2027-01-05", score=9)
    shop.event("bea", "csat_answered", "2026-10-20", score=4)
    shop.event("cid", "nps_answered", "2026-10-01", score=10)  # that was before
    shop.event("dan", "nps_answered", "2027-04-10", score=10)  # too late
    assert shop.value("recovery_rate") == (50.0, 4)
    assert shop.figure("recovery_rate", now="2026-12-01").value == 25.0


def test_a_month_whose_time_is_not_over_is_told_as_so_far(shop: Shop) -> None:
    for customer in range(20):
        shop.event(f"c{customer}", "nps_answered", "2026-10-05", score=3)
    assert shop.figure("nps", now="2026-10-31").verdict is Verdict.SO_FAR
    assert shop.figure("nps", now="2026-11-01").verdict is Verdict.TELLS
    assert shop.figure("recovery_rate", now="2026-12-01").verdict is Verdict.SO_FAR


def test_the_first_contact_after_each_delivery_is_waited_for(shop: Shop) -> None:
    for customer, hours in (("ana", 2), ("bea", 4), ("cid", 12)):
        shop.event(customer, "order_delivered", "2026-10-05 06:00")
        shop.decided(customer, f"2026-10-05 {6 + hours:02}:00")
        shop.decided(customer, "2026-10-07")
    shop.event("dan", "order_delivered", "2026-10-05 06:00")  # heard nothing
    assert shop.value("first_contact.median") == (4 * 3600, 3)


def test_a_thing_waits_from_its_opening_to_its_response_and_its_closing(shop: Shop) -> None:
    shop.event("ana", "ticket_opened", "2026-10-05 08:00", ticket_id="1")
    shop.event("ana", "ticket_opened", "2026-10-05 09:00", ticket_id="2")
    shop.event("ana", "ticket_answered", "2026-10-05 10:00", ticket_id="1")
    shop.event("ana", "ticket_opened", "2026-10-05 11:00", ticket_id="1")  # still open
    shop.event("ana", "ticket_closed", "2026-10-05 13:00", ticket_id="1")
    shop.event("ana", "ticket_closed", "2026-11-02 09:00", ticket_id="2")
    shop.event("ana", "ticket_opened", "2026-10-09", ticket_id="3")  # nobody answered
    assert shop.value("solution.median", thing="ticket") == (5 * 3600, 1)
    assert shop.value("solution.median", "2026-11", thing="ticket") == ((28 * 24 + 1) * 3600, 1)
    assert shop.value("first_response.p90", thing="ticket") == ((28 * 24 + 1) * 3600, 3)


def test_tasks_are_done_in_their_time_or_later(shop: Shop) -> None:
    with shop.store.write() as connection:
        for customer, ended, state in (("ana", "12:00", "done"), ("bea", "18:00", "done"), ("cid", "09:00", "dropped")):
            connection.execute(
                text(
                    "INSERT INTO task (bucket, customer, occasion, assignee, script, due, state, created, ended, outcome)"
                    " VALUES (:bucket, :customer, :key, 'maria', '', :due, :state, :created, :ended, '')"
                ),
                {
                    "bucket": bucket_of(customer),
                    "customer": customer,
                    "key": f"call/{customer}/e",
                    "state": state,
                    "due": at("2026-10-05 17:00"),
                    "created": at("2026-10-05 08:00"),
                    "ended": at(f"2026-10-05 {ended}"),
                },
            )
    assert shop.value("task_time.median") == (7 * 3600, 2)
    assert shop.value("tasks_in_time") == (50.0, 2)


def test_who_has_one_of_several_subscriptions_left_has_stayed(shop: Shop) -> None:
    shop.event("ana", "subscription_started", "2026-08-01", subscription_id="1")
    shop.event("ana", "subscription_started", "2026-08-02", subscription_id="2")
    shop.event("ana", "subscription_cancelled", "2026-10-05", subscription_id="1")
    shop.event("bea", "subscription_started", "2026-09-01", subscription_id="3")
    shop.event("bea", "subscription_cancelled", "2026-10-05", subscription_id="3")
    shop.event("cid", "subscription_started", "2026-10-05", subscription_id="4")
    assert shop.value("churn") == (50.0, 2)
    assert shop.value("churn", cohort="2026-09") == (100.0, 1)
    assert shop.value("retention") == (66.67, 3)
    assert shop.value("retention", cohort="2026-10") == (100.0, 1)


def test_buyers_come_back_or_not(shop: Shop) -> None:
    shop.event("ana", "order_placed", "2026-08-01")
    shop.event("ana", "order_placed", "2026-10-01")
    shop.event("bea", "order_placed", "2026-08-20")
    shop.event("cid", "order_placed", "2026-10-02")
    shop.event("dan", "order_placed", "2026-10-02")
    shop.event("dan", "order_placed", "2026-10-30")
    assert shop.value("repeat_purchase") == (66.67, 3)
    assert shop.value("buyers_kept") == (50.0, 2)
    assert shop.value("buyers_kept", cohort="2026-08") == (50.0, 2)


def test_referrals_are_counted_and_none_is_a_figure_too(shop: Shop) -> None:
    assert (shop.figure("referrals").value, shop.figure("referrals").verdict) == (0, Verdict.TELLS)
    shop.event("ana", "referral_made", "2026-10-05", rule="review_ask")
    shop.event("bea", "referral_made", "2026-10-05")
    assert shop.value("referrals") == (2, 2)
    assert shop.value("referrals", campaign="Asking") == (1, 1)


def test_contacts_are_counted_by_customer(shop: Shop) -> None:
    for customer, often in (("ana", 1), ("bea", 1), ("cid", 2), ("dan", 5)):
        for day in range(often):
            shop.decided(customer, f"2026-10-{day + 1:02}")
    shop.decided("ana", "2026-10-09", state="too_late")
    found = [shop.value(f"contacts_per_customer.{one}") for one in ("median", "p95", "most")]
    assert found == [(1.5, 4), (5, 4), (5, 4)]
    assert shop.value("contacts") == (9, 9)


def test_who_heard_nothing_for_long_is_counted_among_those_known_for_long(shop: Shop) -> None:
    shop.decided("ana", "2026-10-05")
    shop.decided("bea", "2026-03-05")
    shop.decided("cid", "2026-10-05", state="bounced")
    shop.event("new", "order_placed", "2026-10-05")
    assert shop.value("heard_nothing") == (66.67, 3)


def test_an_ask_while_a_low_score_or_an_open_ticket_was_known_is_wrong(shop: Shop) -> None:
    for customer in ("ana", "bea", "cid"):
        shop.decided(customer, "2026-10-05", "review_ask", asks_for="review")
    shop.event("ana", "nps_answered", "2026-10-04", score=2)
    shop.event("bea", "ticket_opened", "2026-10-04", ticket_id="1")
    shop.event("cid", "nps_answered", "2026-10-06", score=2)  # nobody knew
    found = shop.figure("asks_at_the_wrong_time")
    assert (found.value, found.count, found.verdict) == (2, 3, Verdict.WRONG)
    assert shop.figure("asks_at_the_wrong_time", "2026-09").verdict is Verdict.TELLS


def test_a_silence_counts_for_each_gate_or_for_the_one_that_ended_it(shop: Shop) -> None:
    shop.decided("ana", "2026-10-05", state="too_late", because=["only_if.1", "cap.2", "cap.3"])
    shop.decided("bea", "2026-10-05", state="goal_reached", because=["until", "consent"])
    shop.decided("cid", "2026-10-05")
    named = {"campaign": "Asking", "rule": "how_was_it"}
    found = {one.groups["cause"]: one.value for one in shop.figures("silences")}
    assert found == {"only_if": 1, "cap": 1, "until": 1}
    assert shop.value("occasions", **named) == (3, 3)


def test_a_rule_is_compared_with_those_whom_it_held_out(shop: Shop) -> None:
    for number in range(60):
        state = "held_out" if number < 20 else "sent"
        shop.decided(f"c{number}", "2026-10-05", "review_ask", state, "review", ["holdout"] if number < 20 else [])
        stars = 5 if number % 2 or number == 0 else 3  # three stars are not its goal
        if number >= 20 or number in {0, 1}:
            shop.event(f"c{number}", "review_written", "2026-10-20", stars=stars)
    named = {"campaign": "Asking", "rule": "review_ask"}
    lift = shop.figure("lift", **named)
    assert (lift.value, lift.count, lift.verdict) == (40.0, 60, Verdict.TELLS)  # 20 of 40 less 2 of 20
    assert shop.figure("lift", now="2026-11-15", **named).verdict is Verdict.SO_FAR
    assert lift.low is not None
    assert 0 < lift.low < 40
    assert shop.value("goal_reached", arm="held_out", **named) == (10.0, 20)


def test_a_lift_that_may_as_well_be_none_cannot_be_told(shop: Shop) -> None:
    for number in range(40):
        shop.decided(f"c{number}", "2026-10-05", "review_ask", "held_out" if number < 20 else "sent", "review")
    named = {"campaign": "Asking", "rule": "review_ask"}
    assert shop.figure("lift", **named).verdict is Verdict.CANNOT_TELL
    assert shop.figure("lift", "2026-09", **named).verdict is Verdict.NO_HOLDOUT
    assert shop.figure("lift", campaign="Asking", rule="how_was_it").verdict is Verdict.NO_GOAL


def test_in_how_many_parts_customers_are_read_changes_nothing(shop: Shop) -> None:
    for number in range(30):
        shop.event(f"c{number}", "nps_answered", "2026-10-05", score=number % 11)
        shop.decided(f"c{number}", "2026-10-05")
    shop.event("c0", "order_placed", "2026-10-05")
    asked = ("nps", "answer_rate", "contacts_per_customer", "repeat_purchase", "occasions")
    assert shop.figures(*asked, at_once=8) == shop.figures(*asked)


def test_what_has_left_for_the_archive_counts_as_if_it_had_stayed(shop: Shop) -> None:
    for number in range(5):
        key = shop.decided(f"c{number}", "2026-10-05")
        shop.event(f"c{number}", "nps_answered", "2026-10-06", score=number * 2, occasion=key, rule="how_was_it")
    before = shop.figures()
    for table in ("event", "occasion"):
        assert leave(shop.store, shop.archive, Leaving(table, at("2027-01-01"))) == 5
    assert shop.figures() == before


def test_both_databases_tell_the_same(store: Store, tmp_path: Path) -> None:
    shop = Shop(store, rules(), tmp_path / "archive")
    for number in range(4):
        key = shop.decided(f"c{number}", "2026-10-05", state="sent" if number else "too_late", because=["cap.1"])
        shop.event(f"c{number}", "nps_answered", "2026-10-06", score=10 - number, occasion=key, rule="how_was_it")
        shop.event(f"c{number}", "order_placed", "2026-10-07", amount=12.5)
    assert shop.value("nps") == (50.0, 4)
    assert shop.value("answer_rate") == (100.0, 3)
    assert shop.value("repeat_purchase") == (0.0, 4)
    assert shop.value("silences", campaign="Asking", rule="how_was_it", cause="cap") == (1, 1)
