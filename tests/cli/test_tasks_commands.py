from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typing_commands import Run, run_in

INTERVIEW = "exit_interview/ingrid/subscription-79-cancelled"


@pytest.fixture(scope="module")
def with_task_to_copy(active_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The day on which Ingrid is to be called, to be copied."""
    folder = shutil.copytree(active_to_copy, tmp_path_factory.mktemp("tasks") / "shop")
    assert run_in(folder, "tick", "--now", "2026-11-03T10:00+01:00").stderr == ""
    return folder


@pytest.fixture
def with_task(with_task_to_copy: Path, tmp_path: Path) -> Path:
    """The day on which Ingrid is to be called."""
    return shutil.copytree(with_task_to_copy, tmp_path / "shop")


def test_a_task_is_listed_with_its_assignee(with_task: Path, run: Run) -> None:
    shown = run(with_task, "tasks").stdout
    assert INTERVIEW in shown
    assert "maja" in shown


def test_the_script_of_a_task_is_shown(with_task: Path, run: Run) -> None:
    assert "task of  maja" in run(with_task, "show", INTERVIEW).stdout


def test_the_number_and_the_reason_stand_beside_a_task(with_task: Path, run: Run) -> None:
    [task] = [
        one
        for one in map(json.loads, run(with_task, "tasks", "--format", "json").stdout.splitlines())
        if one["occasion"] == INTERVIEW
    ]
    assert task["number"].startswith("+")
    shown = run(with_task, "show", INTERVIEW).stdout
    for output in (run(with_task, "tasks").stdout, shown):
        assert task["number"] in output
        assert task["reason"] in output


def test_tasks_become_a_calendar_to_import(with_task: Path, run: Run) -> None:
    file = with_task / "maja.ics"
    result = run(with_task, "tasks", "--assignee", "maja", "--ics", str(file), "--now", "2026-11-03T10:00+01:00")
    content = file.read_bytes().decode().replace("\r\n ", "")
    assert result.stdout == f"{content.count('BEGIN:VEVENT')} task in {file}\n"
    assert "DTSTAMP:20261103T090000Z\r\n" in content
    assert f"rightreason done {INTERVIEW}" in content
    assert "Number: +" in content
    assert "Why: " in content


def test_a_calendar_can_be_piped(with_task: Path, run: Run) -> None:
    result = run(with_task, "tasks", "--ics", "-", "--now", "2026-11-03T10:00+01:00")
    assert result.stdout_bytes.startswith(b"BEGIN:VCALENDAR\r\n")
    assert result.stdout_bytes.endswith(b"END:VCALENDAR\r\n")


def test_a_calendar_holds_only_what_is_still_to_be_done(with_task: Path, run: Run) -> None:
    run(with_task, "done", INTERVIEW)
    assert INTERVIEW not in run(with_task, "tasks", "--all", "--ics", "-").stdout.replace("\r\n ", "")


def test_a_calendar_that_can_not_be_written_is_refused(with_task: Path, run: Run) -> None:
    result = run(with_task, "tasks", "--ics", str(with_task / "nowhere" / "maja.ics"))
    assert result.exit_code == 2
    assert "maja.ics can't be written" in result.stderr


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
