"""The starter workspace: what `rightreason init` lays down.

Settings and the sample shop lie beside this file. The rules and templates lie here in a wheel, and at the top of
a checkout, where they are read, tested and shown as the project's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
SETTINGS = "rightreason.toml"


def starter_files() -> Iterator[tuple[str, bytes]]:
    """Every file of a new workspace: its path there, with slashes, and its content."""
    yield SETTINGS, (HERE / SETTINGS).read_bytes()
    yield from _folder("rules", HERE / "rules", CHECKOUT / "rules")
    yield from _folder("templates", HERE / "templates", CHECKOUT / "templates")
    yield from _folder("sample", HERE / "sample")


def _folder(name: str, *places: Path) -> Iterator[tuple[str, bytes]]:
    """The files of the first of `places` that is there, under `name`."""
    folder = next(place for place in places if place.is_dir())
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith((".", "__")) for part in inside.parts):
            yield f"{name}/{inside.as_posix()}", path.read_bytes()
