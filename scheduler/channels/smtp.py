"""One SMTP connection, kept open from mail to mail, and what a server's answers mean.

The dialogue is led by hand, so that it is known at every moment whether the end of the message has left: before
that, a break means that nothing was sent; after it, nobody can say.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from enum import StrEnum
from pathlib import Path

from scheduler.channels.channel import Handover, HandoverKind
from scheduler.channels.smtp_client import SmtpClient, SmtpsClient
from scheduler.channels.status import NO_SUCH_ADDRESS, WRONG_SENDER, meaning
from scheduler.channels.tls import is_untrusted
from scheduler.settings.email import Email, Security

_ENHANCED = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\b")
_QUEUED = re.compile(r"(?:queued as|\bid[=:]?|message[- ]id[=:]?)\s+<?([\w.+-]{1,100})", re.IGNORECASE)
_PERSONAL = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")
_END = b".\r\n"
_NO_LOGIN = (530, 534, 535, 538)
"""The login is missing, or refused (RFC 4954)."""


class Step(StrEnum):
    """How far the dialogue has come: who is named by then can be meant by a no."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


_GOES_ON = {Step.MAIL: (250,), Step.RCPT: (250, 251), Step.DATA: (354,)}


class _Refused(Exception):
    """The server said no; the reply's code and text, and at which step."""

    def __init__(self, code: int, text: bytes, step: Step) -> None:
        super().__init__(code)
        self.outcome = refusal(code, text, step)
        self.closing = code == 421 or step is Step.CONNECT
        self.out_of_step = False


class SmtpConnection:
    """A connection to the mail server, opened on first use and again where it was lost; for one mail at a time.

    `password` is separate from the settings, which never hold it.
    """

    def __init__(self, settings: Email, password: str | None = None) -> None:
        self.settings = settings
        self._password = password
        self._server: SmtpClient | SmtpsClient | None = None

    def send(self, sender: str, to: str, mail: bytes) -> Handover:
        """Send a mail to one recipient; both addresses are bare, `mail` has CRLF line ends."""
        content = dotted(mail)
        try:
            self._begin(sender, to)
            self._socket().sendall(content)
            if self._opened().is_out_of_step():
                self.close()
                return Handover(HandoverKind.RETRY, "the server answers what it was not asked")
        except _Refused as refused:
            self._start_over(close=refused.closing or refused.out_of_step)
            return refused.outcome
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return _no_connection(error)
        return self._end()

    def open(self) -> Handover | None:
        """Open it where it is not open; what speaks against that, if anything."""
        if self._server is not None:
            return None
        try:
            self._connect()
        except _Refused as refused:
            self.close()
            return refused.outcome
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return _no_connection(error)
        return None

    def close(self) -> None:
        """Close it; the next mail opens another."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def check(self) -> Handover:
        """Whether the server takes the login: `sent` means that it would."""
        try:
            self._connect()
            code, text = self._opened().docmd("noop")
        except _Refused as refused:
            return refused.outcome
        except (OSError, smtplib.SMTPException) as error:
            return _no_connection(error)
        finally:
            self.close()
        return Handover(HandoverKind.SENT, "the server answers") if code == 250 else refusal(code, text, Step.CONNECT)

    def _end(self) -> Handover:
        """From here on the message may have gone out, whatever happens."""
        try:
            self._socket().sendall(_END)
            code, text = self._opened().getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            why = "the server did not answer in time" if _timed_out(error) else "the connection broke"
            return Handover(HandoverKind.UNCONFIRMED, f"{why} after the end of the message")
        if 200 <= code < 300:
            return Handover(HandoverKind.SENT, "accepted", provider_id=_queue_id(text))
        if not 400 <= code < 600:
            self.close()
            return Handover(HandoverKind.UNCONFIRMED, "the server's answer to the message is neither yes nor no")
        if code == 421:
            self.close()
        return refusal(code, text, Step.DATA)

    def _begin(self, sender: str, to: str) -> None:
        """Come as far as DATA; a kept connection that the server has closed meanwhile is opened anew, once."""
        kept = self._server is not None
        if kept and self._opened().is_out_of_step():
            kept = False
        if not kept:
            self._connect()
        try:
            self._name(sender, to)
        except (OSError, smtplib.SMTPException):
            if not kept:
                raise
        except _Refused as refused:
            if not (kept and refused.closing):
                raise
        else:
            return
        self.close()
        self._connect()
        self._name(sender, to)

    def _name(self, sender: str, to: str) -> None:
        """Name who sends to whom, in one go where the server takes that (RFC 2920), else step by step."""
        commands = {Step.MAIL: f"MAIL FROM:<{sender}>", Step.RCPT: f"RCPT TO:<{to}>", Step.DATA: "DATA"}
        server, refused = self._opened(), None
        at_once = server.has_extn("pipelining")
        if at_once:
            self._socket().sendall("".join(f"{command}\r\n" for command in commands.values()).encode("ascii"))
        for step, command in commands.items():
            code, text = server.getreply() if at_once else server.docmd(command)
            if refused is not None:
                refused.out_of_step |= code == 354  # it would take a message for nobody
            elif code not in _GOES_ON[step]:
                refused = _Refused(code, text, step)
            if refused is not None and (refused.closing or not at_once):
                break
        if refused is not None:
            raise refused

    def _connect(self) -> None:
        settings = self.settings
        host, port = settings.host or "localhost", settings.at_port
        name = socket.gethostname()
        self.close()
        if settings.security is Security.TLS:
            server: SmtpClient | SmtpsClient = SmtpsClient(
                local_hostname=name, timeout=settings.timeout, context=_trust(settings.ca_file)
            )
        else:
            server = SmtpClient(local_hostname=name, timeout=settings.timeout)
        self._server = server
        server._host = host  # type: ignore[union-attr] # TLS checks the certificate against it; connect() does not set it
        code, text = server.connect(host, port)
        if code != 220:
            raise _Refused(code, text, Step.CONNECT)
        # Without this the few bytes that end a message wait for the answer to the many before them.
        self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.ehlo_or_helo_if_needed()
        if settings.security is Security.STARTTLS:
            server.starttls(context=_trust(settings.ca_file))
            server.ehlo_or_helo_if_needed()
        if settings.username is not None:
            server.login(settings.username, self._password or "")

    def _start_over(self, *, close: bool) -> None:
        """After a refusal, the connection is good for the next message, if the server says so."""
        if close or self._server is None:
            self.close()
            return
        try:
            code, _ = self._server.docmd("rset")
        except (OSError, smtplib.SMTPException):
            code = 0
        if code != 250:
            self.close()

    def _opened(self) -> SmtpClient | SmtpsClient:
        if self._server is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self._server

    def _socket(self) -> socket.socket:
        sock = self._opened().sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return sock


def dotted(content: bytes) -> bytes:
    """The message with CRLF at its end, and a dot before lines that begin with one (RFC 5321, 4.5.2)."""
    if content.startswith(b"."):
        content = b"." + content
    content = content.replace(b"\r\n.", b"\r\n..")
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def refusal(code: int, text: bytes, step: Step) -> Handover:
    """What a reply at that step means (RFC 5321, 4.2.1; enhanced codes RFC 3463).

    4yz may be tried again, 5yz not. Where 5yz is about us and not about this message, all others would fail likewise:
    it holds the channel, and the message waits with them. An address that there isn't is to be suppressed.
    """
    enhanced = _ENHANCED.match(text.decode("ascii", "replace"))
    detail = _reply(code, text, step, enhanced[0] if enhanced else "")
    status = enhanced[0] if enhanced and enhanced[1] == "5" else ""
    if code in _NO_LOGIN or (500 <= code < 600 and _is_about_us(step, status, text)):
        return Handover(HandoverKind.RETRY, detail, hold=True)
    if 500 <= code < 600:
        return Handover(HandoverKind.FAILED, detail, suppress=status in NO_SUCH_ADDRESS)
    return Handover(HandoverKind.RETRY, detail)


def _reply(code: int, text: bytes, step: Step, status: str) -> str:
    """A reply for the ledger. Once a recipient is named, the server may say again what it heard: then in our words."""
    if step in (Step.CONNECT, Step.MAIL):
        return f"{code} {_words(text)}".strip()
    if status:
        return f"{code} {status}: {meaning(status)}"
    return f"{code}: {'refused for good' if code >= 500 else 'not now'}"


def _is_about_us(step: Step, status: str, text: bytes) -> bool:
    """Whether a no would be the same for any other message: before a recipient is named, it always is.

    Servers put off what they say of a client or sender until then, but for what they say of the recipient. After
    the message, policy (5.7.x) is about the message.
    """
    if step in (Step.CONNECT, Step.MAIL) or status in WRONG_SENDER:
        return True
    return step is Step.RCPT and status.startswith("5.7.") and b"recipient" not in text.lower()


def _no_connection(error: Exception) -> Handover:
    """The message has not left, since its end has not."""
    if isinstance(error, smtplib.SMTPResponseException):
        if not isinstance(error.smtp_error, bytes):  # what the client itself says of a line without end
            return Handover(HandoverKind.RETRY, "the server's answer can't be read: its lines are too long")
        return refusal(error.smtp_code, error.smtp_error, Step.CONNECT)
    if isinstance(error, smtplib.SMTPNotSupportedError) and "AUTH" in str(error) and not _timed_out(error):
        return Handover(HandoverKind.RETRY, f"no login: {_words(str(error).encode())}", hold=True)
    if (is_untrusted(error) or isinstance(error, smtplib.SMTPNotSupportedError)) and not _timed_out(error):
        return Handover(HandoverKind.RETRY, f"no secure connection: {_words(str(error).encode())}", hold=True)
    if _timed_out(error):
        return Handover(HandoverKind.RETRY, "the server did not answer in time")
    return Handover(HandoverKind.RETRY, f"no connection: {_words(str(error).encode())}")


def _timed_out(error: Exception) -> bool:
    """The client says that the connection broke, and keeps the time-out that broke it as the context."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _queue_id(text: bytes) -> str:
    """What the server calls the message it took, like `4FzK2h`; empty where it is not told in a usual way."""
    found = _QUEUED.search(text.decode("ascii", "replace"))
    return found[1] if found else ""


def _words(text: bytes) -> str:
    """A reply as one line for the ledger, without addresses, which do not belong there."""
    return _PERSONAL.sub("(address)", " ".join(text.decode("utf-8", "replace").split()))[:300]


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)
