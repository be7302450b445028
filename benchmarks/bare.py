"""The least that a backtest can do: read the same rows, write the same result. Prints the seconds without starting up.

python -m benchmarks.bare parquet FACTS | sqlite DATABASE | contacts FILE
"""

from __future__ import annotations

import csv
import sqlite3
import sys
import time
from collections import deque
from pathlib import Path

NEEDED = {
    "customers": ("id", "email", "phone", "timezone", "country", "birthday"),
    "events": (
        *("id", "customer", "name", "at", "known_at"),
        *("category", "total", "score", "ticket_id", "reason"),
    ),
    "consent": ("customer", "topic", "channel", "status", "at"),
}
"""The columns that the rules of the benchmark look at."""

QUESTIONS = (
    "SELECT bucket, id, attributes, revision, paused_until FROM customer",
    "SELECT customer, id, name, at, known_at, properties FROM event WHERE replaced_by IS NULL",
    "SELECT customer, topic, channel, given, at FROM consent",
)


def read_parquet(folder: Path) -> float:
    """Read the needed columns of all three files."""
    import polars as pl

    start = time.perf_counter()
    for name, columns in NEEDED.items():
        pl.read_parquet(folder / f"{name}.parquet", columns=list(columns))
    return time.perf_counter() - start


def read_sqlite(database: Path) -> float:
    """Read all customers, events and consents, and let go of each row."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    start = time.perf_counter()
    for question in QUESTIONS:
        deque(connection.execute(question), maxlen=0)
    return time.perf_counter() - start


def write_contacts(result: Path) -> float:
    """Write the rows of a result, that are there already, once more."""
    with result.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    copy = result.with_name("bare.csv")
    start = time.perf_counter()
    with copy.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return time.perf_counter() - start


if __name__ == "__main__":
    jobs = {"parquet": read_parquet, "sqlite": read_sqlite, "contacts": write_contacts}
    sys.stdout.write(f"{jobs[sys.argv[1]](Path(sys.argv[2])):.6f}\n")
