"""The guard: holds everything where the clock, or the database, is not what it was.

A jump of the clock is seen while the program runs, against a clock that goes evenly. Over a restart the clock is
compared with the last sign of life in the database: if it is behind that, it was put back. That it is ahead can't be
told from time in which nobody worked. The database is compared with what it said of itself, and with a file in the
workspace that is written after each sign of life: a copy is another file, and a backup that was put in place knows of
fewer signs than the file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scheduler.channels.alert import Alert, AlertKind
from scheduler.delivery.brakes import Brakes
from scheduler.delivery.tick import Report, tick
from scheduler.delivery.worker import Worker
from scheduler.durations import MINUTE
from scheduler.errors import StoreError
from scheduler.store import Store
from scheduler.store.holds import ALL
from scheduler.store.host import Heartbeat, Host

MOST_JUMP = 15 * MINUTE
"""A clock that is put forward or back by more than this holds everything, in microseconds."""

CLOCK = "guard of the clock"
"""Who holds because of the clock. Meanwhile nothing is planned or decided: by a wrong clock it might be too late."""
COPY = "guard of the database"
"""Who holds because of the database."""
COPIED = (
    "this database is a copy, or was restored: what was sent since may be sent again; "
    "look whether another daemon works with the original, then release"
)
HEARTBEAT_FILE = ".heartbeat"
"""The file in the workspace that is compared with the database."""


def steady_now() -> int:
    """Microseconds that pass evenly, whatever is done to the clock, and go on while the machine sleeps."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1_000


@dataclass(frozen=True, slots=True)
class _Hold:
    """A hold that is to be placed: who holds, and why."""

    who: str
    cause: str


class Guard:
    """Watches one store while there is work: `begin` a round of it, `check` in its midst, `beat` now and then.

    `clock` gives UTC microseconds since 1970, `steady` microseconds that pass evenly. `folder` is where the file is
    kept beside the database; without one, a backup that was put in place on the same machine is not noticed.
    `on_hold` is told who holds, `CLOCK` or `COPY`, and the cause, once for each.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], int],
        steady: Callable[[], int] = steady_now,
        *,
        folder: Path | None = None,
        on_hold: Callable[[str, str], None] = lambda _who, _cause: None,
    ) -> None:
        self._store, self._clock, self._steady = store, clock, steady
        self._file = None if folder is None else folder / HEARTBEAT_FILE
        self._on_hold = on_hold
        self._apart = clock() - steady()
        self._identity = ""
        self._owed: list[_Hold] = []
        self._stops = False

    @property
    def jump(self) -> int:
        """By how much the clock was put forward (or back, below 0) since it was looked at; microseconds."""
        return self._clock() - self._steady() - self._apart

    def begin(self) -> str:
        """Begin a round of work; empty, or why there must be none.

        The first time, clock and database are compared with what is remembered of them, and a sign of life is given:
        what leaves by this guard is then known to be younger than a backup made before. Raises `StoreError`.
        """
        self._stops = False
        if first := not self._identity:
            self._compare()
        self.check()
        self._place()
        if first:
            self.beat()
        holds = [_Hold(hold.who, hold.cause) for hold in self._store.holds.list() if hold.name == "all"]
        return next((one.cause for one in holds + self._owed if one.who == CLOCK), "")

    def check(self) -> bool:
        """Whether this round of work has to stop: the clock jumped. Everything is held then. Never raises."""
        jump = self.jump
        if abs(jump) > MOST_JUMP:
            self._apart += jump
            self._stops = True
            back = "back " if jump < 0 else ""
            self._hold(CLOCK, f"the clock jumped {back}by {round(abs(jump) / MINUTE)} minutes")
            with suppress(StoreError):  # `begin` tries again, and no work begins before
                self._place()
        return self._stops

    def beat(self) -> None:
        """Give a sign of life, to be compared with when it is begun again. Raises `StoreError`."""
        if not self._identity or any(one.who == COPY for one in self._owed):
            return
        beats = Host(self._store).beat(now=self._clock())
        if self._file is not None:
            with suppress(OSError):  # a folder that can't be written only makes the guard less sharp
                self._file.write_text(json.dumps({"database": self._identity, "beats": beats}), encoding="ascii")

    def _compare(self) -> None:
        host = Host(self._store)
        identity, known, now = host.identity(), host.known(), self._clock()
        if known is None:
            host.begin(identity, now=now)
        elif known.identity != identity or self._signs(identity) > known.beats:
            self._hold(COPY, COPIED)
        elif now < known.seen - MOST_JUMP:
            behind = round((known.seen - now) / MINUTE)
            self._hold(CLOCK, f"the clock is {behind} minutes behind what it was when this database was last worked on")
        self._identity = identity

    def _hold(self, who: str, cause: str) -> None:
        if who == CLOCK:
            cause += "; look whether it is right now, then release"
        self._owed.append(_Hold(who, cause))
        self._on_hold(who, cause)

    def _place(self) -> None:
        """Place what could not be placed before, because the database was away or all was held for another cause."""
        for one in tuple(self._owed):
            now = self._clock()
            with self._store.together() as both:
                placed = both.holds.place("all", one.cause, one.who, now=now)
                placed = placed or any(hold.name == "all" and hold.who == one.who for hold in both.holds.list())
                if placed and one.who == COPY:
                    # It is at home here from now on: the hold remembers that somebody has to look.
                    host = Host(both)
                    known = host.known() or Heartbeat(self._identity, 0, now)
                    host.take(self._identity, beats=max(known.beats, self._signs(self._identity)), now=now)
            if placed:
                self._owed.remove(one)

    def _signs(self, identity: str) -> int:
        """How many signs of life this database has given, for all that the file knows."""
        if self._file is None:
            return 0
        try:
            found = json.loads(self._file.read_text(encoding="ascii"))
            return int(found["beats"]) if found["database"] == identity else 0
        except (OSError, ValueError, LookupError, TypeError):
            return 0


def told_of(who: str, cause: str) -> Alert:
    """What the staff are told of a hold that a guard places."""
    kind = AlertKind.CLOCK if who == CLOCK else AlertKind.COPY
    return Alert(kind, ALL, f"{cause}; then `rightreason release --all`")


def guarded_tick(
    worker: Worker,
    guard: Guard,
    clock: Callable[[], int],
    stopping: Callable[[], bool],
    brakes: Brakes | None = None,
) -> Report:
    """Plan, decide and deliver once, if the guard lets it begin; `stopping` ends it, and asks the guard too.

    `brakes` are those of the worker's earlier ticks, if there were any.
    """
    now = clock()
    brakes = brakes or Brakes(worker.workspace.store, worker.settings)
    if cause := guard.begin():
        return Report(now, problems=(f"nothing is done: {cause}",))
    return tick(worker, now, clock=clock, stopping=stopping, brakes=brakes)
