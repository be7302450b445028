from __future__ import annotations

import json
from pathlib import Path

import pytest
from typing_commands import Run

INTERVIEW = "exit_interview/ingrid/subscription-79-cancelled"


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


def test_a_task_shows_who_the_customer_is_and_where_they_are_reached(with_task: Path, run: Run) -> None:
    lines = run(with_task, "tasks", "--format", "json").stdout.splitlines()
    [task] = [one for one in map(json.loads, lines) if one["occasion"] == INTERVIEW]
    assert (task["name"], task["channel"], task["email"]) == ("Ingrid Bakken", "phone", "ingrid@example.org")
    shown = run(with_task, "tasks").stdout
    assert "Ingrid Bakken (ingrid)" in shown
    assert "e-mail  ingrid@example.org" in run(with_task, "show", INTERVIEW).stdout
    assert "E-mail: ingrid@example.org" in run(with_task, "tasks", "--ics", "-").stdout.replace("\\n", "\n")


def test_a_customer_who_is_to_be_written_to_is_reached_by_mail(with_task: Path, run: Run) -> None:
    from scheduler.decisions.facts import Event
    from scheduler.store import CustomerEvent
    from scheduler.wallclock import parse_instant, zone
    from scheduler.workspace import open_workspace

    at = parse_instant("2026-11-03T11:00+01:00", zone("UTC"))
    with open_workspace(with_task) as workspace:
        workspace.store.events.add([CustomerEvent("nina", Event("r", "contact_replied", at, at, {}))], now=at)
    run(with_task, "tick", "--now", "2026-11-03T11:05+01:00")
    [line] = [one for one in run(with_task, "tasks").stdout.splitlines() if "answer_a_reply/nina/" in one]
    assert " ".join(line.split()).count("Nina Horvat (nina) nina@example.com assigned") == 1
    assert "Write to Nina Horvat" in run(with_task, "tasks", "--ics", "-").stdout


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


def test_a_dropped_task_has_ended_and_was_not_done(with_task: Path, run: Run) -> None:
    from scheduler.workspace import open_workspace

    run(with_task, "done", INTERVIEW, "--dropped")
    with open_workspace(with_task) as workspace:
        ingrid = workspace.store.customers.get("ingrid")
    assert ingrid is not None
    assert [event.name for event in ingrid.events if event.name.startswith("task_")] == ["task_assigned", "task_ended"]


def test_what_is_overdue_is_shown_first_and_to_whom_it_was_escalated(with_task: Path, run: Run) -> None:
    assert run(with_task, "tick", "--now", "2026-11-04T12:00+01:00").exit_code == 0
    shown = run(with_task, "tasks", "--now", "2026-11-04T12:00+01:00").stdout
    assert shown.splitlines()[1].startswith("overdue since ")
    assert "escalated to tomas" in shown
    lines = run(with_task, "tasks", "--now", "2026-11-04T12:00+01:00", "--format", "json").stdout.splitlines()
    [task] = [one for one in map(json.loads, lines) if one["occasion"] == INTERVIEW]
    assert (task["overdue"], task["assignee"], task["role"]) == (True, "tomas", "care")
    assert task["escalated_at"] == "2026-11-04T12:00:00+01:00"


def test_of_one_day_those_who_bought_most_come_first() -> None:
    from scheduler.cli.task_rows import Told, in_order
    from scheduler.store import Task
    from scheduler.wallclock import DAY, zone

    utc = zone("UTC")

    def told(key: str, due: int, value: float, *, is_overdue: bool = False) -> Told:
        return Told(Task(key, "maja", "", due), key, "", "", utc, value, is_overdue)

    small, large = told("call/small/1", DAY + 5, 10), told("call/large/1", DAY + 9, 900)
    later, late = told("call/later/1", 2 * DAY, 9_000), told("call/late/1", 3, 1, is_overdue=True)
    assert in_order([small, later, large, late], utc) == [late, large, small, later]


def test_what_a_customer_bought_is_counted_for_a_year(with_task: Path) -> None:
    from scheduler.cli.task_rows import value_of
    from scheduler.decisions.facts import Customer, Event, Value
    from scheduler.settings import load_settings
    from scheduler.wallclock import DAY

    now = 1_000 * DAY
    orders: list[tuple[int, Value]] = [
        (now - 365 * DAY, 100),
        (now - 364 * DAY, 20.5),
        (now - DAY, 30),
        (now + 1, 500),
        (now, "much"),
    ]
    events = [Event(str(n), "order_placed", at, at, {"amount": amount}) for n, (at, amount) in enumerate(orders)]
    returned = Event("r", "order_returned", now, now, {"amount": 7})
    assert value_of(Customer("ana", {}, (*events, returned)), load_settings(with_task), now) == 50.5


def test_the_history_of_a_task_and_what_the_customer_had_said_are_shown(with_task: Path, run: Run) -> None:
    run(with_task, "tick", "--now", "2026-11-04T12:00+01:00")
    run(with_task, "done", INTERVIEW, "--outcome", "reached", "--now", "2026-11-04T15:00+01:00")
    shown = run(with_task, "show", INTERVIEW).stdout
    assert "they said  subscription_cancelled: reason" in shown
    [first, second, third] = shown[shown.index("history") :].splitlines()[:3]
    assert "Tue  3 Nov 2026 10:00  made for maja" in first
    assert "Wed  4 Nov 2026 12:00  overdue, escalated to tomas" in second
    assert "Wed  4 Nov 2026 15:00  done: reached, says " in third


def test_the_status_counts_what_people_have_to_do(with_task: Path, run: Run) -> None:
    assert "0 of them overdue" in run(with_task, "status", "--now", "2026-11-03T10:30+01:00").stdout
    assert "0 of them overdue" not in run(with_task, "status", "--now", "2026-11-20T11:00+01:00").stdout


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
