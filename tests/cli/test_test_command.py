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


def test_cover_of_one_rule_tells_of_that_rule(tested: Path, run: Run) -> None:
    result = run(tested, "test", "--cover", "--only", "birthday_card", "--format", "json")
    assert [json.loads(line)["rule"] for line in result.stdout.splitlines()] == ["birthday_card"]


def test_cover_of_one_test_tells_of_the_rules_that_it_speaks_of(tested: Path, run: Run) -> None:
    result = run(tested, "test", "--cover", "--only", "is a reason to write", "--format", "json")
    assert [json.loads(line)["rule"] for line in result.stdout.splitlines()] == ["birthday_card"]


EARLY = """\
tests:
  - name: a friend is asked for
    customer: {name: Ana, timezone: Europe/Paris, email: ana@example.com, consent: [offers]}
    timeline:
      2026-03-01 09:00: {order_delivered: {product: Kettle, category: tools}}
      2026-03-10 12:00: {nps_answered: {score: 10}}
    expect: [{on: 2026-03-20, rule: ask}]
"""


def test_a_value_window_that_is_not_over_is_told_with_its_end(tested: Path, run: Run) -> None:
    rules = tested / "rules" / "asking.yaml"
    rules.write_text(
        "campaign: Asking\nowner: care@example.com\nrules:\n  ask: {reason: A good score is a reason to ask for a "
        "friend, asks_for: referral, when: {event: nps_answered, where: {score: {at_least: 9}}}, before: 30 days, "
        "only_if: [happy], send: referral_ask, by: [email]}\n"
    )
    story = run(written(tested, EARLY), "test").stdout
    assert "✗ value_window: they have not had the value yet; it ends on 30 Apr 2026\n" in story
    without = "\n".join(line for line in EARLY.splitlines() if "order_delivered" not in line) + "\n"
    story = run(written(tested, without), "test").stdout
    assert "✗ value_window: they have not had the value yet; nothing was delivered\n" in story


def test_a_path_that_there_is_not_is_answered_with_the_nearest(tested: Path, run: Run) -> None:
    path = tested / "rules" / "tests" / "card.yaml"
    result = run(tested, "test", str(path))
    assert (result.exit_code, result.stderr) == (2, f"rightreason: there is no {path}; did you mean 'cards.yaml'?\n")


def test_a_link_that_leads_in_a_circle_is_no_path(tested: Path, run: Run) -> None:
    (tested / "loop").symlink_to("loop")
    result = run(tested, "test", str(tested / "loop"))
    assert result.exit_code == 2
    assert f"there is no {tested / 'loop'}" in result.stderr


def test_tests_beside_a_link_that_leads_in_a_circle_are_run(tested: Path, run: Run) -> None:
    (tested / "rules" / "tests" / "loop").symlink_to("loop")
    assert "2 tests in 1 file" in run(tested, "test", str(tested / "rules" / "tests")).stdout


def test_a_path_without_tests_and_a_text_of_which_none_speaks_are_told_apart(tested: Path, run: Run) -> None:
    tests, templates = (str(tested / part) for part in ("rules/tests", "templates"))
    assert f"no test is in {templates}; leave it out" in run(tested, "test", templates).stderr
    of_nothing = run(tested, "test", tests, "--only", "zzz").stderr
    assert f"no test in {tests} is about 'zzz'; leave it out to run all 2" in of_nothing


def test_what_is_not_covered_for_programs_says_beside_it_that_tests_fail(tested: Path, run: Run) -> None:
    assert run(tested, "test", "--cover", "--format", "json").stderr == ""
    failing = run(written(tested, GOOD.replace("10:00", "11:00")), "test", "--cover", "--format", "json")
    assert failing.exit_code == 1
    assert failing.stderr == "1 of 2 tests failed; without --cover they are told\n"


def test_a_cap_that_is_full_is_told_with_what_filled_it(tested: Path, run: Run) -> None:
    keys = "reason: An order is a good moment to say so, asks_for: nothing, when: order_placed, after: 1 day, before: 2 days"
    named = "".join(f"  {name}: {{{keys}, send: birthday_card, by: [email]}}\n" for name in ("first", "second"))
    (tested / "rules" / "thanks.yaml").write_text(f"campaign: Thanks\nowner: care@example.com\nrules:\n{named}")
    thanked = (
        "rules: ../thanks.yaml\ntests:\n  - name: both\n    customer: {name: Ana, email: ana@example.com}\n"
        "    timeline: {2026-03-01 09:00: order_placed}\n    expect: [{on: 2026-03-02, rule: second}]\n"
    )
    told = run(written(tested, thanked), "test").stdout
    assert "✗ cap.1: contacted often enough (at most 1 within 1 day); 1: first on 2 Mar 2026\n" in told
