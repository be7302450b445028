from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from keeping import Business, in_business


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    """A business with a customer."""
    with in_business(tmp_path) as business:
        business.customer()
        yield business
