"""The addresses in messages: signed, so that they work without a login and for nobody else.

A link is `BASE/KIND/TOKEN`. The token holds the kind, the customer and the occasion, and their HMAC-SHA256 (RFC 2104),
cut to 128 bits. It says nothing secret and never expires by itself: what a link may do is decided where it is opened.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote

PREFERENCES = "preferences"
UNSUBSCRIBE = "unsubscribe"
SURVEY = "survey"
PAGE = "page"
_MAC = 16


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for: `kind` is preferences, unsubscribe, `survey/NAME` or `page/NAME`."""

    kind: str
    customer: str
    occasion: str


def token_of(link: Link, key: bytes) -> str:
    """The signed token of a link, of letters, digits, `-`, `_` and one dot."""
    content = "\0".join((link.kind, link.customer, link.occasion)).encode()
    return f"{_encoded(content)}.{_encoded(_signature(content, key))}"


def read_token(token: str, kind: str, keys: Sequence[bytes]) -> Link | None:
    """What a token is for; None where it is not one of ours, of another kind, cut off or changed.

    `keys` are all that are still accepted. Signatures are compared in constant time.
    """
    written, _, signature = token.partition(".")
    try:
        content, signed = _decoded(written), _decoded(signature)
        parts = content.decode().split("\0")
    except (ValueError, binascii.Error):
        return None
    valid = [hmac.compare_digest(_signature(content, key), signed) for key in keys]
    if not any(valid) or len(parts) != 3 or parts[0] != kind:
        return None
    return Link(*parts)


SCALES: Mapping[str, tuple[int, int]] = MappingProxyType({"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)})
"""The lowest and the highest score of each survey."""
_TO = "\N{EN DASH}"
_SCORE = (
    '<a href="{address}?score={score}" class="rr-score" style="display:inline-block;min-width:20px;padding:10px 9px;'
    "margin:0 4px 8px 0;border:1px solid #9aa5b1;border-radius:6px;font-family:-apple-system,BlinkMacSystemFont,"
    "'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:20px;text-align:center;color:#1f2933;"
    'text-decoration:none">{score}</a>'
)


class Scale(str):
    """The scores of a survey: as text the range and the address, in HTML a row of links."""

    __slots__ = ()

    def __html__(self) -> str:
        scores, _, address = self.partition(": ")
        lowest, _, highest = scores.partition(_TO)
        links = (_SCORE.format(address=address, score=score) for score in range(int(lowest), int(highest) + 1))
        return f'<div style="margin:4px 0 16px">{chr(10).join(links)}</div>'


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the links of one contact; `base_url` is where the pages are."""

    base_url: str
    key: bytes
    customer: str
    occasion: str

    def to(self, kind: str) -> str:
        """The link to a page of ours."""
        token = token_of(Link(kind, self.customer, self.occasion), self.key)
        return f"{self.base_url.rstrip('/')}/{quote(kind)}/{token}"

    def survey(self, kind: str, score: int | None = None) -> str:
        """The link to a survey (`nps`, `csat`, `ces`, `exit`), with a score chosen beforehand if there is one."""
        address = self.to(f"{SURVEY}/{kind}")
        return address if score is None else f"{address}?score={int(score)}"

    def scale(self, kind: str) -> Scale:
        """A survey's scores to choose from, each a link; raises `KeyError` for a survey without a scale."""
        lowest, highest = SCALES[kind]
        return Scale(f"{lowest}{_TO}{highest}: {self.survey(kind)}")

    def page(self, name: str) -> str:
        """The link to a page by its name."""
        return self.to(f"{PAGE}/{name}")


def _signature(content: bytes, key: bytes) -> bytes:
    signed = _keyed(key).copy()
    signed.update(content)
    return signed.digest()[:_MAC]


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> hmac.HMAC:
    """The code before any content: to begin with a key takes longer than all that it signs. To be copied."""
    return hmac.new(key, digestmod="sha256")


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
