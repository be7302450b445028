import pytest
from deciding import HOUSE, ana, program

from scheduler.decisions.windows import pending


def rule(keys: str) -> str:
    return f"note: {{reason: They would like to know it, asks_for: nothing, by: [email], send: note, {keys}}}"


def test_a_calendar_delay_speaks_at_the_houses_time_of_day() -> None:
    story = ana().event("2026-03-01 09:00", "delivered")
    rules = program(rule("when: delivered, after: 1 day"), HOUSE + 'default_at: "11:15"\n')
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-02 11:15 note email"]


def test_an_exact_delay_speaks_at_once() -> None:
    story = ana().event("2026-03-01 09:00", "delivered")
    assert story.contacts(program(rule("when: delivered, after: 90 minutes")), "2026-03-01", "2026-04-01") == [
        "2026-03-01 10:30 note email"
    ]


def test_a_rule_with_a_time_of_day_may_speak_until_lateness_after_it_both_ends_included() -> None:
    rules = program(rule('when: delivered, at: "10:00"'))
    assert ana().event("2026-03-01 12:00", "delivered").contacts(rules, "2026-03-01", "2026-04-01") == [
        "2026-03-01 12:00 note email"
    ]
    assert ana().event("2026-03-01 12:00:00.000001", "delivered").contacts(rules, "2026-03-01", "2026-04-01") == [
        "2026-03-02 10:00 note email"
    ]


def test_a_moment_late_in_the_evening_reaches_over_midnight() -> None:
    rules = program(rule('when: delivered, at: "23:30"'))
    story = ana().event("2026-03-02 12:00", "delivered")
    assert story.contacts(rules, "2026-03-03 00:45", "2026-04-01") == ["2026-03-03 00:45 note email"]


def test_an_evening_before_the_windows_first_day_is_no_moment() -> None:
    rules = program(rule('when: delivered, at: "23:30"'))
    story = ana().event("2026-03-02 00:45", "delivered")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-02 23:30 note email"]


def test_a_skipped_day_has_no_moment() -> None:
    story = ana("Pacific/Apia").event("2011-12-29 09:00", "delivered")
    rules = program(rule('when: delivered, after: 1 day, before: 3 days, at: "10:00"'))
    assert story.contacts(rules, "2011-12-28", "2012-02-01") == ["2011-12-31 10:00 note email"]


def test_a_day_that_is_skipped_in_the_midst_of_a_window_has_no_moment() -> None:
    story = ana("Pacific/Apia").event("2011-12-29 13:00", "delivered")
    rules = program(rule('when: delivered, at: "10:00"'))
    assert story.contacts(rules, "2011-12-28", "2012-02-01") == ["2011-12-31 10:00 note email"]


def test_a_time_of_day_that_is_skipped_means_the_first_instant_after_the_gap() -> None:
    story = ana().event("2026-03-28 09:00", "delivered")
    rules = program(rule('when: delivered, after: 1 day, at: "02:30"'))
    assert story.contacts(rules, "2026-03-28", "2026-04-01") == ["2026-03-29 03:00 note email"]


def test_a_time_of_day_in_a_gap_that_reaches_midnight_means_the_last_minute_before_it() -> None:
    story = ana("America/Nuuk").event("2026-03-27 09:00", "delivered")
    rules = program(rule('when: delivered, after: 1 day, at: "23:45"'))
    assert story.contacts(rules, "2026-03-27", "2026-04-01") == ["2026-03-28 22:59 note email"]


def test_a_time_of_day_that_occurs_twice_means_the_first() -> None:
    story = ana().event("2026-10-24 09:00", "delivered")
    (decision,) = story.decisions(
        program(rule('when: delivered, after: 1 day, at: "02:30"')), "2026-10-24", "2026-11-01"
    )
    assert story.zone.iso(decision.at) == "2026-10-25T02:30:00+02:00"


def test_what_begins_after_its_moment_waits_for_the_next_days() -> None:
    story = ana().event("2026-03-01 09:00", "delivered")
    rules = program(rule("when: delivered, after: 1 day, before: 4 days"))
    assert story.contacts(rules, "2026-03-02 12:00:01", "2026-04-01") == ["2026-03-03 10:00 note email"]


def test_the_end_of_a_day_is_a_moment_of_that_day() -> None:
    rules = program(rule('when: delivered, at: "24:00"'), HOUSE + "lateness: 0 minutes\n")
    story = ana().event("2026-03-02 12:00", "delivered")
    assert story.contacts(rules, "2026-03-03", "2026-04-01") == ["2026-03-03 00:00 note email"]


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "Pacific/Apia", "America/Sao_Paulo", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    "keys",
    [
        "when: delivered, after: 90 minutes",
        "when: delivered, after: 1 day",
        'when: delivered, after: 1 day, before: 3 days, at: "00:00"',
        'when: delivered, at: "23:30"',
        'when: delivered, before: 2 hours, at: "04:00"',
        'when: delivered, before: 2 days, at: "24:00"',
    ],
)
@pytest.mark.parametrize("delivered", ["2011-12-29 12:00", "2026-03-28 23:45", "2026-10-03 12:00", "2018-11-03 01:10"])
def test_the_plan_and_the_walk_find_the_same_first_moment(timezone: str, keys: str, delivered: str) -> None:
    rules, story = program(rule(keys)), ana(timezone).event(delivered, "delivered")
    since = story.at(delivered)
    [(_, _, planned)] = pending(rules, [story.customer], since, since, {})
    [decision] = story.decisions(rules, delivered, "2027-01-01")
    assert (planned, "contact") == (decision.at, decision.outcome) or (planned, decision.outcome) == (None, "too_late")
