"""The program as a process of its own: exit codes, pipes, signals."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typing_commands import MORNING

PROGRAM = str(Path(sys.executable).with_name("rightreason"))


def rightreason(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Type a command in a folder."""
    return subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own program


def test_the_current_folder_is_the_workspace(empty: Path) -> None:
    found = rightreason(empty, "check")
    assert (found.returncode, found.stderr) == (0, "")


def test_bad_input_ends_with_2_and_leaves_stdout_empty(empty: Path) -> None:
    found = rightreason(empty, "preview", "--now", "soon")
    assert (found.returncode, found.stdout) == (2, "")


def test_a_reader_that_has_seen_enough_is_no_error_worth_a_word(shop: Path) -> None:
    command = [PROGRAM, "preview", "--now", MORNING, "--days", "300", "--format", "json"]
    with subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""


def test_help_loads_neither_the_database_nor_rich() -> None:
    code = "import sys, scheduler.cli; print(sorted({'sqlalchemy', 'rich', 'pydantic', 'polars', 'jinja2'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert found.stdout == "[]\n"


def test_what_is_left_at_the_end_is_not_looked_through() -> None:
    code = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 10_000))
from scheduler.cli import main
main()
"""
    found = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert found.stdout.splitlines()[-1] == "True"


@pytest.mark.parametrize(
    "before",
    ["sys.meta_path.insert(0, Impatient())", "import scheduler.cli; sys.stdout = Impatient()"],
)
def test_ctrl_c_before_a_command_has_begun_ends_it_without_a_trace(before: str) -> None:
    code = f"""
import sys
class Impatient:
    def find_spec(self, name, *_):
        if name == "scheduler.cli.backtest":
            raise KeyboardInterrupt
    def reconfigure(self, **_):
        raise KeyboardInterrupt
    def flush(self):
        pass
{before}
from scheduler.cli import main
main()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (found.returncode, found.stderr) == (130, "")


def test_there_are_no_colours_in_a_pipe(shop: Path) -> None:
    assert "\x1b" not in rightreason(shop, "why", "dora", "--now", MORNING).stdout


def test_the_daemon_runs_until_it_is_told_to_stop_and_a_second_one_names_it(active: Path) -> None:
    environment = {**os.environ, "NOTIFY_SOCKET": ""}
    with subprocess.Popen([PROGRAM, "run"], cwd=active, stderr=subprocess.PIPE, text=True, env=environment) as first:  # noqa: S603 - our own program
        assert first.stderr is not None
        while "tick" not in first.stderr.readline():
            assert first.poll() is None
        second = rightreason(active, "run")
        first.send_signal(signal.SIGTERM)
        first.stderr.read()
    assert second.returncode == 3
    assert f"/{first.pid}" in second.stderr
    assert first.returncode == 0


def test_a_closed_standard_input_is_an_empty_one(empty: Path) -> None:
    command = f"{shlex.quote(PROGRAM)} import customers - <&-"
    found = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False, shell=True)  # noqa: S602 - only a shell can close it
    assert (found.returncode, found.stderr) == (
        2,
        "rightreason: standard input is empty; its first line should name the columns\n",
    )


def test_a_closed_standard_output_is_no_fault(empty: Path) -> None:
    command = f"{shlex.quote(PROGRAM)} check >&-"
    found = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False, shell=True)  # noqa: S602 - as above
    assert (found.returncode, found.stderr) == (0, "")
