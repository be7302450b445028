"""The daemon: says when to plan, decide and deliver. It only ticks; all truth is in the database.

APScheduler wakes it: one `pump` job in memory, set to the next due moment, its times in UTC.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from scheduler.delivery.tick import Report, tick
from scheduler.delivery.worker import Worker, at_work, this_process
from scheduler.errors import LeaseTaken, StoreError
from scheduler.planning.folder import Folder, Watch
from scheduler.workspace import Workspace

SECOND = 1_000_000
LONGEST_SLEEP = 60 * SECOND
"""The daemon looks at least this often, in microseconds."""
SHORTEST_SLEEP = 5 * SECOND
"""How long it sleeps where something stays due that can't be done now."""
HEARTBEAT = 20 * SECOND
LISTENS = 0.5
"""How often it asks whether somebody wrote, in seconds."""
MOST_JUMP = 15 * 60 * SECOND
"""A clock that jumps by more than this holds sending."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> int:
    """The clock: UTC microseconds since 1970."""
    return time.time_ns() // 1_000


def steady_now() -> int:
    """Microseconds that pass evenly, whatever is done to the clock, and go on while the machine sleeps."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1_000


class Daemon:
    """One worker's ticks. `clock` and `steady` give the time; `stopping` ends its work between two batches."""

    def __init__(
        self,
        worker: Worker,
        *,
        clock: Callable[[], int] = utc_now,
        steady: Callable[[], int] = steady_now,
        on_report: Callable[[Report], None] | None = None,
    ) -> None:
        self.worker = worker
        self.clock, self.steady = clock, steady
        self.on_report = on_report or (lambda _: None)
        self.stopping = threading.Event()
        self.lost: LeaseTaken | None = None
        self.log = structlog.get_logger().bind(holder=worker.lease.holder)
        self._apart = clock() - steady()
        self._folder = Watch(worker.workspace.folder)

    def pump(self) -> int:
        """Tick once; returns when to tick again, at the latest (UTC microseconds).

        A database that can't be used is tried again; a lease that was lost to somebody ends the daemon.
        """
        now = self.clock()
        try:
            self._watch_the_clock(now)
            report = tick(self.worker, now, clock=self.clock, stopping=self.stopping.is_set)
        except LeaseTaken as taken:
            self.lost = taken
            self.stopping.set()
            return now + LONGEST_SLEEP
        except StoreError as error:
            self.log.error("the database can't be used", error=str(error))
            return now + SHORTEST_SLEEP
        self._tell(report)
        self._look_into_the_folder()
        return self._next(report)

    def beat(self) -> None:
        """Give a sign of life."""
        try:
            self.worker.beat(self.clock())
        except LeaseTaken as taken:
            self.lost = taken
            self.stopping.set()
        except StoreError as error:
            self.log.error("the database can't be used", error=str(error))

    def _next(self, report: Report) -> int:
        now = self.clock()
        if report.next_due is None:
            return now + LONGEST_SLEEP
        soonest = now if report.next_due > report.now else now + SHORTEST_SLEEP
        return min(max(report.next_due, soonest), now + LONGEST_SLEEP)

    def _watch_the_clock(self, now: int) -> None:
        jump = now - self.steady() - self._apart
        if abs(jump) > MOST_JUMP:
            self._apart += jump
            minutes = round(jump / (60 * SECOND))
            cause = f"the clock jumped by {minutes} minutes; look whether it is right now, then release"
            self.worker.store.holds.place("all", cause, "daemon", now=now)
            self.log.error("the clock jumped", minutes=minutes)

    def _look_into_the_folder(self) -> None:
        """Say once where the folder's rules are other than those that are gone by; it changes nothing here."""
        try:
            active = self.worker.store.rulebooks.active()
        except StoreError:
            return  # the next pump tells of it
        news = None if active is None else self._folder.news(active.version)
        if news is None:
            return
        if news.state is Folder.BROKEN:
            self.log.warning(f"{news.state}; the active ones go on", detail=news.detail, errors=news.errors)
        elif news.state is Folder.DIFFERS:
            self.log.warning(f"{news.state}, which go on", way_out="look at `rightreason diff`")
        else:
            self.log.info(str(news.state))

    def _tell(self, report: Report) -> None:
        self.on_report(report)
        if not report.is_idle:
            self.log.info(
                "tick",
                planned=report.planned.customers,
                decided={str(outcome): count for outcome, count in report.decided.items()},
                delivered={str(state): count for state, count in report.delivered.items()},
                problems=len(report.problems),
            )


def run(
    workspace: Workspace, *, clock: Callable[[], int] = utc_now, on_report: Callable[[Report], None] | None = None
) -> None:
    """Work until SIGTERM or SIGINT comes; what is being sent by then is finished.

    Raises `LeaseTaken` where another daemon works on the database, now or later.
    """
    with at_work(workspace, this_process(), clock()) as worker:
        daemon = Daemon(worker, clock=clock, on_report=on_report)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: daemon.stopping.set())
        _drive(daemon)
        if daemon.lost is not None:
            raise daemon.lost


def log_as_json() -> None:
    """Let the log be one JSON object a line, on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def _drive(daemon: Daemon) -> None:
    """Let APScheduler pump, and look meanwhile whether anybody writes."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    ticks = BackgroundScheduler(
        timezone=UTC, job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    )

    working = threading.Lock()

    def pump() -> None:
        with working:
            if daemon.stopping.is_set():
                return
            at = daemon.pump()
        with suppress(LookupError):  # it may have been stopped meanwhile
            ticks.modify_job("pump", next_run_time=_as_datetime(at))

    longest = timedelta(microseconds=LONGEST_SLEEP)
    ticks.add_job(pump, "interval", seconds=longest.total_seconds(), id="pump", next_run_time=_as_datetime(utc_now()))
    watch = daemon.worker.store.watch()
    ticks.start()
    notify_systemd("READY=1")
    beaten = daemon.steady()
    written = False
    try:
        while not daemon.stopping.wait(LISTENS):
            written = watch.changed() or written
            if written and not working.locked():  # what is written during a pump may have come too late for it
                written = False
                ticks.modify_job("pump", next_run_time=_as_datetime(utc_now()))
            if daemon.steady() - beaten >= HEARTBEAT:
                daemon.beat()
                beaten = daemon.steady()
    finally:
        notify_systemd("STOPPING=1")
        daemon.stopping.set()
        # Waiting by the scheduler itself would hold the lock that a pump in its last line asks for.
        ticks.shutdown(wait=False)
        with working:
            watch.close()


def notify_systemd(state: str) -> None:
    """Tell systemd, where it asked for it (sd_notify(3))."""
    address: Any = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    elif not Path(address).is_absolute():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(OSError):
        sender.connect(address)
        sender.sendall(state.encode())


def _as_datetime(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)
