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

    @cached_property
    def walked(self) -> tuple[Active, ...]:
        """The versions that have to be walked: the newer alone where they differ in words and decide alike."""
        alike = self.before is not None and decide_alike(self.before, self.after)
        return (self.after,) if alike else self.versions

    @property
    def programs(self) -> tuple[Program, ...]:
        """The programs of those that have to be walked."""
        return tuple(one.program for one in self.walked)

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


def decide_alike(one: Active, other: Active) -> bool:
    """Whether two versions say the same of every customer but for their words."""
    return _without_words(one) == _without_words(other)


def _without_words(rules: Active) -> tuple[object, ...]:
    book = rules.program.rulebook
    silent = {name: rule.model_copy(update={"reason": "", "places": {}}) for name, rule in book.rules.items()}
    return rules.activated, book.house, silent, book.conditions


@dataclass(frozen=True)
class _Contacts:
    """The contacts of a walk, by their occasions. Most of them stay as they are, and are never put into words."""

    walk: Walk

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Their numbers by the keys of their occasions, customer by customer."""
        return {self.walk.key(o): o for o in self.walk.decided(contacts=True)}

    def brief(self, key: str) -> tuple[int, str, str] | None:
        """The instant, rule and channel of an occasion's contact; None where there is none."""
        if (number := self.numbers.get(key)) is None:
            return None
        row, program = self.walk.rows[number], self.walk.program
        return row.at, program.rules[row.rule].name, program.channels[row.channel]

    def decision(self, key: str) -> Decision:
        """The contact of an occasion, which there is."""
        return self.walk.decision(self.numbers[key])


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
            _Contacts(ahead(seen, rules, now, days, silences=False, by=by))
            for seen, rules in zip(columns, self.compared.walked, strict=True)
        )
        old = None if self.compared.before is None else others[0] if others else new
        keys = {**old.numbers, **new.numbers} if old is not None and old is not new else new.numbers
        found = [change for key in keys if (change := self._change(key, old, new)) is not None]
        place = {customer: number for number, customer in enumerate(columns[0].ids)}
        yield from sorted(found, key=lambda change: place[change.customer])

    def _change(self, key: str, old: _Contacts | None, new: _Contacts) -> Change | None:
        before, after = None if old is None else old.brief(key), new.brief(key)
        if old is None or before is None:
            return Change(Kind.ADDED, None, new.decision(key))
        if after is None:
            return Change(Kind.CANCELLED, old.decision(key), None)
        differs = tuple(self._aspects(before, after))
        if not differs:
            return None
        kind = Kind.MOVED if Aspect.TIME in differs else Kind.CHANGED
        return Change(kind, old.decision(key), new.decision(key), differs)

    def _aspects(self, before: tuple[int, str, str], after: tuple[int, str, str]) -> Iterator[Aspect]:
        (was_at, _, was_by), (at, rule, channel) = before, after
        if was_at != at:
            yield Aspect.TIME
        if was_by != channel:
            yield Aspect.CHANNEL
        yield from self._words(rule, channel)

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
