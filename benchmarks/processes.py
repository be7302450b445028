"""Runs whole processes, and says how long they take and how much memory at most.

A process counts the peak of the one that started it as its own, so nothing large is imported on this side.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PYTHON = sys.executable
PROGRAM = str(Path(PYTHON).with_name("rightreason"))
ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Without what would have every process compile our modules anew."""


class Failed(Exception):
    """A command ended with an error; the text is the last line that it wrote of it."""


@dataclass(frozen=True)
class Ended:
    """A process that ended well: its seconds, the bytes of memory that it had at most, and what it printed."""

    seconds: float
    peak: int
    printed: str


@dataclass(frozen=True)
class Median:
    """The median of the seconds of so many runs, and the largest peak of their memory in bytes."""

    seconds: float
    peak: int
    runs: int


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - the report


def ended(*command: str, folder: Path = ROOT) -> Ended:
    """Run a command to its end; raises `Failed`."""
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, cwd=folder, env=ENVIRONMENT, stdout=printed, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (printed, errors):
            file.seek(0)
        if process.returncode:
            told = errors.read().strip().splitlines() or [f"ended with {process.returncode}"]
            raise Failed(told[-1])
        return Ended(seconds, usage.ru_maxrss * 1024, printed.read(10_000))


@contextmanager
def printing(*command: str, folder: Path = ROOT) -> Iterator[str]:
    """Have a command run as long as it is needed; gives the first line that it prints."""
    with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own commands
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def cpu(process: int) -> float:
    """The seconds that a process and those that it started have had of all cores, in themselves and in the system."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    started = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(cpu(int(one)) for one in started)


def printed_seconds(run: Ended) -> float:
    """Take the seconds that the process itself has measured and printed."""
    return float(run.printed)


def median(*command: str, folder: Path = ROOT, seconds_of: Callable[[Ended], float] | None = None) -> Median:
    """Run a command once to warm up and then five times; three times over 10 s, no more over 60. Raises `Failed`."""
    runs = [ended(*command, folder=folder)]
    if runs[0].seconds <= 60:
        count = 5 if runs[0].seconds < 10 else 3
        runs = [ended(*command, folder=folder) for _ in range(count)]
    seconds = statistics.median(seconds_of(run) if seconds_of else run.seconds for run in runs)
    return Median(seconds, max(run.peak for run in runs), len(runs))
