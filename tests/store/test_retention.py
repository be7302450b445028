"""What has ended leaves for the archive: whole, once, and without the erased."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from storing import HOUR, NOW, agreed, bought, decide, enrol, occasion, queue, state_of

from scheduler.decisions.facts import Event, Value
from scheduler.errors import StoreError
from scheduler.intake import Options, import_events
from scheduler.store import CustomerEvent, State, Store, Task, archive, open_store, retention
from scheduler.store.archived_events import as_facts
from scheduler.store.retention import Leaving, found, leave, settle
from scheduler.wallclock import DAY

OLD = NOW - 800 * DAY
BEFORE = NOW - 700 * DAY
EVENTS = Leaving("event", BEFORE)


@pytest.fixture
def here(sqlite_file: Path, tmp_path: Path) -> Iterator[Store]:
    """A store with nothing in it, on SQLite, where the database makes no difference."""
    shutil.copy(sqlite_file, tmp_path / "here.db")
    with open_store(f"sqlite:///{tmp_path / 'here.db'}") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def have_events(store: Store) -> None:
    """Three old events of two people, over two months, and a new one."""
    enrol(store, "ann", "bea")
    store.events.add(
        [
            bought("1", at=OLD, price=9.5, item="tea", gift=True),
            bought("2", "bea", at=OLD + 40 * DAY),
            bought("3", at=OLD + 41 * DAY, replaces="1"),
            bought("new", at=NOW),
        ],
        now=NOW,
    )


def events_of(store: Store, customer: str = "ann") -> list[str]:
    known = store.customers.get(customer)
    assert known is not None
    return [event.id for event in known.events]


def ended(store: Store, state: State, rule: str = "thanks", anchor: str = "1") -> str:
    """An occasion of old that ended so; its key."""
    row = occasion(rule=rule, anchor=anchor, trigger_at=OLD, opens=OLD, closes=OLD + HOUR, next_at=OLD)
    enrol(store, "ann")
    store.ledger.put([row])
    decide(store, row, state, decided_for=OLD)
    return row.key


def test_old_events_leave_for_a_file_of_their_month(store: Store, folder: Path) -> None:
    have_events(store)
    assert found(store, EVENTS) == retention.Found(3, OLD, OLD + 41 * DAY)
    assert leave(store, folder, EVENTS) == 3
    assert events_of(store) == ["new"]
    names = [file.name for file in archive.files(folder, "event")]
    assert [name[:15] for name in names] == ["2024-11-000001-", "2024-12-000001-"]
    rows = {row["id"]: row for row in archive.read(folder, "event").to_dicts()}
    assert rows["1"]["properties"] == '{"gift":true,"item":"tea","price":9.5}'
    assert (rows["1"]["replaced_by"], rows["3"]["replaces"]) == ("3", "1")
    assert rows["2"]["at"].isoformat() == "2024-12-16T08:00:00+00:00"


def test_only_the_owner_can_read_the_archive(here: Store, folder: Path) -> None:
    have_events(here)
    leave(here, folder, EVENTS)
    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]} == {0}


def test_what_a_rule_looks_at_stays_unless_it_was_replaced(store: Store, folder: Path) -> None:
    have_events(store)
    leave(store, folder, Leaving("event", BEFORE, ("bought",)))
    assert archive.read(folder, "event")["id"].to_list() == ["1"]
    assert events_of(store) == ["3", "new"]


def test_an_event_stays_while_its_occasion_is_open(here: Store, folder: Path) -> None:
    have_events(here)
    here.ledger.put([occasion(anchor="3")])
    leave(here, folder, EVENTS)
    assert events_of(here) == ["3", "new"]


def test_an_event_that_was_learned_lately_stays(here: Store, folder: Path) -> None:
    enrol(here, "ann")
    late = bought("late", at=OLD)
    here.events.add([late.__class__("ann", late.event.__class__("late", "bought", OLD, NOW))], now=NOW)
    assert leave(here, folder, EVENTS) == 0


def test_an_occasion_that_left_does_not_come_again(store: Store, folder: Path) -> None:
    key = ended(store, State.TOO_LATE)
    assert leave(store, folder, Leaving("occasion", BEFORE)) == 1
    again = occasion(trigger_at=OLD, opens=OLD, closes=OLD + HOUR, next_at=NOW)
    assert store.ledger.put([again, occasion(anchor="2")]).added == 1
    assert store.ledger.row(key) is None
    assert archive.read(folder, "occasion")["state"].to_list() == ["too_late"]


def test_contacts_that_a_rule_looks_back_at_stay(store: Store, folder: Path) -> None:
    kept, skipped = ended(store, State.HELD_OUT), ended(store, State.TOO_LATE, anchor="2")
    other = ended(store, State.HELD_OUT, rule="other")
    assert leave(store, folder, Leaving("occasion", BEFORE, no_contacts=True)) == 1
    assert leave(store, folder, Leaving("occasion", BEFORE, ("thanks",))) == 1
    assert archive.read(folder, "occasion")["key"].to_list() == [skipped, other]
    assert state_of(store, kept) is State.HELD_OUT


def test_what_is_open_or_on_its_way_stays(here: Store, folder: Path) -> None:
    rows = [occasion(anchor=str(n), opens=OLD, closes=OLD + HOUR, next_at=OLD) for n in range(2)]
    queue(here, rows[:1])
    here.ledger.put(rows)
    assert leave(here, folder, Leaving("occasion", BEFORE)) == 0


def test_tasks_attempts_notes_and_traffic_leave_too(store: Store, folder: Path) -> None:
    row = occasion(opens=OLD, closes=OLD + HOUR, next_at=OLD)
    queue(store, [row])
    store.tasks.create([Task(row.key, "care@example.com", "call", OLD)], now=OLD)
    store.tasks.finish(row.key, "called", now=OLD)
    store.notes.add("care", "said", "ann", {"much": 1}, now=OLD)
    store.traffic.came_back("email", left=OLD, bounced=2)
    left = {table: leave(store, folder, Leaving(table, BEFORE)) for table in ("task", "attempt", "note", "traffic")}
    assert left == {"task": 1, "attempt": 0, "note": 1, "traffic": 1}
    assert archive.read(folder, "task")["outcome"].to_list() == ["called"]
    assert archive.read(folder, "note")["detail"].to_list() == ['{"much": 1}']
    assert archive.read(folder, "traffic")["bounced"].to_list() == [2]
    assert [*store.tasks.list(), *store.notes.list("ann"), *store.traffic.newest("email", 0, 1)] == []


def test_small_batches_move_all(here: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    have_events(here)
    heard: list[int] = []
    assert leave(here, folder, EVENTS, progress=heard.append) == sum(heard) == len(heard) == 3
    assert sorted(archive.read(folder, "event")["id"]) == ["1", "2", "3"]


def test_a_later_note_takes_no_archived_one_s_place(here: Store, folder: Path) -> None:
    for number in range(2):
        here.notes.add("care", f"said {number}", "ann", now=OLD + number)
        assert leave(here, folder, Leaving("note", BEFORE)) == 1
    assert archive.read(folder, "note")["what"].to_list() == ["said 0", "said 1"]


def test_an_occasion_stays_as_long_as_a_note_about_it(here: Store, folder: Path) -> None:
    here.notes.add("care", "retried", ended(here, State.TOO_LATE), now=OLD)
    assert [leave(here, folder, Leaving(table, BEFORE)) for table in ("occasion", "note", "occasion")] == [0, 1, 1]


def test_notes_of_former_addresses_stay_for_an_erasure(here: Store, folder: Path) -> None:
    here.customers.add([("ann", {"email": "old@example.com"})], now=OLD)
    here.customers.add([("ann", {"email": "new@example.com"})], now=OLD)
    assert leave(here, folder, Leaving("note", BEFORE)) == 0


def crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_crash_before_the_commit_leaves_the_rows_in_the_database_alone(
    here: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_events(here)
    with monkeypatch.context() as patch:
        patch.setattr(archive, "name_of", crash)  # asked when the file is written and the rows are deleted
        with pytest.raises(KeyboardInterrupt):
            leave(here, folder, EVENTS)
    assert events_of(here) == ["3", "new"]
    assert archive.read(folder, "event").height == 0
    assert leave(here, folder, EVENTS) == 3
    assert sorted(archive.read(folder, "event")["id"]) == ["1", "2", "3"]


def test_a_crash_after_the_commit_leaves_the_rows_in_the_archive_alone(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_events(store)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda here, to: crash() if here.suffix == ".new" else here.rename(to))
        with pytest.raises(KeyboardInterrupt):
            leave(store, folder, EVENTS)
    store.events.add([bought("1", at=OLD)], now=NOW)  # somebody imports the same file again
    settle(store, folder)
    assert archive.read(folder, "event")["id"].to_list() == ["1"]
    assert leave(store, folder, EVENTS) == 3
    assert sorted(archive.read(folder, "event")["id"]) == ["1", "2", "3"]


def test_a_file_that_reads_otherwise_keeps_the_rows(here: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import polars

    have_events(here)
    monkeypatch.setattr(polars, "read_parquet", lambda _: polars.DataFrame())
    with pytest.raises(StoreError, match="reads otherwise than it was written; its rows stay in the database"):
        leave(here, folder, EVENTS)
    assert events_of(here) == ["3", "new"]
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [".lock"]


def test_a_folder_that_cannot_be_written_keeps_the_rows(here: Store, folder: Path) -> None:
    have_events(here)
    folder.mkdir()
    (folder / "event").write_text("in the way")
    with pytest.raises(StoreError, match="can't be written"):
        leave(here, folder, EVENTS)
    assert events_of(here) == ["3", "new"]


def test_the_archive_tells_all_about_a_customer(here: Store, folder: Path) -> None:
    have_events(here)
    ended(here, State.TOO_LATE)
    leave(here, folder, EVENTS)
    leave(here, folder, Leaving("occasion", BEFORE))
    about = archive.rows_of(folder, "ann")
    assert {table: len(rows) for table, rows in about.items()} == {"event": 2, "occasion": 1}
    assert about["event"][0]["customer"] == "ann"
    assert archive.rows_of(folder / "nowhere", "ann") == {}


def test_the_erased_leave_the_archive_and_the_ledger_keeps_its_counts(here: Store, folder: Path) -> None:
    have_events(here)
    ended(here, State.TOO_LATE)
    here.notes.add("care", "said", "ann", now=OLD)
    here.notes.add("care", "retried", "thanks/ann/1", now=OLD)
    here.notes.add("care", "said", "bea", now=OLD)
    for table in ("event", "note", "occasion"):
        leave(here, folder, Leaving(table, BEFORE))
    assert archive.erase(folder, "ann", b"pepper") == 5
    assert archive.read(folder, "note")["about"].to_list() == ["bea"]
    assert archive.rows_of(folder, "ann") == {}
    assert archive.read(folder, "event")["id"].to_list() == ["2"]
    (left,) = archive.read(folder, "occasion").to_dicts()
    assert (left["rule"], left["state"], left["customer"][:7]) == ("thanks", "too_late", "erased-")
    assert "ann" not in str(left.values())
    assert left["key"].split("/")[1:] == [left["customer"], left["anchor"]]
    assert archive.erase(folder, "ann", b"pepper") == 0


def test_consent_stays(here: Store, folder: Path) -> None:
    enrol(here, "ann")
    here.consents.add([agreed(at=OLD)], now=NOW)
    for table in archive.KEYS:
        leave(here, folder, Leaving(table, BEFORE))
    known = here.customers.get("ann")
    assert known is not None
    assert len(known.consents) == 1


def test_archived_events_can_be_imported_again(here: Store, folder: Path, tmp_path: Path) -> None:
    enrol(here, "ann", "bea")
    more: dict[str, Value] = {
        "size": 2,
        "price": 9.5,
        "gift": True,
        "due": date(2026, 5, 1),
        "item": "tea",
        "Name": "x",
    }
    happened = CustomerEvent("ann", Event("1", "bought", OLD, OLD, more))
    here.events.add([happened, bought("2", at=OLD + 40 * DAY, price=1)], now=NOW)
    here.events.add([bought("3", "bea", at=OLD), bought("4", "bea", at=OLD, replaces="3", item="pot")], now=NOW)
    before = {one.id: one.events for one in here.customers.read()}
    leave(here, folder, EVENTS)
    facts, left_out = as_facts(folder)
    facts.write_parquet(tmp_path / "events.parquet")
    taken = import_events(here, tmp_path / "events.parquet", Options(), now=NOW)
    assert (taken.added, taken.updated, left_out) == (3, 1, ["Name"])
    del more["Name"]
    first, second = before["ann"]
    assert here.customers.get("ann").events == (replace(first, properties=more), second)  # type: ignore[union-attr]
    assert here.customers.get("bea").events == before["bea"]  # type: ignore[union-attr]
