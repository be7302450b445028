"""JSON Lines: one object a line, whose values have their types already."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scheduler.errors import InputError
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.files import File, Format
from scheduler.intake.tables import Line

REJECT_KEYS = ("line", "cause")


class JsonLinesTable:
    """A file of objects; its columns are all keys that occur, in the order in which they first do."""

    format = Format.JSONL
    written = False

    def __init__(self, file: File) -> None:
        self.shown = file.shown
        self._file = file
        keys: dict[str, None] = {}
        faults: list[str] = []
        for number, found, fault, _ in self._objects():
            keys.update(dict.fromkeys(found))
            if fault is not None and not faults:
                faults.append(f"{self.shown}:{number}: {fault}")
        if tuple(keys)[-2:] == REJECT_KEYS and len(keys) > 2:
            for key in REJECT_KEYS:
                del keys[key]
        if not keys:
            raise InputError("; ".join([f"{self.shown} holds no JSON object; write one a line", *faults]))
        self.columns = tuple(keys)

    def rows(self) -> Iterator[Line]:
        """All objects; a line that is none has a fault, and its text as only cell."""
        for number, found, fault, line in self._objects():
            yield Line(number, [line.rstrip("\r\n")] if fault else [found.get(key) for key in self.columns], fault)

    def _objects(self) -> Iterator[tuple[int, dict[str, object], Rejected | None, str]]:
        for number, line in enumerate(self._file.lines(), 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line, object_pairs_hook=_object)
            except ValueError as error:
                yield number, {}, Rejected(Cause.NOT_JSON, f"is no JSON: {error}"), line
                continue
            except RecursionError:
                yield number, {}, Rejected(Cause.NESTED, "is nested too deeply to be read"), line
                continue
            except Rejected as refused:
                yield number, {}, refused, line
                continue
            if isinstance(found, dict):
                yield number, found, None, line
            else:
                yield number, {}, Rejected(Cause.NOT_JSON, 'is no JSON object, such as {"id": "17"}'), line


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for position, (key, _) in enumerate(pairs) if key in dict(pairs[:position]))
        raise Rejected(Cause.NOT_JSON, f"names {twice!r} twice")
    return found
