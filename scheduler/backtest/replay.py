"""Replays history: walks customers chunk by chunk, on all cores where the kernel is compiled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain

from scheduler.backtest.reading import View, as_arrays, as_lists, view, wanted
from scheduler.decisions.columns import Columns
from scheduler.decisions.compiled import Kernel
from scheduler.decisions.decide import Walk, walk
from scheduler.decisions.program import Program
from scheduler.decisions.windows import opened

LOOKED_AT = 20_000
"""So many events are looked at before a kernel is chosen: of more, the compiled one is. Nothing is walked meanwhile."""


def suited(chunks: Iterable[Columns], choose: Callable[[int], Kernel]) -> tuple[Kernel, Iterator[Columns]]:
    """Choose a kernel by how much there is to walk; returns it with all of the chunks.

    `choose` is asked with the number of events, or with some number above `LOOKED_AT` where there are more than that.
    """
    rest = iter(chunks)
    first: list[Columns] = []
    events = 0
    while events <= LOOKED_AT and (columns := next(rest, None)) is not None:
        first.append(columns)
        events += len(columns.event_at)
    return choose(events), chain(first, rest)


def replay(
    programs: Sequence[Program], chunks: Iterable[Columns], since: int, until: int, *, by: Kernel, threads: int = 1
) -> Iterator[tuple[Walk, ...]]:
    """Walk chunks that were read for all of these programs (`wanted`) over [since, until), UTC microseconds.

    Yields a walk by each program, in the order of chunks. It begins with no contacts, and every fact is seen once it
    has happened and become known; windows that are open at `since` take part. Pauses are left out: when somebody asked
    for one is not known, so it would silence all their past. The compiled kernel walks as many chunks at a time as
    there are `threads`, the next one is read meanwhile, and one more is held at most; the plain one walks one after the
    other.
    """
    reads = wanted(programs)
    views = [(program, view(reads, program)) for program in programs]
    walks = (partial(_walked, views, columns, since, until, by) for columns in _ahead(chunks))
    if not by.arrays or threads < 2:
        for one in walks:
            yield one()
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[tuple[Walk, ...]]] = deque()
        try:
            for one in walks:
                waiting.append(pool.submit(one))
                if len(waiting) == threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _ahead(chunks: Iterable[Columns]) -> Iterator[Columns]:
    """The same chunks, each of them read while whoever takes them is at work on those before it."""
    rest = iter(chunks)
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, rest, None)
        while (columns := coming.result()) is not None:
            coming = reader.submit(next, rest, None)
            yield columns


def _walked(
    views: Sequence[tuple[Program, View]], columns: Columns, since: int, until: int, by: Kernel
) -> tuple[Walk, ...]:
    fitting = replace(as_arrays(columns) if by.arrays else as_lists(columns), paused_until=())
    return tuple(
        walk(opened(program, see(fitting), since, until, by=by), since, until, until, causes=True)
        for program, see in views
    )
