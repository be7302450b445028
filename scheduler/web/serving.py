"""The web application as processes that listen at an address: one, or several side by side on the same database."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from scheduler.daemon import utc_now
from scheduler.errors import SettingsError
from scheduler.logs import log_as_json
from scheduler.systemd import Watchdog, notify
from scheduler.web.app import create_app
from scheduler.web.base_url import misses
from scheduler.web.site import Site
from scheduler.workspace import open_workspace

WORKSPACE = "RIGHTREASON_WORKSPACE"
"""Names the workspace to the processes that are started."""
MOST_AT_ONCE = 1_000
"""As many requests are answered at a time by each process; more are told to come again (503)."""
IDLE_SECONDS = 75
"""An idle connection is kept so long: longer than proxies do, so that it is they who close it."""
LAST_SECONDS = 30
"""Requests have so long to end once the server was told to."""
KEYS = ("write_key", "webhook_key", "shopify_key", "stripe_key")
"""Each opens a way in for facts."""


def serve(folder: Path, options: Mapping[str, Any]) -> None:
    """Serve the workspace in a folder until SIGTERM or Ctrl-C, and end the requests that came before.

    `options` come before its `[serve]`. Raises `SettingsError` where the address can't be listened at, or the
    workspace can't be served; `StoreError`.
    """
    with open_workspace(folder, serve=dict(options)) as workspace:  # makes and migrates the database
        settings = workspace.settings.serve
        create_app(Site(workspace, utc_now))  # what is wrong is told here, and not by each process
    alone = settings.processes == 1
    with _listening(settings.host, settings.port) as listener, log_as_json():
        config = uvicorn.Config(
            # A worker loads the program by its name: it has answered its supervisor before, however long that takes.
            partial(_application, folder) if alone else f"{__name__}:{worker.__name__}",
            factory=True,
            workers=settings.processes,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=MOST_AT_ONCE,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=LAST_SECONDS,
            timeout_notify=0,
            callback_notify=_Alive() if alone else None,
        )
        host, port = listener.getsockname()[:2]
        log = structlog.get_logger()
        log.info("serving", host=host, port=port, processes=settings.processes)
        if misses(base_url := workspace.settings.brand.base_url, host, port):
            log.info("links in messages lead elsewhere: see brand.base_url", base_url=base_url)
        if closed := [name for name in KEYS if not (workspace.settings.secret_of("serve", name) or "").strip()]:
            log.info("no facts come in by these keys, which are not set", keys=closed)
        if alone:
            _run_alone(uvicorn.Server(config), listener)
        else:
            os.environ[WORKSPACE] = str(folder)
            _Processes(config, [listener]).run()
        notify("STOPPING=1")
        structlog.get_logger().info("stopped")


def worker() -> FastAPI:
    """The application of one process among several, on the workspace that the environment names."""
    return _application(Path(os.environ[WORKSPACE]), log_as_json())


def _application(folder: Path, logging: AbstractContextManager[None] | None = None) -> FastAPI:
    """An application with its own connections to the database; it lives inside of `logging`."""
    workspace = open_workspace(folder)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        with workspace, logging or nullcontext():
            yield

    return create_app(Site(workspace, utc_now), life)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else "there is no such host"
        raise SettingsError(f"serve.port: {host}:{port} can't be listened at ({why}); set another") from None


def _run_alone(server: uvicorn.Server, listener: socket.socket) -> None:
    # It raises the signals that it ended by once more: these are no fault, and nobody else's.
    before = {number: signal.signal(number, _ignored) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run([listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignored(*_: object) -> None:
    """Do nothing at a signal."""


class _Alive:
    """Tells systemd that the server listens, and then that it lives; called each second."""

    def __init__(self) -> None:
        self._watchdog: Watchdog | None = None

    async def __call__(self) -> None:
        """Tell it."""
        self.tell()

    def tell(self) -> None:
        """Tell it."""
        if self._watchdog is None:
            notify("READY=1")
            self._watchdog = Watchdog(_steady)
        self._watchdog.feed()


def _steady() -> int:
    return time.monotonic_ns() // 1000


class _Processes(Multiprocess):
    """Several processes at one address; one that ends before its time is started again."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._alive = _Alive()

    def keep_subprocess_alive(self) -> None:
        """Start those again that ended, and tell systemd once all of them listen."""
        super().keep_subprocess_alive()
        if not self.should_exit.is_set() and all(process.is_ready() for process in self.processes):
            self._alive.tell()
