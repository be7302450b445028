import pytest
from deciding import Story, ana, born, program

from scheduler.decisions.outcome import Decision


def rule(keys: str) -> str:
    return f"note: {{reason: They would like to know it, asks_for: nothing, by: [email], send: note, {keys}}}"


def only(story: Story, keys: str, since: str = "2026-01-01", until: str = "2027-01-01", house: str = "") -> Decision:
    (decision,) = story.decisions(program(rule(keys), house or HOUSE), since, until)
    return decision


HOUSE = "timezone: Europe/Berlin\n"


def window(story: Story, keys: str, house: str = "") -> tuple[str, str]:
    decision = only(story, keys, house=house)
    return story.local(decision.opens), story.local(decision.closes)


def test_a_calendar_delay_opens_at_the_midnight_that_begins_the_day() -> None:
    story = ana().event("2026-03-30 23:30", "delivered")
    assert window(story, "when: delivered, after: 1 day, before: 4 days") == ("2026-03-31 00:00", "2026-04-03 00:00")


def test_after_a_late_event_a_delay_in_days_may_end_before_an_exact_window_closes() -> None:
    story = ana().event("2026-03-09 18:00", "delivered")
    keys = "when: delivered, after: 1 day, before: 20 hours"
    assert window(story, keys) == ("2026-03-10 00:00", "2026-03-10 14:00")
    assert only(story, keys).outcome == "contact"


def test_a_calendar_delay_counts_local_days_whatever_the_clocks_do() -> None:
    story = ana().event("2026-03-28 23:30", "delivered")
    assert window(story, "when: delivered, after: 1 day, before: 2 days") == ("2026-03-29 00:00", "2026-03-30 00:00")


def test_months_clamp_to_the_end_of_a_shorter_month() -> None:
    story = ana().event("2026-01-31 12:00", "delivered")
    assert window(story, "when: delivered, after: 1 month, before: 2 months") == (
        "2026-02-28 00:00",
        "2026-03-31 00:00",
    )


def test_an_exact_delay_opens_at_its_instant_and_a_calendar_end_keeps_the_wall_time() -> None:
    story = ana().event("2026-03-28 12:00", "delivered")
    assert window(story, "when: delivered, after: 2 hours, before: 2 days") == ("2026-03-28 14:00", "2026-03-30 12:00")


def test_without_a_delay_the_window_opens_at_the_trigger() -> None:
    story = ana().event("2026-03-02 12:34", "delivered")
    assert window(story, "when: delivered, before: 3 hours") == ("2026-03-02 12:34", "2026-03-02 15:34")


def test_without_an_end_the_window_closes_a_default_window_after_it_opened() -> None:
    story = ana().event("2026-03-02 12:34", "delivered")
    assert window(story, "when: delivered, after: 10 days") == ("2026-03-12 00:00", "2026-03-15 00:00")
    assert window(story, "when: delivered") == ("2026-03-02 12:34", "2026-03-05 12:34")


def test_business_days_skip_weekends_and_the_holidays_of_the_country() -> None:
    story = ana(country="DE").event("2026-04-30 12:00", "delivered")  # a Thursday, then 1 May
    assert window(story, "when: delivered, after: 1 business day, before: 2 business days") == (
        "2026-05-04 00:00",
        "2026-05-05 00:00",
    )


def test_a_date_returns_every_year_from_the_year_after_its_own() -> None:
    story = ana(birthday=born(2025, 5, 5))
    rules = program(rule("when: {date: birthday}, before: 1 day"))
    assert [story.local(one.opens) for one in story.decisions(rules, "2024-01-01", "2028-01-01")] == [
        "2026-05-05 00:00",
        "2027-05-05 00:00",
    ]


def test_a_period_returns_no_more_after_its_end() -> None:
    rules = program(rule("when: {every: week}, starts: 2026-03-03, ends: 2026-03-17, before: 1 day"))
    assert [ana().local(one.opens) for one in ana().decisions(rules, "2026-01-01", "2026-06-01")] == [
        "2026-03-03 00:00",
        "2026-03-10 00:00",
        "2026-03-17 00:00",
    ]


def test_a_date_with_once_comes_on_the_date_itself() -> None:
    story = ana(trial_ends=born(2026, 5, 5))
    rules = program(rule("when: {date: trial_ends, once: true}, before: 1 day"))
    assert [story.local(one.opens) for one in story.decisions(rules, "2024-01-01", "2028-01-01")] == [
        "2026-05-05 00:00"
    ]


@pytest.mark.parametrize(("leap_day", "expected"), [("feb 28", "2026-02-28 00:00"), ("mar 1", "2026-03-01 00:00")])
def test_the_29_february_falls_where_the_house_says_in_a_common_year(leap_day: str, expected: str) -> None:
    story = ana(birthday=born(1980, 2, 29))
    house = f"{HOUSE}leap_day: {leap_day}\n"
    assert window(story, "when: {date: birthday}, before: 1 day", house)[0] == expected


def test_ahead_opens_earlier_and_closes_as_the_day_itself_begins() -> None:
    story = ana(renewal=born(2026, 6, 15))
    keys = "when: {date: renewal, once: true}, ahead: 30 days"
    assert window(story, keys) == ("2026-05-16 00:00", "2026-06-15 00:00")


def test_a_channel_with_its_own_head_start_opens_the_window_earlier() -> None:
    story = ana(birthday=born(1980, 5, 5), address="Somewhere 1")
    keys = "when: {date: birthday}, before: 1 day"
    rules = program(rule(keys).replace("by: [email]", "by: [{post: {ahead: 4 days}}, email]"))
    (decision,) = story.decisions(rules, "2026-01-01", "2027-01-01")
    assert (story.local(decision.opens), story.local(decision.at), decision.channel) == (
        "2026-05-01 00:00",
        "2026-05-01 10:00",
        "post",
    )


def test_a_channel_without_a_head_start_is_not_reachable_before_the_day() -> None:
    story = ana(birthday=born(1980, 5, 5))
    rules = program(
        rule("when: {date: birthday}, before: 1 day").replace("by: [email]", "by: [{post: {ahead: 4 days}}, email]")
    )
    assert story.contacts(rules, "2026-01-01", "2027-01-01") == ["2026-05-05 10:00 note email"]


@pytest.mark.parametrize(
    ("category", "opens"),
    [("coffee", "2026-01-31 00:00"), ("mattress", "2026-04-01 00:00"), ("hat", "2026-03-02 00:00")],
)
def test_a_delay_of_the_value_window_follows_the_category(category: str, opens: str) -> None:
    house = f"""
{HOUSE}
value_window:
  delivered_by: [delivered]
  property: category
  windows: {{coffee: 30 days, mattress: 90 days}}
  default: 60 days
"""
    story = ana().event("2026-01-01 12:00", "delivered", category=category)
    assert window(story, "when: delivered, after: value_window, before: 120 days", house)[0] == opens


def test_an_event_that_becomes_known_late_leaves_its_window_where_it_was() -> None:
    story = ana().event("2026-03-01 09:00", "delivered", known="2026-03-03 15:00")
    decision = only(story, "when: delivered, after: 1 day, before: 4 days")
    assert (story.local(decision.opens), story.local(decision.at)) == ("2026-03-02 00:00", "2026-03-04 10:00")


def test_an_event_learned_after_its_window_is_too_late() -> None:
    story = ana().event("2026-03-01 09:00", "delivered", known="2026-03-09 15:00")
    decision = only(story, "when: delivered, after: 1 day, before: 4 days")
    assert (decision.outcome, story.local(decision.at)) == ("too_late", "2026-03-09 15:00")


def test_each_part_of_an_occasions_key_is_percent_encoded() -> None:
    story = ana().event("2026-03-01 09:00", "delivered", id="order/7 ü")
    assert only(story, "when: delivered").occasion == "note/ana/order%2F7%20%C3%BC"


def test_only_events_that_pass_where_are_triggers() -> None:
    story = (
        ana()
        .event("2026-03-01 09:00", "delivered", id="a", total=5)
        .event("2026-03-02 09:00", "delivered", id="b", total=50)
    )
    assert only(story, "when: {event: delivered, where: {total: {at_least: 10}}}").occasion == "note/ana/b"


def test_a_window_is_told_in_the_customers_own_zone() -> None:
    story = ana("Pacific/Auckland").event("2026-03-01 09:00", "delivered")
    decision = only(story, "when: delivered, after: 1 day, before: 2 days")
    assert story.local(decision.at) == "2026-03-02 10:00"


def test_the_zone_of_a_customer_without_one_is_that_of_their_country() -> None:
    story = ana("Asia/Tokyo").event("2026-03-01 09:00", "delivered")
    attributes = {"email": "ana@example.com", "country": "JP"}
    story = story.where(attributes=attributes)
    assert story.local(only(story, "when: delivered, after: 1 day").at) == "2026-03-02 10:00"
