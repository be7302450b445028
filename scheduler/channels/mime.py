"""An e-mail as the bytes that go over the wire.

Put together by hand, since the standard library takes milliseconds for each: a test parses every kind back with it.
"""

from __future__ import annotations

import hashlib
from binascii import b2a_base64, b2a_qp
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache

from scheduler.messages.message import Email
from scheduler.messages.plain import one_line

_LONGEST = 76
"""Where a header is folded, and where lines of bodies end (RFC 2045, RFC 5322)."""
_NEVER_FOLDED = frozenset({"From", "To", "Reply-To", "List-Unsubscribe", "Feedback-ID", "Message-ID", "Content-Type"})
"""Encoding or folding these hides addresses and the one-click link from mailboxes; lines may be 998 long."""


def mail_bytes(email: Email, key: str, now: int) -> bytes:
    """The message of an occasion, with CRLF line ends: the same for the same arguments.

    `now` becomes the `Date`; the `Message-ID` follows from `key` alone, so a second try can be told from a second
    message.
    """
    boundary = f"=_rr_{digest(key)[:24]}"
    headers = [
        ("From", _mailbox(email.from_)),
        ("To", email.to if email.to.isascii() else bare_address(email.to)),
        ("Subject", email.subject),
        ("Date", _date(now // 1_000_000)),
        ("Message-ID", message_id(key, email.from_)),
    ]
    if email.reply_to:
        headers.append(("Reply-To", _mailbox(email.reply_to)))
    if email.language:
        headers.append(("Content-Language", email.language))
    headers += email.headers.items()
    headers += [("MIME-Version", "1.0"), ("Content-Type", f'multipart/alternative; boundary="{boundary}"')]
    head = "".join(_header(name, value) for name, value in headers).encode("ascii")
    mark = boundary.encode("ascii")
    return b"".join(
        (
            *(head, b"\r\n--", mark, b"\r\n", _part("plain", email.text)),
            *(b"\r\n--", mark, b"\r\n", _part("html", email.html)),
            *(b"\r\n--", mark, b"--\r\n"),
        )
    )


def message_id(key: str, sender: str) -> str:
    """The `Message-ID` of an occasion: a hash of its key, at the sender's domain."""
    return f"<{digest(key)[:40]}@{_domain(sender)}>"


def digest(key: str) -> str:
    """The SHA-256 of an occasion's key, in hex."""
    return hashlib.sha256(key.encode()).hexdigest()


@lru_cache(maxsize=16)
def _date(second: int) -> str:
    """A second of UTC as headers write it; mails of one batch have the same."""
    return format_datetime(datetime.fromtimestamp(second, UTC))


@lru_cache(maxsize=1024)
def bare_address(mailbox: str) -> str:
    """The address in `Name <address>`, with its domain as ASCII."""
    address = parseaddr(mailbox)[1]
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def _domain(sender: str) -> str:
    return bare_address(sender).rpartition("@")[2]


@lru_cache(maxsize=1024)
def _mailbox(text: str) -> str:
    name, address = parseaddr(text)
    return formataddr((name, bare_address(text)), "utf-8") if name else bare_address(address)


def _header(name: str, value: str) -> str:
    value = value if value.isprintable() else one_line(value)
    short = value.isascii() and "=?" not in value and len(name) + 2 + len(value) <= _LONGEST
    if short or (value.isascii() and name in _NEVER_FOLDED):
        return f"{name}: {value}\r\n"
    foldable = value.isascii() and "=?" not in value and max(map(len, value.split())) < _LONGEST - len(name) - 2
    encoded = Header(value, "us-ascii" if foldable else "utf-8", _LONGEST, name).encode(linesep="\r\n")
    return f"{name}: {encoded}\r\n"


def _part(kind: str, text: str) -> bytes:
    lines = [*text.encode().replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n"), b""]
    size = sum(map(len, lines)) + len(b"\r\n") * (len(lines) - 1)
    if size - len(text) > size // 3:
        encoding = b"base64"
        body = b"\r\n".join(lines)
        content = b"\r\n".join(b2a_base64(body[at : at + 57], newline=False) for at in range(0, size, 57))
    else:
        encoding = b"quoted-printable"
        content = b"\r\n".join(map(_quoted, lines))
    return b"".join(
        (
            *(b"Content-Type: text/", kind.encode("ascii"), b'; charset="utf-8"\r\n'),
            *(b"Content-Transfer-Encoding: ", encoding, b"\r\n\r\n", content),
        )
    )


@lru_cache(maxsize=4096)
def _quoted(line: bytes) -> bytes:
    """A line as quoted-printable, which looks at no other line: those of the layout come again and again."""
    return b2a_qp(line, istext=True).replace(b"=\n", b"=\r\n")
