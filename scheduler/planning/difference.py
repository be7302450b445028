"""What other rules would change: which contacts of the coming days they add, move, change and cancel.

Both versions decide the same days with the engine that previews; their contacts are compared by occasion. So what was
there before, with the difference, is what the preview shows once the other rules are active.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import inf

from scheduler.decisions.columns import columns_like, columns_of
from scheduler.decisions.compiled import PLAIN, Kernel
from scheduler.decisions.decide import Walk, chunks
from scheduler.decisions.facts import Customer
from scheduler.decisions.outcome import Decision
from scheduler.decisions.program import Program, Trigger
from scheduler.durations import Unit
from scheduler.planning.edits import Edits
from scheduler.planning.preview import ahead
from scheduler.planning.rulebooks import Active
from scheduler.rulebook.model import Rule
from scheduler.store import Store
from scheduler.wallclock import DAY

_BY_EVENT = {Trigger.EVENT, Trigger.SILENCE}
_EVEN = {Unit.MINUTES, Unit.HOURS, Unit.DAYS, Unit.WEEKS}
"""Units of which each is about as long as the next; a month or a business day may be longer than usual."""


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
    customer: Customer
    before: Decision | None
    after: Decision | None
    differs: tuple[Aspect, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Two versions of the rules, to be compared; `before` is None where none are active."""

    before: Active | None
    after: Active

    @cached_property
    def edits(self) -> Edits:
        """What was edited."""
        return Edits(None if self.before is None else self.before.program.rulebook, self.after.program.rulebook)


def differences(
    customers: Iterable[Customer], compared: Comparison, now: int, days: int, *, by: Kernel = PLAIN
) -> Iterator[Change]:
    """Decide the next `days` times 24 hours by both versions, and yield what differs, in the order of customers.

    For a `now` that has passed, give it the customers as they were `known_by` then.
    """
    judge = _Judge(compared)
    for chunk in chunks(customers, by.chunk):
        yield from judge.changes(chunk, now, days, by)


def touched(store: Store, compared: Comparison, now: int) -> Sequence[str] | None:
    """The customers for whom anything may differ from `now` on; None for all of them.

    Of the others no rule that was edited has an occasion, so both versions decide the same for them.
    """
    rules = compared.edits.touches
    if rules is None:
        return None
    names, since = set[str](), float(now)
    for program in [compared.after.program, *([compared.before.program] if compared.before else [])]:
        for name, least in _triggers(program, rules, now):
            if name is None:
                return None
            names.add(name)
            since = min(since, least)
    return store.events.customers(names, since=int(since)) if names else []


def _triggers(program: Program, rules: frozenset[str], now: int) -> Iterator[tuple[str | None, float]]:
    """The events that trigger these rules, and since when one may open a window; None for what is no event."""
    for rule, row in zip(program.rules, program.tables.rules, strict=True):
        if rule.name in rules:
            by_event = Trigger(row.trigger) in _BY_EVENT
            yield rule.triggering_event if by_event else None, now - min(row.reach_high, _closes_within(rule))


def _closes_within(rule: Rule) -> float:
    """So long after its trigger a window has closed for sure, in microseconds.

    Days on the wall are at most some hours longer than 24 of them, and a day where a zone skipped one.
    """
    if rule.before is None or rule.before.unit not in _EVEN:
        return inf
    return rule.before.nominal_days * DAY + 3 * DAY


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

    def changes(self, customers: Sequence[Customer], now: int, days: int, by: Kernel) -> Iterator[Change]:
        before, after = self.compared.before, self.compared.after
        columns = columns_of(after.program, customers)
        new = _contacts(ahead(customers, after, now, days, silences=False, by=by, columns=columns))
        old: dict[str, Decision] = {}
        if before is not None:
            columns = columns_like(columns, after.program, before.program, customers)
            old = _contacts(ahead(customers, before, now, days, silences=False, by=by, columns=columns))
        keys: dict[str, list[str]] = {}
        for one in {**old, **new}.values():
            keys.setdefault(one.customer, []).append(one.occasion)
        for customer in customers:
            for key in keys.get(customer.id, ()):
                change = self._change(customer, old.get(key), new.get(key))
                if change is not None:
                    yield change

    def _change(self, customer: Customer, before: Decision | None, after: Decision | None) -> Change | None:
        if before is None:
            return Change(Kind.ADDED, customer, None, after)
        if after is None:
            return Change(Kind.CANCELLED, customer, before, None)
        differs = tuple(self._aspects(before, after))
        if not differs:
            return None
        return Change(Kind.MOVED if Aspect.TIME in differs else Kind.CHANGED, customer, before, after, differs)

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
