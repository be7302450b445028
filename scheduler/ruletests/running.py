"""Reads the tests of a workspace and runs them, each by the rules that it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scheduler.decisions.program import Program, compile_rules
from scheduler.errors import RulebookError
from scheduler.rulebook.files import files_in
from scheduler.rulebook.findings import Finding, in_order, warning
from scheduler.rulebook.model import Place, Rulebook, Status
from scheduler.rulebook.reader import read_test_texts
from scheduler.rulebook.rule_test_reader import rule_tests_from_texts
from scheduler.rulebook.rule_tests import (
    FOLDER,
    RuleTest,
    not_dates,
    unknown_names,
    vain_expectations,
)
from scheduler.ruletests.verdict import Verdict, unknown_gates, verdict


@dataclass(frozen=True)
class Tests:
    """The tests of a workspace: those that can be run, what is wrong with others, and the texts of all by file."""

    tests: tuple[RuleTest, ...]
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]


def read_tests(
    workspace: Path, rulebook: Rulebook, program: Program | None = None, *, cache: Path | None = None
) -> Tests:
    """The tests in `rules/tests/`, compared with the rules that they speak of; gates only where there is a program.

    `cache` is the folder for trees that were parsed before.
    """
    texts, findings = read_test_texts(workspace)
    tests, wrong = rule_tests_from_texts(texts, cache=cache)
    findings += wrong
    findings += unread_files(workspace)
    findings += unknown_names(tests, list(rulebook.rules), list(rulebook.house.topics))
    findings += vain_expectations(tests, rulebook)
    findings += not_dates(tests, rulebook)
    if program is not None:
        findings += unknown_gates(tests, program)
    return Tests(tuple(tests), tuple(in_order(findings)), texts)


def unread_files(workspace: Path) -> Iterator[Finding]:
    """Files in `rules/tests/` that look like tests and are not read, by their names."""
    for path in files_in(workspace, FOLDER, ("yml",))[0]:
        place = Place(path.relative_to(workspace).as_posix(), 1, 1)
        yield warning("unread-file", place, "only files that end in .yaml are read", "rename it to end in .yaml")


def load_tests(workspace: Path, rulebook: Rulebook) -> tuple[RuleTest, ...]:
    """The tests in `rules/tests/`; raises `RulebookError` with `findings` and `sources` where any can't be used."""
    found = read_tests(workspace, rulebook, compile_rules(rulebook))
    if any(one.is_error for one in found.findings):
        message = "the tests of the rules can't be used; the findings say where and why"
        raise RulebookError(message, findings=list(found.findings), sources=found.texts)
    return found.tests


def run_tests(tests: Iterable[RuleTest], rulebook: Rulebook) -> Iterator[Verdict]:
    """Run tests one by one, each with the house rules and the files of rules that it names."""
    all_files = {rule.places[""].file for rule in rulebook.rules.values()}
    programs: dict[frozenset[str], Program] = {}
    for test in tests:
        files = frozenset(filter(test.takes, all_files))
        if files not in programs:
            programs[files] = compile_rules(_with(files, rulebook))
        yield verdict(test, programs[files])


def _with(files: frozenset[str], rulebook: Rulebook) -> Rulebook:
    """The rulebook where only the rules of some files take part; others are drafts, as conditions may name them."""
    rules = {
        name: rule if rule.places[""].file in files else rule.model_copy(update={"status": Status.DRAFT})
        for name, rule in rulebook.rules.items()
    }
    return replace(rulebook, rules=rules)
