from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Never

import pytest
from keeping import AT_ONCE, Business, at, in_business

from scheduler.channels.channel import Handover, Promise
from scheduler.delivery.worker import Worker, at_work
from scheduler.errors import LeaseTaken
from scheduler.messages.message import Message


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def crashed(tmp_path: Path) -> Iterator[Business]:
    """A worker that ended in the midst of the third of five messages; nobody could tidy up."""
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        for name in "abcde":
            business.customer(name)
            business.event("bought", "2026-03-02 15:00", name, id=name)
        email = business.sinks.sink("email")
        deliver = email.deliver

        def dies(message: Message, key: str, now: int) -> Handover:
            outcome = deliver(message, key, now)
            if len(email.taken) == 3:
                raise Crash
            return outcome

        email.deliver = dies  # type: ignore[method-assign] # the sink dies once
        with pytest.raises(Crash):
            business.tick("2026-03-02 15:00")
        email.deliver = deliver  # type: ignore[method-assign] # as above
        yield business


def again(business: Business, now: str) -> None:
    """Another worker goes on, once the first one's lease is over."""
    with at_work(business.workspace, "another", at(now)) as worker:
        business.worker = Worker(business.workspace, business.sinks, worker.lease)
        business.tick(now)


def test_what_was_being_sent_is_unconfirmed_and_never_sent_again(crashed: Business) -> None:
    assert set(crashed.states().values()) == {"sending"}
    again(crashed, "2026-03-02 15:02")
    assert set(crashed.states().values()) == {"unconfirmed"}
    assert len(crashed.heard()) == 3


def test_while_the_lease_lives_nobody_takes_its_messages_for_lost(crashed: Business) -> None:
    with pytest.raises(LeaseTaken):
        again(crashed, "2025-12-31 23:59")
    crashed.store.outbox.crashed(at("2026-01-01 00:00:30"))
    assert set(crashed.states().values()) == {"sending"}


def test_a_channel_that_can_be_asked_twice_is_asked_again(crashed: Business) -> None:
    crashed.sinks.sink("email").promises = Promise.IDEMPOTENCY_KEY
    again(crashed, "2026-03-02 15:02")
    assert set(crashed.states().values()) == {"sent"}
    assert {line.split()[2] for line in crashed.heard()} == {f"thanks/{name}/{name}" for name in "abcde"}


def test_what_was_decided_and_not_yet_marked_is_sent_after_a_crash(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        business.customer()
        business.event("bought", "2026-03-02 15:00", id="b1")

        def die() -> Never:
            raise Crash

        business.sinks.before = die
        with pytest.raises(Crash):
            business.tick("2026-03-02 15:00")
        assert business.states() == {"thanks/ana/b1": "queued"}
        again(business, "2026-03-02 15:02")
        assert business.heard() == ["2026-03-02 15:02 thanks/ana/b1 email"]


def test_a_lease_of_a_process_that_is_no_more_is_taken_over(tmp_path: Path) -> None:
    import socket

    with in_business(tmp_path) as business:
        store = business.store
        store.leases.release(business.worker.lease, now=at("2026-03-01"))
        store.leases.acquire(f"{socket.gethostname()}/999999999", now=at("2026-03-02"), ttl=60_000_000)
        with at_work(business.workspace, "another", at("2026-03-02")) as worker:
            assert worker.lease.holder == "another"


def test_the_lease_of_another_machine_is_respected(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        store = business.store
        store.leases.release(business.worker.lease, now=at("2026-03-01"))
        store.leases.acquire("elsewhere/1", now=at("2026-03-02"), ttl=60_000_000)
        with pytest.raises(LeaseTaken, match="elsewhere/1"), at_work(business.workspace, "another", at("2026-03-02")):
            pass
