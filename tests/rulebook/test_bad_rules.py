"""One file a mistake, beyond the one that `tests/rules` has of each code; in `.expected`, all that is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rulebook_shop import FILES

from scheduler.rulebook.findings import render
from scheduler.rulebook.reader import rulebook_from_texts

MISTAKES = sorted((Path(__file__).parent / "bad").glob("*.yaml"))


def where_it_belongs(mistake: Path) -> str:
    match mistake.stem.partition("-")[0]:
        case "house":
            return "rules/house_rules.yaml"
        case "people":
            return "rules/people.yaml"
    return "rules/campaign.yaml"


def said(mistake: Path) -> str:
    files = FILES | {where_it_belongs(mistake): mistake.read_bytes().decode()}
    if mistake.stem.startswith("house"):
        files = {file: text for file, text in files.items() if not file.startswith("templates/shopping")}
    _, findings = rulebook_from_texts(files)
    return render(findings, files, colour=False)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda path: path.stem)
def test_a_mistake_is_told_in_these_words(mistake: Path) -> None:
    assert said(mistake) == mistake.with_suffix(".expected").read_text(encoding="utf-8")
