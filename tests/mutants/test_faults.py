"""The list of faults keeps up with the engine: `make mutants` tries them all."""

from __future__ import annotations

import ast

import pytest

from .copies import ROOT
from .faults import FAULTS, Fault

NAMES = [fault.name for fault in FAULTS]


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_fault_can_be_put_in_and_read(fault: Fault) -> None:
    source = (ROOT / fault.file).read_text(encoding="utf-8")
    faulty = fault.put_into(source)
    assert faulty != source
    ast.parse(block(faulty, source.index(fault.text)))


def block(source: str, at: int) -> str:
    """What stands between two blank lines around a place: a function as a rule. A whole file takes long to parse."""
    start, end = source.rfind("\n\n\n", 0, at), source.find("\n\n\n", at)
    return source[start + 1 : end if end > 0 else None]


def test_the_tests_that_catch_faults_are_there() -> None:
    there = {
        f"{path.relative_to(ROOT).as_posix()}::{node.name}"
        for path in {ROOT / test.partition("::")[0] for fault in FAULTS for test in fault.tests}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    named = {test.partition("[")[0] for fault in FAULTS for test in fault.tests}
    assert sorted(named - there) == []


def test_no_two_faults_share_a_name() -> None:
    assert len(set(NAMES)) == len(NAMES)
