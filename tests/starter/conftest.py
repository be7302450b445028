from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.intake import Options, import_consents, import_customers, import_events
from scheduler.starter import starter_files
from scheduler.store import Store, open_store
from scheduler.wallclock import parse_instant, zone


@pytest.fixture(scope="session")
def monday() -> int:
    """The morning on which the story of the sample is told."""
    return parse_instant("2026-11-02T08:00:00+01:00", zone("UTC"))


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    for path, content in starter_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def shop(workspace: Path, monday: int) -> Iterator[Store]:
    with open_store(f"sqlite:///{workspace / 'shop.db'}") as store:
        import_customers(store, workspace / "sample/customers.csv", Options(), now=monday)
        import_events(store, workspace / "sample/events.jsonl", Options(), now=monday)
        import_consents(store, workspace / "sample/consent.csv", Options(), now=monday)
        yield store
