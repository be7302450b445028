"""The kernel by itself: decisions a second, and how much faster it is than the same walk in plain Python.

`python -m benchmarks.kernel FACTS WORKSPACE` prints it as one JSON object; `null` where Numba is not installed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from scheduler.backtest.reading import as_lists
from scheduler.cli.kernels import compiled_kernel
from scheduler.decisions.columns import Columns
from scheduler.decisions.compiled import PLAIN, Kernel
from scheduler.decisions.decide import Walk, walk
from scheduler.decisions.kernel import CONTACT
from scheduler.decisions.program import Program, compile_rules
from scheduler.decisions.windows import Opened, opened
from scheduler.intake.folder import read_folder
from scheduler.rulebook.reader import load_rulebook
from scheduler.wallclock import parse_instant, zone

SINCE, UNTIL = "2025-11-01", "2026-11-01"
CHUNK = 10_000
AT_ONCE = 8
"""Chunks that are laid out before they are walked: what bounds the memory."""

SAMPLE = 200
"""Customers whom plain Python walks too."""


def kernel_figures(facts: Path, workspace: Path) -> dict[str, Any] | None:
    """Walk the facts by the rules of the workspace, and a sample of their customers in plain Python.

    Returns the fields of `jobs.Kernel`.
    """
    kernel = compiled_kernel(workspace)
    if kernel is None:
        return None
    program = compile_rules(load_rulebook(workspace))
    since, until = (parse_instant(day, zone(program.house.timezone)) for day in (SINCE, UNTIL))
    house = program.house.timezone
    with read_folder(facts, program, timezone=house, chunk=SAMPLE, arrays=True) as history:
        sample = next(history)
    _walked(_opened(program, sample, since, until, kernel), since, until)  # compiles it, where it has not been
    chunks = read_folder(facts, program, timezone=house, chunk=CHUNK, arrays=True)
    seconds, decisions = 0.0, 0
    cores = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(cores) as pool:
        while some := list(islice(chunks, AT_ONCE)):
            start = time.perf_counter()
            found = list(pool.map(lambda one: _opened(program, one, since, until, kernel), some))
            walks = list(pool.map(lambda one: _walked(one, since, until), found))
            seconds += time.perf_counter() - start
            decisions += sum(map(_decisions, walks))
    fast_seconds, fast = _timed(lambda: _walked(_opened(program, sample, since, until, kernel), since, until))
    plain = as_lists(sample)
    plain_seconds, slow = _timed(lambda: _walked(_opened(program, plain, since, until, PLAIN), since, until))
    return {
        "seconds": seconds,
        "decisions": decisions,
        "sample": len(sample.ids),
        "sample_seconds": fast_seconds,
        "plain_seconds": plain_seconds,
        "same": contacts_of(fast) == contacts_of(slow),
    }


def _opened(program: Program, columns: Columns, since: int, until: int, by: Kernel) -> Opened:
    return opened(program, replace(columns, paused_until=()), since, until, by=by)


def _walked(opening: Opened, since: int, until: int) -> Walk:
    return walk(opening, since, until, until, causes=True)


def _timed(job: Callable[[], Walk]) -> tuple[float, Walk]:
    start = time.perf_counter()
    found = job()
    return time.perf_counter() - start, found


def _decisions(one: Walk) -> int:
    seats: Any = one.scratch.seats
    return int((seats["end"] - seats["start"] + seats["arisen_to"] - seats["arisen_from"]).sum())


def contacts_of(one: Walk) -> Sequence[tuple[int, ...]]:
    """The contacts of a walk: customer, rule, trigger and instant."""
    rows = (one.rows[o] for o in one.decided())
    return [(row.customer, row.rule, row.trigger, row.at) for row in rows if row.outcome == CONTACT]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(kernel_figures(Path(sys.argv[1]), Path(sys.argv[2]))))
