"""`rightreason serve`, as a process that can be told to end, killed, and started again at the same port.

Each is forked from a server that has the program loaded already, since to load it takes longer than what is tried; it
is a process of its own in all else, with its log in a file.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx2
from faults.daemons import LOADED, told_to
from faults.waiting import until

KEY = "the key of the shop"
PATIENCE = 60
"""So many seconds a server may take to start, or to end."""
SETTINGS = 'secret = "a secret of the tests"\n[serve]\nport = {port}\nper_second = {per_second}\n'


@dataclass
class Server:
    """A server that can be started more than once; `folder` is its workspace, `log` where it writes."""

    folder: Path
    port: int
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(auth=(KEY, ""), timeout=PATIENCE))
    _process: ForkServerProcess | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it writes, from its first start on."""
        return self.folder / "serve.log"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self._process is None, "it runs"
        self._process = _context.Process(target=work, args=(self.folder, self.log))
        self._process.start()
        until(lambda: not self.is_alive or self.answers(), "the server to answer", PATIENCE)
        assert self.is_alive, self.said()

    def stop(self) -> int:
        """Tell it to end (SIGTERM), and wait until it has; returns its exit code."""
        return self.end(signal.SIGTERM)

    def kill(self) -> int:
        """Kill it (SIGKILL)."""
        return self.end(signal.SIGKILL)

    def end(self, number: signal.Signals) -> int:
        """End it by a signal; returns its exit code, -N where signal N ended it."""
        os.kill(self.pid, number)
        assert self._process is not None
        self._process.join(PATIENCE)
        code = self._process.exitcode
        assert code is not None, f"it does not end: {self.said()}"
        self._process = None
        return code

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.is_alive()

    def said(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def stored(self) -> Counter[str]:
        """How often each event is stored, by its id."""
        with closing(sqlite3.connect(self.folder / "rightreason.db", timeout=PATIENCE)) as database:
            return Counter(id_ for (id_,) in database.execute("SELECT id FROM event"))

    def post(self, path: str, body: Any) -> httpx2.Response:
        """What it answers to a request with a body of JSON and the key."""
        return self.client.post(f"{self.url}{path}", json=body)

    def get(self, path: str) -> httpx2.Response:
        """What it answers to a GET."""
        return self.client.get(f"{self.url}{path}")

    def answers(self) -> bool:
        """Whether it listens, and its database can be used."""
        try:
            return self.get("/health").status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def served(folder: Path, *, per_second: int = 1_000_000) -> Iterator[Server]:
    """A server on the workspace in a folder, at a free port; none is left behind."""
    server = Server(folder, settings_in(folder, per_second=per_second))
    server.start()
    try:
        yield server
    finally:
        if server.is_alive:
            server.kill()
        server.client.close()


def settings_in(folder: Path, *, per_second: int = 1_000_000) -> int:
    """Write the settings of a workspace; gives the port, a free one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    (folder / "rightreason.toml").write_text(SETTINGS.format(port=port, per_second=per_second))
    return port


def track(number: int, customer: str = "ana") -> dict[str, Any]:
    """An event as sources send it, with an id of its own."""
    properties = {"order_id": f"o{number}", "product": "Kettle", "total": 39.5}
    return {
        "type": "track",
        "messageId": f"e{number}",
        "userId": customer,
        "event": "order_placed",
        "timestamp": "2026-11-02T12:00:00.000Z",
        "properties": properties,
    }


def batches(numbers: Iterable[int], size: int) -> list[dict[str, Any]]:
    """Bodies of requests with so many events each."""
    rest = iter(numbers)
    found = []
    while some := [track(number) for number in islice(rest, size)]:
        found.append({"batch": some})
    return found


def work(folder: Path, log: Path) -> None:
    """Be the server of a workspace; runs in a process of its own."""
    os.environ["RIGHTREASON_SERVE__WRITE_KEY"] = KEY
    told_to("serve", folder, log)()


_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([*LOADED, "scheduler.cli.serve", "scheduler.web.app", "uvicorn", "httptools"])
