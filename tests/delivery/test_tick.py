"""A tick on each database."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from keeping import AT_ONCE, BIRTHDAY, CHECK_IN, Business, at, born, in_business, local
from sinks import Sinks
from sqlalchemy import text

from scheduler.channels.alert import quarantined
from scheduler.delivery.simulation import simulate
from scheduler.delivery.tick import Report, tick
from scheduler.delivery.worker import TTL, Worker, at_work
from scheduler.planning.plan import Planned, plan
from scheduler.store.outbox import BROKE_ITS_WORKER
from scheduler.store.states import MOST_BREAKS
from scheduler.workspace import open_workspace


def test_a_week_of_a_small_shop(tmp_path: Path, database: str) -> None:
    start, end = at("2026-03-02 08:00"), at("2026-03-09 08:00")
    with (
        open_workspace(tmp_path, database=database, secret="a secret") as workspace,
        at_work(workspace, "test", start) as worker,
    ):
        sinks = Sinks(workspace.settings)
        business = Business(workspace, Worker(workspace, sinks, worker.lease), sinks)
        business.goes_by(AT_ONCE + CHECK_IN + BIRTHDAY, "2026-03-01")
        business.customer(birthday=born(1990, 3, 7))
        business.customer("bea", timezone="America/New_York")
        business.event("bought", "2026-03-02 07:00", id="b1")
        business.event("delivered", "2026-03-02 07:30", "bea", id="d1")
        reports = list(simulate(business.worker, start, end))
    assert business.heard() == [
        "2026-03-02 08:00 thanks/ana/b1 email",
        "2026-03-03 16:00 check_in/bea/d1 email",
        "2026-03-07 10:00 card/ana/2026-03-07 email",
    ]
    assert [local(report.now) for report in reports] == ["2026-03-02 08:00", "2026-03-03 16:00", "2026-03-07 10:00"]
    assert reports[0].planned == Planned(customers=2, added=5)
    assert local(reports[-1].next_due) == "2027-03-07 10:00"


def test_a_tick_that_takes_longer_than_its_lease_keeps_it(tmp_path: Path) -> None:
    now = at("2026-03-02 15:00")
    clock = count(now, 30_000_000)
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        for number in range(6):
            business.customer(f"c{number}")
            business.event("bought", "2026-03-02 15:00", f"c{number}", id=f"b{number}")
        tick(business.worker, now, clock=lambda: next(clock))
        lease, _ = business.store.leases.held() or (None, 0)
    assert next(clock) > now + TTL
    assert lease is not None
    assert lease.expires > next(clock)


def test_what_broke_its_worker_for_the_third_time_is_an_alert(tmp_path: Path) -> None:
    now = at("2026-03-02 15:00")
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        business.customer()
        business.event("bought", "2026-03-02 15:00", id="b1")
        plan(business.store, business.rules, now)
        claim = text("UPDATE occasion SET state = 'queued', breaks = :breaks, sender = 'a process that is gone'")
        with business.store.write() as connection:
            connection.execute(claim, {"breaks": MOST_BREAKS - 1})
        report = business.tick("2026-03-02 15:00")
    assert report.alerts == (quarantined("thanks"),)
    assert report.problems == (f"thanks/ana/b1: {BROKE_ITS_WORKER}",)


def test_a_report_says_whether_there_was_anything_to_do() -> None:
    assert Report(0).is_idle
    assert not Report(0, Planned(customers=1)).is_idle
