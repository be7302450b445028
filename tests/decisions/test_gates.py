import pytest
from deciding import HOUSE, Story, ana, born, program

from scheduler.decisions.occasions import share_of

NOTE = "note: {reason: They would like to know it, asks_for: nothing, when: delivered, by: [email], send: note"
ASK = "note: {reason: They would like to be asked it, asks_for: review, when: delivered, by: [email], send: note, topic: t"
TOPIC = "topics: {t: {consent: opt_out}}\n"


def delivered(at: str = "2026-03-02 09:00", story: Story | None = None) -> Story:
    return (story or ana()).event(at, "delivered")


# --- 1 active


def test_a_paused_rule_cancels() -> None:
    assert delivered().outcome(program(NOTE + ", status: paused}"), "2026-03-01", "2026-04-01") == (
        "cancelled",
        ("active",),
    )


def test_a_draft_gives_rise_to_nothing() -> None:
    rules = program(NOTE + "}\n" + NOTE.replace("note:", "other:") + ", status: draft}")
    assert [one.rule for one in delivered().decisions(rules, "2026-03-01", "2026-04-01")] == ["note"]


def test_before_its_start_a_rule_waits() -> None:
    rules = program(NOTE + ", before: 9 days, starts: 2026-03-05}")
    assert delivered().contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-05 00:00 note email"]


def test_its_end_is_a_rules_last_local_day() -> None:
    rules = program(NOTE + ", after: 1 day, before: 9 days, ends: 2026-03-03}")
    assert delivered().contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-03 10:00 note email"]
    assert delivered("2026-03-03 09:00").outcome(rules, "2026-03-01", "2026-04-01") == ("cancelled", ("active",))


@pytest.mark.parametrize(
    ("backfill", "outcome"),
    [("open", "contact"), ("none", "cancelled"), ("2026-03-02", "contact"), ("2026-03-03", "cancelled")],
)
def test_backfill_admits_triggers_from_before_the_activation(backfill: str, outcome: str) -> None:
    story = delivered()
    rules = program(NOTE + f", after: 3 days, backfill: {backfill}}}")
    activated = {"note": story.at("2026-03-04")}
    assert story.outcome(rules, "2026-03-04", "2026-04-01", activated=activated)[0] == outcome


def test_a_trigger_at_the_instant_of_the_activation_needs_no_backfill() -> None:
    story = delivered()
    activated = {"note": story.at("2026-03-02 09:00")}
    rules = program(NOTE + ", backfill: none}")
    assert story.outcome(rules, "2026-03-02", "2026-04-01", activated=activated)[0] == "contact"


# --- 2 window


def test_an_occasion_whose_window_is_open_at_the_beginning_takes_part() -> None:
    rules = program(NOTE + ", after: 1 day, before: 9 days}")
    assert delivered().contacts(rules, "2026-03-05 11:00", "2026-04-01") == ["2026-03-05 11:00 note email"]


def test_an_occasion_whose_window_has_passed_takes_no_part() -> None:
    rules = program(NOTE + ", after: 1 day, before: 4 days}")
    assert delivered().decisions(rules, "2026-03-06", "2026-04-01") == []


def test_before_the_window_opens_it_waits_for_the_window() -> None:
    story = delivered()
    (decision,) = story.decisions(
        program(NOTE + ", after: 9 days}"), "2026-03-02", "2026-03-03", horizon=story.at("2026-04-01")
    )
    assert (decision.outcome, decision.because) == ("waiting", ("window",))
    assert story.local(decision.until or 0) == "2026-03-11 10:00"


# --- 3 again


def test_never_again_ends_every_further_occasion() -> None:
    story = delivered().event("2026-05-02 09:00", "delivered")
    rules = program(NOTE + ", again: never}")
    assert story.contacts(rules, "2026-03-01", "2026-06-01") == ["2026-03-02 09:00 note email"]
    assert [one.because for one in story.decisions(rules, "2026-03-01", "2026-06-01")][1] == ("again",)


def test_again_after_days_counts_from_the_local_day_of_the_last_contact() -> None:
    story = delivered("2026-03-02 22:00").event("2026-04-01 00:00", "delivered").event("2026-03-31 23:59", "delivered")
    rules = program(NOTE + ", again: after 30 days, before: 1 hour}")
    assert story.contacts(rules, "2026-03-01", "2026-06-01") == [
        "2026-03-02 22:00 note email",
        "2026-04-01 00:00 note email",
    ]


@pytest.mark.parametrize(
    ("last", "outcome"), [("2026-02-28 21:00", "contact"), ("2026-02-28 21:00:00.000001", "superseded")]
)
def test_again_after_hours_is_exact(last: str, outcome: str) -> None:
    rules = program(NOTE + ", again: after 36 hours}")
    assert delivered().contacted(last, "note").outcome(rules, "2026-03-02", "2026-04-01")[0] == outcome


def test_a_contact_that_the_ledger_knows_forbids_another() -> None:
    story = delivered().contacted("2026-02-20 10:00", "note")
    assert story.outcome(program(NOTE + ", again: after 30 days}"), "2026-03-01", "2026-04-01") == (
        "superseded",
        ("again",),
    )


def test_a_held_out_contact_forbids_another_as_if_it_had_been_made() -> None:
    story = delivered().contacted("2026-02-20 10:00", "note", held_out=True)
    assert story.outcome(program(NOTE + ", again: never}"), "2026-03-01", "2026-04-01")[0] == "superseded"


# --- 4 until


def test_a_goal_reached_after_the_trigger_ends_the_occasion() -> None:
    story = delivered().event("2026-03-04 09:00", "referred")
    assert story.outcome(program(NOTE + ", after: 3 days, until: referred}"), "2026-03-01", "2026-04-01") == (
        "goal_reached",
        ("until",),
    )


def test_a_goal_reached_before_the_trigger_does_not_count() -> None:
    story = delivered().event("2026-03-01 09:00", "referred")
    assert (
        story.outcome(program(NOTE + ", after: 3 days, until: referred}"), "2026-03-01", "2026-04-01")[0] == "contact"
    )


def test_a_condition_as_goal_is_asked_as_it_stands() -> None:
    story = delivered().event("2026-03-01 09:00", "referred")
    rules = program(NOTE + ", after: 3 days, until: {event: referred}}")
    assert story.outcome(rules, "2026-03-01", "2026-04-01")[0] == "goal_reached"


def test_with_ahead_a_goal_counts_from_the_opening() -> None:
    story = ana(renewal=born(2026, 6, 15)).event("2026-05-20 09:00", "renewed")
    rules = program(
        "note: {reason: They would like to know it, asks_for: nothing, when: {date: renewal, once: true}, "
        "ahead: 30 days, until: renewed, send_hours: {days: [sun]}, by: [email], send: note}"
    )
    assert story.outcome(rules, "2026-05-01", "2026-07-01")[0] == "contact"  # Sunday 17 May, before the goal
    late = ana(renewal=born(2026, 6, 15)).event("2026-05-16 12:30", "renewed")
    assert late.outcome(rules, "2026-05-01", "2026-07-01")[0] == "goal_reached"


def test_silence_is_void_when_another_event_comes() -> None:
    rules = program(
        "note: {reason: We have not heard of them, asks_for: nothing, when: {silence: ordered}, after: 30 days, "
        "by: [email], send: note}"
    )
    story = ana().event("2026-01-05 09:00", "ordered", id="a").event("2026-01-20 09:00", "ordered", id="b")
    decisions = story.decisions(rules, "2026-01-01", "2026-06-01")
    assert [(one.occasion, str(one.outcome), story.local(one.at)) for one in decisions] == [
        ("note/ana/a", "goal_reached", "2026-02-04 10:00"),
        ("note/ana/b", "contact", "2026-02-19 10:00"),
    ]


def test_silence_with_same_is_void_only_by_an_event_of_the_same_key() -> None:
    rules = program(
        "note: {reason: We have not heard of them, asks_for: nothing, when: {silence: ordered, same: shop}, "
        "after: 30 days, by: [email], send: note}"
    )
    story = ana().event("2026-01-05 09:00", "ordered", shop="a").event("2026-01-20 09:00", "ordered", shop="b")
    assert len(story.contacts(rules, "2026-01-01", "2026-06-01")) == 2


def test_a_silence_that_waits_for_something_else_is_void_as_soon_as_another_event_comes() -> None:
    rules = program(
        "note: {reason: We have not heard of them, asks_for: nothing, when: {silence: ordered}, after: 10 days, "
        "before: 40 days, only_if: [{event: moved}], by: [email], send: note}"
    )
    story = ana().event("2026-01-05 09:00", "ordered").event("2026-01-20 09:00", "ordered")
    first = story.decisions(rules, "2026-01-01", "2026-06-01")[0]
    assert (str(first.outcome), story.local(first.at)) == ("goal_reached", "2026-01-20 10:00")


# --- 6 asks

WINDOWS = HOUSE + TOPIC + "value_window: {delivered_by: [delivered], default: 10 days}\n"


def test_an_ask_anchored_on_a_delivery_waits_for_its_value_window() -> None:
    rules = program(ASK + ", before: 30 days}", WINDOWS)
    assert delivered().contacts(rules, "2026-03-01", "2026-05-01") == ["2026-03-12 00:00 note email"]


def test_any_other_ask_waits_until_the_newest_delivery_has_had_its_window() -> None:
    rules = program(ASK.replace("when: delivered", "when: scored") + ", before: 60 days}", WINDOWS)
    story = delivered().event("2026-03-05 09:00", "scored").event("2026-03-08 09:00", "delivered")
    assert story.contacts(rules, "2026-03-01", "2026-06-01") == ["2026-03-18 00:00 note email"]


def test_the_newest_delivery_is_the_one_that_happened_last_not_the_one_that_became_known_last() -> None:
    rules = program(ASK.replace("when: delivered", "when: scored") + ", before: 60 days}", WINDOWS)
    story = delivered("2026-03-05 09:00").event("2026-03-06 09:00", "scored")
    story = story.event("2026-02-20 09:00", "delivered", known="2026-03-08 12:00")
    assert story.contacts(rules, "2026-03-01", "2026-06-01") == ["2026-03-15 00:00 note email"]


def test_an_ask_of_somebody_who_had_nothing_never_finds_its_moment() -> None:
    rules = program(ASK.replace("when: delivered", "when: scored") + ", before: 60 days}", WINDOWS)
    assert ana().event("2026-03-05 09:00", "scored").outcome(rules, "2026-03-01", "2026-06-01") == (
        "too_late",
        ("value_window",),
    )


def test_if_delivered_lets_those_pass_who_had_nothing() -> None:
    house = WINDOWS + "asks: {any: {value_window: if delivered}}\n"
    rules = program(ASK.replace("when: delivered", "when: scored") + ", before: 60 days}", house)
    assert ana().event("2026-03-05 09:00", "scored").outcome(rules, "2026-03-01", "2026-06-01")[0] == "contact"


def test_a_house_that_states_no_value_window_has_60_days_after_the_trigger() -> None:
    rules = program(ASK + ", before: 90 days}", HOUSE + TOPIC)
    assert delivered().contacts(rules, "2026-03-01", "2026-07-01") == ["2026-05-01 00:00 note email"]


def test_what_blocks_asks_does_not_block_what_serves_the_customer() -> None:
    house = (
        WINDOWS + "asks: {any: {blocked_while: [unresolved]}}\n"
        "open_things: {ticket: {opened_by: ticket_opened, closed_by: ticket_closed, key: ticket_id}}\n"
        "conditions: {unresolved: {means: a ticket is open, any_of: [{open: ticket}]}}\n"
    )
    story = delivered().event("2026-03-01 09:00", "ticket_opened", ticket_id="T")
    assert story.outcome(program(ASK + ", before: 30 days}", house), "2026-03-01", "2026-05-01") == (
        "too_late",
        ("blocked.unresolved",),
    )
    assert story.outcome(program(NOTE + "}", house), "2026-03-01", "2026-05-01")[0] == "contact"


GIVES = WINDOWS + "asks: {any: {gives: 20 days, value_window: none}}\n"


@pytest.mark.parametrize(
    ("given", "contacted"),
    [
        ("2026-03-01 10:00", "2026-03-02 09:00 note email"),
        ("2026-03-02 08:00", "2026-03-03 00:00 note email"),
        ("2026-02-11 10:00", "2026-03-02 09:00 note email"),
    ],
)
def test_an_ask_waits_until_something_was_given_on_an_earlier_day(given: str, contacted: str) -> None:
    rules = program(ASK + ", before: 9 days}", GIVES)
    assert delivered().contacted(given, "card").contacts(rules, "2026-03-02", "2026-04-01") == [contacted]


def test_what_was_given_too_long_ago_does_not_count() -> None:
    rules = program(ASK + ", before: 9 days}", GIVES)
    assert delivered().contacted("2026-02-10 10:00", "card").outcome(rules, "2026-03-01", "2026-04-01") == (
        "too_late",
        ("gives",),
    )


def test_what_was_given_before_the_last_ask_does_not_count() -> None:
    rules = program(ASK + ", before: 9 days}", GIVES)
    story = delivered().contacted("2026-02-20 10:00", "card").contacted("2026-02-22 10:00", "ask", "referral")
    assert story.outcome(rules, "2026-03-01", "2026-04-01") == ("too_late", ("gives",))


def test_feedback_is_no_ask_that_has_to_be_given_for_anew() -> None:
    rules = program(ASK + ", before: 9 days}", GIVES)
    story = delivered().contacted("2026-02-20 10:00", "card").contacted("2026-02-22 10:00", "poll", "feedback")
    assert story.outcome(rules, "2026-03-01", "2026-04-01")[0] == "contact"


# --- 7 reachable, 8 consent


def test_the_first_channel_by_which_they_can_be_reached_is_used() -> None:
    story = delivered(story=ana(email=None, phone="+491700000000"))
    rules = program(NOTE.replace("[email]", "[email, phone]") + "}")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-02 09:00 note phone"]


def test_the_channel_that_they_prefer_comes_first_where_the_rule_says_so() -> None:
    rules = program(
        NOTE.replace("[email]", "[preferred, email]")
        + "}\n"
        + NOTE.replace("note:", "x:").replace("email", "phone")
        + "}"
    )
    story = delivered(story=ana(phone="+491700000000", preferred_channel="phone"))
    assert "2026-03-02 09:00 note phone" in story.contacts(rules, "2026-03-01", "2026-04-01")
    assert "2026-03-02 09:00 note email" in delivered().contacts(rules, "2026-03-01", "2026-04-01")


def test_a_suppressed_address_is_no_address() -> None:
    story = delivered().where(suppressed=frozenset({"email"}))
    assert story.outcome(program(NOTE + "}"), "2026-03-01", "2026-04-01") == ("too_late", ("reachable",))


OPT_IN = HOUSE + "topics: {offers: {default_for: [nothing], consent: opt_in}}\n"


def test_where_the_topic_is_opt_in_silence_is_a_no() -> None:
    assert delivered().outcome(program(NOTE + "}", OPT_IN), "2026-03-01", "2026-04-01") == ("too_late", ("consent",))


def test_a_consent_that_comes_later_lets_the_contact_go_at_that_moment() -> None:
    story = delivered().consent("2026-03-03 15:00", "offers")
    assert story.contacts(program(NOTE + "}", OPT_IN), "2026-03-01", "2026-04-01") == ["2026-03-03 15:00 note email"]


@pytest.mark.parametrize(("topic", "channel"), [(None, None), ("offers", None), (None, "email"), ("offers", "email")])
def test_a_record_without_topic_or_channel_fits_all(topic: str | None, channel: str | None) -> None:
    story = delivered().consent("2026-02-01", topic, channel)
    assert story.outcome(program(NOTE + "}", OPT_IN), "2026-03-01", "2026-04-01")[0] == "contact"


@pytest.mark.parametrize(("topic", "channel"), [("care", None), (None, "sms"), ("offers", "sms")])
def test_a_record_of_another_topic_or_channel_does_not_fit(topic: str | None, channel: str | None) -> None:
    story = delivered().consent("2026-02-01", topic, channel)
    assert story.outcome(program(NOTE + "}", OPT_IN), "2026-03-01", "2026-04-01")[0] == "too_late"


def test_the_newest_record_that_fits_decides() -> None:
    story = delivered().consent("2026-02-01", "offers").consent("2026-02-02", given=False)
    assert story.outcome(program(NOTE + "}", OPT_IN), "2026-03-01", "2026-04-01")[0] == "too_late"


@pytest.mark.parametrize("first", [True, False])
def test_a_tie_with_a_withdrawal_is_a_withdrawal(first: bool) -> None:
    story = delivered().consent("2026-02-01", "offers", given=first).consent("2026-02-01", "offers", given=not first)
    assert story.outcome(program(NOTE + "}", OPT_IN), "2026-03-01", "2026-04-01")[0] == "too_late"


def test_a_channel_that_asks_for_opt_in_is_asked_as_well() -> None:
    rules = program(NOTE.replace("[email]", "[sms]") + "}")
    story = delivered(story=ana(phone="+491700000000"))
    assert story.outcome(rules, "2026-03-01", "2026-04-01") == ("too_late", ("consent",))
    assert story.consent("2026-02-01", None, "sms").outcome(rules, "2026-03-01", "2026-04-01")[0] == "contact"


def test_a_pause_is_a_no_until_it_ends() -> None:
    story = delivered()
    story = story.where(paused_until=story.at("2026-03-03 12:00"))
    assert story.contacts(program(NOTE + "}"), "2026-03-01", "2026-04-01") == ["2026-03-03 12:00 note email"]


# --- 9 send hours


def hours(text: str) -> str:
    return f"timezone: Europe/Berlin\nfrequency_caps: []\nsend_hours: {text}\n"


@pytest.mark.parametrize(
    ("at", "contacted"),
    [
        ("2026-03-02 08:59", "2026-03-02 09:00 note email"),
        ("2026-03-02 19:59", "2026-03-02 19:59 note email"),
        ("2026-03-02 20:00", "2026-03-03 09:00 note email"),
        ("2026-03-07 21:00", "2026-03-09 09:00 note email"),
    ],
)
def test_outside_the_send_hours_it_waits_until_they_begin(at: str, contacted: str) -> None:
    rules = program(NOTE + "}", hours('{any: {from: "09:00", to: "20:00", days: [mon, tue, wed, thu, fri, sat]}}'))
    assert delivered(at).contacts(rules, "2026-03-01", "2026-04-01") == [contacted]


def test_a_channels_hours_replace_those_of_any_whole() -> None:
    rules = program(NOTE + "}", hours('{any: {from: "09:00", days: [mon]}, email: {to: "21:00"}}'))
    assert delivered("2026-03-03 08:00").contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-03 08:00 note email"]


def test_a_rule_narrows_the_hours_and_never_widens_them() -> None:
    rules = program(
        NOTE + ', send_hours: {from: "06:00", to: "12:00", days: [tue, sun]}}',
        hours('{any: {from: "09:00", to: "20:00", days: [mon, tue]}}'),
    )
    assert delivered("2026-03-01 08:00").contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-03 09:00 note email"]


def test_nobody_is_contacted_on_a_closed_date() -> None:
    rules = program(NOTE + "}", hours('{any: {from: "09:00", to: "20:00"}, closed: [2026-03-02]}'))
    assert delivered().contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-03 09:00 note email"]


def test_holidays_of_the_customers_country_are_skipped() -> None:
    rules = program(NOTE + "}", hours('{any: {from: "09:00", to: "20:00", holidays: skip}}'))
    german, swede = ana(country="DE"), ana(country="JP")
    assert delivered("2026-10-03 12:00", german).contacts(rules, "2026-10-01", "2026-11-01") == [
        "2026-10-04 09:00 note email"
    ]
    assert delivered("2026-10-03 12:00", swede).contacts(rules, "2026-10-01", "2026-11-01") == [
        "2026-10-03 12:00 note email"
    ]


def test_what_they_must_know_is_exempt_from_the_hours() -> None:
    rules = program(NOTE + ", exempt: [send_hours]}", hours('{any: {from: "09:00", to: "20:00"}}'))
    assert delivered("2026-03-02 03:00").contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-02 03:00 note email"]


def test_hours_that_end_at_24_include_the_last_minute() -> None:
    rules = program(NOTE + "}", hours('{any: {from: "00:00", to: "24:00"}}'))
    assert delivered("2026-03-02 23:59:59").contacts(rules, "2026-03-01", "2026-04-01") == [
        "2026-03-02 23:59:59.000000 note email"
    ]


def test_the_first_channel_that_passes_all_is_used_even_by_the_hours() -> None:
    rules = program(
        NOTE.replace("[email]", "[email, phone]") + "}",
        hours('{any: {from: "09:00", to: "20:00"}, phone: {from: "07:00"}}'),
    )
    story = delivered("2026-03-02 07:30", ana(phone="+491700000000"))
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-02 07:30 note phone"]


# --- 10 caps


def capped(*caps: str) -> str:
    return HOUSE.replace("frequency_caps: []", "frequency_caps: [" + ", ".join(caps) + "]") + TOPIC


def test_at_most_one_within_a_day_is_one_a_local_day() -> None:
    rules = program(NOTE + "}", capped("{at_most: 1, within: 1 day}"))
    story = delivered("2026-03-02 23:00").event("2026-03-02 23:30", "delivered")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == [
        "2026-03-02 23:00 note email",
        "2026-03-03 00:00 note email",
    ]


def test_a_cap_of_hours_is_exact() -> None:
    rules = program(NOTE + "}", capped("{at_most: 1, within: 24 hours}"))
    story = delivered("2026-03-02 23:00").event("2026-03-02 23:30", "delivered")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == [
        "2026-03-02 23:00 note email",
        "2026-03-03 23:00 note email",
    ]


def test_a_cap_frees_when_enough_contacts_have_left_it() -> None:
    rules = program(NOTE + ", before: 20 days}", capped("{at_most: 2, within: 7 days}"))
    story = (
        delivered()
        .contacted("2026-02-25 10:00", "a")
        .contacted("2026-02-27 10:00", "b")
        .contacted("2026-02-28 10:00", "c")
    )
    assert story.contacts(rules, "2026-03-02", "2026-04-01") == ["2026-03-06 00:00 note email"]


def test_a_month_back_is_later_than_the_day_that_lies_a_month_before() -> None:
    rules = program(NOTE + ", before: 40 days}", capped("{at_most: 1, within: 1 month}"))
    story = delivered("2026-03-20 09:00").contacted("2026-03-01 10:00", "a")
    assert story.contacts(rules, "2026-03-02", "2026-05-01") == ["2026-04-01 00:00 note email"]


def test_a_cap_with_serves_counts_and_binds_only_such_contacts() -> None:
    rules = program(
        ASK + ", before: 90 days}",
        capped("{at_most: 1, within: 30 days, serves: us}") + "asks: {any: {value_window: none}}\n",
    )
    story = delivered().contacted("2026-03-01 10:00", "card")
    assert story.contacts(rules, "2026-03-02", "2026-06-01") == ["2026-03-02 09:00 note email"]
    story = delivered().contacted("2026-03-01 10:00", "ask", "purchase")
    assert story.contacts(rules, "2026-03-02", "2026-06-01") == ["2026-03-31 00:00 note email"]


def test_a_cap_by_a_channel_lets_the_next_channel_go() -> None:
    rules = program(NOTE.replace("[email]", "[email, phone]") + "}", capped("{at_most: 1, within: 30 days, by: email}"))
    story = delivered(story=ana(phone="+491700000000")).contacted("2026-03-01 10:00", "card")
    assert story.contacts(rules, "2026-03-02", "2026-04-01") == ["2026-03-02 09:00 note phone"]


def test_a_cap_by_a_channel_counts_only_what_went_by_it() -> None:
    rules = program(NOTE + "}", capped("{at_most: 1, within: 30 days, by: email}"))
    story = delivered().contacted("2026-03-01 10:00", "card", channel="phone")
    assert story.contacts(rules, "2026-03-02", "2026-04-01") == ["2026-03-02 09:00 note email"]


def test_exempt_contacts_are_neither_bound_nor_counted() -> None:
    caps = capped("{at_most: 1, within: 1 day}")
    recall = NOTE.replace("note:", "recall:") + ", exempt: [frequency_caps], priority: 90}"
    story = delivered()
    assert story.contacts(program(NOTE + "}\n" + recall, caps), "2026-03-02", "2026-04-01") == [
        "2026-03-02 09:00 note email",
        "2026-03-02 09:00 recall email",
    ]


def test_an_exempt_contact_goes_although_the_cap_is_used_up() -> None:
    rules = program(NOTE + ", exempt: [frequency_caps]}", capped("{at_most: 1, within: 1 day}"))
    story = delivered().contacted("2026-03-02 08:00", "card")
    assert story.contacts(rules, "2026-03-02", "2026-04-01") == ["2026-03-02 09:00 note email"]


def test_a_held_out_contact_is_not_counted_by_caps() -> None:
    story = delivered().contacted("2026-03-02 08:00", "card", held_out=True)
    rules = program(NOTE + "}", capped("{at_most: 1, within: 1 day}"))
    assert story.contacts(rules, "2026-03-02", "2026-04-01") == ["2026-03-02 09:00 note email"]


# --- 11 holdout


def test_the_control_group_is_held_out_only_when_all_other_gates_say_yes() -> None:
    share = share_of("note", "ana")
    rules = program(NOTE + f", holdout: {share + 0.01:.6f}}}")
    assert delivered().outcome(rules, "2026-03-02", "2026-04-01") == ("held_out", ("holdout",))
    nobody = delivered().where(suppressed=frozenset({"email"}))
    assert nobody.outcome(rules, "2026-03-02", "2026-04-01")[0] == "too_late"


def test_a_share_below_the_customers_own_lets_them_pass() -> None:
    rules = program(NOTE + f", holdout: {share_of('note', 'ana') - 0.01:.6f}}}")
    assert delivered().outcome(rules, "2026-03-02", "2026-04-01")[0] == "contact"


def test_a_share_is_drawn_from_the_rule_and_the_customer() -> None:
    assert share_of("note", "ana") == int("d61959a5", 16) / 2**32


def test_again_counts_business_days_in_the_calendar_of_the_country() -> None:
    story = delivered("2026-04-08 09:00", ana(country="DE")).contacted("2026-04-02 10:00", "note")
    rules = program(NOTE + ", again: after 2 business days}")
    assert story.outcome(rules, "2026-04-08", "2026-05-01")[0] == "contact"
    early = delivered("2026-04-07 09:00", ana(country="DE")).contacted("2026-04-02 10:00", "note")
    assert early.outcome(rules, "2026-04-07", "2026-05-01")[0] == "superseded"
