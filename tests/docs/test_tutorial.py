from pathlib import Path

import pytest
from pages import follow

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")


def test_who_follows_the_tutorial_sees_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    follow(PAGE, monkeypatch, failing=("rightreason check", "rightreason test rules/tests/small_kindnesses.yaml"))
