from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.cli.annotations import annotation
from scheduler.rulebook.findings import error
from scheduler.rulebook.model import Place

FINDING = error("thin-reason", Place("rules/letters.yaml", 4, 5), "a reason has at least 4 words")


def test_a_file_of_a_workspace_in_a_subfolder_is_told_from_the_repositorys_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert annotation(FINDING, tmp_path / "marketing" / "shop").startswith(
        "::error file=marketing/shop/rules/letters.yaml,line=4,"
    )


def test_elsewhere_it_is_told_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert annotation(FINDING, Path("shop")).startswith("::error file=shop/rules/letters.yaml,line=4,")
    assert annotation(FINDING, Path()).startswith("::error file=rules/letters.yaml,line=4,")


def test_a_workspace_outside_of_the_repository_is_told_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "repository"))
    assert annotation(FINDING, tmp_path / "shop").startswith("::error file=rules/letters.yaml,line=4,")
