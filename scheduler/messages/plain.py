"""Plain text: what may not be in it, and how HTML reads without its tags."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_BLANK_LINES = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"[ \t]+\n")
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")


def without_controls(text: str) -> str:
    """The text without control characters and without marks that change its direction; line ends become LF.

    Bidirectional controls (Unicode UAX 9) let a name turn the words after it around, so they never pass.
    """
    if text.isprintable():
        return text
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """The text on one line without control characters, as a header may hold it."""
    return " ".join(without_controls(text).split())


def tidied(text: str) -> str:
    """The text with at most one blank line in a row, no space at line ends, and one line end at its end."""
    # The expressions take ten times as long as to look whether there is anything for them to do.
    if " \n" in text or "\t\n" in text:
        text = _TRAILING.sub("\n", text)
    if "\n\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip() + "\n"


def text_of_html(html: str) -> str:
    """How an HTML document reads as text: its links are written out, what is hidden is left out."""
    from inscriptis import get_text  # type: ignore[import-untyped] # ships no types
    from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped] # as above

    text = get_text(html, ParserConfig(display_links=True))
    return tidied(_LINK.sub(lambda link: link[2] if link[1] == link[2] else f"{link[1]} ({link[2]})", text))
