"""Templates that are wrong, as `check` tells of them: each example in `bad`, with all that is said in `.expected`."""

from __future__ import annotations

from pathlib import Path

import pytest
from rulebook_shop import FILES
from rules_examples import files_of
from typing_commands import run_in

MISTAKES = sorted((Path(__file__).parent / "bad").glob("*.txt"))


def said(mistake: Path, folder: Path) -> str:
    files = {name: text.encode() for name, text in FILES.items()} | files_of(mistake)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    result = run_in(folder, "check")
    assert result.exit_code == 1
    return result.stdout


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda path: path.stem)
def test_a_template_that_is_wrong_is_told_in_these_words(mistake: Path, tmp_path: Path) -> None:
    assert said(mistake, tmp_path) == mistake.with_suffix(".expected").read_text(encoding="utf-8")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda path: path.stem)
def test_what_is_told_has_its_place_and_a_way_out(mistake: Path) -> None:
    *findings, _ = mistake.with_suffix(".expected").read_text(encoding="utf-8").split("\n\n")
    for finding in findings:
        place_and_cause, *lines = finding.splitlines()
        assert place_and_cause.startswith(("templates/", "rules/"))
        assert any(line.startswith("      = ") for line in lines)
