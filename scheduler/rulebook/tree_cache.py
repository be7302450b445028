"""Trees of files that were read before, so that a cold start need not parse YAML again.

One JSON file in the workspace's cache folder holds the trees of the files that were read last, each by the SHA-256 of
the parser's own source and the file's text. JSON and not pickle: whoever can write to the folder can at worst change
what the rules say, which they could do in `rules/` as well, and can never run code. Everything else (validation, lint)
is done anew each time. What does not fit in any way is parsed again; a folder that can't be written is no error.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from scheduler.rulebook import yaml_text
from scheduler.rulebook.findings import Finding
from scheduler.rulebook.model import Place
from scheduler.rulebook.nodes import Entry, ListNode, MappingNode, Node, ScalarNode
from scheduler.rulebook.yaml_text import parse

_FORMAT = "1"
"""How trees are packed; a change here makes what was stored before useless."""
_MOST = 200
"""So many trees are kept: those of the folder's files and of the active version, and some of before."""


class TreeCache:
    """Parses texts, or takes their trees from the folder; `save` adds those that were not there."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "rules.json" if folder else None
        self._stored = self._load()
        self._used: dict[str, Any] = {}

    def tree(self, file: str, text: str) -> tuple[Node | None, list[Finding]]:
        """As `yaml_text.parse`."""
        if self._path is None:
            return parse(file, text)
        key = _key(text)
        with suppress(LookupError, TypeError, ValueError):
            node = _unpacked(self._stored[key], file)
            self._used[key] = self._stored[key]
            return node, []
        parsed, findings = parse(file, text)
        if parsed is not None and not findings:
            self._used[key] = _packed(parsed)
        return parsed, findings

    def save(self) -> None:
        """Keep the trees that were asked for, and of older ones as many as there is room for."""
        if self._path is None or self._used.keys() <= self._stored.keys():
            return
        older = [(key, tree) for key, tree in self._stored.items() if key not in self._used]
        kept = dict([*older, *self._used.items()][-_MOST:])
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            draft.write_text(json.dumps(kept, separators=(",", ":")), encoding="utf-8")
            draft.replace(self._path)

    def _load(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        with suppress(OSError, ValueError, RecursionError):
            loaded = json.loads(self._path.read_text(encoding="utf-8"))
            return loaded if isinstance(loaded, dict) else {}
        return {}


@cache
def _parser() -> str:
    return sha256(Path(yaml_text.__file__).read_bytes()).hexdigest()


def _key(text: str) -> str:
    return sha256(f"{_FORMAT}\0{_parser()}\0{text}".encode(errors="surrogatepass")).hexdigest()


def _packed(node: Node) -> list[Any]:
    where = [node.place.line, node.place.column]
    match node:
        case ScalarNode():
            return [*where, "scalar", node.value]
        case ListNode():
            return [*where, "list", [_packed(item) for item in node.items]]
        case MappingNode():
            entries = [
                [key, entry.place.line, entry.place.column, _packed(entry.value)] for key, entry in node.entries.items()
            ]
            return [*where, "mapping", entries]


def _unpacked(packed: Any, file: str) -> Node:
    line, column, kind, content = packed
    place = Place(file, int(line), int(column))
    match kind:
        case "scalar" if content is None or isinstance(content, str | int | float):
            return ScalarNode(place, content)
        case "list":
            return ListNode(place, tuple(_unpacked(item, file) for item in content))
        case "mapping":
            entries = {
                str(key): Entry(Place(file, int(line), int(column)), _unpacked(value, file))
                for key, line, column, value in content
            }
            return MappingNode(place, entries)
    raise ValueError(kind)
