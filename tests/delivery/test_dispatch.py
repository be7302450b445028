from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from keeping import AT_ONCE, HOUSE, Business, at, in_business, local
from sinks import Sink

from scheduler.channels.channel import Handover, HandoverKind
from scheduler.delivery.dispatch import MARKED
from scheduler.delivery.tick import tick
from scheduler.messages.message import Message

SECOND = 1_000_000
NOW = "2026-03-02 15:00"
AT_WORK = HOUSE.replace('to: "24:00"', 'to: "20:00"')
CONNECTIONS = 3


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    """Mails leave over three connections."""
    with in_business(tmp_path, email={"host": "mail.example.com", "connections": CONNECTIONS}) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        yield business


def buy(business: Business, number: int, when: str = NOW) -> None:
    for one in range(number):
        business.customer(f"c{one}")
        business.event("bought", when, f"c{one}")


class Meeting(Sink):
    """Takes messages only when as many have come as there are connections."""

    def __init__(self) -> None:
        super().__init__("email")
        self.meet = threading.Barrier(CONNECTIONS, timeout=20)

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        self.meet.wait()
        return super().deliver(message, key, now)


def test_as_many_messages_are_handed_over_at_once_as_there_are_connections(business: Business) -> None:
    buy(business, 3 * CONNECTIONS)
    business.sinks.by_name["email"] = Meeting()
    business.tick(NOW)
    assert len(business.heard()) == len(set(business.heard())) == 3 * CONNECTIONS
    assert set(business.states().values()) == {"sent"}


def test_a_message_that_takes_long_holds_up_no_other(business: Business) -> None:
    others = threading.Event()

    class Slow(Sink):
        def deliver(self, message: Message, key: str, now: int) -> Handover:
            if "/c0/" in key:
                assert others.wait(20)
            outcome = super().deliver(message, key, now)
            if len(self.taken) == MARKED - 1:
                others.set()
            return outcome

    buy(business, MARKED)
    business.sinks.by_name["email"] = slow = Slow("email")
    business.tick(NOW)
    assert "/c0/" in slow.taken[-1][1]
    assert list(business.states().values()) == ["sent"] * MARKED


def test_a_channel_that_is_refused_gets_no_more_than_were_under_way(business: Business) -> None:
    buy(business, 2 * MARKED)
    refused = Handover(HandoverKind.RETRY, "535 wrong password", hold=True)
    business.sinks.sink("email").answers += [refused] * 2 * MARKED
    business.tick(NOW)
    assert 1 <= len(business.heard()) <= CONNECTIONS + 1
    assert set(business.states().values()) == {"retry", "queued"}


def test_a_fault_over_one_message_leaves_the_others_alone(business: Business) -> None:
    class Faulty(Sink):
        def deliver(self, message: Message, key: str, now: int) -> Handover:
            if "/c4/" in key:
                raise RuntimeError("broken")
            return super().deliver(message, key, now)

    buy(business, MARKED)
    business.sinks.by_name["email"] = Faulty("email")
    business.tick(NOW)
    states = business.states()
    assert [key.split("/")[1] for key, state in states.items() if state != "sent"] == ["c4"]
    assert len(states) == MARKED


def test_when_it_is_stopped_what_is_under_way_is_finished_and_the_rest_waits(business: Business) -> None:
    buy(business, MARKED)
    business.plan(NOW)
    tick(business.worker, at(NOW), stopping=lambda: bool(business.heard()))
    states = list(business.states().values())
    assert 1 <= states.count("sent") <= CONNECTIONS
    assert states.count("sent") + states.count("retry") == MARKED
    assert "sending" not in states


def test_what_could_not_leave_within_a_minute_is_asked_again(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01", AT_WORK)
        buy(business, 3 * MARKED, "2026-03-02 19:58")
        clock = [at("2026-03-02 19:58")]
        left: list[int] = []

        class Slow(Sink):
            def deliver(self, message: Message, key: str, now: int) -> Handover:
                clock[0] += 6 * SECOND
                left.append(clock[0])
                return super().deliver(message, key, now)

        business.sinks.by_name["email"] = Slow("email")
        business.tick("2026-03-02 19:58", lambda: clock[0])
        assert len(left) == MARKED
        assert local(left[-1]) == "2026-03-02 20:00"
        business.tick("2026-03-03 00:00")
        assert len(left) == 3 * MARKED


def test_an_interrupt_in_the_midst_loses_nothing(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        buy(business, MARKED)

        class Interrupted(Sink):
            def deliver(self, message: Message, key: str, now: int) -> Handover:
                if len(self.taken) == 2:
                    raise KeyboardInterrupt
                return super().deliver(message, key, now)

        business.sinks.by_name["email"] = Interrupted("email")
        with pytest.raises(KeyboardInterrupt):
            business.tick(NOW)
        business.worker.write_down(at(NOW))
        states = list(business.states().values())
        assert (states.count("sent"), states.count("sending"), states.count("retry")) == (2, 1, MARKED - 3)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT interrupts, though whoever started the tests may ignore it (as shells do for what runs behind them)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_lets_what_is_under_way_end_and_no_more_leave(business: Business) -> None:
    class Interrupting(Sink):
        def deliver(self, message: Message, key: str, now: int) -> Handover:
            if not self.taken:
                os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)  # long enough for the interrupt to come before the last one leaves
            return super().deliver(message, key, now)

    buy(business, MARKED)
    business.sinks.by_name["email"] = Interrupting("email")
    with pytest.raises(KeyboardInterrupt):
        business.tick(NOW)
    business.worker.write_down(at(NOW))
    states = list(business.states().values())
    assert states.count("sent") == len(business.heard()) < MARKED
    assert states.count("sent") + states.count("retry") == MARKED


def test_a_hold_may_be_placed_between_two_messages_and_lets_no_more_leave(business: Business) -> None:
    placed_by = set[threading.Thread]()

    def holds_all() -> bool:
        """As a guard whose clock has jumped."""
        if len(business.heard()) < CONNECTIONS:
            return False
        business.store.holds.place("all", "the clock jumped", "the guard", now=at(NOW))
        placed_by.add(threading.current_thread())
        return True

    buy(business, MARKED)
    tick(business.worker, at(NOW), stopping=holds_all)
    assert placed_by - {threading.main_thread()}
    assert [hold.cause for hold in business.store.holds.list()] == ["the clock jumped"]
    states = list(business.states().values())
    assert CONNECTIONS <= states.count("sent") == len(business.heard()) < 2 * CONNECTIONS
    assert states.count("sent") + states.count("retry") == MARKED
