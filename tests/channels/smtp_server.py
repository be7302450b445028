"""A real mail server on the loopback, as fixtures: `pytest_plugins = ["smtp_server"]`.

PYTEST_DONT_REWRITE, since it asserts nothing.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from mailbox import AnyPort
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from scheduler.channels.email import EmailChannel
from scheduler.messages.message import Email
from scheduler.settings.email import Email as EmailSettings

HERE = Path(__file__).parent
CERTIFICATE = HERE / "localhost.pem"
NOW = 1_772_355_600_000_000  # 2026-03-01 09:00 UTC
KEY = "delivery_check_in/c%2F1/e1"


class Sink:
    """A mailbox that keeps what arrives; `replies` holds what it says instead of 250, by command."""

    pipelining = False
    """Whether it says that it takes several commands in one go (RFC 2920)."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.replies: dict[str, list[str]] = {}
        self.on_data: Callable[[Any], Any] | None = None
        self.connections = 0
        self.refuses_more_than: int | None = None

    def _reply(self, command: str) -> str:
        waiting = self.replies.get(command)
        return waiting.pop(0) if waiting else ""

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        if self.refuses_more_than is not None and self.connections >= self.refuses_more_than:
            return ["421 4.7.0 too many connections"]
        session.host_name = hostname
        self.connections += 1
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.pipelining else responses

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - as above
        reply = self._reply("MAIL") or "250 OK"
        if reply.startswith("250"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - as above
        if reply := self._reply("RCPT"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        if self.on_data is not None:
            await self.on_data(server)
        if reply := self._reply("DATA"):
            return reply
        self.mails.append(envelope)
        return f"250 2.0.0 queued as {len(self.mails)}"


class Server:
    def __init__(self, sink: Sink, controller: Controller) -> None:
        self.sink = sink
        self.controller = controller

    @property
    def port(self) -> int:
        return self.controller.port

    def stop(self) -> None:
        if not self.controller.loop.is_closed():
            self.controller.stop()


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[Server] = []

    def start(sink: Sink | None = None, *, tls: str = "", password: str | None = None) -> Server:
        sink = sink or Sink()
        options: dict[str, Any] = {"enable_SMTPUTF8": False}
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE, HERE / "localhost.key")
            options |= {"ssl_context": context} if tls == "tls" else {"tls_context": context, "require_starttls": True}
        if password is not None:

            def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
                return AuthResult(success=given.password.decode() == password, handled=False)

            options |= {"authenticator": check, "auth_required": True}
        controller = AnyPort(sink, hostname="127.0.0.1", port=0, **options)
        controller.start()
        started.append(Server(sink, controller))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., EmailChannel]]:
    opened: list[EmailChannel] = []

    def to(server: Server, password: str | None = None, **settings: Any) -> EmailChannel:
        written = {"host": "127.0.0.1", "port": server.port, "security": "none", "timeout": 20, **settings}
        channel = EmailChannel(EmailSettings.model_validate(written), password)
        opened.append(channel)
        return channel

    yield to
    for channel in opened:
        channel.close()


def mail(**changes: Any) -> Email:
    values: dict[str, Any] = {
        "to": "ana@example.com",
        "subject": "Is your kettle what you hoped for?",
        "html": "<p>Hello</p>\n",
        "text": "Hello\n",
        "from_": "Our shop <shop@example.com>",
    }
    return Email(**{**values, **changes})
