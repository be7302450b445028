"""The pace: how many messages may leave by a channel within an hour, and one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scheduler.durations import HOUR, MINUTE
from scheduler.settings import Settings
from scheduler.store import Store

LOOKS = 0.1
"""How often who waits for its turn asks whether the work has to stop, in seconds."""


@dataclass
class Pace:
    """The pace of a worker's channels, as they are set.

    An hour is counted in the database, so what was sent before a restart, or by others, counts too. That two messages
    do not leave too soon after each other is seen to here alone. `steady` gives seconds that pass evenly.
    """

    store: Store
    settings: Settings
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _free: dict[str, float] = field(default_factory=dict)

    def connections(self, channel: str) -> int:
        """How many messages may be handed over at the same time."""
        paced = self.settings.paced(channel)
        return 1 if paced is None else paced.connections

    def at_once(self, channel: str, most: int, now: int) -> int:
        """How many messages, up to `most`, may be marked at `now`: those that can leave in about a second."""
        paced = self.settings.paced(channel)
        if paced is None:
            return most
        if paced.per_second is not None:
            most = min(most, max(1, int(paced.per_second)))
        if paced.per_hour is not None:
            most = min(most, max(0, paced.per_hour - sum(number for _, number in self._of_an_hour(channel, now))))
        return most

    def full(self, now: int) -> Mapping[str, int]:
        """The channels by which nothing may leave at `now`, and when something may again (UTC microseconds)."""
        found = {}
        for channel, limit in self._hourly():
            sent = self._of_an_hour(channel, now)
            left = sum(number for _, number in sent)
            for minute, number in sent:
                if left < limit:
                    break
                left -= number
                found[channel] = minute + HOUR + MINUTE  # then the whole of that minute is over an hour ago
        return found

    def wait(self, channel: str, stopping: Callable[[], bool]) -> bool:
        """Wait until the next message may leave; False where the work has to stop instead."""
        paced = self.settings.paced(channel)
        if paced is not None and paced.per_second is not None:
            while (wait := self._free.get(channel, 0.0) - self.steady()) > 0:
                if stopping():
                    return False
                self.sleep(min(wait, LOOKS))
            self._free[channel] = max(self._free.get(channel, 0.0), self.steady()) + 1 / paced.per_second
        return not stopping()

    def _hourly(self) -> list[tuple[str, int]]:
        """The channels that have a limit for an hour, and that limit."""
        return [(name, one.per_hour) for name, one in self.settings.paces.items() if one.per_hour is not None]

    def _of_an_hour(self, channel: str, now: int) -> list[tuple[int, int]]:
        """What left in this minute and the sixty before it, the oldest minute first: no hour is looked at too short."""
        return self.store.traffic.sent(channel, now - HOUR)
