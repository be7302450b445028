"""The daemon: says when to plan, decide and deliver. It only ticks; all truth is in the database.

APScheduler wakes it: a `pump` job in memory, set to the next due moment, and the jobs `beat`, `collect` and `tidy`,
their times in UTC. The main thread asks the database for nothing, so that it hears signals at once, whatever that does.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from scheduler.channels.alert import TITLES, Alert, AlertKind, Alerts
from scheduler.channels.telling import Teller
from scheduler.delivery.brakes import Brakes
from scheduler.delivery.guard import MOST_JUMP, Guard, guarded_tick, steady_now, told_of
from scheduler.delivery.inbox import collect
from scheduler.delivery.tick import Report
from scheduler.delivery.worker import Worker, at_work, this_process
from scheduler.errors import LeaseTaken, StoreError
from scheduler.health import Pulse, answering
from scheduler.logs import told
from scheduler.planning.folder import Folder, Watch
from scheduler.planning.tidying import tidy
from scheduler.store import Watch as Listener
from scheduler.store.buckets import SLICES
from scheduler.systemd import Watchdog, notify
from scheduler.workspace import Workspace

SECOND = 1_000_000
LONGEST_SLEEP = 60 * SECOND
"""The daemon looks at least this often, in microseconds."""
SHORTEST_SLEEP = 5 * SECOND
"""How long it sleeps where something stays due that can't be done now."""
LONGEST_PAUSE = 30 * SECOND
"""At the longest it waits so long before it tries again what failed; the first time a second."""
HEARTBEAT = 20 * SECOND
COLLECTS = 600 * SECOND
"""So long, at most, do other daemons leave the mailboxes to the one that reads them."""
TIDIES = 24 * 3_600 * SECOND
"""So often is archived what has ended."""
LISTENS = 0.5
"""How often it asks whether somebody wrote, in seconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> int:
    """The clock: UTC microseconds since 1970."""
    return time.time_ns() // 1_000


class Pauses:
    """How long to wait before trying again, in microseconds: each time twice as long, up to `LONGEST_PAUSE`."""

    def __init__(self) -> None:
        self._failures = 0

    def next(self) -> int:
        """The pause after one more failure."""
        self._failures += 1
        return min(SECOND << min(self._failures - 1, 10), LONGEST_PAUSE)

    @property
    def has_failed(self) -> bool:
        """Whether it failed the last time."""
        return self._failures > 0

    def over(self) -> None:
        """It works again."""
        self._failures = 0


class Daemon:
    """One worker's ticks. `clock` and `steady` give the time.

    `stopping` ends its work between two batches; `wakes` lets it tick soon.
    """

    def __init__(
        self,
        worker: Worker,
        *,
        clock: Callable[[], int] = utc_now,
        steady: Callable[[], int] = steady_now,
        on_report: Callable[[Report], None] | None = None,
        alerts: Alerts | None = None,
    ) -> None:
        self.worker = worker
        self.brakes = Brakes(worker.workspace.store, worker.settings)
        self.teller = None if alerts is None else Teller(alerts, self._untold)
        self._stuck = False
        self._unplanned = frozenset[str]()
        self.clock, self.steady = clock, steady
        self.on_report = on_report or (lambda _: None)
        self.stopping, self.wakes = threading.Event(), threading.Event()
        self.lost: LeaseTaken | None = None
        self.log = structlog.get_logger().bind(holder=worker.lease.holder)
        self.guard = Guard(worker.store, clock, steady, folder=worker.workspace.folder, on_hold=self._held)
        self.pulse = Pulse(steady)
        self._folder = Watch(worker.workspace.folder)
        self._pauses = Pauses()
        self.beating = threading.Lock()
        """Held while a sign of life is given: whoever gives the lease back has to wait for it."""
        self.collecting = threading.Lock()
        """Held while mailboxes are read: whoever closes the store has to wait for it."""
        self.tidying = threading.Lock()
        """Held while what has ended is archived: as above."""

    def pump(self) -> int:
        """Tick once; returns when to tick again, at the latest (UTC microseconds).

        After a failure it is tried again, at first soon and then less often; a lease that was lost to somebody ends
        the daemon.
        """
        self.pulse.working, self.pulse.moved = True, self.steady()
        try:
            report = guarded_tick(self.worker, self.guard, self.clock, self.stops, self.brakes)
        except LeaseTaken as taken:
            self._end(taken)
            return self.clock() + LONGEST_SLEEP
        except StoreError as error:
            pause = self._pauses.next()
            self.away(error, pause)
            return self.clock() + pause
        except Exception as error:  # noqa: BLE001 - whatever it is, tomorrow's messages must not depend on it
            pause = self._pauses.next()
            self.pulse.faulty = True
            self.log.error("a fault of the program ended the tick", **told(error), tried_again_in_seconds=_in_s(pause))
            return self.clock() + pause
        finally:
            self.pulse.ticked, self.pulse.working = self.steady(), False
        if self._pauses.has_failed:
            self._pauses.over()
            self.log.info("it works again")
        self.pulse.database_away = self.pulse.faulty = False
        self.pulse.ticked_at = self.clock()
        self._tell_of_its_share()
        self._tell(report)
        self._look_into_the_folder()
        return self._next(report)

    def moves(self) -> bool:
        """Whether its work is not at a standstill; the staff are told where it has come to one."""
        was_stuck, self._stuck = self._stuck, self.pulse.is_stuck
        if self._stuck and not was_stuck:
            way_out = "a tick hangs: look at the daemon's log, then restart it; under systemd the watchdog does"
            self._alert(Alert(AlertKind.STUCK, self.worker.lease.holder, way_out))
        return not self._stuck

    def stops(self) -> bool:
        """Whether work has to end between this message, or batch, and the next; that it asks shows that it moves."""
        self.pulse.moved = self.steady()
        return self.stopping.is_set() or self.guard.check()

    def beat(self) -> None:
        """Give a sign of life."""
        with self.beating:
            if self.stopping.is_set():
                return
            try:
                self.worker.beat(self.clock())
                self.guard.beat()
            except LeaseTaken as taken:
                self._end(taken)
            except StoreError as error:
                self.away(error, HEARTBEAT)
            else:
                self.pulse.beaten = self.steady()
                if self.worker.unsettled:
                    self.wakes.set()

    def collect(self) -> None:
        """Take what has come back to the mailboxes that are set; their servers may take their time."""
        with self.collecting:
            if self.stopping.is_set():
                return
            try:
                now, worker = self.clock(), self.worker
                with worker.store.leases.alone("collect", worker.lease.holder, now=now, ttl=COLLECTS) as alone:
                    if not alone:
                        return
                    found = collect(worker.store, worker.settings, now)
            except StoreError:
                return  # the pump tells of it, and the mails are still there
            except Exception as error:  # noqa: BLE001 - whatever it is, what is sent must not depend on it
                self.log.error("a fault of the program ended the look into the mailboxes", **told(error))
                return
        for problem in found.problems:
            self.log.warning("what has come back could not all be taken", problem=problem)
        if found.mails:
            effects = {str(effect): count for effect, count in found.effects.items()}
            self.log.info("collected", mails=found.mails, **effects, suppressed=found.suppressed)

    def tidy(self) -> None:
        """Move to the archive what has ended so long ago as is set."""
        with self.tidying:
            if self.stopping.is_set():
                return
            try:
                now, worker = self.clock(), self.worker
                with worker.store.leases.alone("tidy", worker.lease.holder, now=now, ttl=TIDIES) as alone:
                    done = tidy(worker.workspace, now, stopping=self.stopping.is_set) if alone else []
            except StoreError as error:
                self.log.error("what has ended could not all be archived", error=str(error))
                return  # it is still in the database, and tried again tomorrow
            except Exception as error:  # noqa: BLE001 - whatever it is, what is sent must not depend on it
                self.log.error("a fault of the program ended the archiving", **told(error))
                return
        if left := {one.name: one.left for one in done if one.left}:
            self.log.info("archived", **left)

    def away(self, error: StoreError, pause: int) -> None:
        """Say that the database can't be used, and is tried again after so many microseconds."""
        self.pulse.database_away = True
        self.log.error("the database can't be used", error=str(error), tried_again_in_seconds=_in_s(pause))
        notify("STATUS=the database can't be used")

    def close(self) -> None:
        """Tell the staff what is still to be told."""
        if self.teller is not None:
            self.teller.close()

    def _end(self, taken: LeaseTaken) -> None:
        self.lost = taken
        self.stopping.set()

    def _held(self, who: str, cause: str) -> None:
        self.log.error("everything is held", cause=cause)
        self._alert(told_of(who, cause))

    def _alert(self, *alerts: Alert) -> None:
        if self.teller is not None:
            self.teller.tell(alerts, self.clock())

    def _untold(self, problem: str) -> None:
        self.log.error("an alert could not be told", problem=problem)

    def _next(self, report: Report) -> int:
        now = self.clock()
        if report.next_due is None:
            return now + LONGEST_SLEEP
        soonest = now if report.next_due > report.now else now + SHORTEST_SLEEP
        return min(max(report.next_due, soonest), now + LONGEST_SLEEP)

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

    def _tell_of_its_share(self) -> None:
        slices = SLICES if self.worker.slices is None else len(self.worker.slices)
        if slices != self.pulse.slices:
            self.log.info("its share of the customers changed", slices=slices, of=SLICES)
        self.pulse.slices = slices

    def _tell(self, report: Report) -> None:
        self.on_report(report)
        self._alert(*report.alerts)
        for alert in report.alerts:
            if alert.kind is not AlertKind.NEW_TASK:
                self.log.warning(TITLES[alert.kind], about=alert.subject)
        unplanned = frozenset(report.planned.problems)
        for problem in sorted(unplanned - self._unplanned):  # once, and not each minute
            self.log.error("a fault of the program keeps a customer from being planned", problem=problem)
        self._unplanned = unplanned
        with suppress(StoreError):  # the next pump tells of it
            self.pulse.held = tuple(hold.name for hold in self.worker.store.holds.list())
        notify(f"STATUS={self._status(report)}")
        if not report.is_idle:
            self.log.info(
                "tick",
                planned=report.planned.customers,
                decided={str(outcome): count for outcome, count in report.decided.items()},
                delivered={str(state): count for state, count in report.delivered.items()},
                problems=len(report.problems),
            )

    def _status(self, report: Report) -> str:
        at = _as_datetime(report.now).isoformat(timespec="seconds")
        due = "nothing is planned"
        if report.next_due is not None:
            due = f"next due {_as_datetime(report.next_due).isoformat(timespec='seconds')}"
        return "; ".join([f"ticked {at}", due, *(f"{name} is held" for name in self.pulse.held)])


def run(
    workspace: Workspace, *, clock: Callable[[], int] = utc_now, on_report: Callable[[Report], None] | None = None
) -> None:
    """Work until SIGTERM or SIGINT comes; what is being sent by then is finished.

    Raises `LeaseTaken` where another daemon works on the database and does not share, or has taken over;
    `SettingsError` where it can't listen at the port that is set.
    """
    with at_work(workspace, this_process(), clock(), stays=True) as worker:
        daemon = Daemon(worker, clock=clock, on_report=on_report, alerts=Alerts(workspace.settings))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: daemon.stopping.set())
        with answering(workspace.settings.health, daemon.pulse, workspace.store, clock):
            drive(daemon)
        if daemon.lost is not None:
            raise daemon.lost


def drive(daemon: Daemon) -> None:
    """Let APScheduler pump and beat until the daemon is to stop, and a thread look meanwhile whether anybody writes."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    ticks = BackgroundScheduler(
        timezone=UTC, job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    )
    working, written = threading.Lock(), daemon.wakes
    sleeps_until = daemon.steady()

    def pump() -> None:
        nonlocal sleeps_until
        with working:
            if daemon.stopping.is_set():
                return
            sleep = daemon.pump() - daemon.clock()
            sleeps_until = daemon.steady() + sleep
        run_in(sleep, "pump")

    def run_in(wait: int, job: str) -> None:
        with suppress(LookupError):  # it may have been stopped meanwhile
            ticks.modify_job(job, next_run_time=_as_datetime(utc_now() + wait))

    for job, name in ((pump, "pump"), (daemon.beat, "beat"), (daemon.collect, "collect")):
        ticks.add_job(job, "interval", seconds=LONGEST_SLEEP / SECOND, id=name, next_run_time=_as_datetime(utc_now()))
    # at the start there is more pressing work
    first = _as_datetime(utc_now() + LONGEST_SLEEP)
    ticks.add_job(daemon.tidy, "interval", seconds=TIDIES / SECOND, id="tidy", next_run_time=first)
    watcher = threading.Thread(
        target=_listen, args=(daemon, daemon.worker.store.watch(), written), name="watch", daemon=True
    )
    watchdog, beaten = Watchdog(daemon.steady), daemon.steady()
    ticks.start()
    watcher.start()
    notify("READY=1")
    try:
        while not daemon.stopping.wait(LISTENS):
            if daemon.moves():
                watchdog.feed()
            # A clock that was put back makes APScheduler sleep too long: it goes by that clock.
            overslept = daemon.steady() - sleeps_until > SHORTEST_SLEEP
            woken = written.is_set() or overslept or abs(daemon.guard.jump) > MOST_JUMP
            if woken and not working.locked():  # what is written during a pump may have come too late for it
                written.clear()
                run_in(0, "pump")
            if daemon.steady() - beaten >= HEARTBEAT:
                beaten = daemon.steady()
                run_in(0, "beat")
    finally:
        notify("STOPPING=1")
        daemon.stopping.set()
        # Waiting by the scheduler itself would hold the lock that a pump in its last line asks for.
        ticks.shutdown(wait=False)
        with working, daemon.beating, daemon.collecting, daemon.tidying:
            watcher.join(LISTENS)
        daemon.close()


def _listen(daemon: Daemon, watch: Listener, written: threading.Event) -> None:
    """Set `written` whenever somebody writes, until the daemon is to stop."""
    pauses = Pauses()
    while not daemon.stopping.wait(LISTENS):
        try:
            if watch.changed():
                written.set()
            pauses.over()
        except StoreError as error:
            pause = pauses.next()
            daemon.away(error, pause)
            daemon.stopping.wait(pause / SECOND)
    watch.close()


def _in_s(microseconds: int) -> int:
    return microseconds // SECOND


def _as_datetime(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)
