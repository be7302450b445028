"""Columns as what they tell, whatever numbers they tell it with, and the decisions that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scheduler.decisions.columns import Column, Columns
from scheduler.decisions.compiled import Kernel
from scheduler.decisions.decide import walk
from scheduler.decisions.facts import Value
from scheduler.decisions.kernel import NONE
from scheduler.decisions.outcome import Decision
from scheduler.decisions.program import Program
from scheduler.decisions.windows import opened

Told = dict[str, dict[str, Any]]


def told(program: Program, chunks: Iterable[Columns]) -> Told:
    """What chunks of columns tell of each customer; values go with their types, ranks by their order."""
    found: Told = {}
    for columns in chunks:
        for place, id_ in enumerate(columns.ids):
            assert str(id_) not in found, "a customer stands in one chunk only"
            found[str(id_)] = dict(_of(program, columns, place))
    return found


def _of(program: Program, columns: Columns, place: int) -> Iterator[tuple[str, Any]]:
    start, end = columns.event_from[place], columns.event_from[place + 1]
    ranks = [columns.event_rank[event] for event in range(start, end)]
    yield "attributes", _values(columns.attributes, place)
    yield (
        "reachable",
        {channel: bool(one[place]) for channel, one in zip(program.channels, columns.reachable, strict=True)},
    )
    yield (
        "events",
        [
            (
                str(columns.event_ids[event]),
                program.events[columns.event_name[event]],
                int(columns.event_at[event]),
                int(columns.event_known[event]),
                sorted(ranks).index(columns.event_rank[event]),
                _values(columns.properties, event),
            )
            for event in range(start, end)
        ],
    )
    yield (
        "consents",
        [
            (
                int(columns.consent_at[record]),
                _name(program.topics, columns.consent_topic[record]),
                _name(program.channels, columns.consent_channel[record]),
                bool(columns.consent_given[record]),
            )
            for record in range(columns.consent_from[place], columns.consent_from[place + 1])
        ],
    )


def _values(columns: Mapping[str, Column], row: int) -> dict[str, tuple[type, Value]]:
    found = {name: one.values[one.codes[row]] for name, one in columns.items() if one.codes[row] != NONE}
    return {name: (type(value), value) for name, value in sorted(found.items())}


def _name(names: Sequence[str], number: int) -> str | None:
    return None if number == NONE else names[number] if number < len(names) else "another"


def decided(
    program: Program, chunks: Iterable[Columns], since: int, until: int, activated: Mapping[str, int]
) -> list[Decision]:
    """The decisions about all customers, in the order of their occasions; without pauses, which files don't tell."""
    found: list[Decision] = []
    for columns in chunks:
        opening = opened(program, columns, since, until, by=Kernel.plain(), activated=activated)
        found += walk(opening, since, until, until, causes=True).decisions()
    return sorted((replace(one, event=None) for one in found), key=lambda one: one.occasion)
