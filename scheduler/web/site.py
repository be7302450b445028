"""What the pages and the intake share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scheduler.settings import Settings
from scheduler.store import Store
from scheduler.workspace import Workspace


@dataclass(frozen=True)
class Site:
    """A workspace that is served, as of `clock` (UTC microseconds since 1970)."""

    workspace: Workspace
    clock: Callable[[], int]

    @property
    def store(self) -> Store:
        """Its database."""
        return self.workspace.store

    @property
    def settings(self) -> Settings:
        """What is set in it."""
        return self.workspace.settings
