"""A shop with customers who open the links in its messages."""

from __future__ import annotations

import re
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from faults.waiting import until
from sqlalchemy import event as sql
from starlette.testclient import TestClient

from scheduler.decisions.consent import agrees
from scheduler.decisions.facts import Customer, Event, Value
from scheduler.decisions.occasions import occasion_key
from scheduler.messages.links import Link, token_of
from scheduler.planning.activation import activate
from scheduler.rulebook.model import AsksFor, Rulebook
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerEvent, Row, State, Store
from scheduler.web.app import create_app
from scheduler.web.pages.routes import routes
from scheduler.web.site import Site
from scheduler.workspace import open_workspace

NOW = 1_772_463_600_000_000  # 2026-03-02 15:00 UTC
SECOND = 1_000_000
DAY = 86_400 * SECOND
SECRET = "a secret of nobody"  # noqa: S105 - made up
BASE = "https://shop.example"
ANA, BEN = "ana", "ben"
SURVEYS = ("nps", "csat", "ces", "exit")
KINDS = ("preferences", "unsubscribe", *(f"survey/{name}" for name in SURVEYS), "page/care")
"""The kinds of links that there are."""
SETTINGS = f"""\
secret = "{SECRET}"

[brand]
name = "Crumb & <Co>"
colour = "#7a4b1e"
address = "1 Mill Lane"
base_url = "{BASE}"

[brand.pages]
care = "https://www.crumb.example/care?for=bread"
"""
HOUSE_RULES = """\
timezone: Europe/Berlin
topics:
  care:     {default_for: [nothing], consent: opt_out}
  feedback: {default_for: [feedback], consent: opt_out}
  offers:   {default_for: [review, referral, purchase], consent: opt_in}
channels:
  sms: {consent: opt_in}
"""
RULES = """\
campaign: Orders
owner: care@example.com
rules:
  thanks:
    {reason: They bought something., asks_for: nothing, when: bought, before: 2 days, send: words, by: [email, sms]}
  opinion:
    {reason: They have had it a while., asks_for: feedback, when: used, before: 2 days, send: words, by: [email]}
  ask:
    {reason: They like it here., asks_for: review, when: praised, before: 2 days, send: words, by: [email]}
"""
FILES = {
    "rules/house_rules.yaml": HOUSE_RULES,
    "rules/orders.yaml": RULES,
    "templates/words.email.md": "---\nsubject: Hello\n---\nThis is for you.\n",
    "templates/words.sms.txt": "This is for you.\n",
}


@dataclass
class House:
    """A served workspace, and a browser; `now` is what its clock shows."""

    site: Site
    client: TestClient
    folder: Path
    now: list[int] = field(default_factory=lambda: [NOW])

    @property
    def store(self) -> Store:
        """Its database."""
        return self.site.store

    def later(self, by: int = SECOND) -> None:
        """Let time pass."""
        self.now[0] += by

    def customer(self, name: str = ANA) -> Customer:
        """What is known of a customer."""
        found = self.store.customers.get(name)
        assert found is not None
        return found

    def events(self, name: str, customer: str = ANA) -> list[dict[str, Value]]:
        """The properties of a customer's events of that name."""
        return [dict(one.properties) for one in self.customer(customer).events if one.name == name]

    def agrees(self, topic: str, channel: str, *, opt_in: bool = False) -> bool:
        """Whether Ana agrees to hear of that by that, as the gate says."""
        return agrees(self.customer().consents, topic, channel, opt_in=opt_in, now=self.now[0])

    def tables(self) -> dict[str, list[Any]]:
        """All that stands in the database and its journal."""
        found: dict[str, list[Any]] = {}
        for file in ("rightreason.db", "rightreason.journal"):
            with closing(sqlite3.connect(self.folder / file)) as connection:
                for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    found[f"{file}: {table}"] = sorted(
                        map(repr, connection.execute(f'SELECT * FROM "{table}"'))  # noqa: S608 - its own name
                    )
        assert len(found) > 10
        return found

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements that the database is asked meanwhile."""
        said: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            said.append(statement)

        sql.listen(self.store.engine, "before_cursor_execute", note)
        try:
            yield said
        finally:
            sql.remove(self.store.engine, "before_cursor_execute", note)


def key(customer: str = ANA, anchor: str = "b1", rule: str = "thanks") -> str:
    """The key of an occasion."""
    return occasion_key(rule, customer, anchor)


def path(kind: str, customer: str = ANA, occasion: str = "", secret: str = SECRET) -> str:
    """The address of a link, without its host; without an occasion that of the customer's order."""
    token = token_of(Link(kind, customer, occasion or key(customer)), secret.encode())
    return f"/{kind}/{token}"


def contacted(store: Store, customer: str, channel: str = "email", anchor: str = "b1") -> None:
    """Let a customer be one who has had a message about an order."""
    bought = Event(anchor, "bought", NOW - DAY, NOW - DAY, {"product": "Rye {0} <b>flour</b>"})
    store.customers.add([(customer, {"email": f"{customer}@example.com", "phone": "+4930123456"})], now=NOW - DAY)
    store.events.add([CustomerEvent(customer, bought)], now=NOW - DAY)
    row = Row(
        key(customer, anchor),
        customer,
        "thanks",
        anchor,
        trigger_at=NOW - DAY,
        opens=NOW - DAY,
        closes=NOW,
        asks_for=AsksFor.NOTHING,
        state=State.SENT,
        decided_for=NOW - DAY,
        channel=channel,
    )
    store.ledger.bury([row])


@cache
def rulebook() -> Rulebook:
    """The shop's rules."""
    return rulebook_from_texts(dict(FILES))[0]


def pages_alone(site: Site) -> FastAPI:
    """An application of nothing but the pages: to put all of it together for each test would take long."""
    app = FastAPI()
    app.include_router(routes(site))
    return app


@contextmanager
def house(
    folder: Path, empty: Path, settings: str = SETTINGS, application: Callable[[Site], FastAPI] = pages_alone
) -> Iterator[House]:
    """The shop, on a copy of an empty database."""
    shutil.copy(empty, folder / "rightreason.db")
    (folder / "rightreason.toml").write_text(settings, encoding="utf-8")
    with open_workspace(folder) as workspace:
        activate(workspace.store, rulebook(), "test", NOW - 2 * DAY)
        contacted(workspace.store, ANA)
        contacted(workspace.store, BEN, anchor="b2")
        now = [NOW]
        site = Site(workspace, lambda: now[0])
        with TestClient(application(site), base_url=BASE, follow_redirects=False) as client:
            yield House(site, client, folder, now)


@contextmanager
def served(site: Site) -> Iterator[str]:
    """The site at a free port of the loopback, and where that is."""
    with socket.create_server(("127.0.0.1", 0)) as listener, served_at(listener, site):
        yield address_of(listener)


@contextmanager
def served_at(listener: socket.socket, site: Site) -> Iterator[None]:
    """The site at a port that is listened on already: its settings may hold the address."""
    config = uvicorn.Config(create_app(site), log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive(), "the server to listen")
        yield
    finally:
        server.should_exit = True
        thread.join(30)


def address_of(listener: socket.socket) -> str:
    """Where a site is that is served there."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def chosen(html: str, name: str) -> list[str]:
    """The values of the fields of that name that are ticked."""
    fields = re.findall(r"<input [^>]*>", html)
    return [
        value[1]
        for field in fields
        if f'name="{name}"' in field and " checked" in field and (value := re.search('value="([^"]*)"', field))
    ]


def form_in(html: str) -> dict[str, list[str]]:
    """What a browser would send if nothing were changed on a page."""
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", html.partition('class="apart"')[0]):
        field = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if field["type"] == "hidden" or " checked" in tag:
            sent.setdefault(field["name"], []).append(field["value"])
    if selected := re.search(r'<option value="([^"]*)"[^>]* selected', html):
        sent["language"] = [selected[1]]
    return sent
