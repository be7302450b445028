"""A shop that thanks for each order at once: a workspace whose contacts fall due as soon as orders come."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from scheduler.daemon import utc_now
from scheduler.decisions.facts import Event, Value
from scheduler.decisions.occasions import occasion_key
from scheduler.planning.activation import activate
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerEvent, Row, State, Store
from scheduler.workspace import Workspace, open_workspace

from .oracle import Verdict, compare
from .sink import Sink
from .waiting import until

SENDER = "Our shop <shop@example.com>"
HOUSE = """\
timezone: Europe/Berlin
send_hours: {any: {from: "00:00", to: "24:00", days: all}}
frequency_caps: []
"""
THANKS = """\
campaign: Orders
owner: care@example.com
rules:
  thanks:
    reason: They bought something and hear that we saw it.
    asks_for: nothing
    when: bought
    before: 2 days
    send: thanks
    by: [email]
"""
LETTER = "---\nsubject: Order {{ event.order }}\n---\nHello {{ customer.name }}, it is on its way.\n"
FILES: Mapping[str, str] = {
    "rules/house_rules.yaml": HOUSE,
    "rules/orders.yaml": THANKS,
    "templates/thanks.email.md": LETTER,
}
"""The subject names the order, so that the sink knows the occasion by more than what our own program calls it."""

WAITED_FOR = frozenset({State.PLANNED, State.WAITING, State.QUEUED, State.RETRY, State.SENDING})
"""What may still come to an end by itself."""
_STATES = text("SELECT state, COUNT(*) FROM occasion GROUP BY state")
_AND_DUE_AGAIN = text(
    "SELECT state, COUNT(*), SUM(CASE WHEN state = 'retry' AND next_at <= :now THEN 1 ELSE 0 END)"
    " FROM occasion GROUP BY state"
)
"""In one look: between two, what is due again would begin to be sent, and be seen by neither."""


@dataclass
class Shop:
    """A workspace, what its customers ordered, and the mail server that hears of it; `clock` is what it goes by."""

    workspace: Workspace
    sink: Sink
    ordered: list[str] = field(default_factory=list)
    clock: Callable[[], int] = utc_now

    @property
    def folder(self) -> Path:
        """The workspace's folder."""
        return self.workspace.folder

    @property
    def store(self) -> Store:
        """The workspace's store."""
        return self.workspace.store

    def orders(self, *names: str, now: int | None = None, **attributes: Value | None) -> list[str]:
        """Let one new customer a name order something now; returns the keys of the occasions.

        `attributes` are what is known of them all beside their address; None: not even that.
        """
        at = self.clock() if now is None else now
        people = []
        for name in names:
            known = {"name": name, "email": address(name), **attributes}
            people.append((name, {what: value for what, value in known.items() if value is not None}))
        events = [CustomerEvent(name, Event(f"o-{name}", "bought", at, at, {"order": f"o-{name}"})) for name in names]
        with self.store.together() as both:
            both.customers.add(people, now=at)
            assert not both.events.add(events, now=at).refused
        keys = [key_of(name) for name in names]
        self.ordered += keys
        return keys

    def states(self) -> Counter[State]:
        """How many rows are in each state."""
        with self.store.read() as connection:
            return Counter({State(state): count for state, count in connection.execute(_STATES)})

    def rows(self) -> dict[str, Row]:
        """The ledger, by key."""
        return {row.key: row for row in self.store.ledger.rows()}

    def row(self, name: str) -> Row:
        """The row of that customer's order."""
        found = self.store.ledger.row(key_of(name))
        assert found is not None, f"{key_of(name)} is not in the ledger"
        return found

    def is_quiet(self, stays: Collection[State] = ()) -> bool:
        """Whether every order has come to an end, or is in a state in which it may stay and is not due again yet."""
        with self.store.read() as connection:
            found = connection.execute(_AND_DUE_AGAIN, {"now": self.clock()}).all()
        if sum(count for _, count, _ in found) < len(self.ordered):
            return False
        return not any(due or state in WAITED_FOR - set(stays) for state, _, due in found)

    def wait_until_quiet(self, stays: Collection[State] = (), seconds: float = 60) -> None:
        """Wait until it is; raises `TooLong` where it takes longer."""
        until(lambda: self.is_quiet(stays), f"{len(self.ordered)} orders to come to an end", seconds)

    def verdict(self, stays: Collection[State] = (), sent_before: Iterable[str] = ()) -> Verdict:
        """What the oracle says of the ledger and the sink; `stays` as in `is_quiet`."""
        return compare(self.ordered, self.rows(), self.sink.lines(), SENDER, stays, sent_before)


def address(name: str) -> str:
    """The address of a customer."""
    return f"{name}@example.com"


def key_of(name: str, rule: str = "thanks") -> str:
    """The key of the occasion that a customer's order is."""
    return occasion_key(rule, name, f"o-{name}")


def lay_down(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")


def settings(port: int, database: str | None = None, timeout: float = 30) -> str:
    """A workspace's settings file."""
    first = f"database = {json.dumps(database)}\n" if database else ""
    mail = f'[email]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nfrom = "{SENDER}"\ntimeout = {timeout}\n'
    # orders that come by the hundred are foreseen by nobody
    return f'secret = "a secret of nobody"\n{first}{mail}[brakes]\nunforeseen = 1_000_000\n'


@contextmanager
def shop(
    folder: Path,
    sink: Sink,
    database: str | None = None,
    *,
    files: Mapping[str, str] = FILES,
    timeout: float = 30,
    now: int | None = None,
) -> Iterator[Shop]:
    """A shop without customers, whose rules are active; without a `database`, on SQLite in its folder."""
    lay_down(folder, {**files, "rightreason.toml": settings(sink.port, database, timeout)})
    with open_workspace(folder) as workspace:
        activate(workspace.store, rulebook_from_texts(dict(files))[0], "test", utc_now() if now is None else now)
        yield Shop(workspace, sink)
