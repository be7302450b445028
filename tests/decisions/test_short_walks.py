"""A walk over one instant says until when its answers hold as well as a walk over months does."""

from __future__ import annotations

from deciding import HOUSE, ana, program

RULE = """
thanks:
  reason: They bought something and hear that we saw it.
  asks_for: nothing
  when: bought
  before: 400 days
  send: words
  by: [email]
"""


def asked_again(rules: str, house: str = HOUSE) -> str | None:
    story = ana().event("2026-03-02 15:00", "bought").contacted("2026-03-02 14:00", "earlier")
    [decision] = story.decisions(program(rules, house), "2026-03-02 15:00", "2026-03-02 15:00:01")
    return None if decision.until is None else story.local(decision.until)


def test_a_cap_that_frees_in_months_is_asked_then() -> None:
    house = HOUSE.replace("frequency_caps: []", "frequency_caps: [{at_most: 1, within: 300 days}]")
    assert asked_again(RULE, house) == "2026-12-27 00:00"


def test_what_waits_for_a_fact_alone_is_asked_when_its_window_closes() -> None:
    assert asked_again(RULE + "  only_if: [{event: confirmed}]\n") == "2027-04-06 15:00"


def test_a_rule_that_ends_or_starts_behind_the_walk_is_asked_then() -> None:
    for key, then in (("ends", "2026-05-21 00:00"), ("starts", "2026-05-20 00:00")):
        assert asked_again(RULE + f'  only_if: [{{event: confirmed}}]\n  {key}: "2026-05-20"\n') == then
