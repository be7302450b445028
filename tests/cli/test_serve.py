"""`rightreason serve` as a process: where it listens, what it tells systemd, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from typing_commands import Run

PROGRAM = str(Path(sys.executable).with_name("rightreason"))
KEY = "the-key-of-the-shop"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rightreason.toml").write_text('secret = "a secret of the tests"\n')
    return tmp_path


@contextmanager
def free_port() -> Iterator[int]:
    """A port of which nobody else makes use until it is listened at."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_it_tells_systemd_that_it_is_ready_and_ends_well_when_told_to(folder: Path, processes: int) -> None:
    with (
        tempfile.TemporaryDirectory() as short,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told,
        free_port() as port,
    ):
        told.bind(f"{short}/notify")
        told.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": f"{short}/notify", "RIGHTREASON_SERVE__WRITE_KEY": KEY}
        words = [PROGRAM, "serve", "--port", str(port), "--processes", str(processes)]
        with subprocess.Popen(words, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own program
            try:
                assert told.recv(100) == b"READY=1"
                message = {"userId": "ana.canary", "event": "Order Placed", "messageId": "m1"}
                answer = httpx2.post(f"http://127.0.0.1:{port}/v1/track", json=message, auth=(KEY, ""), timeout=60)
                assert (answer.status_code, answer.json()["added"]) == (200, 1)
            finally:
                server.send_signal(signal.SIGTERM)
                _, written = server.communicate(timeout=60)
        assert server.returncode == 0, written
        assert told.recv(100) == b"STOPPING=1"
    lines = [json.loads(line) for line in written.splitlines()]
    said = [line["event"] for line in lines]
    assert {"serving", "request", "stopped"} <= set(said)
    assert "links in messages lead elsewhere: see brand.base_url" in said  # which is port 8000 unless it is set
    assert "ana.canary" not in written
    assert KEY not in written


def test_a_port_that_is_taken_is_said_before_anything_is_served(folder: Path, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        found = run(folder, "serve", "--port", port)
    assert (found.exit_code, found.stderr) == (
        2,
        f"rightreason: serve.port: 127.0.0.1:{port} can't be listened at (Address already in use); set another\n",
    )


def test_where_the_extra_is_missing_it_is_named(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "scheduler.web.serving", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    found = run(folder, "serve")
    assert (found.exit_code, found.stderr) == (2, "rightreason: the web is an extra: install rightreason[serve]\n")
