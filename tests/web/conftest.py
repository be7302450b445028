from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from emptying import empty
from webshop import NOW, Shop, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_file: Path) -> Iterator[Shop]:
    """A shop that is served to all tests: to put the application together takes longer than most of them."""
    with serving(tmp_path_factory.mktemp("shop"), sqlite_file) as shop:
        yield shop


@pytest.fixture
def shop(served: Shop) -> Shop:
    """A shop of which nothing is known."""
    empty(served.workspace.store)
    served.now = NOW
    return served
