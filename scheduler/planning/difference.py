"""What other rules would change: which contacts of the coming days they add, move, change and cancel.

Both versions decide the same days with the engine that previews; their contacts are compared by occasion. So what was
there before, with the difference, is what the preview shows once the other rules are active.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from scheduler.decisions.columns import Columns
from scheduler.decisions.compiled import PLAIN, Kernel
from scheduler.decisions.decide import Walk
from scheduler.decisions.outcome import Decision
from scheduler.decisions.program import Program
from scheduler.planning.edits import Edits
from scheduler.planning.preview import ahead
from scheduler.planning.rulebooks import Active


class Kind(StrEnum):
    """What becomes of a pending contact."""

    ADDED = "added"
    MOVED = "moved"
    CHANGED = "changed"
    CANCELLED = "cancelled"


class Aspect(StrEnum):
    """What of a contact may differ."""

    TIME = "time"
    CHANNEL = "channel"
    TEMPLATE = "template"
    TEXT = "text"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one contact; `differs` says in which way it is moved or changed."""

    kind: Kind
    before: Decision | None
    after: Decision | None
    differs: tuple[Aspect, ...] = ()

    @property
    def decision(self) -> Decision:
        """The contact as it would be, or else as it was to be."""
        known = self.after or self.before
        assert known is not None  # noqa: S101 - a change has one of them
        return known

    @property
    def customer(self) -> str:
        """The id of whose contact it is."""
        return self.decision.customer

    @property
    def rule(self) -> str:
        """The name of its rule."""
        return self.decision.rule


@dataclass(frozen=True)
class Comparison:
    """Two versions of the rules, to be compared; `before` is None where none are active."""

    before: Active | None
    after: Active

    @property
    def versions(self) -> tuple[Active, ...]:
        """The versions, the newer first."""
        return (self.after,) if self.before is None else (self.after, self.before)

    @property
    def programs(self) -> tuple[Program, ...]:
        """Their programs."""
        return tuple(one.program for one in self.versions)

    @cached_property
    def edits(self) -> Edits:
        """What was edited."""
        return Edits(None if self.before is None else self.before.program.rulebook, self.after.program.rulebook)


def differences(
    chunks: Iterable[Sequence[Columns]], compared: Comparison, now: int, days: int, *, by: Kernel = PLAIN
) -> Iterator[Change]:
    """Decide the next `days` times 24 hours by both versions, and yield what differs, in the order of customers.

    Each chunk of customers is given by its columns for each of `compared.programs`. For a `now` that has passed, they
    are those of the customers as they were `known_by` then.
    """
    judge = _Judge(compared)
    for columns in chunks:
        yield from judge.changes(columns, now, days, by)


def _contacts(walk: Walk) -> dict[str, Decision]:
    return {walk.key(o): walk.decision(o) for o in walk.decided(contacts=True)}


class _Judge:
    """Says what differs between the contacts by two versions."""

    def __init__(self, compared: Comparison) -> None:
        self.compared = compared
        self._edits = compared.edits
        self._old = compared.before.program.rulebook.rules if compared.before else {}
        self._new = compared.after.program.rulebook.rules
        self._read_otherwise: dict[tuple[str, str], tuple[Aspect, ...]] = {}

    def changes(self, columns: Sequence[Columns], now: int, days: int, by: Kernel) -> Iterator[Change]:
        new, *others = (
            _contacts(ahead(seen, rules, now, days, silences=False, by=by))
            for seen, rules in zip(columns, self.compared.versions, strict=True)
        )
        old = others[0] if others else {}
        keys: dict[str, list[str]] = {}
        for one in {**old, **new}.values():
            keys.setdefault(one.customer, []).append(one.occasion)
        for customer in columns[0].ids:
            for key in keys.get(customer, ()):
                change = self._change(old.get(key), new.get(key))
                if change is not None:
                    yield change

    def _change(self, before: Decision | None, after: Decision | None) -> Change | None:
        if before is None:
            return Change(Kind.ADDED, None, after)
        if after is None:
            return Change(Kind.CANCELLED, before, None)
        differs = tuple(self._aspects(before, after))
        if not differs:
            return None
        return Change(Kind.MOVED if Aspect.TIME in differs else Kind.CHANGED, before, after, differs)

    def _aspects(self, before: Decision, after: Decision) -> Iterator[Aspect]:
        if before.at != after.at:
            yield Aspect.TIME
        if before.channel != after.channel:
            yield Aspect.CHANNEL
        yield from self._words(after.rule, after.channel or "")

    def _words(self, rule: str, channel: str) -> tuple[Aspect, ...]:
        """What is written otherwise of a rule; the same for all its contacts by that channel."""
        found = self._read_otherwise.get((rule, channel))
        if found is None:
            found = self._read_otherwise[rule, channel] = tuple(self._differing(rule, channel))
        return found

    def _differing(self, rule: str, channel: str) -> Iterator[Aspect]:
        old, new = self._old[rule], self._new[rule]
        if old.template != new.template:
            yield Aspect.TEMPLATE
        elif self._edits.texts_differ(rule, channel):
            yield Aspect.TEXT
        if old.reason != new.reason:
            yield Aspect.REASON
