from __future__ import annotations

from collections.abc import Collection

import pytest
from keeping import AT_ONCE, CHECK_IN, HOUSE, rulebook

from scheduler.planning.edits import Edits
from scheduler.rulebook.model import Rulebook

HAPPY = """
conditions:
  happy: {means: they said so, all_of: [pleased]}
  pleased: {means: they scored nine or ten, event: scored, latest: score, at_least: 9}
"""
ONLY_IF_HAPPY = CHECK_IN + "  only_if: [happy]\n"


def touched(before: Rulebook, after: Rulebook) -> Collection[str] | None:
    return Edits(before, after).touches


def test_new_removed_and_changed_rules_are_named() -> None:
    found = Edits(
        rulebook(CHECK_IN + AT_ONCE),
        rulebook(CHECK_IN.replace("1 day", "2 days") + AT_ONCE.replace("thanks:", "more:")),
    )
    assert (found.new_rules, found.removed_rules, found.changed_rules) == (("more",), ("thanks",), ("check_in",))
    assert found.touches == frozenset({"more", "thanks", "check_in"})


def test_a_rule_that_only_moved_in_its_file_is_the_same() -> None:
    found = Edits(rulebook(CHECK_IN + AT_ONCE), rulebook(AT_ONCE + CHECK_IN))
    assert found.changed_rules == ()
    assert found.touches == frozenset()


def test_where_nothing_was_active_every_rule_is_new() -> None:
    found = Edits(None, rulebook(CHECK_IN))
    assert (found.new_rules, found.touches) == (("check_in",), None)


def test_an_edit_of_the_house_rules_touches_all_rules() -> None:
    found = Edits(rulebook(CHECK_IN), rulebook(CHECK_IN, HOUSE + "lateness: 3 hours\n"))
    assert (found.house, found.touches) == (("lateness",), None)


def test_an_edited_condition_touches_the_rules_that_rest_on_it_through_others_too() -> None:
    before = rulebook(ONLY_IF_HAPPY + AT_ONCE, HOUSE + HAPPY)
    after = rulebook(ONLY_IF_HAPPY + AT_ONCE, HOUSE + HAPPY.replace("at_least: 9", "at_least: 8"))
    found = Edits(before, after)
    assert (found.conditions, found.house, found.changed_rules) == (("pleased",), (), ())
    assert found.touches == frozenset({"check_in"})


def test_an_edited_condition_that_blocks_asks_touches_the_asks() -> None:
    house = HOUSE + HAPPY + "asks: {any: {blocked_while: [happy]}}\n"
    rules = AT_ONCE + CHECK_IN.replace("asks_for: nothing", "asks_for: review")
    before, after = rulebook(rules, house), rulebook(rules, house.replace("at_least: 9", "at_least: 8"))
    assert touched(before, after) == frozenset({"check_in"})


@pytest.mark.parametrize(
    "follower",
    [
        "\nfollows:\n  reason: We wrote and want to know whether it came.\n"
        "  asks_for: nothing\n  when: {contact: check_in}\n  after: 2 days\n  send: words\n  by: [email]\n",
        AT_ONCE + "  unless: [{none_of: [{contact: check_in}]}]\n",
    ],
    ids=["follow-up", "condition"],
)
def test_a_rule_that_looks_at_contacts_of_an_edited_one_is_touched(follower: str) -> None:
    before, after = rulebook(CHECK_IN + follower), rulebook(CHECK_IN.replace("1 day", "2 days") + follower)
    assert len(touched(before, after) or ()) == 2


def test_an_edited_template_touches_the_rules_that_send_it() -> None:
    other = AT_ONCE.replace("send: words", "send: others")
    before = rulebook(CHECK_IN + other, others__email__md="---\nsubject: Hi\n---\nHello\n")
    after = rulebook(CHECK_IN + other, others__email__md="---\nsubject: Hi\n---\nGood day\n")
    found = Edits(before, after)
    assert (found.templates, found.touches) == (("templates/others.email.md",), frozenset({"thanks"}))
    assert found.texts_differ("thanks", "email")
    assert not found.texts_differ("check_in", "email")


def test_an_edited_template_is_another_text_by_its_own_channel_alone() -> None:
    found = Edits(rulebook(CHECK_IN), rulebook(CHECK_IN, words__sms__txt="Look here.\n"))
    assert found.texts_differ("check_in", "sms")
    assert not found.texts_differ("check_in", "email")


def test_an_edited_layout_is_another_text_of_every_mail() -> None:
    found = Edits(rulebook(CHECK_IN), rulebook(CHECK_IN, layout__email__html="<p>{{ body }}</p>"))
    assert found.texts_differ("check_in", "email")
    assert not found.texts_differ("check_in", "sms")
    assert found.touches == frozenset({"check_in"})


def test_what_a_template_includes_is_another_text_of_all_of_them() -> None:
    words = {"words__sms__txt": '{% include "footer.md" ignore missing %}'}
    found = Edits(rulebook(CHECK_IN, **words), rulebook(CHECK_IN, **words, footer__md="So long"))
    assert found.texts_differ("check_in", "sms")


def test_a_template_that_nothing_names_yet_is_nobodys_text() -> None:
    found = Edits(rulebook(CHECK_IN), rulebook(CHECK_IN, spring__email__md="---\nsubject: Hi\n---\nSpring\n"))
    assert (found.templates, found.touches) == (("templates/spring.email.md",), frozenset())


def test_what_is_included_by_a_name_that_is_worked_out_may_be_any_file() -> None:
    words = {"words__email__md": "---\nsubject: Hi\n---\n{% include customer.plan ignore missing %}\n"}
    found = Edits(rulebook(CHECK_IN, **words), rulebook(CHECK_IN, **words, spring__email__md="Spring"))
    assert found.touches == frozenset({"check_in"})
