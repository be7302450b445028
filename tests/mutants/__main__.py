"""Seed each fault into a copy of the package and see that its tests notice: `make mutants`, `python -m tests.mutants`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from .copies import Copy, Unusable
from .faults import FAULTS, Fault, NotOnce


@dataclass(frozen=True)
class Tried:
    """What came of a fault: the test that caught it, or why none did; and the seconds that took."""

    fault: Fault
    caught_by: str | None
    otherwise: str
    seconds: float

    def line(self, width: int) -> str:
        """The fault's line of the table, whose first column is so wide."""
        told = (self.caught_by or f"NOT CAUGHT, {self.otherwise}").removeprefix("tests/")
        return f"{self.fault.name:<{width}} {self.seconds:>6.1f} s  {told}"


def try_out(fault: Fault, copies: SimpleQueue[Copy]) -> Tried:
    """Run the fault's tests on a copy that has it, as soon as one is free."""
    copy = copies.get()
    try:
        with copy.seeded(fault):
            ended = copy.run(fault.tests)
    except NotOnce as error:
        return Tried(fault, None, str(error), 0.0)
    finally:
        copies.put(copy)
    survived = "it survived" if ended.code == 0 else ended.last_words
    return Tried(fault, ended.failed, survived, ended.seconds)


def try_all(faults: Sequence[Fault], folder: Path, jobs: int) -> int:
    """Try faults, each line as it comes; returns how many were not caught."""
    begun = time.monotonic()
    copies: SimpleQueue[Copy] = SimpleQueue()
    made = [Copy.made(folder / str(number)) for number in range(jobs)]
    healthy = made[0].run(sorted({test for fault in faults for test in fault.tests}))
    if healthy.code != 0:
        raise Unusable(f"without any fault the tests fail already; {healthy.last_words}")
    for copy in made:
        copies.put(copy)
    missed, width = 0, max(len(fault.name) for fault in faults)
    with ThreadPoolExecutor(jobs) as workers:
        for tried in workers.map(lambda fault: try_out(fault, copies), faults):
            say(tried.line(width))
            missed += tried.caught_by is None
    say(f"\n{len(faults)} faults, {missed or 'none'} not caught, {time.monotonic() - begun:.0f} s")
    return missed


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Print the table; ends with 1 where a fault was not caught, or could not be tried."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a part of the names of faults; else all of them")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="so many at once")
    asked = parser.parse_args()
    faults = [fault for fault in FAULTS if not asked.names or any(name in fault.name for name in asked.names)]
    if not faults:
        parser.error(f"no fault is named {' or '.join(asked.names)}")
    with tempfile.TemporaryDirectory(prefix="rightreason-mutants-") as folder:
        try:
            return int(try_all(faults, Path(folder).resolve(), max(1, min(asked.jobs, len(faults)))) > 0)
        except Unusable as error:
            say(str(error))
            return 1


if __name__ == "__main__":
    raise SystemExit(main())
