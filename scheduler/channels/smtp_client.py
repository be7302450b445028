"""Python's SMTP client, made to bound how long a reply may take, and to notice a server that is out of step."""

from __future__ import annotations

import io
import select
import smtplib
import socket
import ssl
import time
from typing import Any


class _InTime:
    """Of an SMTP client: a reply has to be there whole when the timeout is over, however slowly the server says it.

    The socket's own timeout does for what comes first, and is changed for what comes after it alone: each change, as
    each look at the socket, lets other threads run in between.
    """

    sock: socket.socket | None
    file: Any
    timeout: float
    heard: _Heard

    def getreply(self) -> tuple[int, bytes]:
        """The reply's code and text; see `smtplib.SMTP`."""
        if self.file is None:
            self.heard = _Heard(self)
            self.file = io.BufferedReader(self.heard)
        self.heard.ends = None
        try:
            return super().getreply()  # type: ignore[misc,no-any-return] # the client that this is mixed into
        finally:
            if self.sock is not None and self.heard.is_hurried:
                self.sock.settimeout(self.timeout)
            self.heard.is_hurried = False

    def is_out_of_step(self) -> bool:
        """Whether the server has said something that it was not asked, or has closed the connection."""
        assert self.sock is not None  # noqa: S101 - who asks has just spoken to it
        if self.file is not None and self._has_more():
            return True
        if not _is_readable(self.sock):
            return False
        self.sock.settimeout(0)
        try:
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):  # TLS has things to say that are no answers
            return False
        finally:
            self.sock.settimeout(self.timeout)
        return True

    def _has_more(self) -> bool:
        """Whether more has been read than the reply."""
        self.heard.ends = 0.0
        try:
            return bool(self.file.peek(1))
        except TimeoutError:
            return False


class _Heard(io.RawIOBase):
    """What a server says until `ends`, which is set when somebody begins to listen; for a reply that is None."""

    def __init__(self, client: _InTime) -> None:
        self._client = client
        self.ends: float | None = None
        self.is_hurried = False
        """Whether the socket waits for less than the client's timeout."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        now, sock = time.monotonic(), self._client.sock
        if self.ends is None:
            self.ends = now + self._client.timeout
        elif sock is not None and now < self.ends:
            sock.settimeout(self.ends - now)
            self.is_hurried = True
        if sock is None or now >= self.ends:
            raise TimeoutError("timed out")
        return sock.recv_into(buffer)


def _is_readable(sock: socket.socket) -> bool:
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))


class SmtpClient(_InTime, smtplib.SMTP):
    """In the clear, or by STARTTLS."""


class SmtpsClient(_InTime, smtplib.SMTP_SSL):
    """By TLS from the first byte."""
