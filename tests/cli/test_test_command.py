"""`rightreason test`, as it is typed."""

import json
from pathlib import Path

import pytest
from typing_commands import Run

from scheduler.cli.test import _changes

GOOD = """\
tests:
  - name: a birthday is a reason to write
    customer: {name: Ana, email: ana@example.com, birthday: 1990-05-05}
    expect: [{on: 2026-05-05, rule: birthday_card, by: email}]
  - name: it comes once
    extends: a birthday is a reason to write
    from: 2026-05-01
    to: 2026-06-01
    expect_all: [{at: 2026-05-05 10:00, rule: birthday_card}]
"""


@pytest.fixture
def tested(empty: Path) -> Path:
    for file in (empty / "rules" / "tests").glob("*.yaml"):
        file.unlink()
    return written(empty, GOOD)


def written(folder: Path, text: str) -> Path:
    (folder / "rules" / "tests").mkdir(exist_ok=True)
    (folder / "rules" / "tests" / "cards.yaml").write_text(text)
    return folder


def test_tests_that_pass_are_counted(tested: Path, run: Run) -> None:
    result = run(tested, "test")
    assert (result.exit_code, result.stdout) == (
        0,
        "✓ rules/tests/cards.yaml: 2 tests passed\nall is well: 2 tests in 1 file\n",
    )


def test_a_test_that_fails_tells_the_story_and_what_came_instead(tested: Path, run: Run) -> None:
    result = run(written(tested, GOOD.replace("on: 2026-05-05", "on: 2026-05-06")), "test")
    assert result.exit_code == 1
    assert (
        result.stdout
        == """\
✗ rules/tests/cards.yaml: 1 of 2 tests failed

FAILED a birthday is a reason to write  (rules/tests/cards.yaml:2:5)
  Ana, Europe/Berlin
  wanted  birthday_card: contact on Wed 6 May 2026 by email  (rules/tests/cards.yaml:4:14)
  actual  birthday_card: waiting
            ✗ window: its time has not come

1 of 2 tests failed
"""
    )


def test_programs_read_one_object_a_test(tested: Path, run: Run) -> None:
    result = run(written(tested, GOOD.replace("10:00", "11:00")), "test", "--format", "json")
    first, second = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert first == {
        "file": "rules/tests/cards.yaml",
        "line": 2,
        "test": "a birthday is a reason to write",
        "passed": True,
        "misses": [],
    }
    contact: dict[str, object] = {"rule": "birthday_card", "on": None, "by": None, "because": []}
    assert [(miss["line"], miss["wanted"]) for miss in second["misses"]] == [
        (9, contact | {"at": "2026-05-05 11:00", "outcome": "contact"}),
        (9, contact | {"at": "2026-05-05 10:00", "outcome": "no_contact"}),
    ]


def test_a_contact_that_is_not_listed_is_told_with_what_to_add(tested: Path, run: Run) -> None:
    result = run(written(tested, GOOD.replace("[{at: 2026-05-05 10:00, rule: birthday_card}]", "[]")), "test")
    assert result.exit_code == 1
    assert (
        """\
  wanted  no other contact  (rules/tests/cards.yaml:9:5)
  actual  birthday_card: contact on Tue  5 May 2026 10:00 by email
          this test lists every contact; if the new one is right, add
            - {at: 2026-05-05 10:00, rule: birthday_card}
"""
        in result.stdout
    )


def test_what_a_customer_agrees_to_and_withdraws_is_part_of_the_story(tested: Path, run: Run) -> None:
    said = GOOD.replace("1990-05-05}", "1990-05-05, consent: [offers]}").replace("on: 2026-05-05", "on: 2026-05-06")
    said = said.replace("    expect: ", "    timeline: {2026-04-01 08:00: {consent: {offers: false}}}\n    expect: ", 1)
    assert (
        """\
    Wed  1 Apr 2026 00:00  consent: given to offers
    Wed  1 Apr 2026 08:00  consent: withdrawn to offers
"""
        in run(written(tested, said), "test").stdout
    )


def test_a_file_that_is_not_read_for_its_name_is_told(tested: Path, run: Run) -> None:
    (tested / "rules" / "tests" / "more.yml").write_text(GOOD)
    told = "rules/tests/more.yml: warning[unread-file] only files that end in .yaml are read; rename it to end in .yaml"
    result = run(tested, "test")
    assert (result.exit_code, result.stderr) == (0, f"{told}\n")
    assert "warning[unread-file]" in run(tested, "check").stdout


def test_watching_runs_the_tests_until_it_is_ended(tested: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    naps = iter([GOOD, GOOD.replace("10:00", "11:00")])

    def nap(_seconds: float) -> None:
        text = next(naps, None)
        if text is None:
            raise KeyboardInterrupt
        if text != GOOD:
            written(tested, text)

    monkeypatch.setattr("time.sleep", nap)
    result = run(tested, "test", "--watch")
    assert result.stdout.count("─" * 60) == 2
    assert result.stdout.index("all is well") < result.stdout.index("1 of 2 tests failed")


def test_a_file_that_goes_away_while_it_is_looked_at_does_not_end_the_watch(
    tested: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr(Path, "is_file", lambda _self: True)  # it is one, and then it is gone
    gone = tested / "rules" / ".#cards.yaml"
    gone.symlink_to(tested / "nowhere")
    changes = _changes(tested)
    next(changes)
    gone.unlink()
    (tested / "rules" / "new.yaml").write_text("campaign: New\n")
    next(changes)


def test_some_tests_may_be_chosen(tested: Path, run: Run) -> None:
    assert "1 test in 1 file" in run(tested, "test", "--only", "once").stdout
    assert "2 tests in 1 file" in run(tested, "test", str(tested / "rules" / "tests" / "cards.yaml")).stdout
    result = run(tested, "test", "--only", "nothing of the kind")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no test is about 'nothing of the kind'" in result.stderr


def test_what_no_test_reaches_is_told(tested: Path, run: Run) -> None:
    result = run(tested, "test", "--cover")
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("birthday_card")]
    assert line.split() == ["birthday_card", "yes", "0", "of", "2", "unless.beyond_reach,", "consent"]
    by_rule = {
        one["rule"]: one
        for one in map(json.loads, run(tested, "test", "--cover", "--format", "json").stdout.splitlines())
    }
    assert by_rule["birthday_card"]["unreached"] == ["unless.beyond_reach", "consent"]
    assert by_rule["review_ask"]["contacted"] is False


def test_programs_read_only_what_is_reached_where_a_test_fails_too(tested: Path, run: Run) -> None:
    result = run(written(tested, GOOD.replace("10:00", "11:00")), "test", "--cover", "--format", "json")
    assert result.exit_code == 1
    assert {"rule", "contacted", "gates", "unreached"} == set(json.loads(result.stdout.splitlines()[0]))


def test_tests_that_can_not_be_used_are_told_with_every_finding(tested: Path, run: Run) -> None:
    result = run(written(tested, GOOD.replace("birthday_card, by", "birthday_cart, by")), "test")
    assert result.exit_code == 2
    assert "rules/tests/cards.yaml:4:31: error[unknown-rule] there is no rule 'birthday_cart'" in result.stderr
    assert "did you mean 'birthday_card'?" in result.stderr


def test_a_gate_that_no_rule_has_is_told_by_check_too(tested: Path, run: Run) -> None:
    wrong = GOOD.replace("rule: birthday_card, by: email", "rule: birthday_card, outcome: waiting, because: consnt")
    result = run(written(tested, wrong), "check")
    assert result.exit_code == 1
    assert "rules/tests/cards.yaml:4:70: error[unknown-gate] 'birthday_card' has no gate 'consnt'" in result.stdout
    assert run(tested, "check", str(tested / "rules" / "people.yaml")).exit_code == 0


def test_without_tests_it_says_where_to_write_them(empty: Path, run: Run) -> None:
    for file in (empty / "rules" / "tests").glob("*.yaml"):
        file.unlink()
    result = run(empty, "test")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there are no tests; write some into rules/tests/" in result.stderr
