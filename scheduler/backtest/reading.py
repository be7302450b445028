"""What is read for a replay: all that any of its rulebooks looks at or names, and each rulebook's view of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from scheduler.backtest.reasons import named_in
from scheduler.backtest.signs import needs_of_signs
from scheduler.decisions.columns import Column, Columns
from scheduler.decisions.kernel import NONE, Ints
from scheduler.decisions.program import Program
from scheduler.decisions.rows import take

View = Callable[[Columns], Columns]
"""How a program sees columns that were read for several."""


def wanted(programs: Sequence[Program]) -> Program:
    """A program to read by, and never to walk by: it names what any of these needs.

    The names of the first one keep their numbers; the rules in its tables are those of all. Beside what the rules look
    at, it names the properties and attributes that their reasons tell, and those that show how a customer is.
    """
    named = [_named_in_reasons(program) for program in programs]
    signs = [needs_of_signs(program) for program in programs]
    return replace(
        programs[0],
        tables=programs[0].tables._replace(rules=[row for one in programs for row in one.tables.rules]),
        events=_joined(one.events for one in programs),
        channels=_joined(one.channels for one in programs),
        topics=_joined(one.topics for one in programs),
        attributes=_joined(
            [*(one.attributes for one in programs), *(one.attributes for one in signs), *(names for _, names in named)]
        ),
        properties=_joined(
            [*(one.properties for one in programs), *(names for names, _ in named), *(one.properties for one in signs)]
        ),
    )


def view(reads: Program, program: Program) -> View:
    """How a program sees columns that were read for `reads`: its own numbers, and none but its own events."""
    names = _numbers(reads.events, program.events)
    topics, channels = _numbers(reads.topics, program.topics), _numbers(reads.channels, program.channels)
    if (reads.events, reads.topics, reads.channels) == (program.events, program.topics, program.channels):
        return lambda columns: columns
    consents = len(reads.topics) + len(reads.channels)  # stands for what none of them uses
    other = len(program.topics) + len(program.channels)
    places = [reads.channels.index(channel) for channel in program.channels]

    def seen(columns: Columns) -> Columns:
        return replace(
            _of_names(columns, [NONE, *names]),
            reachable=[columns.reachable[place] for place in places],
            consent_topic=take(_consents(topics, consents, other), columns.consent_topic),
            consent_channel=take(_consents(channels, consents, other), columns.consent_channel),
        )

    return seen


def as_lists(columns: Columns) -> Columns:
    """The same columns as lists, for the plain kernel."""
    if not columns.arrays:
        return columns
    given = {name: getattr(columns, name) for name in columns.__dataclass_fields__}
    lists: dict[str, Any] = {name: _listed(value) for name, value in given.items() if name not in _NO_NUMBERS}
    for name in ("attributes", "properties"):
        lists[name] = {key: Column(_listed(one.codes), one.values) for key, one in given[name].items()}
    lists["reachable"] = [_listed(one) for one in columns.reachable]
    return replace(columns, **lists, arrays=False)


def as_arrays(columns: Columns) -> Columns:
    """The same columns for the compiled kernel, which makes arrays of them."""
    return replace(columns, arrays=True)


_NO_NUMBERS = {"attributes", "properties", "reachable", "past", "events", "ids", "event_ids", "arrays"}


def _listed(numbers: Any) -> Any:
    return numbers.tolist() if hasattr(numbers, "tolist") else list(numbers)


def _of_names(columns: Columns, names: list[int]) -> Columns:
    """The columns with other numbers for the names of events; `NONE` are left out."""
    own = take(names, columns.event_name)
    if NONE not in names[1:]:
        return replace(columns, event_name=own)
    kept: Any
    if columns.arrays:
        import numpy

        (kept,) = numpy.nonzero(numpy.asarray(own) != NONE)
        before: Any = numpy.searchsorted(kept, columns.event_from)
    else:
        kept = [event for event, name in enumerate(own) if name != NONE]
        before = _counts_before(kept, columns.event_from)
    return replace(
        columns,
        event_from=before,
        event_at=_picked(columns.event_at, kept),
        event_known=_picked(columns.event_known, kept),
        event_name=_picked(own, kept),
        event_rank=_picked(columns.event_rank, kept),
        properties={name: Column(_picked(one.codes, kept), one.values) for name, one in columns.properties.items()},
        event_ids=_picked(columns.event_ids, kept),
        events=[columns.events[event] for event in kept] if columns.events else (),
    )


def _picked(values: Any, kept: Any) -> Any:
    """The values at these places, in the form in which they came."""
    if isinstance(values, list | tuple):
        return [values[place] for place in kept]
    return values[kept]


def _counts_before(kept: Sequence[int], bounds: Ints) -> list[int]:
    found, count = [], 0
    for bound in bounds:
        while count < len(kept) and kept[count] < bound:
            count += 1
        found.append(count)
    return found


def _consents(numbers: list[int], before: int, other: int) -> list[int]:
    """What each number that a record of consent may hold becomes, beginning with that of any."""
    known = [other if number == NONE else number for number in numbers]
    return [NONE, *known, *[other] * (before + 1 - len(known))]


def _numbers(names: Sequence[str], among: Sequence[str]) -> list[int]:
    places = {name: place for place, name in enumerate(among)}
    return [places.get(name, NONE) for name in names]


def _joined(names: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in names for name in part))


def _named_in_reasons(program: Program) -> tuple[list[str], list[str]]:
    """The properties and the attributes that the rules' reasons name."""
    named = [named_in(rule.reason) for rule in program.rules]
    return [name for names, _ in named for name in names], [name for _, names in named for name in names]
