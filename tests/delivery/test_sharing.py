"""Workers that share the customers of one PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from keeping import AT_ONCE, HOUSE, Business, at
from sinks import Sinks

from scheduler.daemon import Daemon
from scheduler.delivery import sending
from scheduler.delivery.outcomes import Known
from scheduler.delivery.worker import TTL, at_work
from scheduler.errors import LeaseTaken
from scheduler.store import State, Tried
from scheduler.workspace import Workspace, open_workspace

NOW = "2026-03-02 15:00"
ONE_A_WEEK = HOUSE.replace("[]", "[{at_most: 1, within: 7 days}]")
NAMES = ["ana", "bea", "cid", "dan", "eva", "fay", "gus", "hal", "ida", "jon", "kim", "leo"]

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def workspace(tmp_path: Path, database: str) -> Iterator[Workspace]:
    with open_workspace(tmp_path, database=database, secret="a secret") as workspace:
        yield workspace


@pytest.fixture
def two(workspace: Workspace) -> Iterator[tuple[Business, Business]]:
    """Two workers of one shop, whose channels are their own; each customer has bought twice."""
    with ExitStack() as stack:

        def works(holder: str) -> Business:
            worker = stack.enter_context(at_work(workspace, holder, at(NOW), stays=True))
            sinks = Sinks(workspace.settings)
            return Business(workspace, replace(worker, channels=sinks), sinks)

        one = works("one")
        one.goes_by(AT_ONCE, "2026-03-01", ONE_A_WEEK)
        for name in NAMES:
            one.customer(name)
            for order in ("first", "second"):
                one.event("bought", NOW, name, id=f"{order}-{name}")
        yield one, works("two")


def heard(*workers: Business) -> list[list[str]]:
    """Who heard from each, once for each message."""
    return [sorted(key.split("/")[1] for _, key, _ in worker.sinks.taken) for worker in workers]


def test_each_sends_to_its_own_customers_and_the_cap_holds_for_all(two: tuple[Business, Business]) -> None:
    one, other = two
    for _ in range(2):
        one.tick(NOW)
        other.tick(NOW)
    assert len(one.worker.slices or ()) == len(other.worker.slices or ()) == 16
    first, second = heard(one, other)
    assert first
    assert second
    assert sorted(first + second) == sorted(NAMES)


def test_who_has_no_customers_yet_does_nothing(two: tuple[Business, Business]) -> None:
    report = two[1].tick(NOW)
    assert (two[1].worker.slices, report.is_idle, report.next_due) == ((), True, None)
    assert heard(*two) == [[], []]


def test_a_sign_of_life_shows_that_another_one_came_and_the_tick_ends_between_two_batches(
    two: tuple[Business, Business], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BATCH", 4)
    one, other = two
    one.store.shares.leave(other.worker.lease, now=at(NOW))

    def another_comes() -> None:
        one.store.shares.join("another", now=at(NOW), ttl=TTL)
        one.worker.beat(at(NOW))

    one.sinks.before = another_comes
    one.tick(NOW)
    assert (one.worker.unsettled, len(one.sinks.taken), len(one.worker.slices or ())) == (True, 4, 32)
    one.tick(NOW)
    assert (one.worker.unsettled, len(one.worker.slices or ())) == (False, 16)


def test_what_became_of_messages_is_written_before_their_customers_are_given_up(workspace: Workspace) -> None:
    with at_work(workspace, "one", at(NOW), stays=True) as worker, at_work(workspace, "two", at(NOW), stays=True):
        worker.unwritten.append(Known(Tried("thanks/ana/1", State.SENT), at(NOW)))
        worker.settle(at(NOW))
        assert len(worker.slices or ()) == 32
        worker.write_down(at(NOW))
        worker.settle(at(NOW))
        assert len(worker.slices or ()) == 16


def test_who_was_silent_for_too_long_has_lost_all_and_says_so(two: tuple[Business, Business]) -> None:
    one, other = two
    other.worker.settle(at(NOW) + TTL)
    assert len(other.worker.slices or ()) == 32
    with pytest.raises(LeaseTaken, match="gave no sign of life for so long"):
        one.tick(NOW)
    with pytest.raises(LeaseTaken):
        one.worker.beat(at(NOW) + TTL)


def test_a_process_of_this_machine_that_is_no_more_is_inherited_at_once(workspace: Workspace) -> None:
    import socket

    workspace.store.shares.join(f"{socket.gethostname()}/999999999", now=at(NOW), ttl=TTL)
    workspace.store.shares.join("elsewhere/999999999", now=at(NOW), ttl=TTL)
    with at_work(workspace, "one", at(NOW), stays=True) as worker:
        assert {one.lease.holder for one in workspace.store.shares.at_work()} == {"elsewhere/999999999", "one"}
        assert len(worker.slices or ()) == 16


def test_mailboxes_are_left_to_who_reads_them(tmp_path: Path, database: str) -> None:
    (tmp_path / "rightreason.toml").write_text('secret = "a secret"\n[bounces]\nmaildir = "bounces"\n')
    for name in ("new", "cur", "tmp"):
        (tmp_path / "bounces" / name).mkdir(parents=True)
    (tmp_path / "bounces" / "new" / "1").write_text("Subject: Hello\n\nWe write by hand.\n")
    with (
        open_workspace(tmp_path, database=database) as workspace,
        at_work(workspace, "one", at(NOW), stays=True) as worker,
    ):
        daemon = Daemon(worker, clock=lambda: at(NOW))
        with workspace.store.leases.alone("collect", "another", now=at(NOW), ttl=TTL):
            daemon.collect()
            assert (tmp_path / "bounces" / "new" / "1").exists()
        daemon.collect()
        assert not (tmp_path / "bounces" / "new" / "1").exists()


def test_cron_works_where_no_daemon_does(workspace: Workspace) -> None:
    with at_work(workspace, "cron", at(NOW)) as worker:
        assert len(worker.slices or ()) == 32
        with pytest.raises(LeaseTaken, match="cron"), at_work(workspace, "another", at(NOW)):
            pass
