"""Measure and print the figures: `python -m benchmarks`, or `make bench`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.shops import fill
from scheduler.store import open_store
from scheduler.wallclock import parse_instant, zone

RUNS = 7
NOW = "2026-11-01T12:00:00Z"
CUSTOMERS = 10_000
EVENTS_EACH = 10
PROGRAM = str(Path(sys.executable).with_name("rightreason"))


def seconds(*command: str, folder: Path | None = None) -> float:
    """Return the median of the seconds that a command takes from its start to its end, after one run to warm up."""
    taken = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603 - our own commands
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def show(figure: str, took: float, against: float, hold: str) -> None:
    """Print one line of the table."""
    print(f"{figure:<58} {took:7.3f} s   {took / against:5.1f} x bare python   to hold: {hold}")  # noqa: T201 - the report


def main() -> None:
    """Print the table; nothing is kept."""
    bare = seconds(sys.executable, "-c", "pass")
    print(f"{os.cpu_count()} cores, medians of {RUNS} whole processes; bare python starts in {bare:.3f} s")  # noqa: T201
    show("rightreason --help", seconds(PROGRAM, "--help"), bare, "<= 0.3 s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        subprocess.run([PROGRAM, "init", str(folder)], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
        now = parse_instant(NOW, zone("UTC"))
        start = time.perf_counter()
        with open_store(f"sqlite:///{folder / 'rightreason.db'}") as store:
            total = fill(store, CUSTOMERS, EVENTS_EACH, now)
        print(f"{CUSTOMERS} customers with {total} events stored in {time.perf_counter() - start:.1f} s")  # noqa: T201
        preview = (PROGRAM, "preview", "--days", "30", "--now", NOW, "--format", "json")
        show("preview of 30 days, all customers, SQLite", seconds(*preview, folder=folder), bare, "<= 1.5 s")
        one = seconds(*preview, "--customer", "c7", folder=folder)
        show("preview of 30 days, one customer, SQLite", one, bare, "<= 0.8 s")


if __name__ == "__main__":
    main()
