"""The rules in a workspace's folder, beside those that are active: the same, others, or broken.

Only an active version is ever run, so whatever is in the folder changes nothing; but somebody should be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scheduler.errors import RulebookError
from scheduler.rulebook.reader import load_rulebook

Look = tuple[tuple[str, int, int], ...]
"""The files of a folder with their time and size: as long as it is the same, nobody has saved anything."""


class Folder(StrEnum):
    """How the rules in the folder stand to those that are active; the value says it in words."""

    SAME = "the rules in the folder are the active ones"
    DIFFERS = "the rules in the folder differ from the active ones"
    BROKEN = "the rules in the folder are broken"


@dataclass(frozen=True, slots=True)
class InFolder:
    """What is in the folder; where it is broken, `detail` says what is wrong, and `errors` how often."""

    state: Folder
    detail: str = ""
    errors: int = 0


def rules_in(workspace: Path, version: str, *, cache: Path | None = None) -> InFolder:
    """How the rules in a workspace's folder stand to the active `version`; whatever is there, it never fails."""
    try:
        rulebook = load_rulebook(workspace, cache=cache)
    except RulebookError as error:
        errors = [finding for finding in error.facts.get("findings", ()) if finding.is_error]
        detail = f"{errors[0].place}: {errors[0].message}" if errors else str(error)
        return InFolder(Folder.BROKEN, detail, len(errors))
    except OSError as error:  # a file went away between the look into the folder and the reading
        return InFolder(Folder.BROKEN, f"{error.filename}: {error.strerror}")
    except Exception as error:  # noqa: BLE001 - those who run the active rules go on, whatever is in the folder
        return InFolder(Folder.BROKEN, f"{type(error).__name__}: {error}")
    return InFolder(Folder.SAME if rulebook.version == version else Folder.DIFFERS)


def look_at(workspace: Path) -> Look:
    """What can be seen of the rules and templates without reading them."""
    seen = []
    for part in ("rules", "templates"):
        for path in sorted((workspace / part).rglob("*")):
            try:
                found = path.stat()
            except OSError:
                continue
            seen.append((path.relative_to(workspace).as_posix(), found.st_mtime_ns, found.st_size))
    return tuple(seen)


class Watch:
    """Looks into a folder now and then, and says each thing about it once."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self._seen: tuple[str, Look] | None = None
        self._told = InFolder(Folder.SAME)

    def news(self, version: str) -> InFolder | None:
        """What is new to be told of the folder beside the active `version`; None where there is nothing new."""
        seen = (version, look_at(self.workspace))
        if seen == self._seen:
            return None
        self._seen = seen
        found = rules_in(self.workspace, version)
        if found == self._told:
            return None
        self._told = found
        return found
