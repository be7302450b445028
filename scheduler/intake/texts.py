"""Texts as they come out of files: a cell as text, and the characters that no text of ours may hold.

Control characters and bidirectional overrides can make a message show, or a header mean, something else than what
was checked (Unicode TR 36); line breaks are fine in an address or a comment, not in a name.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from scheduler.intake.causes import Cause, Rejected

LONGEST_TEXT = 20_000
LONGEST_LINE = 500

_IN_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_IN_NO_LINE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def text_of(cell: object, column: str) -> str:
    """A cell as trimmed text, empty where it is missing; raises `Rejected` for lists, objects and bytes."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, int | float):
        return str(cell)
    raise Rejected(Cause.NESTED, f"a {type(cell).__name__} is no single value", column)


def text(written: str, column: str) -> str:
    """A text of one or more lines, as it is; raises `Rejected` where it holds what no text may."""
    if not written.isprintable() and (found := _IN_NO_TEXT.search(written)):
        raise _holds(found, column)
    if len(written) > LONGEST_TEXT:
        raise Rejected(Cause.TOO_LONG, f"{len(written)} characters; at most {LONGEST_TEXT} are taken", column)
    return written


def line(written: str, column: str) -> str:
    """A text of one line; raises `Rejected` where it holds a line break or what no text may."""
    if not written.isprintable() and (found := _IN_NO_LINE.search(written)):
        raise _holds(found, column)
    if len(written) > LONGEST_LINE:
        raise Rejected(Cause.TOO_LONG, f"{len(written)} characters; at most {LONGEST_LINE} are taken", column)
    return written


def shown(written: str) -> str:
    """A text as it may stand in a message: cut short, with its odd characters escaped."""
    return repr(written if len(written) <= 60 else written[:57] + "...")


def _holds(found: re.Match[str], column: str) -> Rejected:
    character = found[0]
    if character == "\0":
        return Rejected(Cause.NUL, f"holds a NUL byte at character {found.start() + 1}", column)
    if "\ud800" <= character <= "\udfff":
        return Rejected(Cause.NOT_UTF8, f"character {found.start() + 1} is not UTF-8; save the file as UTF-8", column)
    if character in "\r\n":
        return Rejected(Cause.CONTROL_CHARACTER, f"holds a line break at character {found.start() + 1}", column)
    name = unicodedata.name(character, "a control character")
    return Rejected(
        Cause.CONTROL_CHARACTER, f"holds U+{ord(character):04X} ({name}) at character {found.start() + 1}", column
    )
