"""HTTP requests that tell how far they got: what certainly did not arrive may be sent again, anything else may not."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from scheduler.channels.tls import is_untrusted

if TYPE_CHECKING:
    import httpx2

LONGEST = 65_536
"""How much of an answer's body is read, in bytes."""
SECOND = 1_000_000
_DIGITS = 9
"""More digits of seconds than these nobody means."""
_PIECES = 64
"""In how many pieces at most: whoever answers a byte at a time does not keep a worker busy for long."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered: `headers` by their names in lower case, `body` up to `LONGEST` bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def values(self) -> Mapping[str, Any]:
        """The JSON object that the body is; empty where it is none."""
        try:
            values = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return values if isinstance(values, dict) else {}

    def wait(self, now: int) -> int:
        """How long to wait before asking again, in microseconds: `Retry-After` (RFC 9110), 0 where it says nothing.

        `now` is an instant in UTC microseconds.
        """
        said = self.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdecimal():
            return int(said[:_DIGITS]) * SECOND
        try:
            return max(0, int(parsedate_to_datetime(said).timestamp()) * SECOND - now)
        except (ValueError, OverflowError):
            return 0


@dataclass(frozen=True, slots=True)
class Broke:
    """There was no answer. `sent`: the request may have arrived, and been acted upon.

    `why` says it in words without addresses. `untrusted`: the other side could not show who it is.
    """

    sent: bool
    why: str
    untrusted: bool = False


class Http:
    """Posts over connections that are kept open for some seconds; follows no redirects and keeps no cookies.

    `ca_file` holds certificates to trust instead of the machine's. `by_proxy`: as the environment says (`HTTPS_PROXY`).
    """

    def __init__(self, *, ca_file: Path | None = None, by_proxy: bool = False) -> None:
        self._ca_file = ca_file
        self._by_proxy = by_proxy
        self._client: httpx2.Client | None = None
        self._opening = Lock()

    def post(
        self,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float,
        address: str = "",
    ) -> Reply | Broke:
        """Post a form (`data`) or bytes (`content`); never raises for what the other side does.

        `auth` is a name and a password (RFC 7617); `timeout` is in seconds, for each step. `address` is the IP address
        to connect to, where the host's own is not to be looked up again; the certificate is the host's even so.
        """
        import httpx2

        try:
            with self._opening:  # several threads may ask at once
                client = self._opened()
        except (OSError, ValueError, ImportError) as error:
            return Broke(False, f"the certificates to trust, or the proxy, can't be used: {error}", untrusted=True)
        try:
            target = httpx2.URL(url)
            request = client.build_request(
                "POST",
                target.copy_with(host=address) if address else target,
                data=data,
                content=content,
                headers={**(headers or {}), "Host": target.netloc.decode("ascii")},
                timeout=timeout,
                extensions={"sni_hostname": target.raw_host.decode("ascii")} if address else None,
            )
            response = client.send(request, auth=auth, stream=True)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            return _broken(error)
        with closing(response):
            return Reply(response.status_code, dict(response.headers), _beginning(response))

    def close(self) -> None:
        """Close the connections; the next request opens others."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _opened(self) -> httpx2.Client:
        if self._client is None:
            from http.cookiejar import CookieJar, DefaultCookiePolicy

            import httpx2

            self._client = httpx2.Client(
                verify=True if self._ca_file is None else ssl.create_default_context(cafile=self._ca_file),
                trust_env=self._by_proxy,
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                headers={"User-Agent": "rightreason", "Accept-Encoding": "identity"},
            )
        return self._client


def _beginning(response: httpx2.Response) -> bytes:
    """What can be read of the body; where it breaks, the status has told already what became of the request."""
    import httpx2

    body = b""
    try:
        for piece in islice(response.iter_raw(), _PIECES):
            body += piece
            if len(body) >= LONGEST:
                break
    except httpx2.HTTPError:
        pass
    return body[:LONGEST]


def _broken(error: Exception) -> Broke:
    """Without a connection, or where the time was over while the request was written, it has not arrived whole."""
    import httpx2

    if isinstance(error, httpx2.ConnectTimeout | httpx2.WriteTimeout | httpx2.PoolTimeout):
        return Broke(False, "the server could not be reached in time")
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        return Broke(False, f"no connection: {error}", untrusted=_is_of_tls(error))
    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        return Broke(False, f"the request can't be made: {error}")
    if isinstance(error, httpx2.TimeoutException):
        return Broke(True, "the server did not answer in time")
    if isinstance(error, httpx2.NetworkError):
        return Broke(True, "the connection broke before there was an answer")
    return Broke(True, "the server did not answer by HTTP")


def _is_of_tls(error: BaseException) -> bool:
    cause = error.__cause__ or error.__context__
    return is_untrusted(error) or (cause is not None and _is_of_tls(cause))
