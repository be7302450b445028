"""Room for what the kernel writes: the occasions of some customers, and the memory of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler.decisions import kernel
from scheduler.decisions.program import Program
from scheduler.decisions.rows import blank_rows, floats, whole

SPARE = 16
"""As many occasions more than there are: what contacts give rise to wants room."""


def room_for_windows(program: Program, customers: int, events: int, *, arrays: bool) -> kernel.Scratch:
    """Make room for the windows of some customers; `grown` gives more.

    An array takes no memory before it is written, so there it may be large from the beginning.
    """
    room = 8 * customers + 4 * events if arrays else 2 * customers
    gates = max((len(gates) for gates in program.gates), default=0)
    return kernel.Scratch(
        occasions=blank_rows(kernel.OccasionRow, SPARE + room, arrays=arrays),
        seats=blank_rows(kernel.SeatRow, customers, arrays=arrays),
        made=blank_rows(kernel.MadeRow, 0, arrays=arrays),
        entries=blank_rows(kernel.EntryRow, 0, arrays=arrays),
        entry_from=_zeros(len(program.streams) + 1, arrays),
        seen=blank_rows(kernel.SeenRow, 0, arrays=arrays),
        coming=_zeros(0, arrays),
        live=_zeros(0, arrays),
        due=_zeros(0, arrays),
        gate_until=_zeros(gates, arrays),
        leaf_true=_zeros(len(program.leaves), arrays),
        leaf_actual=floats([0.0] * len(program.leaves), arrays=arrays),  # type: ignore[arg-type] # it can be written
        stack=_zeros(len(program.tables.code) + 1, arrays),
        open_hours=blank_rows(kernel.OpenRow, len(program.tables.hours), arrays=arrays),
        today=_zeros(2, arrays),
    )


def grown(scratch: kernel.Scratch, *, arrays: bool) -> kernel.Scratch:
    """Double the room for occasions, and for what one customer remembers; what is written there stays."""
    return scratch._replace(
        occasions=_longer(scratch.occasions, kernel.OccasionRow, arrays=arrays),
        made=_longer(scratch.made, kernel.MadeRow, arrays=arrays),
        coming=_zeros(2 * len(scratch.coming) + SPARE, arrays),
        live=_zeros(2 * len(scratch.live) + SPARE, arrays),
        due=_zeros(2 * len(scratch.live) + SPARE, arrays),
    )


def room_for_walking(program: Program, facts: kernel.Facts, scratch: kernel.Scratch, *, arrays: bool) -> kernel.Scratch:
    """Make room for the memory of whichever customer has most of everything."""
    hears = program.tables.hears
    names = program.tables.names
    heard = [sum(hears[stream * names + name] > 0 for stream in range(len(program.streams))) for name in range(names)]
    events, entries, occasions, past = _most(facts, scratch, heard, arrays=arrays)
    spare = SPARE if program.has_follow_ups else 0
    return scratch._replace(
        made=blank_rows(kernel.MadeRow, occasions + past + spare, arrays=arrays),
        entries=blank_rows(kernel.EntryRow, entries, arrays=arrays),
        seen=blank_rows(kernel.SeenRow, events, arrays=arrays),
        coming=_zeros(occasions + spare, arrays),
        live=_zeros(occasions + spare, arrays),
        due=_zeros(occasions + spare, arrays),
    )


def skip(scratch: kernel.Scratch, o: int) -> None:
    """Let an occasion take no part."""
    occasions: Any = scratch.occasions
    if isinstance(occasions, list):
        occasions[o].skipped = 1
    else:
        occasions["skipped"][o] = 1


def _most(
    facts: kernel.Facts, scratch: kernel.Scratch, heard: Sequence[int], *, arrays: bool
) -> tuple[int, int, int, int]:
    """The most facts, entries in streams, occasions and past contacts that any customer has."""
    if arrays:
        import numpy

        rows: Any = facts.customers
        seats: Any = scratch.seats
        events: Any = facts.events
        entries = numpy.concatenate([[0], numpy.cumsum(numpy.asarray(heard, "i8")[events["name"]])])
        most = (
            rows["event_to"] - rows["event_from"] + rows["consent_to"] - rows["consent_from"],
            entries[rows["event_to"]] - entries[rows["event_from"]],
            seats["end"] - seats["start"],
            rows["past_to"] - rows["past_from"],
        )
        facts_, entries_, occasions, past = (int(one.max(initial=0)) for one in most)
        return facts_, entries_, occasions, past
    return (
        max((c.event_to - c.event_from + c.consent_to - c.consent_from for c in facts.customers), default=0),
        max((sum(heard[e.name] for e in facts.events[c.event_from : c.event_to]) for c in facts.customers), default=0),
        max((seat.end - seat.start for seat in scratch.seats), default=0),
        max((c.past_to - c.past_from for c in facts.customers), default=0),
    )


def _zeros(count: int, arrays: bool) -> Any:
    return whole([0] * count, arrays=arrays)


def _longer(rows: Any, kind: type, *, arrays: bool) -> Any:
    more: Any = blank_rows(kind, len(rows) + SPARE, arrays=arrays)
    if not arrays:
        return [*rows, *more]
    import numpy

    return numpy.concatenate([rows, more])
