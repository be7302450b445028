from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from webhook_senders import KEYS
from webshop import NOW, Shop, serving

from scheduler.store.tables import Table


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_file: Path) -> Iterator[Shop]:
    """A shop that takes every kind of webhook."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(sqlite_file, folder / "rightreason.db")
    with serving(folder, serve=KEYS) as shop:
        yield shop


@pytest.fixture
def shop(served: Shop) -> Shop:
    """The shop as long as nothing is known of it."""
    with served.workspace.store.write() as connection:
        for table in reversed(Table.metadata.sorted_tables):
            connection.execute(table.delete())
    served.now = NOW
    return served
