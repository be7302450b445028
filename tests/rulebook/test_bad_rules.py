"""One file a mistake; beside it, in `.expected`, every word that `check` says about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rulebook_shop import FILES

from scheduler.rulebook.findings import CODES, render
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


def test_each_finding_has_a_code_that_is_documented() -> None:
    told = "".join(path.with_suffix(".expected").read_text(encoding="utf-8") for path in MISTAKES)
    elsewhere = {  # told of bytes, of templates and of what the store knows, which tests of their own show
        "bad-encoding",
        "unread-file",
        "unreadable",
        "bad-template-name",
        "bad-template",
        "unknown-template-name",
        "unseen-event",
        "unseen-attribute",
        "unseen-channel",
        "rare-attribute",
    }
    assert {code for code in CODES if f"[{code}]" in told} == set(CODES) - elsewhere
