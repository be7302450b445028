"""The loop closes with the rules that `init` lays down: a low score, a person, good news, and the question once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from keeping import Business, at, in_business
from sample_shop import lay_down

from scheduler.planning.activation import activate
from scheduler.rulebook.reader import load_rulebook

TASK = "call_after_a_low_score/ben/answer"


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    """A shop with the starter rules; Ben, whose number is not known, has answered at night that all is wrong."""
    lay_down(tmp_path, "rules", "templates")
    with in_business(tmp_path) as business:
        activate(business.store, load_rulebook(tmp_path), "test", at("2026-11-01"))
        business.customer("ben", owner="maja", language="de")
        said = "The handle came off."
        business.event("nps_answered", "2026-11-02 21:00", "ben", id="answer", score=2, comment=said)
        yield business


def assignee(business: Business) -> str:
    task = business.store.tasks.get(TASK)
    assert task is not None
    return task.assignee


def mails(business: Business) -> list[tuple[str, str]]:
    """The rule and the subject of each mail."""
    return [(key.partition("/")[0], message.subject) for _, key, message in business.sinks.sink("email").taken]  # type: ignore[union-attr] # mails only


def test_a_detractor_is_taken_care_of_told_and_asked_again(business: Business) -> None:
    business.tick("2026-11-02 21:00")
    assert assignee(business) == "maja"  # who is at work on Tuesday at nine, and so has until Wednesday at nine
    business.tick("2026-11-04 08:59")
    assert assignee(business) == "maja"
    business.tick("2026-11-04 09:00")
    assert assignee(business) == "tomas"
    business.tick("2026-11-05 09:00")
    assert assignee(business) == "ines"
    business.store.tasks.finish(TASK, "solved", now=at("2026-11-05 15:00"))
    business.tick("2026-11-05 15:00")
    assert mails(business) == [("it_is_put_right", "Es ist erledigt")]
    business.tick("2026-11-09 10:00")
    business.tick("2026-11-10 10:00")
    assert mails(business)[1:] == [("right_again", "Ist es jetzt in Ordnung?")]
    _, _, question = business.sinks.sink("email").taken[-1]
    assert "/survey/nps/" in question.text
    business.event("nps_answered", "2026-11-10 12:00", "ben", score=10)
    business.tick("2026-11-10 12:00")
    assert [task.key for task in business.store.tasks.list()] == [TASK]


def test_who_is_not_helped_is_not_told_so(business: Business) -> None:
    business.tick("2026-11-02 21:00")
    business.store.tasks.finish(TASK, "can't be solved", now=at("2026-11-03 10:00"))
    business.tick("2026-11-03 10:00")
    business.tick("2026-11-12 10:00")
    assert mails(business) == []


def test_nobody_asks_while_a_person_is_at_it(business: Business) -> None:
    business.tick("2026-11-02 21:00")
    business.event("ticket_closed", "2026-11-03 09:00", "ben", ticket_id="T1", subject="a handle")
    business.tick("2026-11-05 10:00")
    assert business.states(rule="solved_for_good") == {"solved_for_good/ben/e0": "waiting"}
    business.store.tasks.finish(TASK, "solved", now=at("2026-11-05 11:00"))
    business.tick("2026-11-06 11:00")
    assert business.states(rule="solved_for_good") == {"solved_for_good/ben/e0": "sent"}
