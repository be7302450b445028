"""What is read for several rulebooks, and how each of them sees it."""

from __future__ import annotations

from dataclasses import replace

from histories import as_arrays, customer, event, program, read
from hypothesis import assume, given, settings
from shops import UNHURRIED, Shop, shops

from scheduler.backtest.reading import as_lists, view, wanted
from scheduler.backtest.replay import replay
from scheduler.decisions.compiled import PLAIN
from scheduler.decisions.decide import decide
from scheduler.decisions.facts import Consent
from scheduler.decisions.outcome import Decision
from scheduler.decisions.program import compile_rules
from scheduler.errors import InputError
from scheduler.wallclock import DAY

ORDERS = program("""\
thanks:
  reason: You bought {event.thing} in {event.colour} from {customer.shop}.
  asks_for: nothing
  when: {event: bought, where: {kind: x}}
  send: words
  by: [email]
""")
ANSWERS = program("""\
answer:
  reason: You wrote.
  asks_for: nothing
  when: written
  topic: letters
  unless: [{event: nps_answered}]
  send: words
  by: [sms, email]
""")


def test_what_reasons_name_is_read_beside_what_rules_look_at() -> None:
    reads = wanted([ORDERS])
    assert reads.events == ("bought",)
    assert reads.properties == ("kind", "thing", "colour")
    assert reads.attributes == ("shop",)


def test_the_score_is_read_where_any_rule_looks_at_answers() -> None:
    assert "score" in wanted([ANSWERS]).properties


def test_the_names_of_the_first_keep_their_numbers() -> None:
    reads = wanted([ORDERS, ANSWERS])
    assert reads.events == ("bought", "written", "nps_answered")
    assert reads.channels == ("email", "sms")
    assert [*reads.tables.rules] == [*ORDERS.tables.rules, *ANSWERS.tables.rules]


def test_a_rulebook_sees_its_own_events_and_numbers_alone() -> None:
    ana = customer(
        "ana",
        event("2026-01-01", "bought", kind="x"),
        event("2026-01-02", "written"),
        event("2026-01-03", "bought", kind="y"),
        consents=(Consent("letters", "sms", True, 0), Consent("offers", None, True, 0), Consent(None, "post", True, 0)),
    )
    ben = customer("ben", event("2026-01-04", "written"))
    reads = wanted([ORDERS, ANSWERS])
    (columns,) = read(reads, [ana, ben])
    (own,) = read(ANSWERS, [ana, ben])
    for read_so in (columns, as_lists(as_arrays(columns))):
        seen = view(reads, ANSWERS)(read_so)
        assert (seen.event_from, seen.event_at, seen.event_name) == (own.event_from, own.event_at, own.event_name)
        assert list(seen.event_ids) == list(own.event_ids)
        assert (seen.consent_topic, seen.consent_channel) == (own.consent_topic, own.consent_channel)
        assert seen.reachable == own.reachable


def test_on_arrays_it_is_the_same() -> None:
    ana = customer("ana", event("2026-01-01", "bought", kind="x"), event("2026-01-02", "written"))
    reads = wanted([ANSWERS, ORDERS])
    (columns,) = read(reads, [ana, customer("ben")])
    see = view(reads, ORDERS)
    expected, seen = see(columns), as_lists(see(as_arrays(columns)))
    for name in ("event_from", "event_at", "event_name", "event_rank", "consent_topic", "reachable"):
        assert getattr(seen, name) == getattr(expected, name), name
    assert seen.properties["kind"].codes == expected.properties["kind"].codes


@settings(UNHURRIED, max_examples=40, derandomize=True)
@given(one=shops(whole_language=True), other=shops(whole_language=True))
def test_what_was_read_for_two_decides_as_what_was_read_for_one(one: Shop, other: Shop) -> None:
    try:
        programs = [compile_rules(one.rulebook), compile_rules(other.rulebook)]
    except InputError:  # a condition names a draft
        assume(False)
    since, until = one.now - 30 * DAY, one.now + 30 * DAY
    people = [replace(customer, paused_until=None) for customer in one.customers]
    chunks = read(wanted(programs), people)

    walks = replay(programs, chunks, since, until, by=PLAIN)
    told: list[list[Decision]] = [[], []]
    for pair in walks:
        for decisions, walk in zip(told, pair, strict=True):
            decisions.extend(walk.decisions())
    assert told == [list(decide(rules, people, since, until)) for rules in programs]
