from itertools import pairwise

from deciding import HOUSE, Story, ana, born, program
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.decisions.decide import decide
from scheduler.decisions.facts import Contact
from scheduler.decisions.outcome import Outcome

ONE_A_DAY = (
    HOUSE.replace("frequency_caps: []", "frequency_caps: [{at_most: 1, within: 1 day}]")
    + "topics: {t: {consent: opt_out}}\n"
)


def note(name: str, keys: str) -> str:
    return f"{name}: {{reason: They would like to know it, by: [email], send: note, {keys}}}\n"


def test_a_higher_priority_goes_first() -> None:
    rules = program(
        note("a", "asks_for: nothing, when: delivered") + note("b", "asks_for: nothing, when: delivered, priority: 60"),
        ONE_A_DAY,
    )
    story = ana().event("2026-03-02 09:00", "delivered")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-02 09:00 b email", "2026-03-03 00:00 a email"]


def test_what_serves_the_customer_goes_before_what_serves_both_and_that_before_us() -> None:
    house = ONE_A_DAY + "asks: {any: {value_window: none}}\n"
    rules = program(
        note("a", "asks_for: review, topic: t, when: delivered, before: 9 days")
        + note("b", "asks_for: feedback, when: delivered, before: 9 days")
        + note("c", "asks_for: nothing, when: delivered, before: 9 days"),
        house,
    )
    story = ana().event("2026-03-02 09:00", "delivered")
    assert [line.split()[2] for line in story.contacts(rules, "2026-03-01", "2026-04-01")] == ["c", "b", "a"]


def test_of_one_rule_the_earlier_trigger_goes_first_then_the_anchor() -> None:
    rules = program(note("a", "asks_for: nothing, when: delivered, after: 1 day, before: 9 days"), ONE_A_DAY)
    story = ana().event("2026-03-02 09:00", "delivered", id="y").event("2026-03-02 08:00", "delivered", id="z")
    story = story.event("2026-03-02 09:00", "delivered", id="x")
    made = sorted(story.decisions(rules, "2026-03-01", "2026-04-01"), key=lambda one: one.at)
    assert [one.occasion for one in made] == ["a/ana/z", "a/ana/x", "a/ana/y"]


def test_after_a_contact_those_refused_at_this_instant_are_asked_again() -> None:
    rules = program(
        note("a", "asks_for: nothing, when: delivered, only_if: [{contact: b}], before: 9 days")
        + note("b", "asks_for: nothing, when: delivered, priority: 10")
    )
    story = ana().event("2026-03-02 09:00", "delivered")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-02 09:00 a email", "2026-03-02 09:00 b email"]


def test_those_asked_again_after_a_contact_come_before_those_that_stand_behind_it() -> None:
    rules = program(
        note("a", "asks_for: nothing, when: delivered, only_if: [{contact: b}], priority: 60")
        + note("b", "asks_for: nothing, when: delivered")
        + note("c", "asks_for: nothing, when: delivered, priority: 40"),
        ONE_A_DAY.replace("at_most: 1", "at_most: 2"),
    )
    story = ana().event("2026-03-02 09:00", "delivered")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == [
        "2026-03-02 09:00 a email",
        "2026-03-02 09:00 b email",
        "2026-03-03 00:00 c email",
    ]


def test_a_contact_ends_at_once_what_it_forbids_though_that_waits_for_something_else() -> None:
    keys = "asks_for: nothing, when: delivered, before: 9 days, again: never, only_if: [{event: paid, same: order}]"
    story = ana().event("2026-03-02 09:00", "delivered", order="A").event("2026-03-02 10:00", "delivered", order="B")
    story = story.event("2026-03-03 12:00", "paid", order="B")
    decisions = story.decisions(program(note("a", keys)), "2026-03-01", "2026-04-01")
    assert [(str(one.outcome), story.local(one.at)) for one in decisions] == [
        ("superseded", "2026-03-03 12:00"),
        ("contact", "2026-03-03 12:00"),
    ]


def test_each_customers_hours_follow_their_own_clock() -> None:
    house = HOUSE.replace('from: "00:00"', 'from: "09:00"')
    rules = program(note("a", "asks_for: nothing, when: delivered"), house)
    stories = [ana(zone).event("2026-03-02 08:00", "delivered") for zone in ("Europe/Berlin", "America/New_York")]
    begin, finish = stories[0].at("2026-03-01"), stories[0].at("2026-04-01")
    decisions = decide(rules, [story.customer for story in stories], begin, finish)
    told = [story.local(one.at) for story, one in zip(stories, decisions, strict=True)]
    assert told == ["2026-03-02 09:00", "2026-03-02 09:00"]


def test_an_occasion_ends_only_at_an_instant_at_which_it_may_speak() -> None:
    rules = program(
        note(
            "a",
            "asks_for: nothing, when: delivered, after: 1 day, before: 9 days, unless: [{event: hold}], until: done",
        )
    )
    story = (
        ana().event("2026-03-02 08:00", "hold").event("2026-03-02 09:00", "delivered").event("2026-03-03 15:00", "done")
    )
    (decision,) = story.decisions(rules, "2026-03-01", "2026-04-01")
    assert (str(decision.outcome), story.local(decision.at)) == ("goal_reached", "2026-03-04 10:00")


def test_too_late_names_what_refused_at_the_last_instant_inside_the_send_hours() -> None:
    house = HOUSE.replace('from: "00:00", to: "24:00"', 'from: "09:00", to: "20:00"')
    rules = program(
        note(
            "a",
            "asks_for: nothing, when: delivered, before: 2 days, unless: [{event: hold, within: 12 hours}], only_if: [{event: x}]",
        ),
        house,
    )
    story = ana().event("2026-03-02 21:00", "delivered").event("2026-03-04 10:00", "hold")
    (decision,) = story.decisions(rules, "2026-03-01", "2026-04-01")
    assert (str(decision.outcome), story.local(decision.at)) == ("too_late", "2026-03-04 21:00")
    assert decision.because == ("only_if.1", "unless.1")


def test_where_the_hours_never_open_they_are_the_cause() -> None:
    house = HOUSE.replace("days: all", "days: [mon]")
    story = ana().event("2026-03-03 09:00", "delivered")
    rules = program(note("a", "asks_for: nothing, when: delivered, before: 2 days"), house)
    assert story.outcome(rules, "2026-03-01", "2026-04-01") == ("too_late", ("send_hours",))


def test_waiting_tells_until_when_and_for_which_gate() -> None:
    house = HOUSE.replace("days: all", "days: [mon]")
    story = ana().event("2026-03-03 09:00", "delivered")
    rules = program(note("a", "asks_for: nothing, when: delivered, before: 9 days"), house)
    (decision,) = story.decisions(rules, "2026-03-01", "2026-03-05")
    assert (str(decision.outcome), decision.because) == ("waiting", ("send_hours",))
    assert story.local(decision.until or 0) == "2026-03-09 00:00"


def test_what_is_over_is_not_decided_again() -> None:
    story = ana().event("2026-03-02 09:00", "delivered", id="x").where(ended=frozenset({"a/ana/x"}))
    assert story.decisions(program(note("a", "asks_for: nothing, when: delivered")), "2026-03-01", "2026-04-01") == []


def test_what_closed_while_nobody_asked_ends_as_too_late_and_nothing_bursts() -> None:
    rules = program(note("a", "asks_for: nothing, when: delivered, after: 1 day, before: 4 days"))
    story = ana().event("2026-03-02 09:00", "delivered", id="x").event("2026-03-10 09:00", "delivered", id="y")
    decisions = story.decisions(rules, "2026-03-11 10:00", "2026-03-11 10:01", overdue=story.at("2026-03-05"))
    assert [(one.occasion, str(one.outcome)) for one in decisions] == [("a/ana/x", "too_late"), ("a/ana/y", "contact")]


def busy_story() -> Story:
    story = ana(birthday=born(1980, 3, 9))
    for day in (1, 2, 5, 6, 11, 12, 20):
        story = story.event(f"2026-03-{day:02} {day % 24:02}:15", "delivered", order=str(day))
    story = story.event("2026-03-06 12:00", "scored", score=9).event("2026-03-13 08:00", "scored", score=3)
    story = story.event("2026-03-03 10:00", "opened").event("2026-03-08 10:00", "closed")
    return story.event("2026-03-21 10:00", "delivered", known="2026-03-23 17:00")


BUSY = (
    note("check_in", "asks_for: nothing, when: delivered, after: 1 day, before: 4 days")
    + note("card", "asks_for: nothing, when: {date: birthday}, before: 1 day")
    + note(
        "review",
        "asks_for: review, topic: t, when: delivered, after: 3 hours, before: 20 days, only_if: [{event: scored, latest: score, at_least: 9, within: 5 days}], again: after 10 days",
    )
    + note(
        "poll",
        "asks_for: feedback, when: delivered, before: 6 days, unless: [{open: ticket}, {contact: any, within: 36 hours}], again: after 3 days",
    )
    + note("back", "asks_for: nothing, when: {silence: delivered}, after: 4 days, before: 9 days")
)
BUSY_HOUSE = (
    'timezone: Europe/Berlin\nsend_hours: {any: {from: "09:00", to: "20:00", days: [mon, tue, wed, thu, fri, sat]}}\n'
    "frequency_caps: [{at_most: 1, within: 1 day}, {at_most: 3, within: 7 days}, {at_most: 1, within: 9 days, serves: us}]\n"
    "topics: {t: {consent: opt_out}}\nasks: {any: {value_window: none, gives: 9 days}}\n"
    "open_things: {ticket: {opened_by: opened, closed_by: closed}}\n"
)


@settings(deadline=None)
@given(st.lists(st.integers(0, 45 * 24 * 60), max_size=6))
def test_a_walk_in_pieces_makes_the_same_contacts_as_one_walk(cuts: list[int]) -> None:
    rules, story = program(BUSY, BUSY_HOUSE), busy_story()
    begin, finish = story.at("2026-03-01"), story.at("2026-04-15")
    whole = story.decisions(rules, "2026-03-01", "2026-04-15")
    wanted = sorted((one.at, one.rule) for one in whole if one.outcome is Outcome.CONTACT)
    assert len(wanted) > 5
    edges = sorted({begin, finish, *(begin + cut * 60_000_000 for cut in cuts if begin + cut * 60_000_000 < finish)})
    made: list[tuple[int, str]] = []
    for since, until in pairwise(edges):
        decisions = story.decisions(rules, story.local(since), story.local(until))
        ended = frozenset(one.occasion for one in decisions if one.outcome.ends)
        contacts = tuple(
            Contact(one.occasion, one.rule, one.at, one.channel or "", one.asks_for)
            for one in decisions
            if one.outcome is Outcome.CONTACT
        )
        made += [(one.at, one.rule) for one in contacts]
        story = story.where(ended=story.customer.ended | ended, contacts=(*story.customer.contacts, *contacts))
    assert sorted(made) == wanted


def test_silence_after_silence_keeps_its_keys_short_and_ends() -> None:
    rules = program(
        """
        hello:
          reason: Nobody has heard from anybody for two days.
          asks_for: nothing
          when: {silence: contact}
          after: 2 days
          send: words
          by: [email]
        """
    )
    story = ana().contacted("2026-03-01 10:00", "earlier")
    decisions = story.decisions(rules, "2026-03-02", "2026-07-01")
    made = [decision for decision in decisions if decision.outcome == "contact"]
    assert len(made) == 60
    assert max(len(decision.occasion) for decision in decisions) < 1_000
    assert len({decision.occasion for decision in decisions}) == len(decisions)
