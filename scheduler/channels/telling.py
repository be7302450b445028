"""Telling alerts beside the work: in a thread of their own, so that nobody waits for a service."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from queue import SimpleQueue
from threading import Thread

from scheduler.channels.alert import Alert, Alerts

PATIENCE = 10.0
"""So long, in seconds, what is still to be told may take at the end."""


class Teller:
    """Tells alerts one after the other, until `close`; `on_problem` hears what went wrong, in a sentence.

    Nothing here waits for a service or raises.
    """

    def __init__(self, alerts: Alerts, on_problem: Callable[[str], None]) -> None:
        self._alerts, self._on_problem = alerts, on_problem
        self._given: SimpleQueue[tuple[tuple[Alert, ...], int] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def tell(self, alerts: Iterable[Alert], now: int) -> None:
        """Tell these as of `now` (UTC microseconds), and those that nobody took before."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name="alerts", daemon=True)
            self._thread.start()
        self._given.put((tuple(alerts), now))

    def close(self) -> None:
        """Tell what is still to be told, for `PATIENCE` at most."""
        if self._thread is not None:
            self._given.put(None)
            self._thread.join(PATIENCE)

    def _work(self) -> None:
        while (given := self._given.get()) is not None:
            try:
                problems = self._alerts.tell_all(*given)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next alert must be told
                problems = (f"a fault of the program: {type(error).__name__}",)
            for problem in problems:
                self._on_problem(problem)
