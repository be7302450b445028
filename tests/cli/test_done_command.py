from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typing_commands import Run, run_in

from scheduler.cli.outcomes import Unheard, ensure_heard
from scheduler.decisions.facts import Event
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerEvent
from scheduler.wallclock import parse_instant, zone
from scheduler.workspace import open_workspace

CALL = "call_after_a_low_score/nina/low"
INTERVIEW = "exit_interview/ingrid/subscription-79-cancelled"
NOON = "2026-11-03T12:00+01:00"
RULE = "{reason: They should hear of what came of it., asks_for: nothing, before: 3 days, send: words, by: [email]"


@pytest.fixture(scope="module")
def with_call_to_copy(active_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The day after Nina gave us a low score, to be copied."""
    folder = shutil.copytree(active_to_copy, tmp_path_factory.mktemp("done") / "shop")
    at = parse_instant("2026-11-02T18:00+01:00", zone("UTC"))
    with open_workspace(folder) as workspace:
        low = CustomerEvent("nina", Event("low", "nps_answered", at, at, {"score": 2}))
        workspace.store.events.add([low], now=at)
    assert run_in(folder, "tick", "--now", "2026-11-03T10:00+01:00").stderr == ""
    return folder


@pytest.fixture
def with_call(with_call_to_copy: Path, tmp_path: Path) -> Path:
    """The day after Nina gave us a low score."""
    return shutil.copytree(with_call_to_copy, tmp_path / "shop")


def ended(folder: Path) -> list[tuple[str, object]]:
    """What Nina's events say of the end of her task."""
    with open_workspace(folder) as workspace:
        nina = workspace.store.customers.get("nina")
    assert nina is not None
    return [(one.name, one.properties["outcome"]) for one in nina.events if one.name in ("task_done", "task_ended")]


def rules(look: str) -> Rulebook:
    """The rulebook of one rule that looks so at what came of tasks."""
    text = f"campaign: Test\nrules:\n  tell: {RULE}, {look}\n"
    book, findings = rulebook_from_texts(
        {"rules/all.yaml": text, "templates/words.email.md": "---\nsubject: Hi\n---\nHi."}
    )
    assert [one.message for one in findings if one.is_error] == []
    return book


def test_an_outcome_that_no_rule_looks_for_is_refused_and_the_task_stays_open(with_call: Path, run: Run) -> None:
    result = run(with_call, "done", CALL, "--outcome", "solvd", "--now", NOON)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "rightreason: no rule looks for the outcome 'solvd' of call_after_a_low_score, so nothing would follow from it; "
        "rules look for solved; did you mean 'solved'?\n"
        "  Where that is right all the same, say --anyway; where it will not be done, --dropped.\n"
    )
    assert ended(with_call) == []
    assert CALL in run(with_call, "tasks").stdout


def test_a_task_that_rules_listen_to_does_not_end_without_an_outcome(with_call: Path, run: Run) -> None:
    result = run(with_call, "done", CALL, "--now", NOON)
    assert (result.exit_code, ended(with_call)) == (2, [])
    assert "rules look for solved\n" in result.stderr


def test_the_outcome_that_rules_look_for_is_taken(with_call: Path, run: Run) -> None:
    assert run(with_call, "done", CALL, "--outcome", "solved", "--now", NOON).exit_code == 0
    assert sorted(ended(with_call)) == [("task_done", "solved"), ("task_ended", "solved")]


def test_another_outcome_is_taken_where_somebody_insists(with_call: Path, run: Run) -> None:
    assert run(with_call, "done", CALL, "--outcome", "not reached", "--anyway", "--now", NOON).exit_code == 0
    assert sorted(ended(with_call)) == [("task_done", "not reached"), ("task_ended", "not reached")]


def test_a_dropped_task_needs_no_outcome(with_call: Path, run: Run) -> None:
    assert run(with_call, "done", CALL, "--dropped", "--now", NOON).exit_code == 0
    assert ended(with_call) == [("task_ended", "dropped")]


def test_where_no_rule_looks_at_such_tasks_any_outcome_is_taken(with_call: Path, run: Run) -> None:
    assert run(with_call, "done", INTERVIEW, "--outcome", "reached", "--now", NOON).exit_code == 0


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("--outcome", " "), "--outcome is empty; say what came of it, or --dropped where it will not be done"),
        (("--outcome", "solv\x1b[31med"), "--outcome: holds U+001B"),
        (("--outcome", "reached\nBcc: x"), "--outcome: holds a line break"),
        (("--outcome", "solved", "--set", "comment=\u202eevil"), "--set comment: holds U+202E"),
        (("--outcome", "x" * 100_000), "--outcome: 100000 characters; at most"),
    ],
)
def test_what_no_fact_may_hold_is_refused_here_too(
    with_call: Path, run: Run, said: tuple[str, ...], words: str
) -> None:
    result = run(with_call, "done", CALL, *said, "--anyway", "--now", NOON)
    assert (result.exit_code, result.stdout, ended(with_call)) == (2, "", [])
    assert result.stderr.startswith(f"rightreason: {words}")


def test_where_a_rule_follows_whatever_came_of_a_task_any_outcome_is_taken() -> None:
    solved = "when: {event: task_done, where: {outcome: solved}}}"
    also = f"  also: {RULE}, when: {{event: task_ended, where: {{rule: call}}}}}}"
    book = rules(f"{solved}\n{also}")
    ensure_heard("reached", "call", book)
    with pytest.raises(Unheard):
        ensure_heard("reached", "interview", book)


@pytest.mark.parametrize(
    "look",
    [
        "when: {event: task_done, where: {outcome: {in: [solved, refunded]}, rule: call}}}",
        "when: {event: task_ended, where: {outcome: {in: [solved, refunded]}}}}",
        "when: {silence: task_done, where: {outcome: solved}},"
        " unless: [{any_of: [{event: task_done, where: {outcome: refunded}}]}]}",
        "when: left, only_if: [{event: task_done, where: {outcome: solved}}],"
        " unless: [{event: task_done, latest: outcome, is: refunded}]}",
    ],
)
def test_rules_look_for_outcomes_by_triggers_and_by_conditions(look: str) -> None:
    book = rules(look)
    for outcome in ("solved", "refunded"):
        ensure_heard(outcome, "call", book)
    with pytest.raises(Unheard, match="rules look for refunded, solved; did you mean 'refunded'"):
        ensure_heard("refund", "call", book)


def test_what_rules_look_for_in_tasks_of_another_rule_does_not_count() -> None:
    look = "when: {event: task_done, where: {outcome: solved, rule: {in: [call]}}}}"
    ensure_heard("reached", "interview", rules(look))
    with pytest.raises(Unheard):
        ensure_heard("reached", "call", rules(look))
