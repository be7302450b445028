"""The guard of the clock and of the database, on a clock of the test."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from keeping import AT_ONCE, Business, at, in_business, rulebook
from sinks import Sink
from typing_commands import run_in

from scheduler.channels.channel import Handover
from scheduler.delivery.dispatch import MARKED
from scheduler.delivery.guard import CLOCK, COPY, HEARTBEAT_FILE, Guard, guarded_tick
from scheduler.messages.message import Message
from scheduler.store import State, Store, open_store
from scheduler.store.host import Host

START = at("2026-03-02 15:00")
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE


class Clock:
    """A clock, and a steady one beside it: time passes for both, a jump is of the clock alone."""

    def __init__(self, now: int = START) -> None:
        self.now, self.passed = now, 0

    def __call__(self) -> int:
        return self.now

    def steady(self) -> int:
        return self.passed

    def passes(self, by: int) -> None:
        self.now += by
        self.passed += by

    def jumps(self, by: int) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


def guard_of(store: Store, clock: Clock, folder: Path | None = None) -> Guard:
    return Guard(store, clock, clock.steady, folder=folder)


def holds(store: Store) -> list[tuple[str, str]]:
    return [(hold.name, hold.who) for hold in store.holds.list()]


def cause(store: Store) -> str:
    [hold] = store.holds.list()
    return hold.cause


# --- the clock, while there is work ------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [16 * MINUTE, DAY, -16 * MINUTE, -DAY])
def test_a_jump_holds_everything_and_stops_the_work(store: Store, clock: Clock, by: int) -> None:
    guard = guard_of(store, clock)
    assert guard.begin() == ""
    clock.jumps(by)
    assert guard.check()
    assert holds(store) == [("all", CLOCK)]


@pytest.mark.parametrize("by", [0, 14 * MINUTE, -14 * MINUTE])
def test_a_clock_that_is_put_right_by_minutes_holds_nothing(store: Store, clock: Clock, by: int) -> None:
    guard = guard_of(store, clock)
    guard.begin()
    clock.passes(3 * DAY)
    clock.jumps(by)
    assert not guard.check()
    assert holds(store) == []


def test_the_cause_says_by_how_much_and_what_to_do(store: Store, clock: Clock) -> None:
    told: list[tuple[str, str]] = []
    guard = Guard(store, clock, clock.steady, on_hold=lambda *one: told.append(one))
    guard.begin()
    clock.jumps(-DAY)
    guard.check()
    assert cause(store) == "the clock jumped back by 1440 minutes; look whether it is right now, then release"
    assert told == [(CLOCK, cause(store))]


def test_the_rest_of_the_round_stays_stopped_even_where_the_hold_is_released_at_once(
    store: Store, clock: Clock
) -> None:
    guard = guard_of(store, clock)
    guard.begin()
    clock.jumps(DAY)
    guard.check()
    store.holds.lift("all", now=clock())
    assert guard.check()
    assert guard.begin() == ""
    assert not guard.check()


def test_no_round_begins_before_somebody_has_looked_at_the_clock(store: Store, clock: Clock) -> None:
    guard = guard_of(store, clock)
    guard.begin()
    clock.jumps(DAY)
    guard.check()
    assert "the clock jumped by 1440 minutes" in guard.begin()
    assert "the clock jumped by 1440 minutes" in guard_of(store, clock).begin()
    store.holds.lift("all", now=clock())
    assert guard.begin() == ""


def test_a_hold_by_hand_does_not_hide_that_the_clock_jumped(store: Store, clock: Clock) -> None:
    guard = guard_of(store, clock)
    guard.begin()
    store.holds.place("all", "wrong prices", "me", now=clock())
    clock.jumps(DAY)
    assert guard.check()
    assert holds(store) == [("all", "me")]
    assert "the clock jumped" in guard.begin()
    store.holds.lift("all", now=clock())
    assert "the clock jumped" in guard.begin()
    assert holds(store) == [("all", CLOCK)]


class Jumping(Sink):
    """A channel during whose message number `at` the clock jumps."""

    def __init__(self, clock: Clock, at: int, by: int) -> None:
        super().__init__("email")
        self._clock, self._at, self._by = clock, at, by

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        answer = super().deliver(message, key, now)
        if len(self.taken) == self._at:
            self._clock.jumps(self._by)
        return answer


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        yield business


def buy(business: Business, count: int) -> None:
    for number in range(count):
        business.customer(f"c{number}")
        business.event("bought", "2026-03-02 15:00", f"c{number}")


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_a_jump_in_the_midst_of_sending_stops_after_that_message(business: Business, clock: Clock, by: int) -> None:
    buy(business, 250)
    business.sinks.by_name["email"] = Jumping(clock, 5, by)
    guard = guard_of(business.store, clock)
    guarded_tick(business.worker, guard, clock, guard.check)
    assert len(business.heard()) == 5
    assert len(business.store.ledger.rows(states=[State.SENT])) == 5
    assert holds(business.store) == [("all", CLOCK)]


def test_after_the_release_the_others_go_and_nobody_hears_twice(business: Business, clock: Clock) -> None:
    buy(business, 2 * MARKED)
    business.sinks.by_name["email"] = Jumping(clock, 5, 20 * MINUTE)
    guard = guard_of(business.store, clock)
    guarded_tick(business.worker, guard, clock, guard.check)
    clock.passes(MINUTE)
    business.store.holds.lift("all", now=clock())
    guarded_tick(business.worker, guard, clock, guard.check)
    assert len(business.heard()) == len({line.split()[2] for line in business.heard()}) == 2 * MARKED


def test_by_a_wrong_clock_nothing_ends_as_too_late(business: Business, clock: Clock) -> None:
    guard = guard_of(business.store, clock)
    guarded_tick(business.worker, guard, clock, guard.check)
    buy(business, 1)
    clock.jumps(30 * DAY)
    report = guarded_tick(business.worker, guard, clock, guard.check)
    assert report.problems == (
        "nothing is done: the clock jumped by 43200 minutes; look whether it is right now, then release",
    )
    assert business.states() == {}
    clock.jumps(-30 * DAY)
    business.store.holds.lift("all", now=clock())
    guarded_tick(business.worker, guard, clock, guard.check)
    business.store.holds.lift("all", now=clock())
    guarded_tick(business.worker, guard, clock, guard.check)
    assert [row.state for row in business.store.ledger.rows()] == [State.SENT]


# --- the clock, over a restart -----------------------------------------------------------------------------------


def works_for_a_while(store: Store, clock: Clock, folder: Path | None = None) -> None:
    guard = guard_of(store, clock, folder)
    guard.begin()
    for _ in range(3):
        clock.passes(20_000_000)
        guard.beat()


def test_a_clock_that_was_put_back_meanwhile_holds_everything(store: Store, clock: Clock) -> None:
    works_for_a_while(store, clock)
    clock.jumps(-DAY)
    assert "the clock is 1440 minutes behind" in guard_of(store, clock).begin()
    assert holds(store) == [("all", CLOCK)]


@pytest.mark.parametrize("by", [-14 * MINUTE, 0, DAY])
def test_time_in_which_nobody_worked_holds_nothing(store: Store, clock: Clock, by: int) -> None:
    works_for_a_while(store, clock)
    clock.jumps(by)
    assert guard_of(store, clock).begin() == ""
    assert holds(store) == []


# --- the database ------------------------------------------------------------------------------------------------


def shop_in(folder: Path) -> Store:
    return open_store(f"sqlite:///{folder / 'rightreason.db'}")


def test_a_copied_workspace_starts_in_hold_and_is_at_home_after_one_release(tmp_path: Path, clock: Clock) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    with shop_in(here) as store:
        works_for_a_while(store, clock, here)
    shutil.copytree(here, there)
    with shop_in(there) as copy:
        guard_of(copy, clock, there).begin()
        assert holds(copy) == [("all", COPY)]
        assert cause(copy).startswith("this database is a copy, or was restored: ")
        guard_of(copy, clock, there).begin()
        assert holds(copy) == [("all", COPY)]
        copy.holds.lift("all", now=clock())
        works_for_a_while(copy, clock, there)
        guard_of(copy, clock, there).begin()
        assert holds(copy) == []
    with shop_in(here) as store:
        guard_of(store, clock, here).begin()
        assert holds(store) == []


def test_a_folder_that_was_moved_is_no_copy(tmp_path: Path, clock: Clock) -> None:
    with shop_in(tmp_path / "here") as store:
        works_for_a_while(store, clock, tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    with shop_in(tmp_path / "there") as moved:
        guard_of(moved, clock, tmp_path / "there").begin()
        assert holds(moved) == []


def test_the_file_of_another_machine_is_a_copy(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop_in(tmp_path) as store:
        works_for_a_while(store, clock, tmp_path)
        other = tmp_path / "machine-id"
        other.write_text("another\n")
        monkeypatch.setattr("scheduler.store.host.MACHINE_IDS", (other,))
        guard_of(store, clock, tmp_path).begin()
        assert holds(store) == [("all", COPY)]


def test_an_older_file_that_is_written_over_the_database_is_noticed(tmp_path: Path, clock: Clock) -> None:
    with shop_in(tmp_path) as store:
        works_for_a_while(store, clock, tmp_path)
        store.back_up(tmp_path / "backup.db", now=clock())
        guard_of(store, clock, tmp_path).begin()  # however short it works: something may have left
    for leftover in ("rightreason.db-wal", "rightreason.db-shm"):
        (tmp_path / leftover).unlink(missing_ok=True)
    number = (tmp_path / "rightreason.db").stat().st_ino
    shutil.copyfile(tmp_path / "backup.db", tmp_path / "rightreason.db")  # as cp does it: the file stays the same
    assert (tmp_path / "rightreason.db").stat().st_ino == number
    with shop_in(tmp_path) as restored:
        guard_of(restored, clock, tmp_path).begin()
        assert holds(restored) == [("all", COPY)]
        restored.holds.lift("all", now=clock())
        works_for_a_while(restored, clock, tmp_path)
        guard_of(restored, clock, tmp_path).begin()
        assert holds(restored) == []


def test_after_a_restore_one_release_is_enough(tmp_path: Path, clock: Clock) -> None:
    with shop_in(tmp_path) as store:
        works_for_a_while(store, clock, tmp_path)
        store.back_up(tmp_path / "backup.db", now=clock())
        works_for_a_while(store, clock, tmp_path)
        store.restore(tmp_path / "backup.db", now=clock())
        assert [(hold.name, hold.who) for hold in store.holds.list()] == [("all", "restore")]
        store.holds.lift("all", now=clock())
        guard_of(store, clock, tmp_path).begin()
        assert holds(store) == []


def test_a_backup_that_is_restored_into_another_workspace_needs_one_release_too(tmp_path: Path, clock: Clock) -> None:
    with shop_in(tmp_path / "here") as store:
        works_for_a_while(store, clock, tmp_path / "here")
        store.back_up(tmp_path / "backup.db", now=clock())
    with shop_in(tmp_path / "there") as other:
        other.restore(tmp_path / "backup.db", now=clock())
        other.holds.lift("all", now=clock())
        guard_of(other, clock, tmp_path / "there").begin()
        assert holds(other) == []


def test_a_hold_by_hand_does_not_hide_that_it_is_a_copy(tmp_path: Path, clock: Clock) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    with shop_in(here) as store:
        works_for_a_while(store, clock, here)
        store.holds.place("all", "wrong prices", "me", now=clock())
    shutil.copytree(here, there)
    with shop_in(there) as copy:
        guard = guard_of(copy, clock, there)
        guard.begin()
        guard.beat()
        assert holds(copy) == [("all", "me")]
        copy.holds.lift("all", now=clock())
        again = guard_of(copy, clock, there)
        again.begin()
        assert holds(copy) == [("all", COPY)]


def test_a_copy_decides_and_plans_but_does_not_send(business: Business, clock: Clock) -> None:
    buy(business, 1)
    Host(business.store).take("another machine", now=clock())
    guard = guard_of(business.store, clock)
    guarded_tick(business.worker, guard, clock, guard.check)
    assert business.heard() == []
    assert [row.state for row in business.store.ledger.rows()] == [State.QUEUED]


def test_another_database_of_the_same_server_is_another_one(
    postgresql: Callable[[], str], clock: Clock, tmp_path: Path
) -> None:
    with open_store(postgresql()) as one, open_store(postgresql()) as other:
        works_for_a_while(one, clock, tmp_path)
        assert Host(one).identity() == Host(one).identity() != Host(other).identity()
        known = Host(one).known()
        assert known is not None
        Host(other).take(known.identity, beats=known.beats, now=known.seen)
        guard_of(other, clock, tmp_path).begin()
        assert holds(other) == [("all", COPY)]


def test_an_older_dump_that_is_put_back_into_postgresql_is_noticed(
    postgresql: Callable[[], str], clock: Clock, tmp_path: Path
) -> None:
    with open_store(postgresql()) as store:
        works_for_a_while(store, clock, tmp_path)
        old = Host(store).known()
        assert old is not None
        works_for_a_while(store, clock, tmp_path)
        Host(store).take(old.identity, beats=old.beats, now=old.seen)
        guard_of(store, clock, tmp_path).begin()
        assert holds(store) == [("all", COPY)]


def test_machines_that_work_on_one_postgresql_hold_nothing_and_each_notices_an_older_dump(
    postgresql: Callable[[], str], clock: Clock, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("one", "another")]
    with open_store(postgresql()) as store:
        for folder in folders * 3:  # they begin again and again, in turn
            folder.mkdir(exist_ok=True)
            works_for_a_while(store, clock, folder)
        now = Host(store).known()
        assert now is not None
        Host(store).begin(now.identity, now=clock())  # who began at the same time, and was slower
        assert Host(store).known() == now
        assert holds(store) == []
        for folder in folders:
            Host(store).take(now.identity, beats=1, now=now.seen)
            guard_of(store, clock, folder).begin()
            assert holds(store) == [("all", COPY)]
            store.holds.lift("all", now=clock())


@pytest.mark.parametrize("written", ["", "{", "[]", '{"database": 1}', '{"database": "x", "beats": "many"}'])
def test_a_heartbeat_file_that_can_not_be_read_is_none(
    store: Store, clock: Clock, tmp_path: Path, written: str
) -> None:
    works_for_a_while(store, clock, tmp_path)
    (tmp_path / HEARTBEAT_FILE).write_text(written)
    guard = guard_of(store, clock, tmp_path)
    assert guard.begin() == ""
    assert holds(store) == []
    guard.beat()
    assert '"beats": 6' in (tmp_path / HEARTBEAT_FILE).read_text()


def test_a_folder_that_can_not_be_written_is_no_matter(store: Store, clock: Clock, tmp_path: Path) -> None:
    works_for_a_while(store, clock, tmp_path / "there is no such folder")
    known = Host(store).known()
    assert known is not None
    assert (known.beats, known.seen) == (4, clock())


def test_while_the_database_is_locked_a_jump_stops_the_work_and_is_held_for_later(tmp_path: Path, clock: Clock) -> None:
    with shop_in(tmp_path) as store, closing(sqlite3.connect(tmp_path / "rightreason.db")) as other:
        guard = guard_of(store, clock)
        guard.begin()
        with store.engine.connect() as connection:  # the one of the pool that the guard will use
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        other.execute("BEGIN IMMEDIATE")
        clock.jumps(DAY)
        assert guard.check()
        assert guard.check()
        other.rollback()
        assert "the clock jumped" in guard.begin()
        assert holds(store) == [("all", CLOCK)]


# --- who ticks by hand -------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace that thanks for what is bought, with its rules active."""
    folder = tmp_path / "here"
    for path, text in rulebook(AT_ONCE).files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    assert run_in(folder, "activate", "--yes").exit_code == 0
    return folder


def test_a_tick_by_hand_gives_signs_of_life_and_notices_a_copy(folder: Path) -> None:
    assert run_in(folder, "tick").exit_code == 0
    assert run_in(folder, "tick").exit_code == 0
    assert '"beats": 4' in (folder / HEARTBEAT_FILE).read_text()
    copy = Path(shutil.copytree(folder, folder.with_name("there")))
    held = run_in(copy, "tick")
    assert held.exit_code == 1
    assert "this database is a copy, or was restored" in held.stderr
    assert run_in(copy, "release", "--all").exit_code == 0
    assert run_in(copy, "tick").exit_code == 0
    assert run_in(folder, "tick").exit_code == 0


def test_a_tick_by_hand_notices_that_the_clock_was_put_back(folder: Path) -> None:
    assert run_in(folder, "tick").exit_code == 0
    with shop_in(folder) as store:
        known = Host(store).known()
        assert known is not None
        Host(store).take(known.identity, beats=known.beats, now=known.seen + DAY)
    held = run_in(folder, "tick")
    assert held.exit_code == 1
    assert "nothing is done: the clock is 1440 minutes behind" in held.stderr


def test_a_tick_at_a_made_up_time_says_nothing_of_the_clock(folder: Path) -> None:
    assert run_in(folder, "tick").exit_code == 0
    assert run_in(folder, "tick", "--now", "2020-01-01").exit_code == 0
    with shop_in(folder) as store:
        assert store.holds.list() == []
