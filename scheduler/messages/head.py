"""The small YAML head of a template: subject, preheader, from, reply_to, each a template itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scheduler.messages.sandbox import template_error
from scheduler.rulebook.findings import meant

if TYPE_CHECKING:
    from scheduler.messages.templates import TemplateFile

KEYS = ("subject", "preheader", "from", "reply_to")
_LINE = re.compile(r"---[ \t]*")
_KEY = re.compile(r"([A-Za-z_-]+):(?:[ \t]+(.*)|[ \t]*())")
_FOLDED = re.compile(r"^[>|][-+]?( |$)")


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says, the line of each key, and the body with the line at which it begins."""

    body: str
    first_line: int = 1
    fields: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)


def split_head(source: str, file: TemplateFile) -> Head:
    """The head and the body of a template; raises `TemplateError` where the head can't be used."""
    source = source.removeprefix("\ufeff").replace("\r\n", "\n")
    lines = source.split("\n")
    if not _LINE.fullmatch(lines[0]):
        if file.channel == "email" and file.ext != "txt" and file.name != "layout":
            raise template_error(
                "it has no head", file.path, 1, 'begin it with a line ---, then "subject: …", then a line ---'
            )
        return Head(source)
    end = next((number for number, line in enumerate(lines[1:], 1) if _LINE.fullmatch(line)), None)
    if end is None:
        raise template_error("its head has no end", file.path, 1, "put a line --- after the last key of the head")
    written, places = _fields(lines[1:end], file.path)
    return Head("\n".join(lines[end + 1 :]), end + 2, written, places)


def _fields(lines: list[str], path: str) -> tuple[dict[str, str], dict[str, int]]:
    """The keys with their texts and their lines.

    A text without quotes is taken as it stands, up to the end of the line: in YAML proper, the `#` of "Order #5" would
    begin a comment, and the colon of "One month in: how are we?" would be an error.
    """
    texts: dict[str, list[str]] = {}
    places: dict[str, int] = {}
    key = ""
    for number, line in enumerate(lines, 2):
        match = _KEY.fullmatch(line)
        if not line.strip() or line.startswith("#"):
            continue
        if match is None and key and line[0] in " \t":
            texts[key].append(line.strip())
            continue
        if match is None:
            raise template_error("this is no key of a head", path, number, 'write it like "subject: Your order"')
        key = match[1]
        if key not in KEYS:
            way_out = meant(key, KEYS, f"there are {', '.join(KEYS)}")
            raise template_error(f"there is no key {key!r} in a head", path, number, way_out)
        if key in texts:
            raise template_error(f"{key} is written twice", path, number, "remove one of them")
        texts[key] = [(match[2] or "").strip()]
        places[key] = number
    return {name: _unquoted(" ".join(filter(None, text))) for name, text in texts.items()}, places


def _unquoted(text: str) -> str:
    text = _FOLDED.sub("", text)
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\([\\\"])", r"\1", text[1:-1])
    return text
