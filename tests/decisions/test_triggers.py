"""What gives rise to occasions besides events and birthdays: contacts, our silence, and what returns."""

from __future__ import annotations

import pytest
from deciding import ana, program

from scheduler.decisions.occasions import share_of


def note(name: str, keys: str) -> str:
    return f"{name}: {{reason: They would like to know it, asks_for: nothing, by: [email], send: note, {keys}}}\n"


# --- contacts

FOLLOWED = note("a", "when: bought") + note("b", "when: {contact: a}")


def test_what_a_contact_gives_rise_to_may_speak_at_the_same_instant() -> None:
    story = ana().event("2026-03-02 09:00", "bought", id="x")
    decisions = story.decisions(program(FOLLOWED), "2026-03-01", "2026-04-01")
    assert [(one.occasion, str(one.outcome), story.local(one.at)) for one in decisions] == [
        ("a/ana/x", "contact", "2026-03-02 09:00"),
        ("b/ana/a%2Fana%2Fx", "contact", "2026-03-02 09:00"),
    ]


def test_a_contact_from_before_gives_rise_to_what_follows_it() -> None:
    rules = program(FOLLOWED.replace("{contact: a}", "{contact: a}, after: 3 days"))
    story = ana().contacted("2026-02-27 12:00", "a")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-02 10:00 b email"]


def test_what_a_rule_sent_before_it_became_a_draft_is_still_followed() -> None:
    rules = program(
        FOLLOWED.replace("bought", "bought, status: draft").replace("{contact: a}", "{contact: a}, after: 3 days")
    )
    story = ana().contacted("2026-02-27 12:00", "a").event("2026-03-02 09:00", "bought")
    assert story.contacts(rules, "2026-03-01", "2026-04-01") == ["2026-03-02 10:00 b email"]


def test_a_held_out_contact_gives_rise_to_nothing() -> None:
    rules = program(FOLLOWED.replace("bought", f"bought, holdout: {share_of('a', 'ana') + 0.01:.6f}"))
    decisions = ana().event("2026-03-02 09:00", "bought").decisions(rules, "2026-03-01", "2026-04-01")
    assert [(one.rule, str(one.outcome)) for one in decisions] == [("a", "held_out")]


def test_our_silence_is_void_as_soon_as_we_speak_again() -> None:
    rules = program(note("a", "when: bought") + note("b", "when: {silence: contact}, after: 5 days"))
    story = ana().contacted("2026-02-25 12:00", "gone").event("2026-03-01 09:00", "bought")
    assert story.contacts(rules, "2026-03-01", "2026-03-10") == [
        "2026-03-01 09:00 a email",
        "2026-03-06 10:00 b email",
    ]


# --- returns


@pytest.mark.parametrize(
    ("when", "starts", "days"),
    [
        ("{every: week, on: tuesday}", "2026-03-03", ["03-03", "03-10", "03-17", "03-24", "03-31"]),
        ("{every: month, on: 31}", "2026-01-31", ["03-31", "04-30"]),
        ("{every: 1 month}", "2026-01-31", ["03-31", "04-30"]),
        ("{every: 2 weeks}", "2026-03-03", ["03-17", "03-31", "04-14", "04-28"]),
    ],
)
def test_what_returns_comes_from_its_start_on(when: str, starts: str, days: list[str]) -> None:
    rules = program(note("a", f"when: {when}, starts: {starts}, before: 1 day"))
    until = "2026-04-02" if "week," in when else "2026-05-01"
    assert ana().contacts(rules, "2026-03-01", until) == [f"2026-{day} 10:00 a email" for day in days]


def test_a_spread_shifts_each_customer_by_their_own_days() -> None:
    rules = program(note("a", "when: {every: month, on: 1, spread: 20 days}, starts: 2026-03-01, before: 1 day"))
    day = 1 + int(share_of("a", "ana", "spread") * 20)
    assert day > 1
    assert ana().contacts(rules, "2026-03-01", "2026-04-01") == [f"2026-03-{day:02} 10:00 a email"]
