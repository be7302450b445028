"""What a story tells the engine."""

from told_stories import STORY, run


def test_a_test_adds_to_the_one_that_it_extends() -> None:
    first = STORY + "expect: [{on: 2026-03-02, rule: check_in}]"
    second = (
        "extends: test 1\ncustomer: {timezone: America/New_York}\ntimeline: {2026-03-01 09:00: {returned: {order: A1}}}"
        "\nexpect: [{on: 2026-03-02, rule: check_in, outcome: no_contact, because: unless.1}]"
    )
    verdicts = run(first, second)
    assert [one.passed for one in verdicts] == [True, True]
    (story,) = verdicts[1].test.customers.values()
    assert (story["name"], story["timezone"]) == ("Ana", "America/New_York")


def test_every_customer_of_several_lives_through_the_timeline_on_their_own_clock() -> None:
    customers = "customers: {ana: {timezone: Asia/Tokyo, email: a@example.com}, ben: {email: b@example.com}}\n"
    timeline = "timeline: {2026-03-01 09:00: {delivered: {order: A1}}}\n"
    (verdict,) = run(customers + timeline + "expect: [{at: 2026-03-02 10:00, rule: check_in}]")
    assert verdict.passed
    assert len({one.at for one in verdict.seen if one.outcome == "contact"}) == 2


def test_consent_is_given_from_the_first_day_on_and_may_be_withdrawn() -> None:
    wish = "expect: [{on: 2026-03-31, rule: review, outcome: waiting, because: consent}]"
    never, withdrawn, again = run(
        STORY.replace(", consent: [review]", "") + wish,
        STORY + "  2026-03-30 08:00: {consent: {review: false}}\n" + wish,
        STORY
        + "  2026-03-30 08:00: {consent: {review: false}}\n  2026-03-30 09:00: {consent: {review: true}}\n"
        + wish,
    )
    assert [one.passed for one in (never, withdrawn, again)] == [True, True, False]


def test_dates_and_moments_are_what_an_import_makes_of_them() -> None:
    rules = """
campaign: test
rules:
  birthday: {reason: It is their birthday today indeed., asks_for: nothing, when: {date: birthday}, before: 1 day, send: card, by: [email]}
  reminder:
    reason: Their appointment is tomorrow at the workshop.
    asks_for: nothing
    when: {event: booked, date: starts}
    ahead: 1 day
    send: reminder
    by: [email]
"""
    (verdict,) = run(
        """
customer: {name: Ana, email: ana@example.com, birthday: 1990-03-05}
timeline: {2026-03-01 09:00: {booked: {starts: 2026-03-10 15:00}}}
expect_all: [{on: 2026-03-05, rule: birthday}, {on: 2026-03-09, rule: reminder}]
""",
        rules=rules,
    )
    assert verdict.passed


def test_what_happens_later_is_not_known_earlier() -> None:
    low = STORY + "  2026-04-10 08:00: {scored: {score: 2}}\n"
    (verdict,) = run(low + "expect: [{on: 2026-03-31, rule: review}]")
    assert verdict.passed


def test_what_was_agreed_to_may_be_withdrawn_before_the_first_day() -> None:
    withdrawn = STORY + "  2026-01-10 08:00: {consent: {review: false}}\nfrom: 2026-02-01\n"
    (verdict,) = run(withdrawn + "expect: [{on: 2026-03-31, rule: review, outcome: waiting, because: consent}]")
    assert verdict.passed


def test_a_story_in_which_nothing_happens_lasts_from_its_first_day_to_its_last() -> None:
    birthday = "{reason: It is their birthday today indeed., asks_for: nothing, when: {date: birthday}, before: 1 day, send: card, by: [email]}"
    rules = f"campaign: test\nrules:\n  birthday: {birthday}\n"
    quiet = "customer: {name: Ana, email: ana@example.com, birthday: 1990-03-05}\nexpect_all: []\n"
    before, on_the_day, until = run(
        quiet + "from: 2026-03-01\nto: 2026-03-04",
        quiet + "from: 2026-03-01\nto: 2026-03-05",
        quiet + "to: 2026-03-05",
        rules=rules,
    )
    assert [one.passed for one in (before, on_the_day, until)] == [True, False, False]


def test_an_appointment_in_a_year_that_no_clock_reaches_is_a_text() -> None:
    booked = "timeline: {2026-03-01 09:00: {booked: {starts: 9999-12-31 23:00}}}\n"
    (verdict,) = run(f"customer: {{name: Ana, timezone: America/New_York}}\n{booked}expect_all: []")
    assert verdict.passed
