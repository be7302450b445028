"""The daemon, `rightreason run`, as a process that can be killed.

Each is forked from a server that has the program loaded already, since to load it takes far longer than to run it; it
is a process of its own in all else, with its log in a file.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from .injuries import Injury, inflict, inflict_before_commit, shift_clock
from .waiting import TooLong, until

PATIENCE = 60
"""So many seconds a daemon may take to end."""
LOADED = (
    "scheduler.cli",
    "scheduler.cli.run",
    "scheduler.cli.rules",
    "scheduler.daemon",
    "scheduler.channels.email",
    "scheduler.store.migrations",
    "inscriptis",
    "psycopg",
    "ruamel.yaml",
    "sqlite3",
)
KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Injured:
    """What is wrong with a daemon from its start: injured functions, a commit that kills it, a file with its clock."""

    functions: Sequence[Injury] = ()
    before_commit: int = 0
    clock: Path | None = None


SOUND = Injured()


@dataclass
class Daemon:
    """A daemon that was started; `log` is where it writes."""

    process: ForkServerProcess
    log: Path
    told: socket.socket
    _ready: bool = False

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process.pid is not None
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.is_alive()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait until it ends by itself; returns its exit code, -N where signal N ended it. Raises `TooLong`."""
        self.process.join(seconds)
        code = self.process.exitcode
        if code is None:
            raise TooLong(f"waited {seconds:g} s for a daemon to end")
        return code

    def wait_until_ready(self) -> None:
        """Wait until it says that it is at work, as it says to systemd, or has ended. Raises `TooLong`."""
        until(lambda: self._is_ready() or not self.is_alive, "a daemon to be ready", PATIENCE)

    def stop(self) -> int:
        """Tell it to end (SIGTERM) once it is at work; returns its exit code."""
        self.wait_until_ready()
        if self.is_alive:
            os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def kill(self) -> int:
        """Kill it (SIGKILL), if it still is."""
        self.process.kill()
        return self.wait()

    def _is_ready(self) -> bool:
        if not self._ready:
            try:
                self._ready = b"READY=1" in self.told.recv(4096)
            except BlockingIOError:
                return False
        return self._ready

    def said(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    return context


@contextmanager
def daemon(folder: Path, injured: Injured = SOUND, log: Path | None = None) -> Iterator[Daemon]:
    """A daemon that works on the workspace in a folder, until it ends or the block does; none is left behind."""
    log = log or folder / "daemon.log"
    with tempfile.TemporaryDirectory(prefix="rr") as short, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        address = f"{short}/ready"  # a socket's path may have no more than 107 characters
        told.bind(address)
        told.setblocking(False)
        process = _context().Process(target=work, args=(folder, log, injured, address), daemon=True)
        process.start()
        try:
            yield Daemon(process, log, told)
        finally:
            if process.is_alive():
                process.kill()
            process.join(PATIENCE)


def work(folder: Path, log: Path, injured: Injured, ready: str) -> None:
    """Be the daemon of a workspace, and say to `ready` that it is at work; runs in a process of its own."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["NOTIFY_SOCKET"] = ready
    begin = told_to("run", folder, log)
    if injured.clock is not None:
        shift_clock(injured.clock)
    inflict(injured.functions)
    if injured.before_commit:
        inflict_before_commit(injured.before_commit)
    begin()


def told_to(command: str, folder: Path, log: Path) -> Callable[[], None]:
    """What begins a command in a workspace, in a process that is there for nothing else and writes into a file."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(handle, stream)
    from scheduler.cli import app, main

    # To build all commands would take longer than all else until it does anything.
    app.registered_commands = [
        one for one in app.registered_commands if getattr(one.callback, "__name__", "") == command
    ]
    app.registered_groups = []
    sys.argv = ["rightreason", "--workspace", str(folder), command]
    return main


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
