from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_shop import lay_down, take_sample

from scheduler.store import Store, open_store


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    lay_down(folder)
    return folder


@pytest.fixture(scope="session")
def shop(workspace: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{workspace / 'shop.db'}") as store:
        take_sample(store, workspace)
        yield store
