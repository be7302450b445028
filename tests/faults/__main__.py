"""Injure the real daemon, and compare what arrived with the ledger: `make test-faults`, `python -m tests.faults`.

`python -m tests.faults downtime --customers 100000` shows day by day what comes after a week of downtime.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import SystemRandom
from typing import NoReturn

from .catalogue import ELSEWHERE, FAULTS, Fault
from .databases import Databases, Sqlite, own_postgresql
from .downtime import down, judged, table
from .ground import Ground, temporary
from .oracle import Verdict

DATABASES = ("sqlite", "postgresql")
SHOWN = 10
"""So many findings of a fault are shown."""
HEAD = ("fault", "database", "cycles", "cases", "duplicates", "lost", "unconfirmed", "wrong", "seconds", "")
WIDTHS = (42, 11, 7, 8, 11, 6, 12, 6, 9, 9)
A_WEEK = 7


def main() -> int:
    """Print the table; ends with 1 where a fault was not held."""
    signal.signal(signal.SIGTERM, _terminated)
    asked = _asked()
    seed = SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    say(f"--seed {seed}")
    try:
        if asked.faults == ["downtime"]:
            return _downtime(asked.customers, asked.database or DATABASES[0], seed)
        faults = [fault for fault in FAULTS if not asked.faults or fault.id in asked.faults]
        return _tried(faults, [asked.database] if asked.database else DATABASES, asked.cycles, seed)
    except KeyboardInterrupt:
        return 130


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    known = [fault.id for fault in FAULTS]
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"{', '.join(known)}, or downtime; else all faults")
    parser.add_argument("--cycles", type=int, metavar="N", help="so often; else as often as the long form does")
    parser.add_argument("--database", choices=DATABASES, help="else both")
    parser.add_argument("--seed", type=int, metavar="N", help="the same chance as in the run that printed it")
    parser.add_argument("--customers", type=int, default=100_000, metavar="N", help="of `downtime`")
    asked = parser.parse_args()
    for name in asked.faults:
        if name in ELSEWHERE:
            parser.error(f"{name} is tried elsewhere; {ELSEWHERE[name]}")
        if name not in known and asked.faults != ["downtime"]:
            parser.error(f"there is no fault {name}; there are {', '.join(known)}, and downtime by itself")
    if (asked.cycles or 1) < 1 or asked.customers < 1:
        parser.error("--cycles and --customers begin at 1")
    return asked


def _tried(faults: Sequence[Fault], kinds: Sequence[str], cycles: int | None, seed: int) -> int:
    """Try each fault on each database, its line as it comes; returns 1 where one is not held."""
    say(_line(HEAD))
    missed = 0
    for kind in kinds:
        with _databases(kind) as databases:
            for fault in faults:
                missed += not _try(fault, databases, cycles or fault.long, seed)
    for name, where in ELSEWHERE.items():
        say(f"{name:<4}{where}")
    say(f"{missed or 'none'} not held")
    return int(missed > 0)


def _try(fault: Fault, databases: Databases, cycles: int, seed: int) -> bool:
    begun = time.monotonic()
    with temporary() as folder:
        ground = Ground(folder, databases, seed, cycles, lambda line: progress(f"{fault.id} {line}"))
        try:
            verdict = fault.inflict(ground)
        except Exception:  # noqa: BLE001 - whatever it is, it is told, and the next fault is tried
            verdict = Verdict(findings=(traceback.format_exc(limit=-4),))
    progress("")
    held = "held" if verdict.is_held else "NOT HELD"
    numbers = (
        verdict.cycles,
        verdict.cases,
        verdict.duplicates,
        verdict.lost,
        verdict.unconfirmed,
        verdict.wrongly_sent,
    )
    cells = (f"{fault.id:<4}{fault.name}", databases.kind, *(f"{number:,}" for number in numbers))
    say(_line((*cells, f"{time.monotonic() - begun:.1f}", held)))
    for finding in verdict.findings[:SHOWN]:
        say("    " + finding.strip().replace("\n", "\n    "))
    if len(verdict.findings) > SHOWN:
        say(f"    and {len(verdict.findings) - SHOWN} more")
    return verdict.is_held


def _downtime(customers: int, kind: str, seed: int) -> int:
    """A week of downtime with so many customers, as a table a day."""
    begun = time.monotonic()
    with _databases(kind) as databases, temporary() as folder:
        outcome = down(Ground(folder, databases, seed, 1, progress), A_WEEK, customers)
    progress("")
    for line in table(outcome):
        say(line)
    verdict = judged(outcome)
    say(f"{customers:,} customers, {verdict.cases:,} occasions, {time.monotonic() - begun:.0f} s")
    for finding in verdict.findings[:SHOWN]:
        say(f"    {finding}")
    say("held: the caps and the hours; all else says why" if verdict.is_held else "NOT HELD")
    return int(not verdict.is_held)


@contextmanager
def _databases(kind: str) -> Iterator[Databases]:
    if kind == "sqlite":
        yield Sqlite()
        return
    with own_postgresql() as server:
        yield server


def _line(cells: Sequence[str]) -> str:
    first, second, *rest = cells
    numbers = "".join(f"{cell:>{width}}" for cell, width in zip(rest[:-1], WIDTHS[2:], strict=False))
    return f"{first:<{WIDTHS[0]}}{second:<{WIDTHS[1]}}{numbers}  {rest[-1]}".rstrip()


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def progress(line: str) -> None:
    """Say how far it is, on terminals alone, in place of what was said before."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{line}")
        sys.stderr.flush()


def _terminated(*_: object) -> NoReturn:
    raise KeyboardInterrupt  # everything that was started ends as it does on Ctrl+C


if __name__ == "__main__":
    raise SystemExit(main())
