"""What channels wrote into files for occasions: found by the marks in their names, shown, and removed for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from scheduler.channels.mime import digest
from scheduler.channels.post import strike
from scheduler.settings import Settings


def written_for(settings: Settings, keys: Iterable[str]) -> dict[Path, str]:
    """The files in the outbox and the post folder that were written for these occasions, each with its key."""
    marks = _marks(keys)
    return {path: marks[mark] for path in _files(settings) if (mark := _mark_of(path.name)) in marks}


def remove_written(settings: Settings, keys: Iterable[str]) -> list[Path]:
    """Removes those files, and the lines of their cards on the printer's sheets; what could not be changed."""
    marks = _marks(keys)
    left = []
    for path in written_for(settings, marks.values()):
        try:
            path.unlink(missing_ok=True)
        except OSError:
            left.append(path)
    for sheet in sorted(_post(settings).glob("*/addresses-*.csv")):
        try:
            strike(sheet, lambda card: _mark_of(card) in marks)
        except OSError:
            left.append(sheet)
    return left


def _files(settings: Settings) -> Iterator[Path]:
    """A file that was being written when a crash came begins with a dot, and is looked at too."""
    if settings.outbox_folder.is_dir():
        yield from settings.outbox_folder.iterdir()
    yield from _post(settings).glob("*/*.pdf*")


def _post(settings: Settings) -> Path:
    return settings.workspace / settings.post.folder


def _marks(keys: Iterable[str]) -> dict[str, str]:
    return {digest(key)[:12]: key for key in keys}


def _mark_of(name: str) -> str:
    return name.rpartition("-")[2].partition(".")[0]
