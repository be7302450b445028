"""What tests of rules find true and false."""

import pytest
from told_stories import STORY, run

RETURNED = "  2026-03-02 07:00: {returned: {order: A1}}"


def passes(wish: str, *more: str) -> bool:
    (verdict,) = run(STORY + "\n".join(more) + f"\nexpect: [{{{wish}}}]")
    return verdict.passed


@pytest.mark.parametrize(
    ("wish", "so"),
    [
        ("on: 2026-03-02, rule: check_in", True),
        ("on: 2026-03-02, rule: check_in, by: email", True),
        ("on: 2026-03-02, rule: check_in, by: sms", False),
        ("on: 2026-03-01, rule: check_in", False),
        ("on: 2026-03-03, rule: check_in", False),
        ("at: 2026-03-02 10:00, rule: check_in", True),
        ("at: 2026-03-02 10:01, rule: check_in", False),
        ("on: 2026-03-01, rule: check_in, outcome: waiting, because: window", True),
        ("on: 2026-03-01, rule: check_in, outcome: waiting, because: consent", False),
        ("on: 2026-03-01, rule: check_in, outcome: no_contact", True),
        ("on: 2026-03-02, rule: check_in, outcome: no_contact", False),
        ("on: 2026-03-10, rule: review, outcome: no_contact, because: window", True),
        ("on: 2026-03-10, rule: review, outcome: no_contact, because: [window, gives]", False),
        ("on: 2026-03-30, rule: review, outcome: waiting", True),
        ("on: 2026-03-31, rule: review", True),
        ("on: 2026-02-20, rule: check_in, outcome: waiting", False),
    ],
)
def test_what_is_expected_is_compared_with_what_is_decided(wish: str, so: bool) -> None:
    assert passes(wish) is so


def test_an_occasion_that_ends_is_expected_on_the_day_of_its_end() -> None:
    reviewed = STORY + "  2026-03-25 08:00: reviewed\n"
    (verdict,) = run(reviewed + "expect: [{on: 2026-03-31, rule: review, outcome: goal_reached, because: until}]")
    assert verdict.passed
    (verdict,) = run(reviewed + "expect: [{on: 2026-04-01, rule: review, outcome: goal_reached}]")
    assert not verdict.passed


def test_all_contacts_are_those_that_are_named_and_no_other() -> None:
    both = "expect_all: [{on: 2026-03-02, rule: check_in}, {on: 2026-03-31, rule: review}]"
    one = "expect_all: [{on: 2026-03-02, rule: check_in}]\nto: 2026-04-30"
    short = "expect_all: [{on: 2026-03-02, rule: check_in}]"
    other = both.replace("03-31", "03-30")
    all_, missing, before, moved = run(*(STORY + wish for wish in (both, one, short, other)))
    assert (all_.passed, before.passed) == (True, True)
    ((unexpected,), lacking) = missing.misses, [miss.wanted for miss in moved.misses]
    assert (unexpected.wanted, [one.rule for one in unexpected.actual]) == (None, ["review"])
    assert [wanted.rule if wanted else None for wanted in lacking] == ["review"]


def test_a_gate_that_said_no_on_another_day_is_not_why_there_is_no_contact_on_this_one() -> None:
    unless = "rule: check_in, outcome: no_contact, because: unless"
    assert passes(f"on: 2026-03-03, {unless}", RETURNED)
    assert not passes(f"on: 2026-04-05, {unless}", RETURNED)
