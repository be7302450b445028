"""What the second engine decides is right by itself, above all of the triggers that are hardest to get right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from textwrap import indent
from typing import Any

import pytest

from scheduler.decisions.facts import Contact, Customer, Event
from scheduler.rulebook.model import AsksFor
from scheduler.rulebook.reader import rulebook_from_texts
from second_engine.clock import Clock
from second_engine.triggers import share
from second_engine.walk import SecondDecision, second_decisions

BERLIN = Clock("Europe/Berlin")
HOUSE = 'timezone: Europe/Berlin\nsend_hours: {any: {from: "00:00", to: "24:00", days: all}}\nfrequency_caps: []\n'


@dataclass(frozen=True)
class Story:
    """Ana, who can be written to, and what happened to her in the time of Berlin."""

    customer: Customer = field(default_factory=lambda: Customer("ana", {"email": "ana@example.com"}))

    def event(self, at: str, name: str, id: str, **properties: Any) -> Story:  # noqa: A002 - the event's own word
        happened = Event(id, name, instant(at), instant(at), properties)
        return Story(replace(self.customer, events=(*self.customer.events, happened)))

    def contacted(self, at: str, rule: str, *, held_out: bool = False) -> Story:
        made = Contact(f"{rule}/ana/before", rule, instant(at), "email", AsksFor.NOTHING, held_out=held_out)
        return Story(replace(self.customer, contacts=(*self.customer.contacts, made)))

    def knows(self, **attributes: Any) -> Story:
        return Story(replace(self.customer, attributes={**self.customer.attributes, **attributes}))

    def decisions(
        self, rules: str, since: str, until: str, house: str = HOUSE, activated: Mapping[str, int] | None = None
    ) -> list[SecondDecision]:
        texts = {"rules/house_rules.yaml": house, "rules/test.yaml": "campaign: test\nrules:\n" + indent(rules, "  ")}
        book, _ = rulebook_from_texts(texts)
        return second_decisions(book, [self.customer], instant(since), instant(until), activated=activated or {})

    def told(self, rules: str, since: str, until: str, house: str = HOUSE) -> list[str]:
        """Each decision as `LOCAL TIME OUTCOME RULE ANCHOR`."""
        return [
            f"{BERLIN.shows(one.at):%m-%d %H:%M} {one.outcome} {one.occasion.replace('/ana/', ' ')}"
            for one in self.decisions(rules, since, until, house)
        ]


def instant(text: str) -> int:
    return BERLIN.instant(datetime.fromisoformat(text))


def note(keys: str, name: str = "note") -> str:
    return f"{name}: {{reason: They would like to know it, asks_for: nothing, by: [email], send: note, {keys}}}\n"


# --- a date in an event

DUE = "when: {event: booked, date: due}"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (DUE, "03-20 10:00 contact note e"),
        (DUE + ", ahead: 2 days", "03-18 10:00 contact note e"),
        (DUE + ", ahead: 5 hours", "03-19 19:00 contact note e"),
        (DUE + ", after: 1 day", "03-21 10:00 contact note e"),
        (DUE + ", after: 3 hours", "03-20 03:00 contact note e"),
    ],
)
def test_a_date_in_an_event_is_a_date(keys: str, told: str) -> None:
    story = Story().event("2026-03-02 09:00", "booked", "e", due=date(2026, 3, 20))
    assert story.told(note(keys), "2026-03-01", "2026-04-01") == [told]


@pytest.mark.parametrize("due", ["2026-03-20T15:30", "2026-03-20 14:30Z", "2026-03-20T16:30:00+02:00"])
@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (DUE, "03-20 15:30 contact note e"),
        (DUE + ", ahead: 2 days", "03-18 10:00 contact note e"),
        (DUE + ", ahead: 5 hours", "03-20 10:30 contact note e"),
        (DUE + ", after: 1 day", "03-21 10:00 contact note e"),
        (DUE + ", after: 3 hours", "03-20 18:30 contact note e"),
    ],
)
def test_an_instant_in_an_event_keeps_its_time_unless_days_are_counted_from_it(due: str, keys: str, told: str) -> None:
    story = Story().event("2026-03-02 09:00", "booked", "e", due=due)
    assert story.told(note(keys), "2026-03-01", "2026-04-01") == [told]


@pytest.mark.parametrize(
    ("due", "keys", "closes"),
    [
        (date(2026, 3, 20), "ahead: 2 days", "03-20 00:00"),
        (date(2026, 3, 20), "ahead: 5 hours", "03-20 00:00"),
        (date(2026, 3, 20), "before: 1 day", "03-21 00:00"),
        (date(2026, 3, 20), "after: 1 day", "03-24 00:00"),
        ("2026-03-20T15:30", "ahead: 2 days", "03-20 00:00"),
        ("2026-03-20T15:30", "ahead: 5 hours", "03-20 15:30"),
        ("2026-03-20T15:30", "before: 1 day", "03-21 15:30"),
        ("2026-03-20T15:30", "after: 1 day", "03-24 00:00"),
        ("2026-03-20T15:30", "after: 2 hours, before: 9 days", "03-29 15:30"),
    ],
)
def test_a_window_closes_as_it_opens(due: date | str, keys: str, closes: str) -> None:
    story = Story().event("2026-03-02 09:00", "booked", "e", due=due)
    rules = note(f"{DUE}, {keys}, only_if: [{{event: never}}]")
    assert story.told(rules, "2026-03-01", "2026-04-01") == [f"{closes} too_late note e"]


@pytest.mark.parametrize("due", [None, "soon", 7, True, "2026-03-20"])
def test_what_is_neither_date_nor_instant_gives_rise_to_nothing(due: Any) -> None:
    story = Story().event("2026-03-02 09:00", "booked", "e", **({} if due is None else {"due": due}))
    assert story.told(note(DUE), "2026-03-01", "2026-04-01") == []


def test_a_newer_event_of_the_same_key_moves_the_date_whatever_else_it_says() -> None:
    rules = note("when: {event: booked, date: due, same: visit, where: {kind: exam}}, ahead: 1 day")
    story = Story().event("2026-03-02 09:00", "booked", "a", visit=1, kind="exam", due=date(2026, 3, 20))
    story = story.event("2026-03-03 09:00", "booked", "b", visit=2, kind="exam", due=date(2026, 3, 22))
    story = story.event("2026-03-04 09:00", "booked", "c", visit=1, kind="call", due=date(2026, 3, 24))
    assert story.told(rules, "2026-03-01", "2026-04-01") == [
        "03-19 10:00 goal_reached note a",
        "03-21 10:00 contact note b",
    ]


def test_a_goal_counts_from_the_event_that_holds_the_date() -> None:
    story = Story().event("2026-03-02 09:00", "booked", "e", due=date(2026, 3, 20))
    before, after = story.event("2026-03-01 09:00", "paid", "p"), story.event("2026-03-03 09:00", "paid", "p")
    told = [one.told(note(DUE + ", until: paid"), "2026-03-01", "2026-04-01") for one in (before, after)]
    assert told == [["03-20 10:00 contact note e"], ["03-20 10:00 goal_reached note e"]]


def test_a_date_is_counted_from_even_where_the_zone_skips_it() -> None:
    apia = Clock("Pacific/Apia")
    story = Story().event("2011-12-02 09:00", "booked", "e", due=date(2011, 12, 30)).knows(timezone=apia.zone)
    [decision] = story.decisions(note(DUE + ", ahead: 1 day"), "2011-12-01", "2012-01-15")
    assert (decision.outcome, apia.shows(decision.at)) == ("contact", datetime.fromisoformat("2011-12-29T10:00"))


# --- contacts


def test_a_follow_up_may_speak_at_the_instant_of_the_contact_that_triggers_it() -> None:
    rules = (
        note("when: bought, after: 1 hour", "a")
        + note("when: {contact: a}", "b")
        + note("when: {contact: b}, after: 2 days", "c")
    )
    story = Story().event("2026-03-02 09:00", "bought", "x/1")
    assert story.told(rules, "2026-03-01", "2026-04-01") == [
        "03-02 10:00 contact a x%2F1",
        "03-02 10:00 contact b a%2Fana%2Fx%252F1",
        "03-04 10:00 contact c b%2Fana%2Fa%252Fana%252Fx%25252F1",
    ]


def test_a_follow_up_follows_contacts_from_before_but_none_that_was_held_out() -> None:
    rules = note("when: {contact: a}, after: 3 days")
    assert Story().contacted("2026-02-27 12:00", "a").told(rules, "2026-03-01", "2026-04-01") == [
        "03-02 10:00 contact note a%2Fana%2Fbefore"
    ]
    assert Story().contacted("2026-02-27 12:00", "a", held_out=True).told(rules, "2026-03-01", "2026-04-01") == []


def test_who_is_held_out_of_a_rule_is_held_out_of_what_follows_it() -> None:
    rules = note(f"when: bought, holdout: {share('a', 'ana') + 0.01:.6f}", "a") + note("when: {contact: a}", "b")
    story = Story().event("2026-03-02 09:00", "bought", "x")
    assert story.told(rules, "2026-03-01", "2026-04-01") == ["03-02 09:00 held_out a x"]


def test_our_silence_is_void_as_soon_as_we_speak_again() -> None:
    rules = note("when: bought", "a") + note("when: {silence: contact}, after: 5 days", "b")
    story = Story().contacted("2026-02-25 12:00", "gone").event("2026-03-01 09:00", "bought", "x")
    assert story.told(rules, "2026-03-01", "2026-03-10") == [
        "03-01 09:00 contact a x",
        "03-02 10:00 goal_reached b gone%2Fana%2Fbefore",
        "03-06 10:00 contact b a%2Fana%2Fx",
    ]


def test_a_silence_of_ours_is_known_by_its_contact_where_a_digest_stands_for_a_long_key() -> None:
    story = Story().contacted("2026-02-27 12:00", "a" * 300)
    [told] = story.told(note("when: {silence: contact}, after: 5 days"), "2026-03-01", "2026-03-05")
    assert told.startswith("03-04 10:00 contact note sha256-")


# --- returns


@pytest.mark.parametrize(
    ("when", "starts", "days"),
    [
        ("{every: week, on: tuesday}", "2026-03-03", ["03-03", "03-10", "03-17", "03-24", "03-31"]),
        ("{every: month, on: 31}", "2026-01-31", ["03-31", "04-30"]),
        ("{every: 1 month}", "2026-01-31", ["03-31", "04-30"]),
        ("{every: 2 weeks}", "2026-03-03", ["03-17", "03-31", "04-14", "04-28"]),
        ("{every: month, on: 15}", "2026-03-16", ["04-15"]),
    ],
)
def test_a_period_returns_from_its_start_on(when: str, starts: str, days: list[str]) -> None:
    until = "2026-04-02" if "week," in when else "2026-05-01"
    rules = note(f"when: {when}, starts: {starts}, before: 1 day")
    told = Story().told(rules, "2026-03-01", until)
    assert told == [f"{day} 10:00 contact note 2026-{day}" for day in days]


def test_a_period_returns_no_more_after_its_end() -> None:
    rules = note("when: {every: week}, starts: 2026-03-03, ends: 2026-03-17, before: 1 day")
    told = Story().told(rules, "2026-03-01", "2026-04-30")
    assert told == [f"{day} 10:00 contact note 2026-{day}" for day in ("03-03", "03-10", "03-17")]


def test_a_spread_shifts_each_customer_by_their_own_days() -> None:
    rules = note("when: {every: month, on: 1, spread: 20 days}, starts: 2026-03-01, before: 1 day")
    shifted = date(2026, 3, 1 + int(share("note", "ana", "spread") * 20))
    assert Story().told(rules, "2026-03-01", "2026-04-01") == [
        f"{shifted:%m-%d} 10:00 contact note {shifted.isoformat()}"
    ]


# --- the walk


def test_what_is_too_late_names_all_gates_that_stood_in_its_way() -> None:
    rules = note("when: bought, before: 2 days, only_if: [{event: x}], unless: [{event: bought}]")
    house = HOUSE.replace('from: "00:00"', 'from: "08:00"').replace("[]", "[{at_most: 0, within: 1 day}]")
    [decision] = Story().event("2026-03-02 09:00", "bought", "e").decisions(rules, "2026-03-01", "2026-04-01", house)
    assert (decision.outcome, decision.because) == ("too_late", ("only_if.1", "unless.1", "cap.1"))


def test_who_was_held_out_at_the_last_instant_was_too_late_because_of_that() -> None:
    rules = note(f"when: bought, before: 12 hours, holdout: {share('note', 'ana') + 0.01:.6f}")
    house = HOUSE.replace('"24:00"', '"20:00"')
    story = Story().event("2026-03-02 09:00", "bought", "e")
    [decision] = story.decisions(rules, "2026-03-02 20:30", "2026-04-01", house)
    assert (decision.outcome, decision.because) == ("too_late", ("holdout",))


def test_the_channel_that_they_prefer_needs_its_own_consent() -> None:
    rules = note("when: bought").replace("[email]", "[preferred, email]") + note("when: never").replace("email", "sms")
    story = Story().knows(phone="+491700000000", preferred_channel="sms").event("2026-03-02 09:00", "bought", "e")
    assert [one.channel for one in story.decisions(rules, "2026-03-01", "2026-04-01")] == ["email"]


def test_a_trigger_from_before_the_activation_is_admitted_by_backfill_alone() -> None:
    story = Story().event("2026-03-02 09:00", "bought", "e")
    outcomes = {
        backfill: [
            one.outcome
            for one in story.decisions(
                note(f"when: bought, after: 3 days, backfill: {backfill}"),
                "2026-03-01",
                "2026-04-01",
                activated={"note": instant("2026-03-03")},
            )
        ]
        for backfill in ("open", "none", "2026-03-02", "2026-03-03")
    }
    assert outcomes == {
        "open": ["contact"],
        "none": ["cancelled"],
        "2026-03-02": ["contact"],
        "2026-03-03": ["cancelled"],
    }


# --- the clock


@pytest.mark.parametrize(
    ("zone", "day", "minutes", "shown"),
    [
        ("Europe/Berlin", "2026-03-29", 150, "2026-03-29T03:00"),
        ("America/Nuuk", "2026-03-28", 23 * 60 + 45, "2026-03-28T22:59"),
        ("America/Sao_Paulo", "2018-11-04", 30, "2018-11-04T01:00"),
        ("Australia/Lord_Howe", "2026-10-04", 135, "2026-10-04T02:30"),
    ],
)
def test_a_time_that_is_skipped_stays_on_its_day(zone: str, day: str, minutes: int, shown: str) -> None:
    clock = Clock(zone)
    at = clock.time_of_day(date.fromisoformat(day), minutes)
    assert at is not None
    assert (clock.shows(at), clock.day(at)) == (datetime.fromisoformat(shown), date.fromisoformat(day))


def test_a_day_that_a_zone_skips_has_no_times_and_the_midnight_of_the_next() -> None:
    apia, skipped = Clock("Pacific/Apia"), date(2011, 12, 30)
    assert apia.time_of_day(skipped, 600) is None
    assert apia.midnight(skipped) == apia.midnight(date(2011, 12, 31))


def test_where_midnight_occurs_twice_the_day_begins_at_the_first() -> None:
    havana = Clock("America/Havana")
    first = havana.midnight(date(2025, 11, 2))
    assert havana.midnight(date(2025, 11, 3)) - first == 25 * 3_600_000_000
    assert havana.shows(first + 3_600_000_000) == havana.shows(first)
