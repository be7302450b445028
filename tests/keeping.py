"""A small business for tests: rules in YAML, facts in local times, and a worker that ticks when it is told to."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from sinks import Sinks

from scheduler.decisions.facts import Consent, Event, Value
from scheduler.delivery.tick import Report, tick
from scheduler.delivery.worker import Worker, at_work
from scheduler.planning.activation import activate
from scheduler.planning.plan import Planned, plan
from scheduler.planning.rulebooks import Active, active
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerConsent, CustomerEvent, Row, Store, open_store
from scheduler.wallclock import parse_instant, zone
from scheduler.workspace import Workspace, open_workspace

BERLIN = zone("Europe/Berlin")
HOUSE = """\
timezone: Europe/Berlin
send_hours: {any: {from: "00:00", to: "24:00", days: all}}
frequency_caps: []
"""
"""A house without restraint, so that a test says itself what it is about."""

CHECK_IN = """
check_in:
  reason: Their order has arrived and we can still put it right.
  asks_for: nothing
  when: delivered
  after: 1 day
  before: 4 days
  send: words
  by: [email]
"""
AT_ONCE = """
thanks:
  reason: They bought something and hear that we saw it.
  asks_for: nothing
  when: bought
  before: 2 days
  send: words
  by: [email]
"""
BIRTHDAY = """
card:
  reason: It is their birthday and we like them.
  asks_for: nothing
  when: {date: birthday}
  before: 1 day
  send: words
  by: [email]
"""
CALL = """
call:
  reason: They left us and we want to learn why.
  asks_for: feedback
  when: left
  before: 21 days
  assign: account_owner
  script: words
  by: [phone]
"""
WORDS = {
    "templates/words.email.md": "---\nsubject: Hello\n---\nThis is for you.\n",
    "templates/words.sms.txt": "This is for you.\n",
    "templates/words.phone.md": "Tell them that {{ reason }}\n",
}


def at(text: str) -> int:
    """A local time in Berlin."""
    return parse_instant(text, BERLIN)


def local(instant: int | None) -> str:
    """An instant in Berlin's local time."""
    return "" if instant is None else f"{BERLIN.wall(instant):%Y-%m-%d %H:%M}"


def rulebook(rules: str, house: str = HOUSE, **templates: str) -> Rulebook:
    """Rules in YAML, with templates by the names of their files without the folder, dots written as `__`."""
    files = {
        "rules/house_rules.yaml": dedent(house),
        "rules/all.yaml": "campaign: All\nowner: care@example.com\nrules:\n" + indent(dedent(rules), "  "),
        **WORDS,
        **{f"templates/{name.replace('__', '.')}": text for name, text in templates.items()},
    }
    return rulebook_from_texts(files)[0]


@dataclass
class Business:
    """A workspace with its facts, its rules and its worker."""

    workspace: Workspace
    worker: Worker
    sinks: Sinks
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    @property
    def store(self) -> Store:
        return self.workspace.store

    @property
    def rules(self) -> Active:
        found = active(self.store)
        assert found is not None
        return found

    def goes_by(self, rules: str, since: str, house: str = HOUSE, **templates: str) -> None:
        """Make rules active."""
        activate(self.store, rulebook(rules, house, **templates), "test", at(since))

    def customer(self, name: str = "ana", now: str = "2026-03-01", **attributes: Value | None) -> None:
        """Take a customer, with an e-mail address and in Berlin unless they say otherwise."""
        known = {"name": name.title(), "email": f"{name}@example.com", "timezone": "Europe/Berlin", **attributes}
        given = {key: value for key, value in known.items() if value is not None}
        self.store.customers.add([(name, given)], now=at(now))

    def event(
        self,
        name: str,
        when: str,
        customer: str = "ana",
        *,
        known: str | None = None,
        id: str | None = None,  # noqa: A002 - the event's own word
        replaces: str | None = None,
        **properties: Value,
    ) -> None:
        """Let something happen."""
        known_at = at(known or when)
        event = Event(id or f"e{next(self.numbers)}", name, at(when), known_at, properties)
        taken = self.store.events.add([CustomerEvent(customer, event, replaces)], now=known_at)
        assert not taken.refused

    def withdraws(self, when: str, customer: str = "ana") -> None:
        """Let a customer withdraw all consent."""
        record = CustomerConsent(customer, Consent(None, None, False, at(when)))
        self.store.consents.add([record], now=at(when))

    def plan(self, now: str) -> Planned:
        return plan(self.store, self.rules, at(now))

    def tick(self, now: str, clock: Callable[[], int] | None = None) -> Report:
        return tick(self.worker, at(now), clock=clock)

    def row(self, key: str) -> Row:
        found = self.store.ledger.row(key)
        assert found is not None, f"{key} is not among {[row.key for row in self.store.ledger.rows()]}"
        return found

    def states(self, **which: str) -> dict[str, str]:
        """The state of each row, by its key."""
        return {row.key: str(row.state) for row in self.store.ledger.rows(**which)}  # type: ignore[arg-type] # names only

    def heard(self) -> list[str]:
        """What was delivered, as `LOCAL TIME KEY CHANNEL`."""
        return [f"{local(now)} {key} {channel}" for now, key, channel in self.sinks.taken]


@cache
def empty_database() -> bytes:
    """A database that is up to date and holds nothing: to copy it is faster than to make each one anew."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        open_store(f"sqlite:///{file}").close()
        return file.read_bytes()


@contextmanager
def opened(folder: Path, **settings: Any) -> Iterator[Workspace]:
    """A workspace in an empty folder."""
    database = folder / "rightreason.db"
    if not database.exists():
        database.write_bytes(empty_database())
    with open_workspace(folder, secret="a secret", **settings) as workspace:
        yield workspace


@contextmanager
def in_business(folder: Path, **settings: Any) -> Iterator[Business]:
    """A business without rules and customers."""
    with opened(folder, **settings) as workspace, at_work(workspace, "test", at("2026-01-01")) as worker:
        sinks = Sinks(workspace.settings)
        yield Business(workspace, Worker(workspace, sinks, worker.lease), sinks)


def born(year: int, month: int, day: int) -> date:
    """A birthday."""
    return date(year, month, day)
