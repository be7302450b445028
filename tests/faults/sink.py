"""The mail server of `smtp.py` as a process, told what to do and read from by its log."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .waiting import until

PROGRAM = Path(__file__).with_name("smtp.py")


@dataclass(frozen=True)
class Line:
    """What the server noted: of which message, to whom, when (UTC microseconds), and at which step."""

    step: str
    at: int
    to: str = ""
    id: str = ""
    subject: str = ""


class Sink:
    """A mail server that runs; its log stays where it was once it has ended."""

    def __init__(self, log: Path, process: subprocess.Popen[str]) -> None:
        self.log, self.process = log, process
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    def script(self, *entries: dict[str, Any]) -> None:
        """From now on go by this script; none: answer everything well."""
        self._order(script=entries)

    def aim_at(self, pid: int) -> None:
        """Say which process `kill` means."""
        self._order(pid=pid)

    def go_on(self) -> None:
        """Let those go on that pause."""
        self._order(go=True)

    def lines(self) -> list[Line]:
        """All that was noted."""
        if not self.log.exists():
            return []
        written = self.log.read_bytes().split(b"\n")[:-1]  # behind the last line end nothing is whole yet
        return [Line(**json.loads(line)) for line in written]

    def accepted(self) -> list[Line]:
        """The messages that it took."""
        return [line for line in self.lines() if line.step == "accepted"]

    def wait_for(self, step: str, count: int = 1, seconds: float = 60) -> None:
        """Wait until so many lines of a step are there."""
        until(
            lambda: sum(line.step == step for line in self.lines()) >= count,
            f"{step!r} in the sink, {count} times",
            seconds,
        )

    def _order(self, **given: Any) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()


@contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """A mail server on a free port of the loopback, whose log is in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "sink.jsonl"
    command = [sys.executable, str(PROGRAM), str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            yield Sink(log, process)
        finally:
            process.kill()
