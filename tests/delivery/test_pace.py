from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from keeping import AT_ONCE, CHECK_IN, HOUSE, Business, at, in_business

from scheduler.delivery.pace import Pace
from scheduler.durations import MINUTE
from scheduler.settings import Settings, load_settings

CUSTOMERS = [f"c{number:02}" for number in range(30)]
SERVER = {"host": "mail.example.com", "connections": 1}


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    """Thirty people buy something at three o'clock; twelve mails an hour may leave."""
    with in_business(tmp_path, email={**SERVER, "per_hour": 12}) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        for name in CUSTOMERS:
            business.customer(name)
            business.event("bought", "2026-03-02 15:00", name)
        yield business


def left(business: Business) -> int:
    return len(business.heard())


def test_no_more_leave_within_an_hour_than_are_set(business: Business) -> None:
    business.tick("2026-03-02 15:00")
    business.tick("2026-03-02 15:20")
    assert left(business) == 12


def test_the_rest_leaves_when_the_hour_is_over(business: Business) -> None:
    found = []
    for now in ("15:00", "16:00", "16:01", "17:02"):
        business.tick(f"2026-03-02 {now}")
        found.append(left(business))
    assert found == [12, 12, 24, 30]


def test_what_waits_for_its_hour_is_as_it_was_and_nobodys(business: Business) -> None:
    business.tick("2026-03-02 15:00")
    waiting = business.store.ledger.rows(states=["queued"])  # type: ignore[list-item] # states are their names
    assert {(row.attempts, row.sender) for row in waiting} == {(0, "")}
    assert len(waiting) == 18


def test_what_is_too_late_does_not_wait_for_its_hour(business: Business) -> None:
    business.tick("2026-03-02 15:00")
    business.tick("2026-03-04 15:01")
    assert sorted(set(business.states().values())) == ["sent", "too_late"]


def test_an_hour_goes_on_after_a_restart(business: Business) -> None:
    business.tick("2026-03-02 15:00")
    again = Pace(business.store, business.workspace.settings)
    assert again.at_once("email", 20, at("2026-03-02 15:30")) == 0
    assert again.full(at("2026-03-02 15:30")) == {"email": at("2026-03-02 16:01")}
    assert again.full(at("2026-03-02 16:01")) == {}


def test_other_channels_do_not_wait(tmp_path: Path) -> None:
    with in_business(tmp_path, email={**SERVER, "per_hour": 1}) as business:
        by_both = AT_ONCE + CHECK_IN.replace("[email]", "[sms]").replace("after: 1 day", "after: 0 minutes")
        business.goes_by(by_both, "2026-03-01", HOUSE + "channels: {sms: {consent: opt_out}}\n")
        for name in CUSTOMERS[:4]:
            business.customer(name, phone="+4915112345678")
            business.event("bought", "2026-03-02 15:00", name)
            business.event("delivered", "2026-03-02 15:00", name)
        business.tick("2026-03-02 15:00")
        assert sorted(line.split()[-1] for line in business.heard()) == ["email", "sms", "sms", "sms", "sms"]


def settings(folder: Path, **email: Any) -> Settings:
    return load_settings(folder, email={**SERVER, **email}, secret="a secret")


def test_messages_leave_evenly_within_a_second(tmp_path: Path, business: Business) -> None:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    pace = Pace(business.store, settings(tmp_path, per_second=4), lambda: clock[0], sleep)
    for _ in range(9):
        assert pace.wait("email", lambda: False)
    assert clock[0] == pytest.approx(2)
    assert pace.at_once("email", 20, at("2026-03-02 15:00")) == 4


def test_who_waits_for_a_turn_stops_when_told_to(tmp_path: Path, business: Business) -> None:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    pace = Pace(business.store, settings(tmp_path, per_second=1 / 60), lambda: clock[0], sleep)
    pace.wait("email", lambda: False)
    assert not pace.wait("email", lambda: clock[0] > 5)
    assert clock[0] < 6


def test_files_need_no_pace(tmp_path: Path, business: Business) -> None:
    by_file = load_settings(tmp_path, deliver_by="file", email={**SERVER, "per_hour": 1}, secret="a secret")
    pace = Pace(business.store, by_file)
    assert (pace.at_once("email", 20, at("2026-03-02 15:00")), pace.connections("email")) == (20, 1)
    assert pace.full(at("2026-03-02 15:00") + MINUTE) == {}
