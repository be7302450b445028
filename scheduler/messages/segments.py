"""How an SMS is counted: into how many segments a text is cut, each of which is paid for.

The alphabet and the lengths are those of GSM 03.38 (3GPP TS 23.038) and of concatenation (3GPP TS 23.040).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
"""These are written as two: an escape, and a character of the second table."""


class Encoding(StrEnum):
    """How the characters of an SMS are written."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


_ROOM = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}
"""How many units fit into a single segment, and into each of several, which begin with six bytes of their own."""


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs: its encoding, its length in units of it (septets or UTF-16), and the number of segments.

    `because` are the characters that GSM-7 does not have, once each, in order; empty where it is enough.
    """

    encoding: Encoding
    units: int
    count: int
    because: str = ""

    def __str__(self) -> str:
        segments = "1 segment" if self.count == 1 else f"{self.count} segments"
        return f"{segments}, {self.encoding}" + (f" because of {named(self.because)}" if self.because else "")


def named(letters: Iterable[str]) -> str:
    """Letters as people find them in a text: those that can't be seen by their number, like U+00A0."""
    return " ".join(one if one.isprintable() and not one.isspace() else f"U+{ord(one):04X}" for one in letters)


def segments(text: str) -> Segments:
    """How a text is sent; an empty one is a segment too. No character is cut in two."""
    because = "".join(dict.fromkeys(one for one in text if one not in _BASIC and one not in _EXTENSION))
    if because:
        encoding, sizes = Encoding.UCS_2, [2 if ord(one) > 0xFFFF else 1 for one in text]
    else:
        encoding, sizes = Encoding.GSM_7, [2 if one in _EXTENSION else 1 for one in text]
    single, each = _ROOM[encoding]
    units = sum(sizes)
    return Segments(encoding, units, 1 if units <= single else _filled(sizes, each), because)


def _filled(sizes: Iterable[int], room: int) -> int:
    """How many segments are filled; what takes two units goes into the next one where only one is left."""
    count, used = 1, 0
    for size in sizes:
        if used + size > room:
            count, used = count + 1, 0
        used += size
    return count
