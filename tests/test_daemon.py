"""The daemon as a real process: against a real mail server, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mailbox import Mailbox, mailbox
from pathlib import Path

import pytest
from keeping import AT_ONCE, Business, at, in_business, rulebook
from structlog.testing import capture_logs

from scheduler.daemon import LONGEST_SLEEP, SECOND, Daemon, utc_now
from scheduler.decisions.facts import Event
from scheduler.planning.activation import activate
from scheduler.rulebook.model import Rulebook
from scheduler.store import CustomerEvent, State
from scheduler.workspace import Workspace, open_workspace

DAEMON = """
import sys
from pathlib import Path
from scheduler.daemon import log_as_json, run
from scheduler.errors import RightReasonError
from scheduler.workspace import open_workspace
log_as_json()
try:
    with open_workspace(Path(sys.argv[1])) as workspace:
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
def daemon(shop: Workspace) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", DAEMON, str(shop.folder)], stderr=subprocess.PIPE, text=True, cwd=Path.cwd()
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
    accepted = number if point == "data" else number - 1
    marks = -(-number // MARKED) * MARKED
    with daemon(shop) as process:
        box.wait_for(accepted + CUSTOMERS - marks)
        assert stop(process) == 0
    assert max(Counter(box.recipients).values()) == 1
    assert states(shop) == {State.SENT: CUSTOMERS - MARKED, State.UNCONFIRMED: MARKED}
    said_to_be_sent = {f"{row.customer}@example.com" for row in shop.store.ledger.rows(states=[State.SENT])}
    assert said_to_be_sent <= set(box.recipients)


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
