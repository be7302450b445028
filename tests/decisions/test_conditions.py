from typing import Any

import pytest
from deciding import HOUSE, Story, ana, born, program

NOTE = "note: {reason: They would like to know it, asks_for: nothing, when: delivered, before: 20 days, by: [email], send: note"


def first(story: Story, condition: str, *, key: str = "only_if", house: str = HOUSE) -> str:
    """When the note goes to somebody with a delivery on 2 March 09:00, under this condition."""
    rules = program(f"{NOTE}, {key}: [{condition}]}}", house)
    delivered = story.event("2026-03-02 09:00", "delivered", order="A", id="z")
    made = delivered.contacts(rules, "2026-03-01", "2026-05-01")
    return made[0].removesuffix(" note email").removeprefix("2026-") if made else "never"


AT_ONCE, NEVER = "03-02 09:00", "never"


# --- customer


@pytest.mark.parametrize(
    ("attributes", "condition", "expected"),
    [
        ({"country": "DE"}, "{customer: country, is: DE}", AT_ONCE),
        ({"country": "DE"}, "{customer: country, in: [AT, CH]}", NEVER),
        ({}, "{customer: country, is_not: DE}", NEVER),
        ({}, "{customer: country, known: false}", AT_ONCE),
        ({"points": 300}, "{customer: points, at_least: 100, less_than: 400}", AT_ONCE),
        ({"points": "300"}, "{customer: points, at_least: 100}", NEVER),
    ],
)
def test_an_attribute_compares(attributes: dict[str, Any], condition: str, expected: str) -> None:
    assert first(ana(**attributes), condition) == expected


def test_a_date_becomes_older_than_on_the_day_after_so_much_has_passed() -> None:
    assert first(ana(joined=born(2026, 2, 6)), "{customer: joined, older_than: 30 days}") == "03-09 00:00"


def test_a_date_is_newer_than_until_so_much_has_passed() -> None:
    assert first(ana(joined=born(2026, 2, 6)), "{customer: joined, newer_than: 30 days}") == AT_ONCE
    assert first(ana(joined=born(2026, 1, 30)), "{customer: joined, newer_than: 30 days}") == NEVER


def test_a_date_to_come_is_newer() -> None:
    assert first(ana(ends=born(2027, 1, 1)), "{customer: ends, newer_than: 1 day}") == AT_ONCE
    assert first(ana(), "{customer: ends, newer_than: 1 day}") == NEVER


# --- events


def test_an_event_has_happened_or_not() -> None:
    assert first(ana().event("2026-01-01 10:00", "scored"), "{event: scored}") == AT_ONCE
    assert first(ana(), "{event: scored}") == NEVER


def test_a_condition_that_becomes_true_later_leads_to_a_contact_at_that_moment() -> None:
    assert first(ana().event("2026-03-04 15:30", "scored"), "{event: scored}") == "03-04 15:30"


def test_a_condition_counts_an_event_from_when_it_became_known() -> None:
    story = ana().event("2026-03-01 10:00", "scored", known="2026-03-05 12:00")
    assert first(story, "{event: scored}") == "03-05 12:00"


def test_unless_waits_until_the_condition_no_more_holds() -> None:
    story = ana().event("2026-02-27 15:00", "returned")
    assert first(story, "{event: returned, within: 7 days}", key="unless") == "03-06 00:00"


def test_within_days_means_today_and_the_days_before() -> None:
    story = ana().event("2026-02-28 00:00", "scored")
    assert first(story, "{event: scored, within: 3 days}") == AT_ONCE
    assert first(ana().event("2026-02-27 23:59", "scored"), "{event: scored, within: 3 days}") == NEVER


def test_within_hours_is_exact() -> None:
    assert first(ana().event("2026-03-02 07:00", "scored"), "{event: scored, within: 2 hours}") == NEVER
    assert first(ana().event("2026-03-02 07:00:00.000001", "scored"), "{event: scored, within: 2 hours}") == AT_ONCE


def test_since_the_trigger_leaves_its_own_event_out() -> None:
    condition = "{event: delivered, since: trigger}"
    assert first(ana(), condition) == NEVER
    assert first(ana().event("2026-03-03 11:00", "delivered", id="y"), condition) == "03-03 11:00"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{event: bought, count: true, at_least: 3}", AT_ONCE),
        ("{event: bought, count: true, multiple_of: 2}", NEVER),
        ("{event: bought, count: true, less_than: 3}", NEVER),
        ("{event: bought, count: true, more_than: 3}", NEVER),
        ("{event: nothing, count: true, at_most: 0}", AT_ONCE),
        ("{event: nothing, count: true, multiple_of: 5}", AT_ONCE),
        ("{event: bought, sum: total, is: 0.6}", AT_ONCE),
        ("{event: nothing, sum: total, at_most: 0}", AT_ONCE),
        ("{event: bought, average: total, at_most: 0.2}", AT_ONCE),
        ("{event: nothing, average: total, at_most: 5}", NEVER),
        ("{event: nothing, average: total, is_not: 5}", NEVER),
        ("{event: bought, min: total, is: 0.1}", AT_ONCE),
        ("{event: bought, max: total, is: 0.3}", AT_ONCE),
        ("{event: nothing, max: total, at_most: 5}", NEVER),
        ("{event: bought, latest: total, is: 0.3}", AT_ONCE),
        ("{event: bought, first: total, is: 0.1}", AT_ONCE),
        ("{event: bought, latest: color, is: red}", NEVER),
        ("{event: bought, latest: color, known: false}", AT_ONCE),
        ("{event: nothing, latest: color, known: false}", NEVER),
        ("{event: bought, first: color, contains: re}", AT_ONCE),
        ("{event: bought, where: {total: {more_than: 0.1}}, count: true, in: [2, 7]}", AT_ONCE),
        ("{event: bought, where: {total: 0.2}, count: true, not_in: [2, 7]}", AT_ONCE),
        ("{event: bought, count: true, is: three}", NEVER),
    ],
)
def test_an_aggregate_of_events_compares(condition: str, expected: str) -> None:
    story = (
        ana()
        .event("2026-01-01 10:00", "bought", total=0.1, color="red")
        .event("2026-01-02 10:00", "bought", total=0.2)
        .event("2026-01-03 10:00", "bought", total=0.3)
    )
    assert first(story, condition) == expected


def test_of_events_at_one_instant_the_newest_is_the_last_by_id() -> None:
    story = (
        ana().event("2026-01-01 10:00", "scored", id="b", score=9).event("2026-01-01 10:00", "scored", id="a", score=1)
    )
    assert first(story, "{event: scored, latest: score, at_least: 9}") == AT_ONCE


def test_the_newest_event_is_the_one_that_happened_last_not_the_one_that_became_known_last() -> None:
    story = ana().event("2026-02-25 10:00", "scored", score=9)
    story = story.event("2026-02-20 10:00", "scored", known="2026-03-01 10:00", score=1)
    assert first(story, "{event: scored, latest: score, at_least: 9}") == AT_ONCE


def test_same_takes_only_events_with_the_triggers_own_key() -> None:
    story = ana().event("2026-03-01 10:00", "returned", order="B")
    assert first(story, "{event: returned, same: order}", key="unless") == AT_ONCE
    story = story.event("2026-03-01 11:00", "returned", order="A")
    assert first(story, "{event: returned, same: order}", key="unless") == NEVER


# --- open things


def ticket(story: Story, at: str, name: str, key: str | None) -> Story:
    """Let something happen to a ticket, or to one without a number."""
    properties = {} if key is None else {"ticket": key}
    return story.event(at, name, **properties)


KEYED = HOUSE + "open_things: {ticket: {opened_by: opened, closed_by: closed, key: ticket}}\n"


def test_a_ticket_is_closed_by_the_closing_of_its_own_key() -> None:
    story = ticket(ticket(ana(), "2026-03-01 10:00", "opened", "a"), "2026-03-01 11:00", "opened", "b")
    story = ticket(story, "2026-03-03 10:00", "closed", "a")
    assert first(story, "{open: ticket}", key="unless", house=KEYED) == NEVER
    story = ticket(story, "2026-03-04 10:00", "closed", "b")
    assert first(story, "{open: ticket}", key="unless", house=KEYED) == "03-04 10:00"


def test_events_without_the_key_share_one() -> None:
    story = ticket(ticket(ana(), "2026-03-01 10:00", "opened", None), "2026-03-03 10:00", "closed", None)
    assert first(story, "{open: ticket}", key="unless", house=KEYED) == "03-03 10:00"


def test_a_tie_of_opening_and_closing_is_closed() -> None:
    story = ticket(ticket(ana(), "2026-03-01 10:00", "closed", "a"), "2026-03-01 10:00", "opened", "a")
    assert first(story, "{open: ticket}", key="unless", house=KEYED) == AT_ONCE


def test_a_ticket_can_be_opened_again() -> None:
    story = ana()
    for at, name in (("2026-02-01", "opened"), ("2026-02-02", "closed"), ("2026-02-03", "opened")):
        story = ticket(story, at, name, "a")
    assert first(story, "{open: ticket}", house=KEYED) == AT_ONCE


def test_open_for_counts_from_the_latest_opening() -> None:
    story = ticket(ana(), "2026-02-28 15:00", "opened", "a")
    assert first(story, "{open: ticket, for: 5 days}", house=KEYED) == "03-05 15:00"


# --- contacts


def test_a_contact_condition_asks_what_we_sent() -> None:
    story = ana().contacted("2026-02-20 10:00", "note").contacted("2026-02-25 10:00", "ask", "review", "phone")
    assert first(story, "{contact: note}") == AT_ONCE
    assert first(story, "{contact: note, within: 7 days}") == NEVER
    assert first(story, "{contact: any, count: true, is: 2}") == AT_ONCE
    assert first(story, "{contact: any, asks_for: [review, referral], by: phone}") == AT_ONCE
    assert first(story, "{contact: any, asks_for: review, by: email}") == NEVER


@pytest.mark.parametrize(("at", "expected"), [("2026-02-28 00:00", AT_ONCE), ("2026-02-27 23:59", NEVER)])
def test_a_contact_within_days_was_made_today_or_on_the_days_before(at: str, expected: str) -> None:
    assert first(ana().contacted(at, "card"), "{contact: any, within: 3 days}") == expected


def test_what_a_rule_sent_before_it_became_a_draft_was_sent() -> None:
    draft = "gone: {reason: They would like to know it, asks_for: nothing, when: ordered, by: [email], send: gone, status: draft}"
    rules = program(f"{draft}\n{NOTE}, only_if: [{{contact: gone, count: true, at_most: 1}}]}}")
    once = ana().event("2026-03-02 09:00", "delivered").contacted("2026-02-20 10:00", "gone")
    twice = once.contacted("2026-02-25 10:00", "gone")
    assert once.contacts(rules, "2026-03-01", "2026-05-01") == ["2026-03-02 09:00 note email"]
    assert twice.contacts(rules, "2026-03-01", "2026-05-01") == []


def test_a_held_out_contact_was_not_made() -> None:
    assert first(ana().contacted("2026-02-20 10:00", "note", held_out=True), "{contact: any}") == NEVER


# --- combinations


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{all_of: [{event: a}, {event: b}]}", AT_ONCE),
        ("{all_of: [{event: a}, {event: x}]}", NEVER),
        ("{any_of: [{event: x}, {event: b}, {event: y}]}", AT_ONCE),
        ("{none_of: [{event: x}, {event: y}]}", AT_ONCE),
        ("{none_of: [{event: x}, {event: a}]}", NEVER),
        ("{all_of: [{any_of: [{event: x}, {event: a}]}, {none_of: [{all_of: [{event: a}, {event: x}]}]}]}", AT_ONCE),
    ],
)
def test_conditions_combine(condition: str, expected: str) -> None:
    assert first(ana().event("2026-01-01", "a").event("2026-01-02", "b"), condition) == expected


def test_a_named_condition_is_its_own_gate() -> None:
    rules = program(
        f"{NOTE}, only_if: [happy, {{event: x}}], unless: [happy]}}",
        HOUSE,
        "happy: {means: scored us well, event: scored}",
    )
    story = ana().event("2026-03-02 09:00", "delivered").event("2026-01-01 10:00", "scored")
    assert story.outcome(rules, "2026-03-01", "2026-05-01") == ("too_late", ("only_if.2", "unless.happy"))


def test_within_business_days_skips_weekends_and_the_holidays_of_the_country() -> None:
    # Tuesday 7 April 2026 is the first business day after Easter; Good Friday and Easter Monday are German holidays.
    rules = program(f"{NOTE}, only_if: [{{event: scored, within: 2 business days}}]}}")
    asked = {}
    for country in ("DE", "US"):
        story = ana(country=country).event("2026-04-01 10:00", "scored").event("2026-04-07 09:00", "delivered")
        thursday = ana(country=country).event("2026-04-02 10:00", "scored").event("2026-04-07 09:00", "delivered")
        asked[country] = [one.outcome(rules, "2026-04-07", "2026-05-01")[0] for one in (story, thursday)]
    assert asked == {"DE": ["too_late", "contact"], "US": ["too_late", "too_late"]}


# --- what people have to do


TASKS = HOUSE + "open_things: {recovery: {opened_by: task_assigned, closed_by: task_ended, key: occasion}}\n"
CALL = "call: {reason: They will be called, asks_for: nothing, when: hurt, assign: care, script: words, by: [phone]}"


def beside_a_task(story: Story, condition: str, key: str = "unless") -> str:
    """When the note goes that is due on 2 March 09:00, where a rule made a task on 1 March 10:00."""
    rules = program(f"{CALL}\n{NOTE}, {key}: [{condition}]}}", TASKS)
    story = story.event("2026-03-01 10:00", "hurt").event("2026-03-02 09:00", "delivered", order="A", id="z")
    made = [one for one in story.contacts(rules, "2026-03-01", "2026-05-01") if " note " in one]
    return made[0].removesuffix(" note email").removeprefix("2026-") if made else NEVER


def test_a_task_that_is_to_be_made_is_open_before_its_event_has_come() -> None:
    assert beside_a_task(ana(phone="+49301234567"), "{open: recovery}") == NEVER
    assert beside_a_task(ana(phone="+49301234567"), "{open: recovery, for: 3 days}", "only_if") == "03-04 10:00"
    assert beside_a_task(ana(), "{open: recovery}") == AT_ONCE  # whom nobody can call


def test_whatever_closes_the_thing_ends_the_task() -> None:
    story = ana(phone="+49301234567").event("2026-03-03 12:00", "task_ended")
    assert beside_a_task(story, "{open: recovery}") == "03-03 12:00"


def test_a_task_that_was_made_before_is_open_by_its_event_alone() -> None:
    story = ana(phone="+49301234567").contacted("2026-02-27 10:00", "call", channel="phone")
    rules = program(f"{CALL}\n{NOTE}, unless: [{{open: recovery}}]}}", TASKS)
    delivered = story.event("2026-03-02 09:00", "delivered", order="A", id="z")
    assert len(delivered.contacts(rules, "2026-03-01", "2026-05-01")) == 1
    assigned = delivered.event("2026-02-27 10:00", "task_assigned", occasion="call/ana/1")
    assert assigned.contacts(rules, "2026-03-01", "2026-05-01") == []
    ended = assigned.event("2026-03-04 10:00", "task_ended", occasion="call/ana/1")
    assert ended.contacts(rules, "2026-03-01", "2026-05-01") == ["2026-03-04 10:00 note email"]
