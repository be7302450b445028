"""A workspace: a folder with its settings and its database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scheduler.settings import DeliverBy, Settings, load_settings
from scheduler.store import Store, open_store


@dataclass(frozen=True)
class Workspace:
    """A folder, what is set in it, and its store; to be closed, or used in a `with`."""

    folder: Path
    settings: Settings
    store: Store

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def by_file(self) -> Workspace:
        """The same workspace, with everything delivered into the outbox and nothing sent."""
        return replace(self, settings=self.settings.model_copy(update={"deliver_by": DeliverBy.FILE}))


def open_workspace(folder: Path, *, create: bool = True, **options: Any) -> Workspace:
    """Open the workspace in a folder; `options` are settings that come before its file and the environment.

    The database is made and migrated on first use, unless `create` is false: then a missing one is a `StoreError`.
    Raises `SettingsError`, `NewerDatabase`.
    """
    settings = load_settings(folder, **options)
    # The oldest key: a newer one in front of it must not turn the hashes of erased addresses into strangers.
    pepper = hashlib.sha256(b"erased addresses\0" + settings.signing_keys()[-1]).digest()
    return Workspace(folder, settings, open_store(settings.database_url, create=create, pepper=pepper))
