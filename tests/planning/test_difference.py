from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from keeping import AT_ONCE, BIRTHDAY, CHECK_IN, HOUSE, Business, at, born, in_business, local, rulebook

from scheduler.decisions.outcome import Decision
from scheduler.planning.difference import Comparison, differences
from scheduler.planning.rulebooks import active, as_active
from scheduler.planning.touched import spoken_to, touched
from scheduler.store.columns import read_present

NOW = "2026-03-02 16:00"
NO_CAP = HOUSE
ONE_A_DAY = HOUSE.replace("frequency_caps: []", "frequency_caps: [{at_most: 1, within: 1 day}]")


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    with in_business(tmp_path) as business:
        business.customer()
        business.event("delivered", "2026-03-02 15:00", id="d1")
        yield business


def compared(business: Business, rules: str, house: str = HOUSE, **templates: str) -> Comparison:
    after = as_active(business.store, rulebook(rules, house, **templates), at(NOW))
    return Comparison(active(business.store), after)


def changes(business: Business, rules: str, house: str = HOUSE, **templates: str) -> list[str]:
    """What differs, as `KIND OCCASION BEFORE → AFTER: ASPECTS`."""
    comparison = compared(business, rules, house, **templates)
    by_events = touched(business.store, comparison, at(NOW))
    ids = spoken_to(business.store, comparison, by_events, at(NOW), 30)
    seen = read_present(business.store, comparison.programs, ids, chunk=100, arrays=False)
    return [
        f"{one.kind} {(one.after or one.before).occasion}"  # type: ignore[union-attr] # one of them is there
        f" {moment(one.before)} → {moment(one.after)}: {' '.join(one.differs)}"
        for one in differences(seen, comparison, at(NOW), 30)
    ]


def moment(decision: Decision | None) -> str:
    return "" if decision is None else local(decision.at)


def test_where_nothing_is_active_every_contact_is_added(business: Business) -> None:
    assert changes(business, CHECK_IN) == ["added check_in/ana/d1  → 2026-03-03 10:00: "]


def test_the_same_rules_change_nothing(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    assert changes(business, CHECK_IN) == []


def test_a_rule_by_the_preferred_channel_is_compared_though_only_others_name_that_channel(business: Business) -> None:
    business.customer("bea", email=None, phone="+4930123456", preferred_channel="phone")
    business.event("bought", "2026-03-02 15:00", "bea", id="b1")
    others = AT_ONCE.replace("[email]", "[email, phone]")
    by_preferred = CHECK_IN.replace("when: delivered", "when: bought").replace("[email]", "[preferred]")
    business.goes_by(others + by_preferred, "2026-03-01")
    assert changes(business, others) == ["cancelled check_in/bea/b1 2026-03-03 10:00 → : "]


def test_a_new_rule_adds_its_contacts(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.customer(birthday=born(1990, 3, 20))
    assert changes(business, CHECK_IN + BIRTHDAY) == ["added card/ana/2026-03-20  → 2026-03-20 10:00: "]


def test_a_removed_rule_cancels_its_contacts(business: Business) -> None:
    business.goes_by(CHECK_IN + AT_ONCE, "2026-03-01")
    assert changes(business, AT_ONCE) == ["cancelled check_in/ana/d1 2026-03-03 10:00 → : "]


def test_a_paused_rule_cancels_its_contacts(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    assert changes(business, CHECK_IN + "  status: paused\n") == ["cancelled check_in/ana/d1 2026-03-03 10:00 → : "]


def test_another_delay_moves_them(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    moved = "moved check_in/ana/d1 2026-03-03 10:00 → 2026-03-04 10:00: time"
    assert changes(business, CHECK_IN.replace("1 day", "2 days")) == [moved]


def test_another_channel_at_the_same_time_changes_them(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    changed = "changed check_in/ana/d1 2026-03-03 10:00 → 2026-03-03 10:00: channel"
    assert changes(business, CHECK_IN.replace("by: [email]", "by: [phone, email]")) == []
    business.customer(phone="+4930123456")
    assert changes(business, CHECK_IN.replace("by: [email]", "by: [phone, email]")) == [changed]


def test_another_template_changes_them(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    other = {"others__email__md": "---\nsubject: Hi\n---\nHello\n"}
    (changed,) = changes(business, CHECK_IN.replace("send: words", "send: others"), **other)
    assert changed.endswith(": template")


def test_other_words_in_its_template_change_them(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    (changed,) = changes(business, CHECK_IN, words__email__md="---\nsubject: Hi\n---\nAll well?\n")
    assert changed.endswith(": text")


def test_another_reason_changes_them(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    (changed,) = changes(business, CHECK_IN.replace("Their order", "What they ordered"))
    assert changed.endswith(": reason")


def test_a_moved_contact_is_moved_and_not_changed_whatever_else_differs(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    (moved,) = changes(business, CHECK_IN.replace("1 day", "2 days").replace("Their order", "What they ordered"))
    assert moved.startswith("moved ")
    assert moved.endswith(": time reason")


def test_a_contact_that_a_cap_lets_go_later_is_moved_by_the_new_rule_before_it(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01", ONE_A_DAY)
    first = CHECK_IN.replace("check_in:", "first:") + "  priority: 90\n"
    assert changes(business, CHECK_IN + first, ONE_A_DAY) == [
        "moved check_in/ana/d1 2026-03-03 10:00 → 2026-03-04 10:00: time",
        "added first/ana/d1  → 2026-03-03 10:00: ",
    ]


def test_what_was_contacted_already_is_no_pending_contact(business: Business) -> None:
    business.goes_by(AT_ONCE, "2026-03-01")
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.tick("2026-03-02 15:30")
    assert changes(business, AT_ONCE.replace("They bought", "They have bought")) == []


def test_only_customers_with_an_event_of_an_edited_rule_are_compared(business: Business) -> None:
    business.goes_by(CHECK_IN + AT_ONCE, "2026-03-01")
    for name, happened, when in (
        ("ben", "bought", "2026-03-02 15:00"),
        ("cleo", "delivered", "2026-03-01 15:00"),
        ("dora", "delivered", "2025-03-01 15:00"),
    ):
        business.customer(name)
        business.event(happened, when, name)
    edited = compared(business, CHECK_IN.replace("1 day", "2 days") + AT_ONCE)
    assert touched(business.store, edited, at(NOW)) == ["ana", "cleo"]


def test_a_window_that_is_about_to_close_is_compared_yet(business: Business) -> None:
    business.goes_by(AT_ONCE, "2026-02-01")
    business.event("bought", "2026-02-28 16:30", id="b1")
    (changed,) = changes(business, AT_ONCE.replace("They bought", "They have bought"))
    assert changed == "changed thanks/ana/b1 2026-03-02 16:00 → 2026-03-02 16:00: reason"


def test_nobody_is_compared_where_only_comments_differ(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    assert touched(business.store, compared(business, "# a word\n" + CHECK_IN), at(NOW)) == []


@pytest.mark.parametrize("edited", [BIRTHDAY.replace("1 day", "2 days"), BIRTHDAY + "  unless: [{contact: any}]\n"])
def test_everybody_is_compared_where_a_rule_that_needs_no_event_is_edited(business: Business, edited: str) -> None:
    business.goes_by(CHECK_IN + BIRTHDAY, "2026-03-01")
    assert touched(business.store, compared(business, CHECK_IN + edited), at(NOW)) is None


SCORED = "    - {event: scored, latest: score, at_least: 9, within: 30 days}\n"
PRAISED = CHECK_IN + "  only_if:\n" + SCORED


def scorers(business: Business) -> None:
    """Three with a delivery: one who scored lately, one who did long ago, one who never did."""
    for name in ("ben", "cleo", "dora"):
        business.customer(name)
        business.event("delivered", "2026-03-02 15:00", name)
    business.event("scored", "2026-02-20 15:00", "ben", score=3)
    business.event("scored", "2025-02-20 15:00", "cleo", score=10)


@pytest.mark.parametrize(
    ("conditions", "compared_with"),
    [
        (SCORED, ["ben"]),
        ("    - {event: scored}\n", ["ben", "cleo"]),
        ("    - {event: scored, within: 1 month}\n", ["ben", "cleo"]),
        ("    - {event: scored, count: true, at_least: 1, within: 30 days}\n", ["ben"]),
        ("    - {event: scored, count: true, at_most: 1, within: 30 days}\n", ["ana", "ben", "cleo", "dora"]),
        ("    - {event: scored, sum: score, at_least: 0, within: 30 days}\n", ["ana", "ben", "cleo", "dora"]),
        ("    - all_of: [{event: scored, within: 30 days}, {customer: email, known: true}]\n", ["ben"]),
        ("    - any_of: [{event: scored}, {customer: email, known: true}]\n", ["ana", "ben", "cleo", "dora"]),
        ("    - none_of: [{event: scored}]\n", ["ana", "ben", "cleo", "dora"]),
    ],
)
def test_only_customers_with_the_events_that_an_edited_rule_needs_are_compared(
    business: Business, conditions: str, compared_with: list[str]
) -> None:
    scorers(business)
    before = CHECK_IN + "  only_if:\n" + conditions
    business.goes_by(before, "2026-03-01")
    edited = compared(business, before.replace("1 day", "2 days"))
    assert touched(business.store, edited, at(NOW)) == compared_with


def test_whoever_either_version_may_contact_is_compared(business: Business) -> None:
    scorers(business)
    business.goes_by(PRAISED, "2026-03-01")
    assert touched(business.store, compared(business, CHECK_IN), at(NOW)) == ["ana", "ben", "cleo", "dora"]
