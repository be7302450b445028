from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from keeping import Business, at, in_business, local

from scheduler.channels.alert import Alert, escalated, overdue
from scheduler.delivery.escalating import escalate
from scheduler.delivery.worker import Worker
from scheduler.store import Task
from scheduler.store.tasks import Tasks

PEOPLE = """\
people:
  maja: {name: Maja, deputy: tomas}
  tomas: {name: Tomas}
  ines: {name: Ines}
roles:
  care: {members: [maja], due: 1 business day, escalate_to: manager, escalate_after: 2 business days}
  manager: {members: [ines], due: 1 business day}
"""
CALL = """
call: {reason: They left us and we want to learn why., asks_for: nothing, when: left, assign: care, script: words}
"""
MONDAY = "2026-03-02 10:00"


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    """On Monday at ten Maja got a task, which is due on Tuesday at ten and goes up on Wednesday at ten."""
    with in_business(tmp_path) as business:
        (tmp_path / "rules").mkdir()
        goes_by(business, PEOPLE)
        business.goes_by(CALL, "2026-03-01")
        business.customer(phone="+4930123456")
        business.event("left", MONDAY, id="l1")
        business.tick(MONDAY)
        yield business


def goes_by(business: Business, people: str) -> None:
    (business.workspace.folder / "rules" / "people.yaml").write_text(people, encoding="utf-8")


def task(business: Business) -> Task:
    [found] = business.store.tasks.list()
    return found


def passes(business: Business, *times: str) -> list[tuple[str, tuple[Alert, ...]]]:
    """Whose the task is after the tick of each time, and whom that tick tells."""
    ticks = [(business.tick(time).alerts, task(business).assignee) for time in times]
    return [(assignee, alerts) for alerts, assignee in ticks]


def test_what_is_overdue_goes_to_the_deputy_and_then_up_each_once(business: Business) -> None:
    assert passes(business, "2026-03-03 09:59", "2026-03-03 10:00", "2026-03-04 09:00") == [
        ("maja", ()),
        ("tomas", (escalated("tomas"),)),
        ("tomas", ()),
    ]
    assert passes(business, "2026-03-04 10:00", "2026-03-05 10:00", "2026-03-12 10:00") == [
        ("ines", (escalated("ines"),)),
        ("ines", ()),
        ("ines", ()),
    ]
    assert (local(task(business).due), local(task(business).escalated_at)) == ("2026-03-03 10:00", "2026-03-04 10:00")


def test_a_tick_says_when_the_next_task_is_late(business: Business) -> None:
    due = [business.tick(time).next_due for time in ("2026-03-03 09:59", "2026-03-03 10:00")]
    assert [local(at) for at in due if at is not None] == ["2026-03-03 10:00", "2026-03-04 10:00"]


def test_what_is_found_late_goes_up_at_once(business: Business) -> None:
    assert passes(business, "2026-03-06 10:00", "2026-03-07 10:00") == [("ines", (escalated("ines"),)), ("ines", ())]


def test_where_nobody_stands_in_it_goes_up(business: Business) -> None:
    goes_by(business, PEOPLE.replace(", deputy: tomas", ""))
    assert passes(business, "2026-03-03 10:00", "2026-03-04 10:00") == [("ines", (escalated("ines"),)), ("ines", ())]


def test_a_deputy_who_is_away_is_passed_over(business: Business) -> None:
    away = PEOPLE.replace("{name: Tomas}", "{name: Tomas, away: [{from: 2026-03-01, to: 2026-03-31}]}")
    goes_by(business, away)
    assert passes(business, "2026-03-03 10:00") == [("ines", (escalated("ines"),))]


def test_where_nobody_else_is_there_whoever_has_it_is_told_once(business: Business) -> None:
    goes_by(business, PEOPLE.replace(", deputy: tomas", "").replace("escalate_to: manager, ", ""))
    assert passes(business, "2026-03-03 10:00", "2026-03-05 10:00") == [("maja", (overdue("maja"),)), ("maja", ())]
    assert local(task(business).assigned_at) == MONDAY


def test_what_was_done_does_not_escalate(business: Business) -> None:
    business.store.tasks.finish("call/ana/l1", "solved", now=at("2026-03-02 12:00"))
    assert passes(business, "2026-03-06 10:00") == [("maja", ())]


def test_while_the_file_of_people_is_broken_those_from_before_count(business: Business) -> None:
    goes_by(business, "people: {maja: {}}\n")
    assert passes(business, "2026-03-03 10:00") == [("tomas", (escalated("tomas"),))]


def test_a_tick_says_that_the_file_of_people_is_broken(business: Business) -> None:
    goes_by(business, "people: {maja: {}}\n")
    assert business.tick("2026-03-03 09:59").problems == ()
    [problem] = business.tick("2026-03-03 10:00").problems
    assert problem.startswith("rules/people.yaml can't be used, so tasks go by what it said before")


def test_what_was_ended_meanwhile_takes_nobodys_turn(business: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_by(business, PEOPLE.replace("members: [ines]", "members: [ines, tomas]").replace(", deputy: tomas", ""))
    business.customer("ben", phone="+4930123457")
    business.event("left", "2026-03-02 11:00", "ben", id="l2")
    business.tick("2026-03-02 11:00")
    read = Tasks.escalating

    def one_is_done_then(tasks: Tasks, now: int) -> Sequence[Task]:
        late = read(tasks, now)
        tasks.finish("call/ana/l1", "solved", now=now)
        return late

    monkeypatch.setattr(Tasks, "escalating", one_is_done_then)
    assert business.tick("2026-03-06 12:00").alerts == (escalated("ines"),)
    assert {one.key: one.assignee for one in business.store.tasks.list()} == {
        "call/ana/l1": "maja",
        "call/ben/l2": "ines",
    }


def test_of_two_daemons_one_passes_a_task_on_and_tells(business: Business) -> None:
    house, now = business.rules.program.house, at("2026-03-03 10:00")
    tasks, seen = business.store.tasks, task(business)
    assert escalate(business.worker, house, now) == [escalated("tomas")]
    assert not tasks.escalate(seen, "tomas", now=now, is_last=False)  # the other one read it before
    other = Worker(business.workspace, business.sinks, business.worker.lease)
    assert escalate(other, house, now) == []
