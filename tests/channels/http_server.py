"""A real web server on the loopback that answers as it is told: `pytest_plugins = ["http_server"]`.

PYTEST_DONT_REWRITE, since it asserts nothing.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Asked:
    """A request that arrived; `headers` by their names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: value for name, [value] in parse_qs(self.body.decode(), strict_parsing=True).items()}


@dataclass(frozen=True)
class Answer:
    """What to answer. `drops`: close the connection `before` the request is read, or `after`, and say nothing; or
    break it off (`aborts`), as a machine does that is switched off.

    `stalls`: say nothing for as long as the server lives. `claims`: the length of the body that the headers tell of.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drops: str = ""
    stalls: bool = False
    claims: int | None = None


class WebServer(ThreadingHTTPServer):
    """Keeps what was asked; gives its `answers` in order, and then 200."""

    daemon_threads = False

    def __init__(self, *answers: Answer, tls: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(HERE / "localhost.pem", HERE / "localhost.key")
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.answers = [*answers]
        self.asked: list[Asked] = []
        self.connections: list[socket.socket] = []
        self.cut_short = threading.Event()  # somebody did not read an answer to its end
        self.ending = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        if self.ending.is_set():
            return
        self.ending.set()
        self.shutdown()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebServer

    def setup(self) -> None:
        self.server.connections.append(self.request)
        super().setup()

    def handle(self) -> None:
        if self.server.answers and self.server.answers[0].drops == "before":
            self.server.answers.pop(0)
            return
        super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        answer = self.server.answers.pop(0) if self.server.answers else Answer()
        if answer.stalls:
            self.server.ending.wait()
        if answer.stalls or answer.drops:
            self.close_connection = True
            if answer.drops == "aborts":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) if answer.claims is None else answer.claims))
        self.end_headers()
        try:
            self.wfile.write(answer.body)
        except OSError:
            self.server.cut_short.set()
        self.close_connection = answer.claims is not None

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Says nothing."""


Web = Callable[..., WebServer]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Starts web servers that give these answers; with `tls=True`, as `localhost`. No proxy stands before them."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    started: list[WebServer] = []

    def start(*answers: Answer, tls: bool = False) -> WebServer:
        started.append(WebServer(*answers, tls=tls))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def answer_of(status: int, /, **values: Any) -> Answer:
    """An answer whose body is a JSON object."""
    return Answer(status, json.dumps(values).encode(), {"Content-Type": "application/json"})
