"""What the daemon does with facts and contacts, timed from the inside; prints JSON.

python -m benchmarks.delivery intake WORKSPACE EVENTS: batches of 1,000 events of customers who are planned already,
durable and planned; then single ones; and as many rows of events and of a plan written by `sqlite3` alone, each batch
committed.
python -m benchmarks.delivery sending WORKSPACE CONTACTS PORT: due contacts through gates, templates, SMTP and ledger,
and the same mails by `smtplib` on one open connection, with a mark in SQLite before and after each. They are written to
`WORKSPACE/mails.jsonl` too, for others to send.
"""

from __future__ import annotations

import json
import smtplib
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scheduler.channels.mime import mail_bytes
from scheduler.decisions.facts import Event
from scheduler.delivery.composing import composer
from scheduler.delivery.deciding import decide_due
from scheduler.delivery.sending import send_queued
from scheduler.delivery.worker import at_work
from scheduler.messages.message import Email
from scheduler.planning.activation import activate
from scheduler.planning.plan import plan, plan_customers
from scheduler.planning.rulebooks import Active, active
from scheduler.rulebook.reader import load_rulebook
from scheduler.store import CustomerEvent, State, Store
from scheduler.wallclock import DAY, parse_instant, zone
from scheduler.workspace import Workspace, open_workspace

HOUSE = zone("Europe/Berlin")
DELIVERED = parse_instant("2026-11-02T12:00", HOUSE)
DUE = parse_instant("2026-11-03T10:00", HOUSE)
MAILS = "mails.jsonl"
AT_ONCE = 1_000
SINGLE = 500


def intake(folder: Path, events: int) -> dict[str, float]:
    """Events a second that are durable and planned, and the bare loop's; the 50th and 99th of 100 single ones (s)."""
    with open_workspace(folder) as workspace:
        store, rules = workspace.store, _rules(workspace)
        _enrol(store, events)
        plan(store, rules, DELIVERED)
        batch = [_delivered(number) for number in range(events)]
        planned = 0
        start = time.perf_counter()
        for first in range(0, events, AT_ONCE):
            store.events.add(batch[first : first + AT_ONCE], now=DELIVERED)
            planned += plan(store, rules, DELIVERED).added
        seconds = time.perf_counter() - start
        single = sorted(
            _timed(lambda one=one: _take(store, rules, one))  # type: ignore[misc] # one of now
            for one in (_delivered(number, "again") for number in range(min(SINGLE, events)))
        )
    bare = _timed(lambda: _written_alone(folder / "bare.db", batch, planned // events))
    half, worst = single[len(single) // 2], single[len(single) * 99 // 100]
    return {"rate": events / seconds, "half": half, "worst": worst, "bare": events / bare}


def sending(folder: Path, contacts: int, port: int) -> dict[str, float]:
    """Contacts a second through everything, and mails a second of the bare loop."""
    server = {"host": "127.0.0.1", "port": port, "security": "none", "from": "Our shop <shop@example.com>"}
    with open_workspace(folder, email=server) as workspace:
        store, rules = workspace.store, _rules(workspace)
        _enrol(store, contacts)
        store.events.add([_delivered(number) for number in range(contacts)], now=DELIVERED)
        plan(store, rules, DELIVERED)
        mails = _mails(workspace, rules, DUE)
        with at_work(workspace, "benchmark", DUE) as worker:
            start = time.perf_counter()
            decide_due(store, rules, DUE)
            sent = send_queued(worker, rules, lambda: DUE).states[State.SENT]
            seconds = time.perf_counter() - start
    (folder / MAILS).write_text("".join(_as_line(mail) for mail, _ in mails), encoding="utf-8")
    bare = _timed(lambda: _bare(folder / "bare.db", mails, port))
    return {"sent": sent, "rate": sent / seconds, "bare": len(mails) / bare}


def _rules(workspace: Workspace) -> Active:
    activate(workspace.store, load_rulebook(workspace.folder), "benchmark", DELIVERED - DAY)
    found = active(workspace.store)
    assert found is not None  # noqa: S101 - they were just activated
    return found


def _enrol(store: Store, customers: int) -> None:
    for first in range(0, customers, AT_ONCE):
        some = range(first, min(first + AT_ONCE, customers))
        store.customers.add([(_name(number), _attributes(number)) for number in some], now=DELIVERED)


def _name(number: int) -> str:
    return f"c{number:08}"


def _attributes(number: int) -> dict[str, Any]:
    return {"name": f"Ana {number}", "email": f"ana.{number}@example.com", "timezone": HOUSE.name}


def _delivered(number: int, kind: str = "first") -> CustomerEvent:
    properties = {"order_id": f"{kind}-{number}", "product": "Kettle", "category": "appliances"}
    return CustomerEvent(_name(number), Event(f"{kind}/{number}", "order_delivered", DELIVERED, DELIVERED, properties))


def _take(store: Store, rules: Active, one: CustomerEvent) -> None:
    store.events.add([one], now=DELIVERED)
    plan_customers(store, rules, [one.customer], DELIVERED)


def _mails(workspace: Workspace, rules: Active, now: int) -> list[tuple[Email, bytes]]:
    """The mails that will be sent, written beforehand."""
    compose = composer(rules.program.rulebook, workspace.settings)
    rows = workspace.store.ledger.due(now, limit=10_000_000)
    customers = {one.id: one for one in workspace.store.customers.read({row.customer for row in rows})}
    found = []
    for row in rows:
        mail = compose.message(row, "email", customers[row.customer], now)
        assert isinstance(mail, Email)  # noqa: S101 - what goes by e-mail
        found.append((mail, mail_bytes(mail, row.key, now)))
    return found


def _as_line(mail: Email) -> str:
    names = ("to", "subject", "text", "html", "headers")
    return json.dumps({"from": mail.from_, **{name: getattr(mail, name) for name in names}}) + "\n"


def _written_alone(database: Path, events: Sequence[CustomerEvent], planned: int) -> None:
    """The least that is durable: a row of each event, and as many as are planned of it, in batches."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE event (id TEXT PRIMARY KEY, customer TEXT, name TEXT, at INTEGER, facts TEXT)")
    connection.execute("CREATE TABLE occasion (key TEXT PRIMARY KEY, customer TEXT, next_at INTEGER, state TEXT)")
    for first in range(0, len(events), AT_ONCE):
        some = [(one.customer, one.event) for one in events[first : first + AT_ONCE]]
        facts = [(event.id, who, event.name, event.at, json.dumps(dict(event.properties))) for who, event in some]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", facts)
        plan = [(f"rule_{n}/{who}/{event.id}", who, DUE, "planned") for who, event in some for n in range(planned)]
        connection.executemany("INSERT INTO occasion VALUES (?, ?, ?, ?)", plan)
        connection.execute("COMMIT")
    connection.close()


def _bare(database: Path, mails: Sequence[tuple[Email, bytes]], port: int) -> None:
    """The least that is safe: mark each mail durably, hand it over on one open connection, note that it went."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE mail (number INTEGER PRIMARY KEY, state TEXT)")
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number, (mail, content) in enumerate(mails):
            connection.execute("INSERT INTO mail VALUES (?, 'sending')", (number,))
            server.sendmail("shop@example.com", [mail.to], content)
            connection.execute("UPDATE mail SET state = 'sent' WHERE number = ?", (number,))
    connection.close()


def _timed(job: Callable[[], None]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


if __name__ == "__main__":
    job, where, *numbers = sys.argv[1:]
    found = {"intake": intake, "sending": sending}[job](Path(where), *map(int, numbers))  # type: ignore[operator] # both take theirs
    sys.stdout.write(json.dumps(found) + "\n")
