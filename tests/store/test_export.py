from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from storing import HOUR, NOW, agreed, bought, occasion, queue

from scheduler.decisions.facts import Event
from scheduler.store import CustomerEvent, Store, Suppression, Task, Tried, archive
from scheduler.store.bounces import Bounces
from scheduler.store.erasure import pseudonym
from scheduler.store.export import CUSTOMER, OF_ADDRESSES, PARTS, archived, export
from scheduler.store.states import State
from scheduler.store.tables import Table

OURS = {"bucket", "customer", "decided", "sender", "breaks", "exempt", "revision"}
"""Columns about our work, and the customer's own id, which stands at the top."""
COMPARED = {"email", "phone", "address", "planned_revision", "planned_with", "revision", "bucket"}
"""Columns of customers that say again what the attributes say, or how far our work is."""


@pytest.fixture
def full(store: Store) -> Store:
    """A store in which ann, who has moved, has left every trace that a customer can leave."""
    store.customers.add([("ann", {"email": "Old@example.org", "name": "Annabel"})], now=NOW)
    store.customers.add([("ann", {"email": "ann@example.org", "name": "Annabel"})], now=NOW)
    store.suppressions.add([Suppression("email", "old@example.org", "hard bounce", NOW)], now=NOW)
    store.events.add([bought("ann-1", about="a gift")], now=NOW)
    store.consents.add([agreed(channel="email")], now=NOW)
    revisions = queue(store, [occasion(anchor="ann-1", reason="Dear Annabel")])
    (key,) = revisions
    store.outbox.mark_sending(revisions, lease=None, now=NOW)
    assert store.outbox.record([Tried(key, State.SENT, "p", message_id="<m>")], now=NOW) == []
    row = store.ledger.row(key)
    assert row is not None
    Bounces(store).count_soft(row, "ann@example.org", now=NOW)
    store.notes.add("maria", "resolved", key, {"as": "sent"}, now=NOW)
    revisions = queue(store, [occasion(anchor="ann-2", rule="call")])
    store.tasks.create([Task(key, "maria", "Ask Annabel", NOW) for key in revisions], now=NOW)
    return store


def test_every_table_about_customers_is_exported_with_all_that_is_about_them() -> None:
    told = {part.table: {*part.columns} for part in (CUSTOMER, *PARTS, *OF_ADDRESSES)}
    about = {
        name: table for name, table in Table.metadata.tables.items() if _is_about_people(name, set(table.c.keys()))
    }
    left_out = {
        f"{name}.{column}"
        for name, table in about.items()
        for column in {*table.c.keys()} - told.get(name, set()) - (COMPARED if name == "customer" else OURS)
    }
    assert left_out == {"note.number"}
    assert about.keys() >= {"customer", "event", "consent", "occasion", "attempt", "task", "note", "soft_bounce"}


def _is_about_people(name: str, columns: set[str]) -> bool:
    return name == "customer" or not columns.isdisjoint({"customer", "about", "address", "email"})


def test_all_that_is_held_is_told_with_iso_instants(full: Store) -> None:
    told = export(full, "ann", now=NOW)
    assert told is not None
    assert json.loads(json.dumps(told)) == told
    assert told["exported_at"] == "2027-01-15T08:00:00+00:00"
    assert told["customer"]["attributes"] == {"email": "ann@example.org", "name": "Annabel"}
    assert {name: len(rows) for name, rows in told.items() if isinstance(rows, list)} == {
        "events": 2,
        "consents": 1,
        "contacts": 2,
        "attempts": 1,
        "tasks": 1,
        "notes": 2,
        "suppressions": 1,
        "soft_bounces": 1,
    }
    assert told["consents"][0] | {"at": ""} == {
        "at": "",
        "topic": "news",
        "channel": "email",
        "given": True,
        "source": "the till",
    }
    assert {row["at"] for row in told["notes"]} == {told["exported_at"]}
    assert told["suppressions"][0]["cause"] == "hard bounce"


def test_a_date_is_told_as_a_date(store: Store) -> None:
    store.customers.add([("ann", {"birthday": date(1990, 5, 1)})], now=NOW)
    store.events.add([CustomerEvent("ann", Event("e", "bought", 1, 1, {"due": date(2026, 1, 2)}))], now=NOW)
    told = export(store, "ann", now=NOW)
    assert told is not None
    assert told["customer"]["attributes"] == {"birthday": "1990-05-01"}
    assert told["events"][0]["properties"] == {"due": "2026-01-02"}


def test_of_others_nothing_is_told(full: Store) -> None:
    full.customers.add([("annabel", {"email": "other@example.org"})], now=NOW)
    told = export(full, "annabel", now=NOW + HOUR)
    assert told is not None
    assert [rows for rows in told.values() if isinstance(rows, list) and rows] == []
    assert export(full, "nobody", now=NOW) is None


def test_an_erasure_reaches_what_is_held_under_former_addresses_and_under_occasions(full: Store) -> None:
    assert full.erase("ann", now=NOW)
    with full.read() as connection:
        left = [str(row) for table in Table.metadata.sorted_tables for row in connection.execute(table.select())]
        (cause,) = connection.execute(text("SELECT cause FROM suppression WHERE cause <> 'erased'")).one()
    assert [row for row in left if "ann" in row.casefold() or "old@" in row.casefold()] == []
    assert cause == "hard bounce"
    full.customers.add([("back", {"email": "OLD@example.org"})], now=NOW)
    back = full.customers.get("back")
    assert back is not None
    assert back.suppressed == {"email"}
    assert [note.what for note in full.notes.list(pseudonym("ann", full.pepper))] == ["erased"]


def test_what_was_archived_is_told_in_the_same_way(tmp_path: Path) -> None:
    columns = {"customer": "text", "id": "text", "at": "at", "properties": "text"}
    rows = [(whom, whom, NOW, '{"due":{"date":"2026-01-02"}}') for whom in ("ann", "bob")]
    archive.write(archive.next_file(tmp_path, "event", "2026-01"), archive.frame(columns, rows))
    assert archived(tmp_path, "ann") == {
        "event": [
            {"customer": "ann", "id": "ann", "at": "2027-01-15T08:00:00+00:00", "properties": {"due": "2026-01-02"}}
        ]
    }
