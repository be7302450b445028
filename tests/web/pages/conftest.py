from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from visiting import House, house


@pytest.fixture
def shop(tmp_path: Path, sqlite_file: Path) -> Iterator[House]:
    """A shop whose customers open the links in its messages."""
    with house(tmp_path, sqlite_file) as opened:
        yield opened
