"""Signatures over raw bodies: HMAC-SHA256 (RFC 2104), compared in constant time, and not from too long ago."""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Iterable
from http import HTTPStatus

from scheduler.wallclock import SECOND
from scheduler.web.problems import Problem

_SECONDS = re.compile("[0-9]{1,12}", re.ASCII)


def unsigned(cause: str) -> Problem:
    """Why a message is not taken for its sender's."""
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        f"{cause}; nothing was taken",
        headers={"WWW-Authenticate": 'Signature realm="webhooks"'},
    )


def ensure_signed(content: bytes, signatures: Iterable[bytes], keys: Iterable[bytes]) -> None:
    """Raise `Problem` unless one of the signatures is that of the content by one of the keys."""
    given = tuple(signatures)
    if not given:
        raise unsigned("the message is not signed")
    right = [hmac.digest(key, content, "sha256") for key in keys]
    same = [hmac.compare_digest(one, other) for one in given for other in right]
    if True not in same:
        raise unsigned("the signature is not right: the key is another, or the body was changed on its way")


def ensure_recent(seconds: str, *, now: int, skew: int) -> None:
    """Raise `Problem` unless as many seconds since 1970 are at most `skew` from `now`, both in microseconds."""
    if not _SECONDS.fullmatch(seconds):
        raise unsigned("the message does not say in seconds since 1970 when it was signed")
    age = now - int(seconds) * SECOND
    if age > skew:
        raise unsigned(f"the message was signed more than {skew // SECOND} s ago; sign it anew")
    if age < -skew:
        raise unsigned(f"the message was signed more than {skew // SECOND} s ahead of this clock")


def from_base64(written: str) -> bytes:
    """What stands in base64, nothing where it is none."""
    try:
        return b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return b""


def from_hex(written: str) -> bytes:
    """What stands in hexadecimal digits, nothing where there are none."""
    try:
        return bytes.fromhex(written)
    except ValueError:
        return b""
