"""A small story whose every figure is known by hand."""

from __future__ import annotations

import pytest
from histories import HOUSE, counted, customer, event, on_arrays, program, tallied, walks
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shops import UNHURRIED, Shop, shops

from scheduler.backtest.tally import Months, Tally, difference
from scheduler.decisions.outcome import Outcome
from scheduler.decisions.program import compile_rules
from scheduler.errors import InputError
from scheduler.wallclock import DAY, parse_instant, zone

RULES = """\
thanks:
  reason: You bought {event.thing}.
  asks_for: nothing
  when: bought
  after: 1 hour
  before: 3 hours
  send: words
  by: [email]
question:
  reason: You know it by now.
  asks_for: feedback
  when: bought
  after: 2 days
  before: 4 days
  at: "10:00"
  until: answered
  again: after 30 days
  send: words
  by: [email]
birthday:
  reason: It is a birthday.
  asks_for: nothing
  when: {date: birthday}
  before: 1 day
  send: words
  by: [email]
"""
ANA = customer(
    "ana",
    event("2026-01-31 23:10", "bought"),  # thanked at 0:10 on 1 February, in Berlin; in UTC that is still January
    event("2026-02-02 08:00", "bought"),  # thanked at 9:00; the question of 31 January is due at 10:00, and capped
)
BEN = customer("ben", event("2026-03-01 12:00", "bought"), email=None)
CLEO = customer("cleo")
DAN = customer("dan", event("2026-03-10 12:00", "bought"), event("2026-03-11 12:00", "answered"))
EVE = customer("eve", event("2026-03-30 12:00", "bought"))  # thanked; the question is due an hour after the end
STORY = [ANA, BEN, CLEO, DAN, EVE]


@pytest.fixture(scope="module")
def tally() -> Tally:
    return tallied(program(RULES), STORY, "2026-01-01", "2026-04-01 09:00")


def test_it_counts_who_and_what_was_looked_at(tally: Tally) -> None:
    assert (tally.counts.customers, tally.counts.events) == (5, 6)


def test_contacts_are_counted_by_rule_and_by_the_month_of_the_house(tally: Tally) -> None:
    assert tally.months.names == ("2026-01", "2026-02", "2026-03", "2026-04")
    assert tally.by_month("thanks") == [0, 2, 2, 0]
    assert tally.by_month("question") == [0, 1, 0, 0]
    assert tally.by_month() == [0, 3, 2, 0]
    assert tally.contacts() == 5


def test_a_rule_that_never_spoke_is_told_too(tally: Tally) -> None:
    assert tally.by_rule() == {"birthday": 0, "question": 1, "thanks": 4}


def test_outcomes_are_counted_by_rule(tally: Tally) -> None:
    thanks = {outcome: number for outcome, number in tally.outcomes("thanks").items() if number}
    question = {outcome: number for outcome, number in tally.outcomes("question").items() if number}
    assert thanks == {Outcome.CONTACT: 4, Outcome.TOO_LATE: 1}
    # Ana is asked on 3 February about the first thing, hence not about the second; Ben has no address.
    assert question == {
        Outcome.CONTACT: 1,
        Outcome.SUPERSEDED: 1,
        Outcome.TOO_LATE: 1,
        Outcome.GOAL_REACHED: 1,
        Outcome.WAITING: 1,
    }


def test_silences_are_counted_by_the_gates_that_kept_them(tally: Tally) -> None:
    assert tally.silences("thanks") == {"reachable": 1}
    assert tally.silences("question") == {"reachable": 1, "again": 1, "until": 1, "window": 1}
    assert tally.silences() == {"reachable": 2, "again": 1, "until": 1, "window": 1}


def test_it_tells_how_often_customers_were_contacted(tally: Tally) -> None:
    assert tally.heard_nothing() == 2
    assert tally.most_contacted() == [("ana", 3), ("dan", 1), ("eve", 1)]
    assert (tally.heard(0.5), tally.heard(0.95), tally.heard(1)) == (1, 3, 3)


def test_of_the_most_contacted_ten_are_told_in_order_of_their_names() -> None:
    many = [customer(f"c{number:02}", event("2026-03-01 12:00", "bought")) for number in range(12)]
    found = tallied(program(RULES), [*many, ANA], "2026-01-01", "2026-03-02").most_contacted()
    assert found == [("ana", 3), *((f"c{number:02}", 1) for number in range(9))]


def test_what_a_cap_kept_silent_is_a_collision_and_what_it_delayed_is_none(tally: Tally) -> None:
    assert tally.collisions() == 0
    days = program(RULES, HOUSE.replace("within: 1 day", "within: 9 days"))
    story = tallied(days, [ANA], "2026-01-01", "2026-04-01")
    # Thanked on 1 February; the second thanks, and both questions, find the cap in their way.
    assert story.outcomes() | {Outcome.CONTACT: 1, Outcome.TOO_LATE: 3} == story.outcomes()
    assert (story.collisions(), story.collisions(alone=True)) == (3, 3)
    assert (story.collisions("thanks"), story.collisions("question")) == (1, 2)


def test_a_cap_beside_another_cause_is_not_alone() -> None:
    rules = (
        RULES
        + "fresh:\n  reason: x\n  asks_for: nothing\n  when: bought\n  before: 2 hours\n  only_if: [{event: never}]\n"
    )
    rules += "  send: words\n  by: [email]\n"
    story = tallied(program(rules), [customer("ana", event("2026-03-01 12:00", "bought"))], "2026-01-01", "2026-04-01")
    assert story.collisions("fresh") == 1
    assert story.collisions("fresh", alone=True) == 0


def test_nobody_and_nothing_come_to_nothing() -> None:
    story = tallied(program(RULES), [], "2026-01-01", "2026-04-01")
    assert (story.contacts(), story.heard(0.5), story.most_contacted()) == (0, 0, [])


def test_months_begin_at_the_midnights_of_the_house() -> None:
    kiritimati = zone("Pacific/Kiritimati")
    months = Months.of(
        parse_instant("2026-01-31 12:00", kiritimati), parse_instant("2026-03-01", kiritimati), kiritimati.name
    )
    assert months.names == ("2026-01", "2026-02")
    assert months.begins[1] == parse_instant("2026-02-01", kiritimati)


def test_rules_of_either_side_are_compared() -> None:
    assert difference({"a": 1, "b": 2}, {"b": 5, "c": 3}) == {"a": (1, 0), "b": (2, 5), "c": (0, 3)}


@settings(UNHURRIED, max_examples=60, derandomize=True)
@given(shop=shops(whole_language=True), days=st.sampled_from([3, 20, 90]))
def test_arrays_are_counted_as_lists_are(shop: Shop, days: int) -> None:
    try:
        rules = compile_rules(shop.rulebook)
    except InputError:  # a condition names a draft
        assume(False)
    since, until = shop.now - 60 * DAY, shop.now + days * DAY
    made = list(walks(rules, shop.customers, since, until))
    of_lists = counted(Tally(rules, since, until), made)
    of_arrays = counted(Tally(rules, since, until), map(on_arrays, made))
    assert of_arrays.counts == of_lists.counts
