"""A desk at which files are handed in: writes a file, imports it into a real SQLite, and reads what was refused.

`pytest_plugins = ["taking"]` brings it as a fixture. PYTEST_DONT_REWRITE, since it is imported by its name as well.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pytest

from scheduler.decisions.facts import Customer
from scheduler.intake import Options, Summary, import_consents, import_customers, import_events
from scheduler.store import open_store


def instant(text: str) -> int:
    """ISO 8601 with an offset as microseconds."""
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


NOW = instant("2026-03-01T12:00:00+00:00")


class Desk:
    """Takes the text of a file into a copy of an empty database; every import has a file of its own name."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self.folder = folder
        self.store = open_store(f"sqlite:///{shutil.copy(empty, folder / 'facts.db')}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def file(self, content: str | bytes, name: str = "facts.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def customers(self, content: str | bytes, name: str = "customers.csv", /, **options: Any) -> Summary:
        return import_customers(self.store, self.file(content, name), Options(**options), now=NOW)

    def events(self, content: str | bytes, name: str = "events.csv", /, **options: Any) -> Summary:
        options = {"create_customers": True, **options}
        return import_events(self.store, self.file(content, name), Options(**options), now=NOW)

    def consent(self, content: str | bytes, name: str = "consent.csv", /, **options: Any) -> Summary:
        options = {"create_customers": True, **options}
        return import_consents(self.store, self.file(content, name), Options(**options), now=NOW)

    def customer(self, customer: str) -> Customer:
        found = self.store.customers.get(customer)
        assert found is not None
        return found


@pytest.fixture
def desk(tmp_path: Path, sqlite_file: Path) -> Iterator[Desk]:
    with Desk(tmp_path, sqlite_file) as desk:
        yield desk


def rejects(summary: Summary) -> list[str]:
    """What the reject file says, as LINE: CAUSE."""
    assert summary.reject_file is not None
    with summary.reject_file.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        if summary.reject_file.suffix == ".jsonl":
            rows = [json.loads(line) for line in file]
        else:
            rows = list(csv.DictReader(file))
    return [f"{row['line']}: {row['cause']}" for row in rows]
