"""F6: the database goes away in the midst of sending, and comes back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from scheduler.store import State

from .daemons import daemon
from .databases import Postgresql
from .ground import Ground
from .oracle import Verdict
from .shop import Shop, shop
from .sink import sink

ORDERS = 60
PAUSE = ORDERS // 6
"""After so many messages the database goes away."""
DISK = "16m"
"""The size of the disk that runs full."""


def outages(ground: Ground) -> Verdict:
    """F6: `cycles` times the database is away, each time longer, while the mail server has a message in its hands."""
    verdict = Verdict()
    for cycle in range(ground.cycles):
        seconds = 0.5 * 2**cycle
        ground.say(f"cycle {cycle + 1} of {ground.cycles}: away for {seconds:g} s")
        with ground.shop() as opened:
            if isinstance(ground.databases, Postgresql):
                verdict += _without(opened, _stopped(ground.databases), seconds)
            else:
                verdict += _without(opened, _locked(opened.folder / "rightreason.db"), seconds)
        if ground.databases.kind == "sqlite" and can_mount():
            with _small_disk(ground) as opened:
                verdict += _without(opened, _full(opened.folder), seconds)
    return verdict


def can_mount() -> bool:
    """Whether a disk of our own can be had."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None


def _without(shop: Shop, away: AbstractContextManager[None], seconds: float) -> Verdict:
    """Let the database be away for a moment; afterwards all goes on by itself."""
    shop.orders(*(f"o{number}" for number in range(ORDERS)))
    shop.sink.script({"step": "accepted", "do": "pause", "skip": PAUSE, "times": 1})
    with daemon(shop.folder, log=shop.sink.log.with_name("daemon.log")) as worker:
        shop.sink.wait_for("pause at accepted")
        shop.workspace.close()
        before = len(shop.sink.accepted())
        with away:
            shop.sink.go_on()
            time.sleep(seconds)
            left = len(shop.sink.accepted()) - before
        shop.orders("later")
        shop.wait_until_quiet(seconds=120)
        code = worker.stop()
    sent = shop.states()[State.SENT]
    return (
        shop.verdict()
        .in_cycles(1)
        .expecting(left < ORDERS // 2, f"{left} messages left while nothing could be marked")
        .expecting(sent > PAUSE, f"{sent} of {len(shop.ordered)} are sent")
        .expecting(code == 0, f"the daemon ended with {code}: {worker.said()[-500:]}")
    )


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Another process writes."""
    with closing(sqlite3.connect(file, timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _stopped(databases: Postgresql) -> Iterator[None]:
    """The server is down."""
    databases.stop()
    try:
        yield
    finally:
        databases.start()


@contextmanager
def _full(folder: Path) -> Iterator[None]:
    """Not a byte is left on the disk that a folder is on."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while file.write(b"\0" * size) == size:
                        pass
                except OSError:
                    continue
        yield
    finally:
        ballast.unlink()


@contextmanager
def _small_disk(ground: Ground) -> Iterator[Shop]:
    """A shop whose workspace is on a small disk of its own; its mail server and the daemon's log are elsewhere."""
    place, elsewhere = ground.place(), ground.place()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "rightreason-faults", str(place)]
    subprocess.run(mount, check=True)  # noqa: S603 - a folder of our own
    try:
        with sink(elsewhere) as server, shop(place, server, ground.databases.new(place)) as opened:
            yield opened
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)  # noqa: S603, S607 - as above
