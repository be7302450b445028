"""Rulebooks: every version that was made active, by whom, and since when each rule is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from scheduler.errors import StoreError
from scheduler.store.watch import notify

if TYPE_CHECKING:
    from scheduler.store.database import Store

_SELECT = (
    "SELECT number, version, CAST(files AS TEXT), CAST(rules AS TEXT), who, activated_at FROM rulebook{those}"
    " ORDER BY number DESC"
)
_ALL = text(_SELECT.format(those=""))
_LATEST = text(_SELECT.format(those="") + " LIMIT 1")
_ONE = text(_SELECT.format(those=" WHERE number = :number"))
_ADD = text(
    "INSERT INTO rulebook (number, version, files, rules, who, activated_at)"
    " VALUES (:number, :version, :files, :rules, :who, :now)"
)


@dataclass(frozen=True, slots=True)
class Activation:
    """A rulebook that was made active.

    `version` is its hash, `files` the text of each file by its path; `rules` says when each rule's name first became
    active, which edits don't change.
    """

    number: int
    version: str
    files: Mapping[str, str]
    rules: Mapping[str, int]
    who: str
    activated_at: int


@dataclass(frozen=True, slots=True)
class Rulebooks:
    """The rulebooks of a store."""

    store: Store

    def activate(
        self,
        files: Mapping[str, str],
        version: str,
        who: str,
        *,
        rules: Iterable[str],
        now: int,
        expected: int | None = None,
    ) -> int:
        """Makes these files the active rulebook; its number, which stays where that version is active already.

        `expected` is the number of the one that they were compared with, 0 where none was active. Raises `StoreError`
        where another is active by now, as nobody has seen what would change in that; nothing has changed then.
        """
        with self.store.write() as connection:
            if self.store.is_postgresql:
                connection.execute(text("LOCK TABLE rulebook IN EXCLUSIVE MODE"))
            before = connection.execute(_LATEST).first()
            last = None if before is None else _activation(before)
            if last is not None and last.version == version:
                return last.number
            if last is not None and expected not in (None, last.number):
                raise StoreError(
                    f"nothing was changed: version {last.number} was made active by {last.who} meanwhile; look again"
                )
            since = {**dict.fromkeys(rules, now), **(last.rules if last else {})}
            number = last.number + 1 if last else 1
            given = {"number": number, "version": version, "who": who, "now": now}
            connection.execute(_ADD, {**given, "files": json.dumps(dict(files)), "rules": json.dumps(since)})
            notify(connection)
        return number

    def active(self) -> Activation | None:
        """The one that is active."""
        with self.store.read() as connection:
            found = connection.execute(_LATEST).first()
        return None if found is None else _activation(found)

    def get(self, number: int) -> Activation | None:
        """The one with that number."""
        with self.store.read() as connection:
            found = connection.execute(_ONE, {"number": number}).first()
        return None if found is None else _activation(found)

    def list(self) -> list[Activation]:
        """All of them, the newest first."""
        with self.store.read() as connection:
            return [_activation(row) for row in connection.execute(_ALL)]


def _activation(row: Any) -> Activation:
    number, version, files, rules, who, activated_at = row
    return Activation(number, version, json.loads(files), json.loads(rules), who, activated_at)
