"""Each code has a mistake that is refused with it, and the mended form that passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks_page import PAGE, page
from rules_examples import EXAMPLES, checked, files_of

from scheduler.rulebook.findings import CODES
from scheduler.rulebook.nodes import plain
from scheduler.rulebook.yaml_text import parse


@pytest.mark.parametrize("code", CODES)
def test_the_mistake_is_refused_with_this_code_alone_and_in_these_words(code: str, tmp_path: Path) -> None:
    found, printed = checked(EXAMPLES / "bad" / f"{code}.yaml", tmp_path)
    assert [one.code for one in found] == [code]
    assert printed == (EXAMPLES / "bad" / f"{code}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CODES)
def test_the_mended_form_passes(code: str, tmp_path: Path) -> None:
    assert checked(EXAMPLES / "good" / f"{code}.yaml", tmp_path)[1] == "0 errors, 0 warnings\n"


@pytest.mark.parametrize("kind", ["bad", "good"])
def test_every_code_has_an_example_and_nothing_else_has(kind: str) -> None:
    assert {path.stem for path in (EXAMPLES / kind).iterdir()} == set(CODES)


def test_every_code_has_its_reason_and_nothing_else_has() -> None:
    node, findings = parse("why.yaml", (EXAMPLES / "why.yaml").read_text(encoding="utf-8"))
    assert node is not None
    assert findings == []
    assert set(plain(node)) == set(CODES)


def test_the_examples_differ() -> None:
    same = [
        code
        for code in CODES
        if files_of(EXAMPLES / "bad" / f"{code}.yaml") == files_of(EXAMPLES / "good" / f"{code}.yaml")
    ]
    assert same == []


def test_the_page_of_all_codes_is_the_one_of_the_examples() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "PYTHONPATH=tests python -m checks_page"
