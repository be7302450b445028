from __future__ import annotations

import json
from pathlib import Path

import pytest
from typing_commands import Run

INTERVIEW = "exit_interview/ingrid/subscription-79-cancelled"


@pytest.fixture
def with_task(active: Path, run: Run) -> Path:
    """The day on which Ingrid is to be called."""
    run(active, "tick", "--now", "2026-11-03T10:00+01:00")
    return active


def test_a_task_is_listed_with_its_assignee(with_task: Path, run: Run) -> None:
    shown = run(with_task, "tasks").stdout
    assert INTERVIEW in shown
    assert "maja" in shown


def test_the_script_of_a_task_is_shown(with_task: Path, run: Run) -> None:
    assert "task of  maja" in run(with_task, "show", INTERVIEW).stdout


def test_tasks_of_one_person_can_be_listed(with_task: Path, run: Run) -> None:
    lines = run(with_task, "tasks", "--assignee", "maja", "--format", "json").stdout.splitlines()
    assert {json.loads(line)["assignee"] for line in lines} == {"maja"}


def test_what_came_of_a_task_is_a_fact_that_rules_can_use(with_task: Path, run: Run) -> None:
    from scheduler.workspace import open_workspace

    options = ("--outcome", "reached", "--set", "reason=too expensive", "--set", "score=7", "--now", "2026-11-03")
    assert run(with_task, "done", INTERVIEW, *options).exit_code == 0
    with open_workspace(with_task) as workspace:
        ingrid = workspace.store.customers.get("ingrid")
    assert ingrid is not None
    (event,) = [event for event in ingrid.events if event.name == "task_done"]
    assert dict(event.properties) == {
        "rule": "exit_interview",
        "outcome": "reached",
        "reason": "too expensive",
        "score": 7,
    }


def test_a_task_is_done_once(with_task: Path, run: Run) -> None:
    run(with_task, "done", INTERVIEW)
    result = run(with_task, "done", INTERVIEW)
    assert result.exit_code == 2
    assert "is done already" in result.stderr


def test_a_dropped_task_is_no_fact(with_task: Path, run: Run) -> None:
    before = run(with_task, "status").stdout
    run(with_task, "done", INTERVIEW, "--dropped")
    assert "467 events" in before
    assert "467 events" in run(with_task, "status").stdout


def test_a_task_that_is_none_is_refused(with_task: Path, run: Run) -> None:
    assert run(with_task, "done", "goodbye/ingrid/x").exit_code == 2


@pytest.mark.parametrize(
    ("written", "kept"), [("007", "007"), ("1e5", "1e5"), ("-3", -3), ("2.5", 2.5), ("true", True)]
)
def test_what_they_said_keeps_its_kind(with_task: Path, run: Run, written: str, kept: object) -> None:
    from scheduler.workspace import open_workspace

    run(with_task, "done", INTERVIEW, "--set", f"said={written}", "--now", "2026-11-03")
    with open_workspace(with_task) as workspace:
        ingrid = workspace.store.customers.get("ingrid")
    assert ingrid is not None
    assert [event.properties["said"] for event in ingrid.events if event.name == "task_done"] == [kept]
