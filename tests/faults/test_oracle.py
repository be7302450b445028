"""What the oracle finds, and that it finds what really happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from scheduler.channels.mime import message_id
from scheduler.rulebook.model import AsksFor
from scheduler.store import Row, State

from .databases import Sqlite
from .ground import Ground, drain
from .oracle import Verdict, compare
from .shop import SENDER, key_of
from .sink import Line

KEY = key_of("ana")


def row(state: State, error: str = "", because: tuple[str, ...] = ()) -> Row:
    return Row(KEY, "ana", "thanks", "o-ana", 0, 0, 1, AsksFor.NOTHING, state, error=error, because=because)


def arrived(times: int = 1, key: str = KEY, subject: str = "Order o-ana") -> list[Line]:
    return [Line("accepted", 0, "ana@example.com", message_id(key, SENDER), subject)] * times


def judged(state: State, times: int, error: str = "", stays: tuple[State, ...] = ()) -> Verdict:
    return compare([KEY], {KEY: row(state, error)}, arrived(times), SENDER, stays)


@pytest.mark.parametrize(
    ("state", "times", "error"),
    [
        (State.SENT, 1, ""),
        (State.UNCONFIRMED, 1, "the connection broke"),
        (State.UNCONFIRMED, 0, "the connection broke"),
        (State.FAILED, 0, "550 no"),
        (State.QUARANTINED, 0, "it broke its worker"),
    ],
)
def test_what_is_as_the_ledger_says_is_held(state: State, times: int, error: str) -> None:
    assert judged(state, times, error).is_held


@pytest.mark.parametrize(
    ("state", "times", "error", "what"),
    [
        (State.SENT, 0, "", "lost"),
        (State.SENT, 2, "", "duplicates"),
        (State.UNCONFIRMED, 2, "the connection broke", "duplicates"),
        (State.FAILED, 1, "550 no", "wrongly_sent"),
        (State.RETRY, 1, "450 busy", "wrongly_sent"),
        (State.RETRY, 0, "450 busy", "lost"),
        (State.SENDING, 0, "", "lost"),
        (State.TOO_LATE, 0, "", "lost"),
    ],
)
def test_what_is_not_as_the_ledger_says_is_found(state: State, times: int, error: str, what: str) -> None:
    verdict = judged(state, times, error)
    assert getattr(verdict, what) == 1
    assert not verdict.is_held


def test_what_may_stay_needs_a_cause() -> None:
    assert judged(State.RETRY, 0, "450 busy", (State.RETRY,)).is_held
    assert judged(State.RETRY, 0, "", (State.RETRY,)).lost == 1


def test_an_occasion_that_vanished_is_lost() -> None:
    assert compare([KEY], {}, [], SENDER).lost == 1


def test_what_arrives_though_it_was_not_due_is_found() -> None:
    assert compare([], {}, arrived(), SENDER).wrongly_sent == 1


def test_one_order_under_two_message_ids_is_one_too_many() -> None:
    lines = [*arrived(), *arrived(key=key_of("bea"), subject="Order o-ana")]
    rows = {KEY: row(State.SENT), key_of("bea"): row(State.SENT)}
    assert compare(rows, rows, lines, SENDER).duplicates == 1


def test_a_mark_that_is_lost_in_a_real_database_is_found(tmp_path: Path) -> None:
    """The control of all the others: with the ledger set back, the daemon sends twice, and the oracle sees it."""
    with Ground(tmp_path, Sqlite(), seed=1, cycles=1).shop() as shop:
        shop.orders("ana", "bea")
        drain(shop)
        assert shop.verdict().is_held
        with shop.store.write() as connection:
            connection.execute(text("UPDATE occasion SET state = 'retry', next_at = 0 WHERE customer = 'ana'"))
        drain(shop)
        verdict = shop.verdict()
        assert (verdict.duplicates, verdict.is_held) == (1, False)
