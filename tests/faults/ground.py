"""What a fault is tried on: a folder, a database, chance, and how often."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from .daemons import SOUND, Daemon, Injured, daemon
from .databases import Databases
from .injuries import Shift
from .shop import Shop, shop
from .sink import Sink, sink
from .waiting import until


@dataclass
class Ground:
    """What a fault is tried on; the same `seed` gives the same chance, `say` takes lines about how far it is."""

    folder: Path
    databases: Databases
    seed: int
    cycles: int
    say: Callable[[str], None] = lambda _: None
    random: Random = field(init=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - chance, no secret

    def place(self) -> Path:
        """An empty folder of its own."""
        place = self.folder / f"shop{next(self._numbers)}"
        place.mkdir(parents=True)
        return place

    @contextmanager
    def shop(self, **options: Any) -> Iterator[Shop]:
        """A shop in a folder of its own, on a database of its own, with a mail server; `options` as `shop` has them."""
        place = self.place()
        with sink(place) as server, shop(place, server, self.databases.new(place), **options) as opened:
            yield opened


def at_work(shop: Shop, injured: Injured = SOUND) -> AbstractContextManager[Daemon]:
    """A daemon that works for the shop."""
    return daemon(shop.folder, injured)


def clock_of(shop: Shop) -> Shift:
    """A clock that the shop goes by from now on, and that can be set wrong; daemons go by it that are told to."""
    clock = Shift(shop.folder / "clock")
    shop.clock = clock.now
    return clock


def drain(shop: Shop, injured: Injured = SOUND, **options: Any) -> Daemon:
    """Let a daemon work until nothing is left to do, and tell it to end; `options` as `wait_until_quiet` has them."""
    with at_work(shop, injured) as worker:
        worker.wait_until_ready()
        shop.wait_until_quiet(**options)
        code = worker.stop()
    assert code == 0, f"the daemon ended with {code}: {worker.said()[-500:]}"
    return worker


def killed_by_itself(worker: Daemon, shop: Shop) -> bool:
    """Wait until a daemon has died, or has nothing left to do; whether it has died."""
    until(lambda: not worker.is_alive or shop.is_quiet(), "a daemon to die, or all to come to an end")
    return not worker.is_alive


@contextmanager
def temporary(prefix: str = "rightreason-faults-") -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


__all__ = ["Daemon", "Ground", "Sink", "at_work", "clock_of", "drain", "killed_by_itself", "temporary"]
