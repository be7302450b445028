from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from webshop import NOW, Shop, serving

from scheduler.store.tables import Table


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_file: Path) -> Iterator[Shop]:
    """A shop that is served to all tests: to put the application together takes longer than most of them."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(sqlite_file, folder / "rightreason.db")
    with serving(folder) as shop:
        yield shop


@pytest.fixture
def shop(served: Shop) -> Shop:
    """A shop of which nothing is known."""
    with served.workspace.store.write() as connection:
        for table in reversed(Table.metadata.sorted_tables):
            connection.execute(table.delete())
    served.now = NOW
    return served
