from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typing_commands import MORNING, Run

from scheduler.rulebook.reader import load_rulebook
from scheduler.store import Activation
from scheduler.workspace import open_workspace

PROGRAM = str(Path(sys.executable).with_name("rightreason"))


def edit(folder: Path, old: str, new: str, file: str = "rules/staying_in_touch.yaml") -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def difference(folder: Path, run: Run) -> int:
    """How many contacts the folder's rules would change."""
    return len(run(folder, "diff", "--now", MORNING, "--format", "json").stdout.splitlines())


def listed(folder: Path, run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(folder, "activate", "--list", "--format", "json").stdout.splitlines()]


def versions(folder: Path) -> list[Activation]:
    """Every activation, the newest first."""
    with open_workspace(folder) as workspace:
        return workspace.store.rulebooks.list()


def test_what_the_first_days_would_bring_is_shown_before_it_is_agreed_to(shop: Path, run: Run) -> None:
    differ = difference(shop, run)
    shown = run(shop, "activate", "--yes", "--now", MORNING).stdout
    assert f"In the next 30 days {differ:,} contacts with" in shown
    assert "what comes: contacts a day (most: " in shown
    assert "active: version 1 (" in shown


def test_where_nobody_can_be_asked_nothing_is_changed(shop: Path, run: Run) -> None:
    result = run(shop, "activate", "--now", MORNING)
    assert result.exit_code == 2
    assert "say --yes" in result.stderr
    assert "no rules are active" in run(shop, "status").stdout


def test_a_rule_that_can_never_match_is_told_before_it_is_agreed_to(shop: Path, run: Run) -> None:
    assert "warning[unseen-event]" not in run(shop, "activate", "--yes", "--now", MORNING).stdout
    edit(shop, "silence: order_placed", "silence: order_plaecd")
    shown = run(shop, "activate", "--yes", "--untested", "--now", MORNING).stdout
    assert shown.index("warning[unseen-event] no event 'order_plaecd'") < shown.index("active: version 2 (")


def test_the_same_rules_again_are_active_already(active: Path, run: Run) -> None:
    assert "these rules are active already" in run(active, "activate").stdout


def test_what_differs_from_the_active_rules_is_named(active: Path, run: Run) -> None:
    edit(active, "  we_miss_you:", "  come_home:")
    shown = run(active, "activate", "--yes", "--now", MORNING).stdout
    assert "new rules: come_home" in shown
    assert "removed rules: we_miss_you" in shown
    assert "active: version 2 (" in shown


def test_a_rule_that_only_moved_in_its_file_is_not_named_as_changed(active: Path, run: Run) -> None:
    rules = active / "rules" / "staying_in_touch.yaml"
    rules.write_text("# a new line on top\n" + rules.read_text())
    shown = run(active, "activate", "--yes", "--now", MORNING).stdout
    assert "changed rules" not in shown
    assert "the files differ, but say the same" in shown
    assert "active: version 2 (" in shown


def test_a_template_that_does_not_render_keeps_the_rules_from_being_active(shop: Path, run: Run) -> None:
    template = shop / "templates" / "welcome.email.md"
    template.write_text(template.read_text() + "\n{{ 1 / 0 }}\n")
    result = run(shop, "activate", "--yes")
    assert result.exit_code == 2
    assert "templates/welcome.email.md" in result.stderr


def test_without_a_rules_folder_nothing_is_activated_and_so_nothing_cancelled(active: Path, run: Run) -> None:
    shutil.rmtree(active / "rules")
    result = run(active, "activate", "--yes")
    assert result.exit_code == 2
    assert "rules can't be looked into: No such file or directory" in result.stderr


def test_more_contacts_of_difference_than_are_allowed_change_nothing(active: Path, run: Run) -> None:
    edit(active, "  we_miss_you:", "  come_home:")
    differ = difference(active, run)
    result = run(active, "activate", "--yes", "--at-most", f"{differ - 1}", "--now", MORNING)
    assert result.exit_code == 1
    assert f"nothing was changed: {differ} contacts would differ, and --at-most allows {differ - 1}" in result.stderr
    assert [one.number for one in versions(active)] == [1]


def test_as_many_contacts_of_difference_as_are_allowed_are_taken(active: Path, run: Run) -> None:
    edit(active, "  we_miss_you:", "  come_home:")
    differ = difference(active, run)
    result = run(active, "activate", "--yes", "--at-most", f"{differ}", "--now", MORNING)
    assert result.exit_code == 0
    assert "active: version 2 (" in result.stdout


def test_going_back_shows_the_difference_and_leaves_the_folder_alone(active: Path, run: Run) -> None:
    edit(active, "  we_miss_you:", "  come_home:")
    run(active, "activate", "--yes", "--now", MORNING)
    edited = (active / "rules/staying_in_touch.yaml").read_text()
    result = run(active, "activate", "--version", "1", "--yes", "--now", MORNING)
    assert result.exit_code == 0
    assert "compared with version 2, which is active\nnew rules: we_miss_you\nremoved rules: come_home" in result.stdout
    assert "active: version 3 (" in result.stdout
    assert "The files in the folder were left as they are and differ" in result.stdout
    assert (active / "rules/staying_in_touch.yaml").read_text() == edited
    third, second, first = listed(active, run)
    assert (third["version"], third["active"]) == (first["version"], True)
    assert second["version"] != first["version"]


def test_going_back_to_what_is_in_the_folder_has_nothing_to_say_of_it(active: Path, run: Run) -> None:
    before = (active / "rules/staying_in_touch.yaml").read_text()
    edit(active, "  we_miss_you:", "  come_home:")
    run(active, "activate", "--yes", "--now", MORNING)
    (active / "rules/staying_in_touch.yaml").write_text(before)
    result = run(active, "activate", "--version", "1", "--yes", "--now", MORNING)
    assert "left as they are" not in result.stdout


def test_going_back_needs_no_whole_folder(active: Path, run: Run) -> None:
    edit(active, "  we_miss_you:", "  come_home:")
    run(active, "activate", "--yes", "--now", MORNING)
    shutil.rmtree(active / "rules")
    result = run(active, "activate", "--version", "1", "--yes", "--now", MORNING)
    assert result.exit_code == 0
    assert "active: version 3 (" in result.stdout


def test_a_version_that_there_is_not_is_refused_with_the_way_to_those_there_are(active: Path, run: Run) -> None:
    result = run(active, "activate", "--version", "7", "--yes")
    assert result.exit_code == 2
    assert "there is no version 7; `rightreason activate --list` shows which there are" in result.stderr


def test_the_version_that_is_active_is_so_already(active: Path, run: Run) -> None:
    assert "these rules are active already (version 1, " in run(active, "activate", "--version", "1").stdout


def test_the_list_tells_who_made_what_active_and_when(active: Path, run: Run) -> None:
    (only,) = listed(active, run)
    assert list(only) == ["number", "version", "activated", "who", "rules", "active"]
    rules = len(load_rulebook(active).rules)
    assert (only["activated"], only["rules"], only["active"]) == ("2026-11-02T08:00:00+01:00", rules, True)
    shown = run(active, "activate", "--list").stdout
    assert "Mon  2 Nov 2026 08:00" in shown
    assert "`rightreason activate --version N`" in shown
    titles, first, *_ = shown.splitlines()
    assert [titles.split()[0], titles.split()[-1]] == ["version", "fingerprint"]
    assert [first.split()[0], first.split()[-2]] == [str(only["number"]), only["version"][:12]]


def test_a_list_of_nothing_says_how_to_begin(shop: Path, run: Run) -> None:
    assert "no rules are active; look at `rightreason preview`" in run(shop, "activate", "--list").stdout


def answered(folder: Path, answer: Callable[[int, int], object]) -> tuple[int, str]:
    """The exit code and all that is shown on a terminal, to which `answer` writes when asked; also the process's id."""
    ours, theirs = os.openpty()
    with subprocess.Popen(  # noqa: S603 - our own program
        [PROGRAM, "activate", "--now", MORNING], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = ""
        while "Make them active? [y/N]: " not in shown:
            shown += os.read(ours, 4096).decode()
        answer(ours, process.pid)
        with suppress(OSError):  # the end of a terminal
            while more := os.read(ours, 4096).decode():
                shown += more
    os.close(ours)
    return process.returncode, shown


def interrupt(terminal: int, process: int) -> None:
    """Press Ctrl+C, again until it is heard: just before Python waits for a line, it keeps a signal to itself."""
    heard = False
    while not heard:
        os.kill(process, signal.SIGINT)
        heard = bool(select.select([terminal], [], [], 1)[0])


@pytest.mark.parametrize(("answer", "exit_code", "made"), [("y", 0, [1]), ("n", 1, [])])
def test_on_a_terminal_it_asks(shop: Path, answer: str, exit_code: int, made: list[int]) -> None:
    ended, shown = answered(shop, lambda terminal, _: os.write(terminal, f"{answer}\n".encode()))
    assert ended == exit_code
    assert "In the next 30 days" in shown.partition("Make them active?")[0]
    assert [one.number for one in versions(shop)] == made


def test_who_ends_the_question_is_told_that_nothing_was_changed(shop: Path) -> None:
    interrupted, said = answered(shop, interrupt)
    assert (interrupted, said.splitlines()[-1]) == (130, "nothing was changed")
    left, said = answered(shop, lambda terminal, _: os.write(terminal, b"\x04"))
    assert (left, said.splitlines()[-1]) == (1, "nothing was changed")
    assert versions(shop) == []


@pytest.mark.parametrize("before", ["shop", "active"])
def test_what_another_activates_during_the_question_is_not_undone(
    before: str, run: Run, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(before)
    template = folder / "templates" / "welcome.email.md"
    template.write_text(template.read_text() + "\nSee you.\n")

    def another_is_faster(terminal: int, _process: int) -> None:
        edit(folder, "  we_miss_you:", "  come_home:")
        assert run(folder, "activate", "--yes", "--now", MORNING).exit_code == 0
        os.write(terminal, b"y\n")

    ended, shown = answered(folder, another_is_faster)
    theirs = versions(folder)[0]
    by = f"version {theirs.number} was made active by {theirs.who} meanwhile"
    assert ended == 1
    assert f"nothing was changed: {by}; look again" in shown
    assert theirs.number == (1 if before == "shop" else 2)


# --- tests of the rules


def test_rules_whose_tests_fail_are_not_activated(shop: Path, run: Run) -> None:
    wrong = "tests:\n  - name: a wrong hope\n    customer: {name: Ana}\n    expect: [{on: 2026-05-05, rule: welcome}]\n"
    (shop / "rules" / "tests").mkdir()
    (shop / "rules" / "tests" / "wrong.yaml").write_text(wrong)
    result = run(shop, "activate", "--yes", "--now", MORNING)
    assert result.exit_code == 1
    assert "1 test of the rules failed, first 'a wrong hope' (rules/tests/wrong.yaml:2:5)" in result.stderr
    assert "no rules are active" in run(shop, "activate", "--list").stdout
    assert run(shop, "activate", "--yes", "--untested", "--now", MORNING).exit_code == 0


def test_tests_that_can_not_be_read_keep_rules_from_being_activated(shop: Path, run: Run) -> None:
    (shop / "rules" / "tests").mkdir()
    (shop / "rules" / "tests" / "wrong.yaml").write_text("tests: x\n")
    result = run(shop, "activate", "--yes", "--now", MORNING)
    assert result.exit_code == 2
    assert "rules/tests/wrong.yaml:1:8: error[wrong-kind]" in result.stderr
    assert "the tests of the rules can't be used" in result.stderr


def test_where_there_are_no_tests_it_says_that_nothing_was_tried(shop: Path, run: Run) -> None:
    said = "there are no tests, so nothing was tried\n"
    assert said in run(shop, "activate", "--yes", "--now", MORNING).stdout
    edit(shop, "  we_miss_you:", "  come_home:")
    assert said not in run(shop, "activate", "--yes", "--untested", "--now", MORNING).stdout


def test_tests_that_can_not_be_looked_at_keep_rules_from_being_activated(shop: Path, run: Run) -> None:
    (shop / "rules" / "tests").symlink_to("tests")
    assert "rules/tests:1:1: error[unreadable]" in run(shop, "check").stdout
    result = run(shop, "activate", "--yes", "--now", MORNING)
    assert result.exit_code == 2
    assert "rules/tests:1:1: error[unreadable] the folder can't be looked into" in result.stderr
    assert versions(shop) == []


def test_going_back_tells_what_is_active_whatever_files_lie_in_the_folder(active: Path, run: Run) -> None:
    edit(active, "  we_miss_you:", "  come_home:")
    run(active, "activate", "--yes", "--now", MORNING)
    (active / "rules" / os.fsdecode(b"caf\xe9.yaml")).write_text("campaign: x\n")
    result = run(active, "activate", "--version", "1", "--yes", "--now", MORNING)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "active: version 3 (" in result.stdout


def test_a_list_of_nothing_asks_for_no_zone(shop: Path, run: Run) -> None:
    edit(shop, "timezone: Europe/Berlin", "timezone: Mars/Olympus", "rules/house_rules.yaml")
    result = run(shop, "activate", "--list")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_number_too_large_for_any_version_is_refused(active: Path, run: Run) -> None:
    result = run(active, "activate", "--version", f"{10**23}")
    assert result.exit_code == 2
    assert f"there is no version {10**23}" in result.stderr
