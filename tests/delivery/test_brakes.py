from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from keeping import AT_ONCE, Business, at, in_business

from scheduler.channels.alert import Alert, AlertKind
from scheduler.channels.channel import Handover, HandoverKind
from scheduler.decisions.facts import Event
from scheduler.decisions.occasions import occasion_key
from scheduler.delivery.brakes import BRAKE, Brakes
from scheduler.delivery.guard import Guard, guarded_tick
from scheduler.delivery.tick import tick
from scheduler.durations import MINUTE
from scheduler.rulebook.model import AsksFor
from scheduler.settings import Settings
from scheduler.store import CustomerEvent, Hold, Row, State, Store, open_store, traffic

DAY = 24 * 60 * MINUTE
RULES = 1
_numbers = count()


@pytest.fixture
def shop(tmp_path: Path, sqlite_file: Path) -> Store:
    """A store on SQLite, for what is the same on both databases."""
    (tmp_path / "shop.db").write_bytes(sqlite_file.read_bytes())
    return open_store(f"sqlite:///{tmp_path / 'shop.db'}")


def brakes_of(store: Store, **settings: object) -> Brakes:
    return Brakes(store, Settings.model_validate({"email": {"host": "mail.example.com"}, **settings}))


def due(store: Store, number: int, when: str, *states: State, rule: str = "thanks") -> None:
    """So many contacts are to be decided or sent at a time."""
    rows = []
    for one in range(number):
        name, anchor = f"c{one}", f"e{next(_numbers)}"
        window = {"trigger_at": at(when), "opens": at(when), "closes": at(when) + 9 * DAY}
        state = states[one % len(states)] if states else State.QUEUED
        key = occasion_key(rule, name, anchor)
        rows.append(
            Row(key, name, rule, anchor, **window, asks_for=AsksFor.NOTHING, state=state, next_at=at(when))  # type: ignore[arg-type]
        )
    store.ledger.bury(rows)


def leave(store: Store, number: int, when: str, channel: str = "email") -> None:
    with store.write() as connection:
        traffic.count(connection, {channel: number}, now=at(when))


def buy(business: Business, number: int, now: int) -> None:
    names = [f"c{one}" for one in range(number)]
    business.store.customers.add([(name, {"email": f"{name}@example.com"}) for name in names], now=now)
    bought = [CustomerEvent(name, Event(name, "bought", now, now)) for name in names]
    business.store.events.add(bought, now=now)


def held(store: Store) -> list[str]:
    return [hold.name for hold in store.holds.list()]


# --- the volume --------------------------------------------------------------------------------------------------


def test_an_hour_with_over_three_times_what_was_foreseen_holds_everything_and_says_why(store: Store) -> None:
    brakes = brakes_of(store)
    due(store, 40, "2026-03-02 10:30", State.PLANNED, State.WAITING, State.QUEUED, State.RETRY)
    assert brakes.check(RULES, (), at("2026-03-02 09:30")) == []
    leave(store, 120, "2026-03-02 10:10")
    assert brakes.check(RULES, (), at("2026-03-02 10:10")) == []
    leave(store, 1, "2026-03-02 10:59")
    due(store, 5, "2026-03-02 10:31", rule="card")
    cause = (
        "121 messages left in this hour, 40 were foreseen, 0 are usual; most of what left or waits is of thanks, card;"
        " look at `rightreason contacts --state queued`, then `rightreason release --all`;"
        " where so many are usual, raise brakes.unforeseen"
    )
    now = at("2026-03-02 10:59")
    assert brakes.check(RULES, ["card/ana/1"], now) == [Alert(AlertKind.BRAKE, "all", cause)]
    assert store.holds.list() == [Hold("all", cause, BRAKE, now)]
    assert brakes.check(RULES, (), now + MINUTE) == []


@pytest.mark.parametrize(("number", "holds"), [(100, []), (101, ["all"])])
def test_an_hour_with_few_messages_holds_nothing(shop: Store, number: int, holds: list[str]) -> None:
    leave(shop, number, "2026-03-02 10:10")
    brakes_of(shop).check(RULES, (), at("2026-03-02 10:10"))
    assert held(shop) == holds


def test_each_clock_hour_is_counted_anew(shop: Store) -> None:
    brakes = brakes_of(shop)
    leave(shop, 100, "2026-03-02 10:59")
    brakes.check(RULES, (), at("2026-03-02 10:59"))
    leave(shop, 100, "2026-03-02 11:00")
    brakes.check(RULES, (), at("2026-03-02 11:00"))
    assert held(shop) == []


def test_what_an_hourly_limit_leaves_over_is_foreseen_for_the_next_hour(shop: Store) -> None:
    brakes = brakes_of(shop)
    due(shop, 300, "2026-03-02 09:00")
    for when in ("2026-03-02 08:05", "2026-03-02 09:05"):
        brakes.check(RULES, (), at(when))
    leave(shop, 900, "2026-03-02 10:10")
    brakes.check(RULES, (), at("2026-03-02 10:10"))
    assert held(shop) == []


def test_what_was_foreseen_for_hours_in_which_nobody_was_at_work_is_foreseen_for_the_first_one(shop: Store) -> None:
    for hour in (21, 22, 23):
        due(shop, 50, f"2026-03-02 {hour}:30")
    brakes_of(shop).check(RULES, (), at("2026-03-02 20:30"))
    leave(shop, 450, "2026-03-03 20:10")
    brakes_of(shop).check(RULES, (), at("2026-03-03 20:10"))
    assert held(shop) == []


def test_after_a_week_of_downtime_somebody_looks_and_then_all_that_waits_is_foreseen(store: Store) -> None:
    brakes_of(store).check(RULES, (), at("2026-03-02 10:30"))
    due(store, 400, "2026-03-05 10:00")
    now = at("2026-03-09 10:59")
    brakes = brakes_of(store)
    leave(store, 50, "2026-03-09 10:59")
    assert brakes.check(RULES, (), now) == []
    leave(store, 151, "2026-03-09 11:00")
    (alert,) = brakes.check(RULES, (), now + MINUTE)
    assert alert.way_out.startswith("151 messages left in this hour, 0 were foreseen, 50 are usual;")
    store.holds.lift("all", now=now + MINUTE)
    leave(store, 400, "2026-03-09 11:00")
    assert brakes.check(RULES, (), now + MINUTE) == []
    assert held(store) == []


def test_after_a_release_what_has_left_already_holds_nothing_again(shop: Store) -> None:
    brakes, now = brakes_of(shop), at("2026-03-02 10:10")
    leave(shop, 101, "2026-03-02 10:10")
    brakes.check(RULES, (), now)
    shop.holds.lift("all", now=now + MINUTE)
    leave(shop, 10, "2026-03-02 10:12")
    assert brakes.check(RULES, (), now + 2 * MINUTE) == []


@pytest.mark.parametrize(("number", "holds"), [(1_200, []), (1_201, ["all"])])
def test_what_was_foreseen_for_an_hour_of_work_is_not_foreseen_for_the_next(
    shop: Store, number: int, holds: list[str]
) -> None:
    brakes = brakes_of(shop)
    due(shop, 400, "2026-03-02 10:10")
    for rules in (RULES, RULES + 1):
        brakes.check(rules, (), at("2026-03-02 10:20"))
    leave(shop, number, "2026-03-02 11:10")
    brakes.check(RULES + 1, (), at("2026-03-02 11:10"))
    assert held(shop) == holds


@pytest.mark.parametrize(("rules", "holds"), [(RULES, ["all"]), (RULES + 1, [])])
def test_after_an_activation_all_that_waits_is_foreseen(shop: Store, rules: int, holds: list[str]) -> None:
    brakes, another = brakes_of(shop), brakes_of(shop)
    for one in (brakes, another):
        one.check(RULES, (), at("2026-03-02 09:30"))
        one.check(RULES, (), at("2026-03-02 10:10"))
    due(shop, 200, "2026-03-02 10:20")
    brakes.check(rules, (), at("2026-03-02 10:20"))
    due(shop, 200, "2026-03-02 10:21")
    another.check(rules, (), at("2026-03-02 10:21"))  # it has planned other customers
    leave(shop, 1_000, "2026-03-02 10:30")
    brakes.check(rules, (), at("2026-03-02 10:30"))
    assert held(shop) == holds


@pytest.mark.parametrize("when", ["2026-03-02 10:10", "2026-03-01 11:10", "2026-02-23 11:10"])
def test_three_times_what_left_an_hour_ago_or_at_this_hour_of_the_last_days_is_usual(shop: Store, when: str) -> None:
    leave(shop, 50, when)
    leave(shop, 150, "2026-03-02 11:10")
    brakes = brakes_of(shop, brakes={"unforeseen": 10})
    assert brakes.check(RULES, (), at("2026-03-02 11:10")) == []
    leave(shop, 1, "2026-03-02 11:11")
    assert brakes.check(RULES, (), at("2026-03-02 11:11")) != []


@pytest.mark.parametrize("settings", [{"email": {}}, {"deliver_by": "file"}])
def test_what_goes_to_files_is_not_braked(shop: Store, settings: dict[str, object]) -> None:
    leave(shop, 1_000, "2026-03-02 10:10")
    brakes_of(shop, **settings).check(RULES, (), at("2026-03-02 10:10"))
    assert held(shop) == []


def test_a_hold_by_hand_stays_as_it_was(shop: Store) -> None:
    shop.holds.place("all", "wrong prices", "me", now=at("2026-03-02 10:00"))
    leave(shop, 101, "2026-03-02 10:10")
    assert brakes_of(shop).check(RULES, (), at("2026-03-02 10:10")) == []
    assert [hold.cause for hold in shop.holds.list()] == ["wrong prices"]


def test_a_flood_is_stopped_and_leaves_after_a_release(tmp_path: Path, database: str) -> None:
    number, now = 60, at("2026-03-02 10:10")
    settings = {"email": {"host": "mail.example.com"}, "brakes": {"unforeseen": 24}, "database": database}
    with in_business(tmp_path, **settings) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        buy(business, number, now)
        guard = Guard(business.store, lambda: now, lambda: now)
        report = guarded_tick(business.worker, guard, lambda: now, lambda: False)
        assert [alert.subject for alert in report.alerts] == ["all"]
        assert report.problems[0].startswith("nothing is sent: 25 messages left in this hour, 0 were foreseen")
        assert "is of thanks;" in report.problems[0]
        assert report.delivered == {State.SENT: 25}
        business.store.holds.lift("all", now=now)
        again = guarded_tick(business.worker, guard, lambda: now, lambda: False)
        assert (again.delivered, again.problems, again.alerts) == ({State.SENT: 35}, (), ())


def test_a_simulation_is_not_braked(tmp_path: Path) -> None:
    with in_business(tmp_path, email={"host": "mail.example.com"}, brakes={"unforeseen": 0}) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        business.customer()
        business.event("bought", "2026-03-02 15:00")
        assert tick(business.worker, at("2026-03-02 15:00")).delivered == {State.SENT: 1}
        assert tick(business.worker, at("2026-03-02 15:01")).problems == ()


# --- what comes back ---------------------------------------------------------------------------------------------

SENT_AT = "2026-03-02 08:10"


def come_back(store: Store, number: int, when: str = SENT_AT, kind: str = "bounced") -> None:
    store.traffic.came_back("email", left=at(when), **{kind: number})


def checked(store: Store, when: str = "2026-03-02 10:10") -> list[str]:
    brakes_of(store).check(RULES, (), at(when))
    return held(store)


@pytest.mark.parametrize(
    ("sent", "number", "holds"),
    [(500, 25, False), (500, 26, True), (1_000, 50, False), (1_000, 51, True), (60, 25, False), (60, 26, True)],
)
def test_a_channel_is_held_where_more_than_a_twentieth_of_its_messages_came_back(
    shop: Store, sent: int, number: int, holds: bool
) -> None:
    leave(shop, sent, SENT_AT)
    come_back(shop, number)
    assert checked(shop) == (["channel:email"] if holds else [])


def test_it_says_how_many_came_back_and_how_it_goes_on(store: Store) -> None:
    leave(store, 500, SENT_AT)
    come_back(store, 26)
    cause = (
        "26 of 500 messages came back; 5 % of 500 are too many; look why, then `rightreason release --channel email`"
    )
    assert brakes_of(store).check(RULES, (), at("2026-03-02 10:10")) == [Alert(AlertKind.BRAKE, "channel:email", cause)]


def test_only_the_newest_five_hundred_count(shop: Store) -> None:
    leave(shop, 100, "2026-03-02 08:09")
    come_back(shop, 40, "2026-03-02 08:09")
    leave(shop, 500, SENT_AT)
    come_back(shop, 1)
    assert checked(shop) == []


def test_what_has_just_left_does_not_hide_what_came_back(shop: Store) -> None:
    leave(shop, 500, SENT_AT)
    come_back(shop, 26)
    leave(shop, 90, "2026-03-02 10:09")
    assert checked(shop) == ["channel:email"]


def test_what_left_before_the_release_does_not_count_again(store: Store) -> None:
    leave(store, 500, SENT_AT)
    come_back(store, 26)
    assert checked(store) == ["channel:email"]
    store.holds.lift("channel:email", now=at("2026-03-02 10:20"))
    assert checked(store, "2026-03-02 10:21") == []
    come_back(store, 100)
    assert checked(store, "2026-03-02 10:22") == []
    leave(store, 60, "2026-03-02 10:23")
    come_back(store, 26, "2026-03-02 10:23")
    assert checked(store, "2026-03-02 10:24") == ["channel:email"]


@pytest.mark.parametrize(("number", "holds"), [(15, []), (16, ["channel:email"])])
def test_a_channel_is_held_where_more_than_three_in_a_thousand_call_it_spam(
    shop: Store, number: int, holds: list[str]
) -> None:
    leave(shop, 5_000, SENT_AT)
    come_back(shop, number, kind="complained")
    assert checked(shop) == holds


def test_what_is_refused_at_once_as_no_address_counts_as_come_back(tmp_path: Path) -> None:
    now = at("2026-03-02 10:10")
    with in_business(tmp_path, email={"host": "mail.example.com"}) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        no_such_mailbox = Handover(HandoverKind.FAILED, "550 5.1.1", suppress=True)
        business.sinks.sink("email").answers += [Handover(HandoverKind.FAILED, "552"), *[no_such_mailbox] * 26]
        buy(business, 27, now)
        guard = Guard(business.store, lambda: now, lambda: now)
        guarded_tick(business.worker, guard, lambda: now, lambda: False)
        assert business.store.traffic.newest("email", 0, 9) == [(26, 26, 0)]
        guarded_tick(business.worker, guard, lambda: now, lambda: False)
        assert held(business.store) == ["channel:email"]


def test_the_shares_can_be_set(shop: Store) -> None:
    leave(shop, 500, SENT_AT)
    come_back(shop, 200)
    brakes_of(shop, brakes={"bounces": 0.5}).check(RULES, (), at("2026-03-02 10:10"))
    assert held(shop) == []


def test_other_channels_go_on(shop: Store) -> None:
    leave(shop, 500, SENT_AT, "sms")
    leave(shop, 500, SENT_AT)
    shop.traffic.came_back("sms", left=at(SENT_AT), bounced=26)
    assert checked(shop) == ["channel:sms"]
