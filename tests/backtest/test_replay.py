"""The walk over history: which kernel does it, in what order, and how much of it is held at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import pytest
from histories import at, counted, customer, event, program, read, walks

from scheduler.backtest.replay import replay, suited
from scheduler.backtest.tally import Tally
from scheduler.decisions.columns import Columns
from scheduler.decisions.compiled import PLAIN, Kernel

RULES = program("""\
thanks:
  reason: You bought it.
  asks_for: nothing
  when: bought
  send: words
  by: [email]
follow_up:
  reason: We thanked you.
  asks_for: nothing
  when: {contact: thanks}
  after: 2 days
  send: words
  by: [email]
""")
SINCE, UNTIL = at("2026-01-01"), at("2026-02-01")
PEOPLE = [customer(f"c{number:02}", event("2026-01-05 12:00", "bought")) for number in range(20)]


def many(events: int) -> Columns:
    """A chunk of which only the number of its events matters."""
    (columns,) = read(RULES, PEOPLE, chunk=20)
    return replace(columns, event_at=[0] * events)


def asked(chunks: list[Columns]) -> tuple[int, int]:
    """With how many events the kernel was chosen, and how many chunks came back."""
    told = []

    def choose(events: int) -> Kernel:
        told.append(events)
        return PLAIN

    _, back = suited(iter(chunks), choose)
    return told[0], len(list(back))


def test_the_kernel_is_chosen_by_all_events_where_they_are_few() -> None:
    assert asked(read(RULES, PEOPLE, chunk=8)) == (20, 3)
    assert asked([]) == (0, 0)


def test_of_many_events_only_the_first_are_looked_at_and_nothing_is_lost() -> None:
    assert asked([many(15_000), many(15_000), many(15_000)]) == (30_000, 3)


def test_the_past_begins_with_no_contacts() -> None:
    made = [one.outcome for walk in walks(RULES, PEOPLE[:1], SINCE, UNTIL) for one in walk.decisions()]
    assert made == ["contact", "contact"]


def test_the_compiled_kernel_comes_to_the_same(compiled_kernel: Kernel) -> None:
    tallies = [
        counted(Tally(RULES, SINCE, UNTIL), walks(RULES, PEOPLE, SINCE, UNTIL, by=kernel))
        for kernel in (PLAIN, compiled_kernel)
    ]
    assert tallies[0].counts == tallies[1].counts
    assert tallies[1].by_rule() == {"follow_up": 20, "thanks": 20}


def test_walks_come_in_the_order_of_chunks_and_few_are_held(compiled_kernel: Kernel) -> None:
    taken = []

    def chunks() -> Iterator[Columns]:
        for columns in read(RULES, PEOPLE):
            taken.append(columns)
            yield columns

    ids = []
    for number, (walk,) in enumerate(replay([RULES], chunks(), SINCE, UNTIL, by=compiled_kernel, threads=2), start=1):
        ids += list(walk.columns.ids)
        assert len(taken) <= number + 2
    assert ids == [one.id for one in PEOPLE]


def test_the_next_chunk_is_read_while_one_is_looked_at() -> None:
    is_read = Event()

    def chunks() -> Iterator[Columns]:
        first, second, *_ = read(RULES, PEOPLE)
        yield first
        is_read.set()
        yield second

    made = replay([RULES], chunks(), SINCE, UNTIL, by=PLAIN)
    next(made)
    assert is_read.wait(timeout=10)
    assert len(list(made)) == 1


def test_what_fails_in_reading_is_raised_once_all_before_it_is_walked() -> None:
    def chunks() -> Iterator[Columns]:
        yield from read(RULES, PEOPLE)[:2]
        raise OSError("the disk has gone")

    made = replay([RULES], chunks(), SINCE, UNTIL, by=PLAIN)
    next(made)
    next(made)
    with pytest.raises(OSError, match="the disk has gone"):
        next(made)


def test_a_replay_that_is_given_up_ends(compiled_kernel: Kernel) -> None:
    made = replay([RULES], read(RULES, PEOPLE), SINCE, UNTIL, by=compiled_kernel, threads=2)
    assert [len(walk.columns.ids) for walk in next(made)] == [2]
    made.close()  # type: ignore[attr-defined] # it is a generator
    assert list(made) == []
