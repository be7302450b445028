"""Conditions, compiled: leaves (one comparison over one stream each) joined by a small postfix program.

A code is a sequence of numbers: 0 and above push the truth of that leaf; `AND`, `OR` and `NOT` combine what was
pushed. Equal leaves, streams and predicates are kept once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TypeVar

from scheduler.decisions.comparison import TESTS
from scheduler.decisions.numbering import Interned
from scheduler.decisions.spans import Spans
from scheduler.durations import Duration
from scheduler.errors import InputError
from scheduler.rulebook.model import (
    ANY,
    AllOf,
    AnyOf,
    AsksFor,
    Comparison,
    Condition,
    ContactCondition,
    CustomerCondition,
    EventCondition,
    HouseRules,
    NamedCondition,
    NoneOf,
    OpenCondition,
    Since,
)

AND, OR, NOT = -1, -2, -3
ASKS = tuple(AsksFor)


class LeafKind(IntEnum):
    """What a leaf looks at."""

    CUSTOMER = 0
    EVENTS = 1
    OPEN = 2
    CONTACTS = 3


class Aggregate(IntEnum):
    """What a leaf makes of a stream's events."""

    COUNT = 0
    SUM = 1
    AVERAGE = 2
    MIN = 3
    MAX = 4
    LATEST = 5
    FIRST = 6


class From(IntEnum):
    """After which instant a leaf counts, beside its `within`."""

    EVER = 0
    TRIGGER = 1
    OPENING = 2


class Test(IntEnum):
    """A comparison of numbers; `ONE_OF` and `NONE_OF` are followed by as many values as they say."""

    IS = 0
    IS_NOT = 1
    AT_LEAST = 2
    AT_MOST = 3
    MORE_THAN = 4
    LESS_THAN = 5
    MULTIPLE_OF = 6
    ONE_OF = 7
    NONE_OF = 8
    NEVER = 9


_TESTS: Mapping[str, Test] = {
    "is": Test.IS,
    "is_not": Test.IS_NOT,
    "at_least": Test.AT_LEAST,
    "at_most": Test.AT_MOST,
    "more_than": Test.MORE_THAN,
    "less_than": Test.LESS_THAN,
    "multiple_of": Test.MULTIPLE_OF,
    "in": Test.ONE_OF,
    "not_in": Test.NONE_OF,
}


class Carries(IntEnum):
    """The number that an event carries in a stream.

    None; that of a property; whether a property passes a predicate; the instant from which a delivery has had its
    value window; the instant from which the thing that the event opens counts as open.
    """

    NOTHING = 0
    VALUE = 1
    FLAG = 2
    RIPE = 3
    OPENED = 4


@dataclass(frozen=True)
class Predicate:
    """Comparisons of one property of an event, given by its column."""

    column: int
    comparison: Comparison


@dataclass(frozen=True)
class Stream:
    """Events of some names that pass all predicates of `where` (their numbers), with one number each.

    `column` is the property whose value is carried, `flag` the predicate that is asked, `key` the property that
    `same` compares; -1 stands for none. `closed_by` are the events that close what the others open, or what a task
    that a rule makes opens, where that is so `by_tasks`.
    """

    events: tuple[str, ...]
    where: tuple[int, ...] = ()
    carries: Carries = Carries.NOTHING
    column: int = -1
    flag: int = -1
    key: int = -1
    closed_by: tuple[str, ...] = ()
    span: Duration | None = None
    by_tasks: bool = False


@dataclass(frozen=True)
class Leaf:
    """One comparison over one stream; numbers refer to the tables of the compiled program."""

    kind: LeafKind
    written: Condition
    stream: int = -1
    column: int = -1
    aggregate: Aggregate = Aggregate.COUNT
    span: int = -1
    since: From = From.EVER
    key: int = -1
    tests: tuple[float, ...] = ()
    rule: int = -1
    asks: int = -1
    channels: int = -1


@dataclass
class Conditions:
    """Collects leaves, streams and codes while rules are compiled.

    `rules` are the numbers of all that are written, drafts among them: what those sent before counts.
    """

    house: HouseRules
    named: Mapping[str, NamedCondition]
    rules: Mapping[str, int]
    channels: Interned
    spans: Spans
    leaves: list[Leaf] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    predicates: list[Predicate] = field(default_factory=list)
    attributes: Interned = field(default_factory=Interned)
    properties: Interned = field(default_factory=Interned)

    def code(self, condition: Condition) -> list[int]:
        """Compile a condition; the name of an unknown one is an `InputError`."""
        match condition:
            case str():
                if condition not in self.named:
                    raise InputError(f"no condition is named {condition!r}")
                return self.code(self.named[condition].condition)
            case AllOf():
                return self._joined(condition.all_of, AND)
            case AnyOf():
                return self._joined(condition.any_of, OR)
            case NoneOf():
                return [*self._joined(condition.none_of, OR), NOT]
            case _:
                return [kept(self.leaves, self._leaf(condition))]

    def goal(self, until: Condition, since: From) -> list[int]:
        """Compile a goal: a bare name is that event after `since`, a condition stands as it is."""
        if isinstance(until, str):
            event = EventCondition(event=until)
            leaf = Leaf(LeafKind.EVENTS, event, stream=self.stream(Stream((until,))), since=since, tests=_HAPPENED)
            return [kept(self.leaves, leaf)]
        return self.code(until)

    def stream(self, stream: Stream) -> int:
        """Return the number of a stream, a new one if no equal one is known."""
        return kept(self.streams, stream)

    def rule(self, name: str) -> int:
        """Return the number of a rule; the name of an unknown one is an `InputError`."""
        if name not in self.rules:
            raise InputError(f"no rule is named {name!r}")
        return self.rules[name]

    def column(self, name: str | None) -> int:
        """Return the column of an event's property, -1 for none."""
        return -1 if name is None else self.properties.number(name)

    def where(self, written: Mapping[str, Comparison] | None) -> tuple[int, ...]:
        """Return the numbers of the predicates that a `where` asks."""
        return tuple(
            kept(self.predicates, Predicate(self.column(name), comparison))
            for name, comparison in (written or {}).items()
        )

    def open_thing(self, thing: str, span: Duration | None) -> int:
        """Return the stream of a thing's openings and closings."""
        if thing not in self.house.open_things:
            raise InputError(f"the house rules' open_things do not have {thing!r}")
        pair = self.house.open_things[thing]
        return self.stream(
            Stream(
                (*pair.opened_by, *pair.closed_by),
                carries=Carries.OPENED,
                key=self.column(pair.key),
                closed_by=pair.closed_by,
                span=span,
                by_tasks=pair.by_tasks,
            )
        )

    def _joined(self, parts: Sequence[Condition], operator: int) -> list[int]:
        code = self.code(parts[0])
        for part in parts[1:]:
            code += [*self.code(part), operator]
        return code

    def _leaf(self, written: Condition) -> Leaf:
        match written:
            case CustomerCondition():
                for span in (written.older_than, written.newer_than):
                    self.spans.number(span)
                return Leaf(LeafKind.CUSTOMER, written, column=self.attributes.number(written.customer))
            case OpenCondition():
                return Leaf(LeafKind.OPEN, written, stream=self.open_thing(written.open, written.for_))
            case EventCondition():
                return self._events(written)
            case ContactCondition():
                return self._contacts(written)
            case _:
                raise InputError(f"{written!r} is no condition")

    def _events(self, written: EventCondition) -> Leaf:
        aggregate, name = written.aggregate
        own = Comparison.model_validate({key: value for key, value in written.compares.items() if key in TESTS})
        stream = Stream((written.event,), self.where(written.where), key=self.column(written.same))
        if aggregate in {"latest", "first"}:
            flag = kept(self.predicates, Predicate(self.column(name), own))
            stream = replace(stream, carries=Carries.FLAG, column=self.column(name), flag=flag)
            tests: tuple[float, ...] = (Test.IS, 1.0)
        elif name:
            stream = replace(stream, carries=Carries.VALUE, column=self.column(name))
            tests = numeric_tests(own)
        else:
            tests = numeric_tests(own) if aggregate == "count" else _HAPPENED
        kind = Aggregate.COUNT if aggregate in {"happened", "count"} else Aggregate[aggregate.upper()]
        return Leaf(
            LeafKind.EVENTS,
            written,
            stream=self.stream(stream),
            aggregate=kind,
            span=self.spans.number(written.within),
            since=From.TRIGGER if written.since is Since.TRIGGER else From.EVER,
            key=self.column(written.same),
            tests=tests,
        )

    def _contacts(self, written: ContactCondition) -> Leaf:
        return Leaf(
            LeafKind.CONTACTS,
            written,
            span=self.spans.number(written.within),
            since=From.TRIGGER if written.since is Since.TRIGGER else From.EVER,
            tests=numeric_tests(written) if written.count else _HAPPENED,
            rule=-1 if written.contact == ANY else self.rule(written.contact),
            asks=-1 if written.asks_for is None else sum(1 << ASKS.index(one) for one in set(written.asks_for)),
            channels=-1 if written.by is None else sum(1 << self.channels.number(one) for one in set(written.by)),
        )


_HAPPENED: tuple[float, ...] = (Test.AT_LEAST, 1.0)
T = TypeVar("T")


def kept(known: list[T], one: T) -> int:
    """Return the number of an equal one among those known, a new one if there is none."""
    if one not in known:
        known.append(one)
    return known.index(one)


def numeric_tests(comparison: Comparison) -> tuple[float, ...]:
    """Write the comparisons of a number as a flat sequence; one with text can never hold."""
    tests: list[float] = []
    for key, wanted in comparison.compares.items():
        if key not in _TESTS:
            continue
        values = list(wanted) if isinstance(wanted, tuple) else [wanted]
        numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        if isinstance(wanted, tuple):
            mixed = key == "not_in" and len(numbers) < len(values)
            tests += [Test.NEVER, 0.0] if mixed else [_TESTS[key], float(len(numbers)), *numbers]
        else:
            tests += [_TESTS[key], *numbers] if numbers else [Test.NEVER, 0.0]
    return tuple(tests)
