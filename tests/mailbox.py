"""A mail server that can do something when a message comes, and be waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """Keeps the recipient of each message that it accepted; `on_rcpt` and `on_data` happen before it answers."""

    def __init__(self) -> None:
        self.recipients: list[str] = []
        self.on_rcpt: Callable[[int], None] = lambda _: None
        self.on_data: Callable[[int], None] = lambda _: None
        self.port = 0
        self._named = 0
        self._arrived = threading.Condition()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self._named += 1
        self.on_rcpt(self._named)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        with self._arrived:
            self.recipients += envelope.rcpt_tos
            self._arrived.notify_all()
        self.on_data(len(self.recipients))
        return "250 OK"

    def wait_for(self, count: int) -> None:
        """Wait until so many messages have come, for a minute at the most."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.recipients) >= count, 60), len(self.recipients)

    def wait_for_those_to(self, recipients: set[str]) -> None:
        """Wait until each of them has got one, for a minute at the most."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: recipients <= set(self.recipients), 60), len(self.recipients)


class AnyPort(Controller):
    """Listens on whatever port is free."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call] # aiosmtpd is typed in part


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server on a free port of the loopback."""
    box = Mailbox()
    with listening(box) as box.port:
        yield box


@contextmanager
def listening(handler: Any) -> Iterator[int]:
    """A mail server on a free port of the loopback, which is told; what comes is for aiosmtpd's handler."""
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
