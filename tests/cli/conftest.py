from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typing_commands import MORNING, Run, run_in


@pytest.fixture(scope="session")
def empty_to_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter workspace, checked, so that its cache is warm; to be copied."""
    folder = tmp_path_factory.mktemp("cli") / "empty"
    assert run_in(folder, "init").exit_code == 0
    assert run_in(folder, "check").exit_code == 0
    return folder


@pytest.fixture(scope="session")
def shop_to_copy(empty_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the sample shop's facts, to be copied."""
    folder = shutil.copytree(empty_to_copy, tmp_path_factory.mktemp("cli") / "shop")
    shutil.rmtree(folder / "rules" / "tests")  # here rules are renamed and removed; the starter's tests run elsewhere
    sample = folder / "sample"
    for what, file in (("customers", "customers.csv"), ("events", "events.jsonl"), ("consent", "consent.csv")):
        assert run_in(folder, "import", what, str(sample / file), "--now", MORNING).exit_code == 0
    assert run_in(folder, "activate", "--now", MORNING).exit_code == 2  # nobody says yes: only its cache is warm now
    return folder


@pytest.fixture(scope="session")
def active_to_copy(shop_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its rules active since that morning, and a first tick made."""
    folder = shutil.copytree(shop_to_copy, tmp_path_factory.mktemp("cli") / "active")
    assert run_in(folder, "activate", "--yes", "--now", MORNING).exit_code == 0
    assert run_in(folder, "tick", "--now", "2026-11-02T10:00+01:00").stderr == ""
    return folder


@pytest.fixture(scope="session")
def with_task_to_copy(active_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The day on which Maja is to call Ingrid, to be copied."""
    folder = shutil.copytree(active_to_copy, tmp_path_factory.mktemp("task") / "shop")
    assert run_in(folder, "tick", "--now", "2026-11-03T10:00+01:00").stderr == ""
    return folder


@pytest.fixture
def with_task(with_task_to_copy: Path, tmp_path: Path) -> Path:
    """The day on which Maja is to call Ingrid."""
    return shutil.copytree(with_task_to_copy, tmp_path / "shop")


@pytest.fixture
def shop(shop_to_copy: Path, tmp_path: Path) -> Path:
    """A workspace with the sample shop, before any rules are active."""
    return shutil.copytree(shop_to_copy, tmp_path / "shop")


@pytest.fixture
def active(active_to_copy: Path, tmp_path: Path) -> Path:
    """A workspace with the sample shop on its first morning at work."""
    return shutil.copytree(active_to_copy, tmp_path / "active")


@pytest.fixture
def empty(empty_to_copy: Path, tmp_path: Path) -> Path:
    """A workspace with rules and no facts."""
    return shutil.copytree(empty_to_copy, tmp_path / "empty")


@pytest.fixture
def run() -> Run:
    """Type a command in a workspace: `run(folder, "preview", "--days", "7")`."""
    return run_in
