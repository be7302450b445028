"""The server as who operates it meets it: told to end under load, killed, on a full disk, on a database that is busy."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import psutil  # type: ignore[import-untyped] # ships no types
import pytest
from faults.waiting import until
from serving import KEY, PATIENCE, Server, batches, served, settings_in, track

PROGRAM = str(Path(sys.executable).with_name("rightreason"))
CONNECTIONS = 8
EACH = 100_000
"""More events than any connection gets to send."""


@pytest.fixture
def shop(tmp_path: Path, sqlite_file: Path) -> Path:
    shutil.copy(sqlite_file, tmp_path / "rightreason.db")
    return tmp_path


@pytest.fixture
def server(shop: Path) -> Iterator[Server]:
    with served(shop) as server:
        yield server


def confirmed(server: Server, first: int) -> set[str]:
    """Send one event after the other until the server is gone; the ids that it said it has taken."""
    taken: set[str] = set()
    for number in range(first, first + EACH):
        try:
            answer = server.post("/v1/track", track(number))
        except httpx2.TransportError:
            break
        if answer.status_code != 200:
            break
        taken.add(f"e{number}")
    return taken


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_answered_is_stored_when_it_ends_under_load(server: Server, number: signal.Signals) -> None:
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        sending = [pool.submit(confirmed, server, one * EACH) for one in range(CONNECTIONS)]
        until(lambda: server.stored().total() >= 100, "events to come in", PATIENCE)
        assert server.end(number) == (0 if number is signal.SIGTERM else -number)
        taken = {id_ for one in sending for id_ in one.result(PATIENCE)}
    stored = server.stored()
    assert len(taken) >= 100 - CONNECTIONS
    assert taken - set(stored) == set()
    assert set(stored.values()) == {1}
    if number is signal.SIGTERM:  # what came in time is answered as well
        assert set(stored) - taken == set()


@contextmanager
def disk_full(server: Server) -> Iterator[None]:
    _, most = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, most))
    yield
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most, most))


def test_on_a_full_disk_it_says_when_to_come_again_and_takes_it_then(server: Server) -> None:
    first, second = batches(range(200), 100)
    assert server.post("/v1/batch", first).status_code == 200
    with disk_full(server):
        refused = server.post("/v1/batch", second)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert server.post("/v1/batch", second).json()["added"] == 100
    assert server.stored().total() == 200


def test_while_another_writes_for_long_it_waits_and_nothing_is_lost(server: Server) -> None:
    bodies = batches(range(CONNECTIONS * 10), 10)
    with ThreadPoolExecutor(CONNECTIONS) as pool, closing(sqlite3.connect(server.folder / "rightreason.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        sending = [pool.submit(server.post, "/v1/batch", body) for body in bodies]
        assert server.get("/openapi.json").status_code == 200
        other.rollback()
        assert {one.result(PATIENCE).status_code for one in sending} == {200}
    assert server.stored().total() == CONNECTIONS * 10


@pytest.mark.slow
def test_of_two_processes_one_may_die_and_both_end_together(shop: Path) -> None:
    port = settings_in(shop)
    environment = {**os.environ, "RIGHTREASON_SERVE__WRITE_KEY": KEY}
    command = [PROGRAM, "--workspace", str(shop), "serve", "--processes", "2"]
    with (shop / "serve.log").open("w") as log, subprocess.Popen(command, env=environment, stderr=log) as process:  # noqa: S603 - our own program
        server = Server(shop, port)
        try:
            until(server.answers, "the server to answer", PATIENCE)
            workers = [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]
            assert len(workers) == 2
            workers[0].kill()
            bodies = batches(range(1_000), 10)
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                assert set(pool.map(lambda body: insisted(server, body), bodies)) == {10}
        finally:
            process.terminate()
            server.client.close()
        assert process.wait(PATIENCE) == 0
        assert not any(worker.is_running() for worker in workers)
    assert server.stored().total() == 1_000


def insisted(server: Server, body: object) -> int:
    """Send it until it is taken; how many of its events are known then."""
    for _ in range(100):
        try:
            answer = server.post("/v1/batch", body)
        except httpx2.TransportError:
            continue
        if answer.status_code == 200:
            return int(answer.json()["added"] + answer.json()["unchanged"])
    raise AssertionError("it was never taken")


def test_its_log_holds_no_key_no_token_and_nobody(server: Server) -> None:
    canary = "kanarienvogel"
    server.get(f"/{canary}?email={canary}@example.com")
    server.get(f"/preferences/{canary}")
    server.client.post(f"{server.url}/v1/track", auth=(canary, canary), content=canary)
    server.post("/v1/identify", {"userId": "ana", "traits": {"email": f"{canary}@example.com"}})
    server.post("/v1/track", track(1) | {"timestamp": canary})
    assert server.stop() == 0
    said = server.said()
    assert said.count('"event": "request"') >= 5
    assert '"route": "/preferences/{token:path}"' in said
    assert canary not in said
    assert KEY not in said
