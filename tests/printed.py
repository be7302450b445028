"""What is printed on the pages of a PDF: its words, read back from what Typst writes.

No general reader of PDF: its fonts are embedded, and a table of each says what its glyphs mean.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SOFT_HYPHEN = "\u00ad"
"""Where a word may be broken, and where it was."""

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_MEANS = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_RANGE = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]{4})> <([0-9A-F]+)>")
_TOKEN = re.compile(rb"/(f\d+) ([\d.]+) Tf|\(|T[jJ]")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True)
class Page:
    """A page: its width and height in millimetres, its lines of text, and the size of each in points."""

    size: tuple[int, int]
    lines: tuple[str, ...]
    points: tuple[float, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)


def pages(pdf: bytes) -> list[Page]:
    """The pages of a PDF, in order."""
    assert pdf.startswith(b"%PDF-")
    objects = {int(found[1]): found[2] for found in _OBJECT.finditer(pdf)}
    [kids] = [
        re.findall(rb"(\d+) 0 R", found[1]) for found in re.finditer(rb"/Type/Pages/Count \d+/Kids\[([^\]]*)\]", pdf)
    ]
    return [_page(objects[int(kid)], objects) for kid in kids]


def _page(page: bytes, objects: dict[int, bytes]) -> Page:
    box = re.search(rb"/MediaBox\[0 0 ([\d.]+) ([\d.]+)\]", page)
    assert box
    fonts = re.search(rb"/Font<<(.*?)>>", objects[_one(rb"/Resources (\d+)", page)])
    meanings = {
        name: _meanings(_content(objects[_one(rb"/ToUnicode (\d+)", objects[int(number)])]))
        for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", fonts[1] if fonts else b"")
    }
    lines, points = [], []
    for font, size, codes in _shown(_content(objects[_one(rb"/Contents (\d+)", page)])):
        glyphs = (int.from_bytes(codes[at : at + 2]) for at in range(0, len(codes), 2))
        lines.append("".join(meanings[font].get(glyph, "") for glyph in glyphs).replace(SOFT_HYPHEN, ""))
        points.append(size)
    return Page((round(float(box[1]) / 72 * 25.4), round(float(box[2]) / 72 * 25.4)), tuple(lines), tuple(points))


def _shown(content: bytes) -> Iterator[tuple[bytes, float, bytes]]:
    """Each piece of text: its font, its size in points, and the codes of its glyphs."""
    font, size, codes, at = b"", 0.0, b"", 0
    while token := _TOKEN.search(content, at):
        at = token.end()
        if token[0] == b"(":
            end = _end_of_string(content, at)
            codes += _ESCAPE.sub(_unescaped, content[at : end - 1])
            at = end
        elif token[0] in (b"TJ", b"Tj"):
            yield font, size, codes
            codes = b""
        else:
            font, size = token[1], float(token[2])


def _end_of_string(content: bytes, at: int) -> int:
    """Where the string that began before `at` has ended; parentheses within it come in pairs."""
    depth = 1
    while depth:
        if content[at : at + 1] == b"\\":
            at += 1
        else:
            depth += {b"(": 1, b")": -1}.get(content[at : at + 1], 0)
        at += 1
    return at


def _one(pattern: bytes, text: bytes) -> int:
    found = re.search(pattern, text)
    assert found, pattern
    return int(found[1])


def _content(written: bytes) -> bytes:
    stream = _STREAM.search(written)
    assert stream
    return zlib.decompress(stream[1])


def _meanings(table: bytes) -> dict[int, str]:
    """What each glyph means, by the font's table."""
    meanings: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        meanings |= {int(glyph, 16): _text(code) for glyph, code in _MEANS.findall(block)}
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, code in _RANGE.findall(block):
            start = int(first, 16)
            meanings |= {glyph: chr(ord(_text(code)) + glyph - start) for glyph in range(start, int(last, 16) + 1)}
    return meanings


def _text(code: bytes) -> str:
    return bytes.fromhex(code.decode()).decode("utf-16-be")


def _unescaped(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    return bytes([int(escape, 8)]) if escape.isdigit() else _ESCAPED.get(escape, escape)
