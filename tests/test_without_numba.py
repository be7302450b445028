"""Without the extra `[fast]` everything works, and says the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sample_shop import lay_down
from typing_commands import run_here

BLOCKED = "import sys; sys.modules.update(dict.fromkeys(('numba', 'numpy', 'llvmlite'))); "
WORDS = ("backtest", "--from", "2026-05-01", "--to", "2026-11-01", "--facts", "sample", "--format", "json")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    lay_down(tmp_path)
    return tmp_path


def printed_without(workspace: Path) -> str:
    """What a backtest prints in a process that has none of it."""
    program = f"{BLOCKED}import sys; sys.argv[1:] = {list(WORDS)!r}; from scheduler.cli import main; main()"
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], cwd=workspace, capture_output=True, text=True, check=True
    )
    return ended.stdout


def test_a_backtest_tells_the_same_without_numba_and_numpy(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = printed_without(workspace)
    assert '"contacts"' in told
    monkeypatch.chdir(workspace)
    assert told == run_here(*WORDS).stdout
