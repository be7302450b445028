from __future__ import annotations

import json
from pathlib import Path

import pytest
from typing_commands import Run

from scheduler.workspace import open_workspace

INTERVIEW = "exit_interview/ingrid/subscription-79-cancelled"
NOON = "2026-11-03T12:00+01:00"


def assignee(folder: Path) -> str:
    with open_workspace(folder) as workspace:
        task = workspace.store.tasks.get(INTERVIEW)
    assert task is not None
    return task.assignee


def test_a_task_is_given_to_another_person(with_task: Path, run: Run) -> None:
    result = run(with_task, "assign", INTERVIEW, "tomas", "--now", NOON)
    assert (result.exit_code, result.stdout) == (0, f"{INTERVIEW} is tomas's now, and was maja's\n")
    lines = run(with_task, "tasks", "--assignee", "tomas", "--format", "json").stdout.splitlines()
    assert (INTERVIEW, "2026-11-04T10:00:00+01:00") in {(one["occasion"], one["due"]) for one in map(json.loads, lines)}


def test_its_history_and_the_facts_say_so(with_task: Path, run: Run) -> None:
    run(with_task, "assign", INTERVIEW, "tomas", "--now", NOON)
    shown = run(with_task, "show", INTERVIEW).stdout
    [first, second] = shown[shown.index("history") :].splitlines()[:2]
    assert "Tue  3 Nov 2026 10:00  made for maja" in first
    assert "Tue  3 Nov 2026 12:00  given to tomas, says " in second
    with open_workspace(with_task) as workspace:
        ingrid = workspace.store.customers.get("ingrid")
    assert ingrid is not None
    [event] = [one for one in ingrid.events if one.name == "task_reassigned"]
    assert dict(event.properties) == {"rule": "exit_interview", "occasion": INTERVIEW, "assignee": "tomas"}


def test_what_is_overdue_after_that_goes_to_the_deputy_of_whoever_has_it(with_task: Path, run: Run) -> None:
    run(with_task, "assign", INTERVIEW, "tomas", "--now", NOON)
    assert run(with_task, "tick", "--now", "2026-11-04T12:00+01:00").exit_code == 0
    assert assignee(with_task) == "ines"


def test_what_was_escalated_and_then_given_to_somebody_is_theirs(with_task: Path, run: Run) -> None:
    run(with_task, "tick", "--now", "2026-11-04T12:00+01:00")
    assert "  escalated to tomas  Ingrid Bakken" in run(with_task, "tasks").stdout
    run(with_task, "assign", INTERVIEW, "ines", "--now", "2026-11-04T12:30+01:00")
    [line] = [one for one in run(with_task, "tasks").stdout.splitlines() if INTERVIEW in one]
    assert " ".join(line.split()).startswith("overdue since Wed 4 Nov 2026 10:00 ines Ingrid Bakken")


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("tomaz", "there is no person 'tomaz' in rules/people.yaml; did you mean 'tomas'?"),
        ("zoe", "there is no person 'zoe' in rules/people.yaml; there are maja, tomas, ines"),
        ("care", "care is a role; name one person, such as maja"),
        ("maja", f"the task {INTERVIEW} is maja's already"),
    ],
)
def test_who_is_no_person_or_has_it_already_is_refused(with_task: Path, run: Run, person: str, words: str) -> None:
    result = run(with_task, "assign", INTERVIEW, person, "--now", NOON)
    assert (result.exit_code, result.stderr) == (2, f"rightreason: {words}\n")
    assert assignee(with_task) == "maja"


def test_a_task_that_has_ended_is_refused_with_when_it_ended(with_task: Path, run: Run) -> None:
    run(with_task, "done", INTERVIEW, "--outcome", "reached", "--now", "2026-11-03T11:00+01:00")
    result = run(with_task, "assign", INTERVIEW, "tomas", "--now", NOON)
    assert result.exit_code == 2
    assert f"the task {INTERVIEW} is done since Tue  3 Nov 2026 11:00: nobody has it any more" in result.stderr


def test_what_is_no_task_is_refused(with_task: Path, run: Run) -> None:
    result = run(with_task, "assign", "goodbye/ingrid/x", "tomas")
    assert (result.exit_code, "there is no task 'goodbye/ingrid/x'" in result.stderr) == (2, True)
