from __future__ import annotations

import pytest
from keeping import AT_ONCE, CHECK_IN, Business, at, rulebook

from scheduler.errors import InputError
from scheduler.planning.activation import activate
from scheduler.planning.preview import preview
from scheduler.planning.rulebooks import active, as_active, rulebook_of_version
from scheduler.wallclock import DAY


def test_before_the_first_activation_no_rules_are_active(business: Business) -> None:
    assert active(business.store) is None


def test_a_rule_keeps_the_time_of_its_first_activation(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    business.goes_by(CHECK_IN + AT_ONCE, "2026-03-05")
    assert business.rules.number == 2
    assert business.rules.activated == {"check_in": at("2026-03-01"), "thanks": at("2026-03-05")}


def test_a_rule_that_is_paused_is_not_active_yet(business: Business) -> None:
    business.goes_by(CHECK_IN + "  status: paused\n", "2026-03-01")
    business.goes_by(CHECK_IN, "2026-03-05")
    assert business.rules.activated == {"check_in": at("2026-03-05")}


def test_activating_what_is_active_changes_nothing(business: Business) -> None:
    first = activate(business.store, rulebook(CHECK_IN), "test", at("2026-03-01"))
    assert activate(business.store, rulebook(CHECK_IN), "test", at("2026-03-02")) == first


def test_rules_that_cannot_be_run_are_not_activated(business: Business) -> None:
    unknown = rulebook(CHECK_IN + "  unless: [{contact: nobody}]\n")
    with pytest.raises(InputError, match="nobody"):
        activate(business.store, unknown, "test", at("2026-03-01"))
    assert active(business.store) is None


def test_rules_that_are_only_looked_at_count_as_activated_now(business: Business) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    folder = as_active(business.store, rulebook(CHECK_IN + AT_ONCE), at("2026-03-09"))
    assert folder.activated == {"check_in": at("2026-03-01"), "thanks": at("2026-03-09")}
    assert business.rules.activated == {"check_in": at("2026-03-01")}


def test_a_preview_shows_what_is_to_come_and_not_what_is_on_its_way(business: Business) -> None:
    business.goes_by(AT_ONCE + CHECK_IN, "2026-03-01")
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.event("delivered", "2026-03-02 15:00", id="d1")
    business.tick("2026-03-02 15:00")
    shown = preview(business.store.customers.read(), business.rules, at("2026-03-02 15:01"), 30)
    assert [(one.occasion, one.at) for one in shown] == [("check_in/ana/d1", at("2026-03-03 10:00"))]
    assert not list(preview(business.store.customers.read(), business.rules, at("2026-03-01") - 9 * DAY, 2))


def test_no_rules_at_all_are_not_activated(business: Business) -> None:
    with pytest.raises(InputError, match="there are no rules to activate"):
        activate(business.store, rulebook("{}"), "test", at("2026-03-01"))


@pytest.mark.parametrize("number", [-1, 0, 2, 2**31, 10**23])
def test_a_number_that_no_activation_has_is_refused_however_large(business: Business, number: int) -> None:
    business.goes_by(CHECK_IN, "2026-03-01")
    with pytest.raises(InputError, match=f"there is no version {number}; "):
        rulebook_of_version(business.store, number)
