from __future__ import annotations

from keeping import CHECK_IN, Business, at

from scheduler.decisions.facts import known_by
from scheduler.planning.preview import preview


def previewed(business: Business, now: str, *, silences: bool = True) -> list[tuple[str, str]]:
    customers = (known_by(one, at(now)) for one in business.store.customers.read())
    decisions = preview(customers, business.rules, at(now), 30, silences=silences)
    return [(decision.occasion, str(decision.outcome)) for decision in decisions]


def test_a_preview_knows_what_was_known_at_its_moment_and_nothing_of_later(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.event("delivered", "2026-03-09 15:00", id="d2")
    business.event("delivered", "2026-03-02 15:00", id="d3", known="2026-03-03 09:00")
    assert previewed(business, "2026-03-02 16:00") == [("check_in/ana/d1", "contact")]


def test_without_silences_only_the_contacts_are_told(business: Business) -> None:
    business.goes_by(CHECK_IN + "  unless: [{customer: country, is: DE}]\n", "2026-03-01")
    business.customer("ben", country="DE")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.event("delivered", "2026-03-02 15:00", id="d2", customer="ben")
    told = {("check_in/ana/d1", "contact"), ("check_in/ben/d2", "too_late")}
    assert set(previewed(business, "2026-03-02 16:00")) == told
    assert previewed(business, "2026-03-02 16:00", silences=False) == [("check_in/ana/d1", "contact")]
