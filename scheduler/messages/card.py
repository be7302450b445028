"""A card by post: how an address stands on it, whether its text has room, and the PDF that is printed."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from scheduler.errors import ChannelError
from scheduler.messages.formats import locale_of
from scheduler.messages.message import Card
from scheduler.messages.plain import one_line

if TYPE_CHECKING:
    import typst

LINES, LETTERS = 22, 45
"""How many lines of how many letters a card has room for; so full, its letters are of 9 points."""

_LAYOUT = Path(__file__).parent / "card.typ"
_STATE_AND_CODE = re.compile(r"[A-Z]{2,3} [A-Z0-9][A-Z0-9 -]{3,9}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_LONGEST_WORD = 40
_SECOND = 1_000_000
_ONE_AT_A_TIME = Lock()
"""A compiler serves one thread, and refuses a second."""


def address_lines(address: str, country: str = "", language: str = "en") -> tuple[str, ...]:
    """The lines of a postal address as they stand on a card; none where there is no address.

    An address on one line is parted at its commas. `country`, a code of two letters (ISO 3166), becomes the last line,
    in capitals and in words of `language` (Universal Postal Union, S42), where the address doesn't name it itself.
    """
    written = [one_line(line).strip(" ,") for line in address.splitlines()]
    lines = [line for line in written if line]
    if len(lines) == 1:
        lines = _parted(lines[0])
    names = {name for tag in (language, "en") if (name := _name_of(country, tag))}
    if not lines or not names or lines[-1].casefold() in {name.casefold() for name in (*names, country)}:
        return tuple(lines)
    return (*lines, (_name_of(country, language) or names.pop()).upper())


def lines_taken(text: str) -> int:
    """How many lines of a card a text takes, in `LETTERS` a line."""
    return sum(max(1, -(-_cells(line) // LETTERS)) for line in text.strip().split("\n"))


def card_pdf(card: Card, now: int) -> bytes:
    """The card as a PDF of two pages for the printer: the same for the same arguments.

    It is PDF/A-2b (ISO 19005-2), so every font is in it; `now`, in UTC microseconds, becomes its date. Raises
    `ChannelError`, which tells nothing of the card, where no font of this machine has some of the letters.
    """
    import typst

    try:
        with _ONE_AT_A_TIME:
            printed: Any = _press().compile(
                format="pdf", sys_inputs={"card": _data(card)}, pdf_standards="a-2b", timestamp=now // _SECOND
            )
    except typst.TypstError as error:  # its text holds words of the card
        cause = "no font of this machine has some of its letters; install one that does, like Noto"
        if "could not be displayed" not in str(error):
            cause = "the layout refuses it"
        raise ChannelError(f"the card can't be printed: {cause}") from None
    return bytes(printed)


@cache
def _press() -> typst.Compiler:
    """The compiler with our layout: finding the machine's fonts takes longer than a card."""
    import typst

    return typst.Compiler(str(_LAYOUT), root=str(_LAYOUT.parent))


def _data(card: Card) -> str:
    """What the layout is told, as JSON."""
    language = card.language.partition("-")[0].lower()
    paragraphs = [part.strip().split("\n") for part in card.text.strip().split("\n\n")]
    return json.dumps(
        {
            "title": _breakable(card.title),
            "paragraphs": [list(map(_breakable, lines)) for lines in paragraphs],
            "to": [_breakable(line) for line in (card.name, *card.address) if line],
            "sender": card.brand.name,
            "return_to": [card.brand.name, *address_lines(card.brand.address)],
            "colour": card.brand.colour,
            "on_colour": card.brand.on_colour,
            "language": language if _LANGUAGE.fullmatch(language) else "en",
        }
    )


def _breakable(line: str) -> str:
    """The line with places to break the words in that no card is wide enough for."""
    if len(line) <= _LONGEST_WORD:
        return line
    return " ".join(
        ("\u200b" if "/" in word else "\u00ad").join(
            word[at : at + _LONGEST_WORD // 2] for at in range(0, len(word), _LONGEST_WORD // 2)
        )
        if len(word) > _LONGEST_WORD
        else word
        for word in line.split(" ")
    )


def _parted(line: str) -> list[str]:
    """The parts between commas; a state with its code stays with the town before it, as in Springfield, IL 62701."""
    parts: list[str] = []
    for part in filter(None, map(str.strip, line.split(","))):
        if parts and _STATE_AND_CODE.fullmatch(part):
            parts[-1] += f", {part}"
        else:
            parts.append(part)
    return parts


def _name_of(country: str, language: str) -> str:
    code = country.strip().upper()
    return str(locale_of(language).territories.get(code, "")) if len(code) == 2 else ""


def _cells(line: str) -> int:
    """How wide a line is, in letters: those of East Asia take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)
