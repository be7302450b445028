"""Trees of files that were read before, so that a cold start need not parse YAML again.

One file in the workspace's cache folder holds the trees of the files that were read last, each by the parser's own
source and the file's text. Everything else (validation, lint) is done anew each time.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from scheduler.rulebook import yaml_text
from scheduler.rulebook.content_cache import ContentCache, digest, source_of
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

    def __init__(self, folder: Path | None, name: str = "rules") -> None:
        self._kept = ContentCache(folder / f"{name}.json", _MOST) if folder else None

    def tree(self, file: str, text: str) -> tuple[Node | None, list[Finding]]:
        """As `yaml_text.parse`."""
        if self._kept is None:
            return parse(file, text)
        key = digest(_FORMAT, source_of(yaml_text), text)
        with suppress(LookupError, TypeError, ValueError):
            return _unpacked(self._kept.get(key), file), []
        parsed, findings = parse(file, text)
        if parsed is not None and not findings:
            self._kept.keep(key, _packed(parsed))
        return parsed, findings

    def save(self) -> None:
        """Keep the trees that were asked for, and of older ones as many as there is room for."""
        if self._kept is not None:
            self._kept.save()


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
