"""Reads the tests of a workspace and runs them, each by the rules that it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler.decisions.program import Program, compile_rules
from scheduler.errors import RulebookError
from scheduler.rulebook.findings import Finding, in_order
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.people import PEOPLE_FILE
from scheduler.rulebook.reader import HOUSE_FILE, read_test_texts, rulebook_from_texts
from scheduler.rulebook.rule_tests import RuleTest, rule_tests_from_texts, unknown_names
from scheduler.ruletests.verdict import Verdict, unknown_gates, verdict

_FOR_ALL = (HOUSE_FILE, PEOPLE_FILE, "templates/")


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
    findings += unknown_names(tests, list(rulebook.rules), list(rulebook.house.topics))
    if program is not None:
        findings += unknown_gates(tests, program)
    return Tests(tuple(tests), tuple(in_order(findings)), texts)


def load_tests(workspace: Path, rulebook: Rulebook) -> tuple[RuleTest, ...]:
    """The tests in `rules/tests/`; raises `RulebookError` with `findings` and `sources` where any can't be used."""
    found = read_tests(workspace, rulebook, compile_rules(rulebook))
    if found.findings:
        message = "the tests of the rules can't be used; the findings say where and why"
        raise RulebookError(message, findings=list(found.findings), sources=found.texts)
    return found.tests


def run_tests(tests: Iterable[RuleTest], rulebook: Rulebook) -> Iterator[Verdict]:
    """Run tests one by one, each with the house rules and the files of rules that it names."""
    programs: dict[frozenset[str], Program] = {}
    for test in tests:
        files = frozenset(file for file in rulebook.files if file.startswith(_FOR_ALL) or test.takes(file))
        if files not in programs:
            programs[files] = _program(rulebook, files)
        yield verdict(test, programs[files])


def _program(rulebook: Rulebook, files: frozenset[str]) -> Program:
    if files == rulebook.files.keys():
        return compile_rules(rulebook)
    return compile_rules(rulebook_from_texts({name: rulebook.files[name] for name in files})[0])
