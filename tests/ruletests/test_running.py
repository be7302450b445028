"""Which rules take part in which tests."""

from pathlib import Path
from textwrap import indent

import pytest
from told_stories import HOUSE, RULES, STORY

from scheduler.decisions.program import compile_rules
from scheduler.errors import RulebookError
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.rulebook.rule_test_reader import rule_tests_from_texts
from scheduler.ruletests.running import load_tests, read_tests, run_tests


def test_only_the_rules_of_the_named_files_take_part() -> None:
    book, _ = rulebook_from_texts(
        {"rules/house_rules.yaml": HOUSE, "rules/a.yaml": RULES, "rules/b.yaml": RULES.replace("in:", "in_b:")}
    )
    text = f"rules: ../a.yaml\ntests:\n  - name: x\n{indent(STORY.strip(), '    ')}\n    expect_all: [{{on: 2026-03-02, rule: check_in}}]\n"
    (found,), findings = rule_tests_from_texts({"rules/tests/t.yaml": text})
    assert findings == []
    assert [one.passed for one in run_tests([found], book)] == [True]


OTHER = """
campaign: other
conditions:
  loyal: {means: has been delivered to, event: delivered, count: true, at_least: 1}
rules:
  thanks:
    reason: They came back and that is worth a word.
    asks_for: nothing
    when: delivered
    after: 2 days
    before: 9 days
    send: thanks
    by: [email]
"""
NAMING = RULES.replace("unless: [", "only_if: [loyal]\n    unless: [{contact: thanks, within: 90 days}, ", 1)


def book(**files: str) -> Rulebook:
    texts = {"rules/house_rules.yaml": HOUSE} | {f"rules/{name}.yaml": text for name, text in files.items()}
    rulebook, findings = rulebook_from_texts(texts)
    assert [one.code for one in findings if one.code != "missing-template"] == []
    return rulebook


def test_rules_may_name_conditions_and_rules_of_files_that_take_no_part() -> None:
    text = f"rules: ../a.yaml\ntests:\n  - name: x\n{indent(STORY.strip(), '    ')}\n"
    text += "    expect_all: [{on: 2026-03-02, rule: check_in}]\n    to: 2026-03-20\n"
    tests, findings = rule_tests_from_texts({"rules/tests/t.yaml": text})
    assert findings == []
    assert [one.passed for one in run_tests(tests, book(a=NAMING, b=OTHER))] == [True]


def workspace(folder: Path, **files: str) -> Path:
    (folder / "rules" / "tests").mkdir(parents=True)
    for name, text in files.items():
        (folder / "rules" / "tests" / name.replace("__", ".")).write_text(text)
    return folder


GOOD = f"tests:\n  - name: x\n{indent(STORY.strip().replace(', consent: [review]', ''), '    ')}\n    expect: [{{on: 2026-03-02, rule: check_in}}]\n"


def test_a_file_that_is_not_read_for_its_name_is_told_and_stops_nothing(tmp_path: Path) -> None:
    folder = workspace(tmp_path, a__yaml=GOOD, b__yml=GOOD)
    found = read_tests(folder, book(a=RULES), compile_rules(book(a=RULES)))
    told = [(one.code, one.severity, one.place.file) for one in found.findings]
    assert told == [("unread-file", "warning", "rules/tests/b.yml")]
    assert [one.file for one in load_tests(folder, book(a=RULES))] == ["rules/tests/a.yaml"]


def test_tests_with_an_error_are_not_run(tmp_path: Path) -> None:
    folder = workspace(tmp_path, a__yaml=GOOD.replace("check_in", "chek_in"))
    with pytest.raises(RulebookError) as caught:
        load_tests(folder, book(a=RULES))
    assert [one.code for one in caught.value.facts["findings"]] == ["unknown-rule"]
