from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from webhook_senders import KEYS
from webshop import Shop, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_file: Path) -> Iterator[Shop]:
    """A shop that takes every kind of webhook."""
    with serving(tmp_path_factory.mktemp("shop"), sqlite_file, serve=KEYS) as shop:
        yield shop
