"""What the daemon answers to machines that ask how it is, over a real socket."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from keeping import AT_ONCE, Business, at, in_business
from prometheus_client.parser import text_string_to_metric_families

from scheduler.channels.channel import Handover, HandoverKind
from scheduler.daemon import SECOND, Daemon
from scheduler.errors import SettingsError
from scheduler.health import COUNTED, SILENT, STUCK, Pulse, answering, served
from scheduler.settings import load_settings
from scheduler.settings.health import Health

NOON = at("2026-03-02 12:00")


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Asked:
    """A daemon that can be asked; its clock stands where the test puts it."""

    def __init__(self, daemon: Daemon, clock: Clock, port: int) -> None:
        self.daemon, self.clock, self.port = daemon, clock, port

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def metrics(self) -> dict[str, float]:
        """Each number by its name, with its labels' values."""
        status, text = self.get("/metrics")
        assert status == 200
        return {
            " ".join([sample.name.removeprefix("rightreason_"), *sample.labels.values()]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        yield business


@pytest.fixture
def asked(business: Business) -> Iterator[Asked]:
    clock = Clock(NOON)
    daemon = Daemon(business.worker, clock=clock, steady=clock)
    with served("127.0.0.1", 0, daemon.pulse, business.store, clock) as port:
        yield Asked(daemon, clock, port)


# --- /health -----------------------------------------------------------------------------------------------------


def test_a_daemon_that_has_just_begun_is_well(asked: Asked) -> None:
    assert asked.get("/health") == (200, "The daemon is at work; it has not ticked yet.\n")


def test_one_that_ticks_is_well_and_says_when_it_did(asked: Asked) -> None:
    asked.daemon.pump()
    asked.clock.now += 42 * SECOND
    assert asked.get("/health") == (200, "The daemon is at work; it ticked 42 s ago.\n")


def test_one_that_no_longer_ticks_is_not_well(asked: Asked) -> None:
    asked.daemon.pump()
    asked.clock.now += SILENT + SECOND
    assert asked.get("/health") == (503, "There has been no tick for 3 min.\n")


def test_one_whose_tick_hangs_is_not_well_but_a_long_one_is(asked: Asked) -> None:
    asked.daemon.pulse.working = True
    for _ in range(10):
        asked.clock.now += STUCK
        asked.daemon.stops()
    assert asked.get("/health")[0] == 200
    asked.clock.now += STUCK + SECOND
    assert asked.get("/health") == (503, "The tick that is at work has not moved for 30 min.\n")


def test_one_that_shares_with_others_says_how_much_is_its_own(asked: Asked) -> None:
    assert asked.metrics()["share_ratio"] == 1
    asked.daemon.pulse.slices = 8
    assert "Its share of the customers is 8 of 32 slices." in asked.get("/health")[1].splitlines()
    assert asked.metrics()["share_ratio"] == 0.25


def test_what_is_held_is_said_without_the_words_of_who_held_it(business: Business, asked: Asked) -> None:
    business.store.holds.place("rule:thanks", "Ana Canary has complained", "me", now=NOON)
    asked.daemon.pump()
    status, said = asked.get("/health")
    assert status == 200
    assert "rule:thanks is held; `rightreason status` says why." in said.splitlines()
    assert "Canary" not in said + asked.get("/metrics")[1]


def changed(business: Business, statement: str) -> None:
    with business.store.write() as connection:
        connection.exec_driver_sql(statement)


def test_a_database_that_can_not_be_used_is_said_until_it_can(business: Business, asked: Asked) -> None:
    changed(business, "ALTER TABLE occasion RENAME TO elsewhere")
    asked.daemon.pump()
    assert asked.get("/health") == (503, "The database can't be used; it is tried again.\n")
    numbers = asked.metrics()
    assert (numbers["up"], numbers["database_up"]) == (0, 0)
    assert "queued" not in numbers
    changed(business, "ALTER TABLE elsewhere RENAME TO occasion")
    asked.daemon.pump()
    assert asked.get("/health")[0] == 200
    assert asked.metrics()["database_up"] == 1


def test_a_fault_of_the_program_is_said(asked: Asked) -> None:
    def breaks() -> str:
        raise ZeroDivisionError("Ana Canary")

    asked.daemon.guard.begin = breaks  # type: ignore[method-assign] # a fault that nobody foresaw
    asked.daemon.pump()
    assert asked.get("/health") == (503, "The last tick ended by a fault of the program; the log says where.\n")


def test_other_paths_and_methods_are_refused(asked: Asked) -> None:
    assert asked.get("/")[0] == 404
    assert asked.get("/health", "POST")[0] == 501
    assert asked.get("/health", "HEAD") == (200, "")


def test_a_caller_who_goes_away_or_talks_nonsense_is_no_matter(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", asked.port)) as caller:
        caller.sendall(b"\x00\xff ana@example.com\r\n\r\n")
        caller.recv(1000)
    socket.create_connection(("127.0.0.1", asked.port)).close()
    assert asked.get("/health")[0] == 200
    assert capsys.readouterr().err == ""


# --- /metrics ----------------------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_ledger(business: Business, asked: Asked) -> None:
    for name in ("ana", "bea", "cid"):
        business.customer(name)
        business.event("bought", "2026-03-02 12:00", name)
    before = asked.metrics()
    assert before["unplanned"] == 3
    email = business.sinks.sink("email")
    email.answers = [
        Handover(HandoverKind.SENT),
        Handover(HandoverKind.RETRY, "later"),
        Handover(HandoverKind.UNCONFIRMED),
    ]
    asked.daemon.pump()
    asked.daemon.beat()
    asked.clock.now += COUNTED
    after = asked.metrics()
    assert {name: after[name] for name in ("unplanned", "due", "queued", "sending", "unconfirmed", "quarantined")} == {
        "unplanned": 0,
        "due": 0,
        "queued": 1,
        "sending": 0,
        "unconfirmed": 1,
        "quarantined": 0,
    }
    assert after["last_tick_timestamp_seconds"] == NOON / SECOND
    assert after["heartbeat_age_seconds"] == COUNTED / SECOND


def test_what_waits_to_be_decided_is_due_and_says_for_how_long(business: Business, asked: Asked) -> None:
    business.customer()
    business.event("bought", "2026-03-02 12:00")
    business.plan("2026-03-02 12:00")
    asked.clock.now += 90 * SECOND
    numbers = asked.metrics()
    assert (numbers["due"], numbers["overdue_seconds"]) == (1, 90)


def test_what_went_by_each_channel_is_counted_and_so_is_what_is_held(business: Business, asked: Asked) -> None:
    for name in ("ana", "bea", "cid"):
        business.customer(name)
        business.event("bought", "2026-03-02 12:00", name)
    business.sinks.sink("email").answers = [Handover(HandoverKind.FAILED, "no")]
    asked.daemon.pump()
    business.store.holds.place("channel:sms", "a look", "me", now=NOON)
    numbers = asked.metrics()
    contacts = {name: number for name, number in numbers.items() if name.startswith("contacts")}
    assert contacts == {"contacts email failed": 1, "contacts email sent": 2}
    assert {name for name in numbers if name.startswith("held")} == {"held channel:sms"}


# --- where it listens --------------------------------------------------------------------------------------------


def test_without_a_port_it_listens_nowhere(business: Business) -> None:
    assert load_settings(business.workspace.folder).health.port is None
    with answering(Health(), Pulse(Clock(NOON)), business.store, Clock(NOON)) as port:
        assert port is None


def test_a_port_that_is_taken_is_said_with_its_setting(business: Business) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = pytest.raises(SettingsError, match=rf"health\.port: 127\.0\.0\.1:{port} can't be listened at")
        with told, answering(Health(port=port), Pulse(Clock(NOON)), business.store, Clock(NOON)):
            pass


def test_afterwards_the_port_is_free_again(business: Business) -> None:
    clock = Clock(NOON)
    with served("127.0.0.1", 0, Pulse(clock), business.store, clock) as port:
        pass
    with served("127.0.0.1", port, Pulse(clock), business.store, clock) as again:
        assert again == port
