"""What systemd is told, where it started the program and asked for it (sd_notify(3), sd_watchdog_enabled(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

WAITS = 0.2
"""So long (seconds) there may be no room for what it is told."""


def notify(state: str) -> None:
    """Tell it a state, like `READY=1`; nothing where it didn't ask, or does not listen: no work waits for it."""
    address: Any = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    elif not Path(address).is_absolute():
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(WAITS)
        sender.connect(address)
        sender.sendall(state.encode())


class Watchdog:
    """Tells systemd twice in each period of its watchdog that the program lives; `steady` are even microseconds."""

    def __init__(self, steady: Callable[[], int]) -> None:
        self._steady = steady
        self._every = _period() // 2
        self._fed: int | None = None

    def feed(self) -> None:
        """Tell it, where it is time."""
        now = self._steady()
        if self._every and (self._fed is None or now - self._fed >= self._every):
            notify("WATCHDOG=1")
            self._fed = now


def _period() -> int:
    """Within so many microseconds it wants to hear something; 0 where it doesn't."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0
    period = os.environ.get("WATCHDOG_USEC", "")
    return int(period) if period.isdecimal() else 0
