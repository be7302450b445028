"""The active rulebook, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from scheduler.decisions.program import Program, compile_rules
from scheduler.errors import InputError, RulebookError
from scheduler.rulebook.model import Rulebook, Status
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import Activation, Store


@dataclass(frozen=True)
class Active:
    """A rulebook ready to decide with, and since when (UTC microseconds) each of its rules is active.

    `number` is that of its activation, 0 for one that is only looked at.
    """

    number: int
    program: Program
    activated: Mapping[str, int]

    @property
    def version(self) -> str:
        """The version of its files."""
        return self.program.rulebook.version


def active(store: Store, *, cache: Path | None = None) -> Active | None:
    """The rulebook that is active; None before the first activation. `cache` is a folder that spares parsing it."""
    found = store.rulebooks.active()
    return None if found is None else Active(found.number, _programs.of(found, cache), found.rules)


def rulebook_of_version(store: Store, number: int) -> Rulebook:
    """The rulebook of an earlier activation; raises `InputError` where there is none, or where it can't be used now."""
    last = store.rulebooks.active()
    is_one = last is not None and 1 <= number <= last.number  # others may be too large for a database to look up
    found = store.rulebooks.get(number) if is_one else None
    if found is None:
        raise InputError(f"there is no version {number}; `rightreason activate --list` shows which there are")
    rulebook, findings = rulebook_from_texts(found.files)
    if any(finding.is_error for finding in findings):
        message = f"the rules of version {number} can't be used any more; the findings say where and why"
        raise RulebookError(message, findings=findings, sources=found.files)
    return rulebook


def as_active(store: Store, rulebook: Rulebook, now: int) -> Active:
    """A rulebook as if it were activated now: rules that are active already keep their time."""
    found = store.rulebooks.active()
    since = dict.fromkeys(active_rules(rulebook), now) | dict(found.rules if found else {})
    return Active(0, compile_rules(rulebook), since)


def active_rules(rulebook: Rulebook) -> list[str]:
    """The names of the rules that speak: neither paused nor drafts."""
    return [rule.name for rule in rulebook.rules.values() if rule.status is Status.ACTIVE]


class _Programs:
    """Keeps the newest few versions compiled; a version never changes."""

    def __init__(self) -> None:
        self._sources: dict[str, tuple[Mapping[str, str], Path | None]] = {}
        self._compiled = lru_cache(maxsize=4)(self._compile)

    def of(self, activation: Activation, cache: Path | None) -> Program:
        self._sources = {activation.version: (activation.files, cache)}
        return self._compiled(activation.version)

    def _compile(self, version: str) -> Program:
        files, cache = self._sources[version]
        rulebook, _ = rulebook_from_texts(files, cache=cache)
        return compile_rules(rulebook)


_programs = _Programs()
