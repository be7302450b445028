"""What follows from contents alone, kept from one run to the next under a digest of those contents.

JSON and not pickle: whoever can write to the folder can at worst change what is said of the rules, which they could do
in `rules/` as well, and can never run code. What does not fit in any way is worked out again; a folder that can't be
written is no error.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any


class ContentCache:
    """Entries of one JSON file, each a value that JSON can hold; `save` writes those that are new.

    Of the entries that were not asked for in this run, so many are kept that there are `most`. Without a path nothing
    is kept.
    """

    def __init__(self, path: Path | None = None, most: int = 5000) -> None:
        self._path = path
        self._most = most
        self._stored = self._load()
        self._used: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        """What was kept under a key; raises `LookupError` where nothing was."""
        self._used[key] = found = self._used[key] if key in self._used else self._stored[key]
        return found

    def keep(self, key: str, value: Any) -> None:
        """Keep a value under a key."""
        self._used[key] = value

    def save(self) -> None:
        """Write the entries that were used, and of older ones as many as there is room for."""
        if self._path is None or self._used.items() <= self._stored.items():
            return
        older = [(key, value) for key, value in self._stored.items() if key not in self._used]
        room = max(self._most - len(self._used), 0)
        kept = dict([*older[len(older) - min(room, len(older)) :], *self._used.items()])
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


def digest(*parts: str) -> str:
    """One key for all parts together."""
    lengths = ",".join(str(len(part)) for part in parts)
    return sha256("\0".join((lengths, *parts)).encode(errors="surrogatepass")).hexdigest()


@cache
def source_of(*modules: ModuleType) -> str:
    """A digest of how modules are written; of a package, of all files in its folder."""
    found = sha256()
    for module in modules:
        path = Path(module.__file__ or "")
        for file in sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]:
            found.update(file.read_bytes())
    return found.hexdigest()
