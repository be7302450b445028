"""Python's SMTP client, made to bound how long a reply may take, and to notice a server that is out of step."""

from __future__ import annotations

import io
import smtplib
import socket
import ssl
import time
from typing import Any


class _InTime:
    """Of an SMTP client: a reply has to be there whole when the timeout is over, however slowly the server says it."""

    sock: socket.socket | None
    file: Any
    timeout: float
    ends = 0.0

    def getreply(self) -> tuple[int, bytes]:
        """The reply's code and text; see `smtplib.SMTP`."""
        if self.file is None:
            self.file = io.BufferedReader(_Until(self))
        self.ends = time.monotonic() + self.timeout
        try:
            return super().getreply()  # type: ignore[misc,no-any-return] # the client that this is mixed into
        finally:
            if self.sock is not None:
                self.sock.settimeout(self.timeout)

    def is_out_of_step(self) -> bool:
        """Whether the server has said something that it was not asked, or has closed the connection."""
        assert self.sock is not None  # noqa: S101 - who asks has just spoken to it
        self.ends = 0.0
        try:
            if self.file is not None and self.file.peek(1):
                return True
        except TimeoutError:
            pass
        self.sock.settimeout(0)
        try:
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            self.sock.settimeout(self.timeout)
        return True


class _Until(io.RawIOBase):
    """What a server says, until `ends` of its client."""

    def __init__(self, client: _InTime) -> None:
        self._client = client

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left, sock = self._client.ends - time.monotonic(), self._client.sock
        if left <= 0 or sock is None:
            raise TimeoutError("timed out")
        sock.settimeout(left)
        return sock.recv_into(buffer)


class SmtpClient(_InTime, smtplib.SMTP):
    """In the clear, or by STARTTLS."""


class SmtpsClient(_InTime, smtplib.SMTP_SSL):
    """By TLS from the first byte."""
