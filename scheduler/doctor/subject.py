"""What the doctor looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scheduler.errors import StoreError
from scheduler.rulebook.model import Rulebook, Status
from scheduler.rulebook.reader import read_rulebook, rulebook_from_texts
from scheduler.settings import Settings
from scheduler.store import Store, open_store
from scheduler.store.database import version_of
from scheduler.store.migrations import versions

SOON = 5.0
"""So long, in seconds, each server is waited for."""
_SQLITE = "sqlite:///"


@dataclass
class Subject:
    """A workspace, looked at as of `clock()` (UTC microseconds); to be closed, or used in a `with`."""

    folder: Path
    settings: Settings
    clock: Callable[[], int]
    cache: Path | None = None
    quick: bool = False
    alert: bool = False

    def __enter__(self) -> Subject:
        return self

    def __exit__(self, *_: object) -> None:
        if store := vars(self).get("store"):
            store.close()

    @property
    def database_file(self) -> Path | None:
        """The file of the database; None where that is on a server."""
        url = self.settings.database_url
        return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None

    @cached_property
    def version(self) -> str | StoreError | None:
        """The version of the database, None where there is none yet, or why it can't be told: asked once."""
        file = self.database_file
        if file is not None and not file.exists():
            return None
        try:
            return version_of(self.settings.database_url)
        except StoreError as problem:
            return problem

    @cached_property
    def store(self) -> Store | None:
        """The store; None where it is none of this program's version, since to look is not to migrate."""
        if self.version != versions()[-1]:
            return None
        return open_store(self.settings.database_url, create=False)

    @cached_property
    def active(self) -> Rulebook | None:
        """The rules that are active, if any are."""
        found = self.store.rulebooks.active() if self.store else None
        return None if found is None else rulebook_from_texts(found.files, cache=self.cache)[0]

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rules that are active, or else those in the folder, as far as they can be read."""
        return self.active or read_rulebook(self.folder, cache=self.cache)[0]

    @property
    def speaking(self) -> list[str]:
        """The rules that are neither drafts nor paused."""
        return [name for name, rule in self.rulebook.rules.items() if rule.status is Status.ACTIVE]


def hurried(settings: Settings) -> Settings:
    """The same settings, by which nobody is waited for longer than `SOON`."""
    names = ("email", "sms", "webhook", "bounces")
    groups = {name: getattr(settings, name) for name in names}
    return settings.model_copy(
        update={name: group.model_copy(update={"timeout": min(group.timeout, SOON)}) for name, group in groups.items()}
    )
