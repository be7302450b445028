"""Waits for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable

OFTEN = 0.01
"""How often to look, in seconds; less often where to look takes its time, so that others have it."""


class TooLong(AssertionError):
    """What was waited for did not come."""


def until(holds: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until something holds; raises `TooLong`, which says what was waited for."""
    ends = time.monotonic() + seconds
    while True:
        looked = time.monotonic()
        if holds():
            return
        if looked > ends:
            raise TooLong(f"waited {seconds:g} s for {what}")
        time.sleep(max(OFTEN, 4 * (time.monotonic() - looked)))
