"""The e-mail channel: any SMTP relay, over one connection that is kept open.

The dialogue is led by hand, so that it is known at every moment whether the end of the message has left: before
that, a break means that nothing was sent; after it, nobody can say.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from pathlib import Path

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.mime import bare_address, mail_bytes
from scheduler.messages.message import Email, Message
from scheduler.settings.email import Email as EmailSettings
from scheduler.settings.email import Security

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_ENHANCED = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\b")
_PERSONAL = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")
_END = b".\r\n"


class _Refused(Exception):
    """The server said no; the reply's code and text."""

    def __init__(self, code: int, text: bytes) -> None:
        super().__init__(code)
        self.outcome = refusal(code, text)
        self.closing = code == 421


class EmailChannel:
    """Sends by SMTP. `password` is separate from the settings, which never hold it."""

    name = "email"
    promises = Promise.NOTHING

    def __init__(self, settings: EmailSettings, password: str | None = None) -> None:
        self.settings = settings
        self._password = password
        self._server: smtplib.SMTP | None = None

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        """Send one mail to its one recipient."""
        if not isinstance(message, Email):
            return Handover(HandoverKind.FAILED, f"a message by {message.channel} is no e-mail")
        to = usable_address(message.to)
        if to is None:
            return Handover(HandoverKind.FAILED, "the recipient is not one valid address", suppress=True)
        sender = bare_address(self.settings.bounces_to or message.from_)
        content = dotted(mail_bytes(message, key, now))
        try:
            self._begin(sender)
            self._ask("rcpt", f"TO:<{to}>", 250, 251)
            self._ask("data", "", 354)
            self._socket().sendall(content)
        except _Refused as refused:
            self._start_over(close=refused.closing)
            return refused.outcome
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return _no_connection(error)
        return self._end()

    def close(self) -> None:
        """Close the connection; the next message opens another."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def check(self) -> Handover:
        """Whether the server takes the login: `sent` means that it would."""
        try:
            self._connect()
            self._ask("noop", "", 250)
        except _Refused as refused:
            return refused.outcome
        except (OSError, smtplib.SMTPException) as error:
            return _no_connection(error)
        finally:
            self.close()
        return Handover(HandoverKind.SENT, "the server answers")

    def _end(self) -> Handover:
        """From here on the message may have gone out, whatever happens."""
        try:
            self._socket().sendall(_END)
            code, text = self._opened().getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            why = "the server did not answer in time" if _timed_out(error) else "the connection broke"
            return Handover(HandoverKind.UNCONFIRMED, f"{why} after the end of the message")
        if code == 250:
            return Handover(HandoverKind.SENT, "accepted", provider_id=_words(text))
        if code == 421:
            self.close()
        return refusal(code, text)

    def _begin(self, sender: str) -> None:
        """Name the sender; a kept connection that the server has closed meanwhile is opened anew, once."""
        kept = self._server is not None
        if not kept:
            self._connect()
        try:
            self._ask("mail", f"FROM:<{sender}>", 250)
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
        self._ask("mail", f"FROM:<{sender}>", 250)

    def _connect(self) -> None:
        settings = self.settings
        host, port = settings.host or "localhost", settings.at_port
        name = socket.gethostname()
        self.close()
        if settings.security is Security.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                local_hostname=name, timeout=settings.timeout, context=_trust(settings.ca_file)
            )
        else:
            server = smtplib.SMTP(local_hostname=name, timeout=settings.timeout)
        self._server = server
        server._host = host  # type: ignore[attr-defined] # TLS checks the certificate against it; connect() does not set it
        code, text = server.connect(host, port)
        if code != 220:
            raise _Refused(code, text)
        # Without this the few bytes that end a message wait for the answer to the many before them.
        self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.ehlo_or_helo_if_needed()
        if settings.security is Security.STARTTLS:
            server.starttls(context=_trust(settings.ca_file))
            server.ehlo_or_helo_if_needed()
        if settings.username is not None:
            server.login(settings.username, self._password or "")

    def _ask(self, command: str, argument: str, *wanted: int) -> None:
        code, text = self._opened().docmd(command, argument)
        if code not in wanted:
            raise _Refused(code, text)

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

    def _opened(self) -> smtplib.SMTP:
        if self._server is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self._server

    def _socket(self) -> socket.socket:
        sock = self._opened().sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return sock


def usable_address(text: str) -> str | None:
    """The one address that a text is, ready for an envelope; None where it is none, or several."""
    if _ADDRESS.fullmatch(text) and ".." not in text:
        return text
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False).ascii_email
    except EmailNotValidError:
        return None


def dotted(content: bytes) -> bytes:
    """The message with CRLF at its end, and a dot before lines that begin with one (RFC 5321, 4.5.2)."""
    if content.startswith(b"."):
        content = b"." + content
    content = content.replace(b"\r\n.", b"\r\n..")
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def refusal(code: int, text: bytes) -> Handover:
    """What a reply means (RFC 5321, 4.2.1; enhanced codes RFC 3463).

    4yz may be tried again, 5yz not; 5.1.x: the address is no good; 5.7.x and a refused login: we are not wanted.
    """
    enhanced = _ENHANCED.match(text.decode("ascii", "replace"))
    subject = enhanced[2] if enhanced and enhanced[1] == "5" else ""
    detail = f"{code} {_words(text)}".strip()
    if code in (530, 534, 535, 538):
        return Handover(HandoverKind.RETRY, detail, hold=True)
    if 500 <= code < 600:
        return Handover(HandoverKind.FAILED, detail, suppress=subject == "1", hold=subject == "7")
    return Handover(HandoverKind.RETRY, detail)


def _no_connection(error: Exception) -> Handover:
    """The message has not left, since its end has not."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        outcome = refusal(error.smtp_code, text)
        return Handover(HandoverKind.RETRY, outcome.detail, hold=outcome.kind is HandoverKind.FAILED or outcome.hold)
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError) and not _timed_out(error):
        return Handover(HandoverKind.RETRY, f"no secure connection: {error}", hold=True)
    if _timed_out(error):
        return Handover(HandoverKind.RETRY, "the server did not answer in time")
    return Handover(HandoverKind.RETRY, f"no connection: {_words(str(error).encode())}")


def _timed_out(error: Exception) -> bool:
    """The client says that the connection broke, and keeps the time-out that broke it as the context."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _words(text: bytes) -> str:
    """A reply as one line for the ledger, without addresses, which do not belong there."""
    return _PERSONAL.sub("(address)", " ".join(text.decode("utf-8", "replace").split()))[:300]


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)
