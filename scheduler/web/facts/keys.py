"""Who may hand facts in, and how many at a time: write keys by HTTP Basic authentication (RFC 7617) or as Bearer."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Sequence
from hmac import compare_digest
from http import HTTPStatus

from fastapi import Request

from scheduler.errors import SettingsError
from scheduler.settings import Settings
from scheduler.web.problems import Problem

SHORTEST = 8
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="rightreason", charset="UTF-8"'}


def write_keys(settings: Settings) -> tuple[bytes, ...]:
    """The keys of sources, one a line; none where none is set. Raises `SettingsError` for one that is too short."""
    written = settings.secret_of("serve", "write_key") or ""
    keys = tuple(key.encode() for line in written.splitlines() if (key := line.strip()))
    if any(len(key) < SHORTEST or b":" in key for key in keys):
        raise SettingsError(f"serve.write_key: a key has at least {SHORTEST} characters, and no colon")
    return keys


class Keys:
    """The keys that are known, each with as many facts a second as it may bring; `steady` are even seconds."""

    def __init__(self, keys: Sequence[bytes], per_second: int, steady: Callable[[], float]) -> None:
        self._allowances = [(key, Allowance(per_second, steady)) for key in keys]

    def admit(self, request: Request) -> Allowance:
        """The allowance of the key that a request names as its user. Raises `Problem` (401) for any other."""
        if not self._allowances:
            detail = "facts are not taken here: no write key is set (serve.write_key_file)"
            raise Problem(HTTPStatus.UNAUTHORIZED, detail, headers=_CHALLENGE)
        given = presented(request.headers.get("authorization", ""))
        found = [allowance for key, allowance in self._allowances if compare_digest(key, given)]
        if not found:
            detail = "the write key is missing or not known; send it as the user name, with an empty password"
            raise Problem(HTTPStatus.UNAUTHORIZED, detail, headers=_CHALLENGE)
        return found[0]


class Allowance:
    """A token bucket: so many facts a second, and as many at once after a quiet second.

    Whoever brings more than are left still brings them, and then waits until they are made up for: a large batch
    would else never be let in.
    """

    def __init__(self, per_second: int, steady: Callable[[], float]) -> None:
        self._per_second, self._steady = per_second, steady
        self._left, self._asked = float(per_second), steady()

    def ensure(self) -> None:
        """Raise `Problem` (429) where nothing is left, with the seconds to wait."""
        now = self._steady()
        self._left = min(self._per_second, self._left + (now - self._asked) * self._per_second)
        self._asked = now
        if self._left < 0:
            wait = math.ceil(-self._left / self._per_second)
            detail = f"this key has brought more than {self._per_second:,} facts a second; wait {wait} s"
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(wait)})

    def use(self, facts: int) -> None:
        """Count what was brought."""
        self._left -= facts


def presented(authorization: str) -> bytes:
    """The key that a header `Authorization` brings: as the user of Basic, or as Bearer (RFC 6750); else nothing."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip().encode()
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(credentials.strip(), validate=True).partition(b":")[0]
    except (binascii.Error, ValueError):
        return b""
