"""Canaries: what facts say of a person appears in no log, error, metric or address, whatever goes wrong."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
import uvicorn
from aiosmtpd.controller import Controller
from fastapi import FastAPI
from keeping import AT_ONCE, HOUSE, WORDS, Business, at, in_business, rulebook
from sqlalchemy import text
from starlette.testclient import TestClient

from scheduler.channels.channel import Handover
from scheduler.daemon import Daemon, utc_now
from scheduler.decisions.facts import Event
from scheduler.errors import StoreError
from scheduler.health import served
from scheduler.logs import log_as_json, told
from scheduler.messages.links import Links
from scheduler.messages.message import Message
from scheduler.planning.activation import activate
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerEvent, Store, open_store
from scheduler.web.app import create_app
from scheduler.web.site import Site
from scheduler.workspace import open_workspace

ADDRESS = "kanarienvogel@example.com"
NAME = "Xanthippe Kanarienvogel"
PHONE = "+4930987654321"
PROPERTY = "Blaue Nachtigall"
PERSON = {"name": NAME, "email": ADDRESS, "phone": PHONE, "favourite": PROPERTY}
WRITE_KEY = "the key of the shop"
CANARIES = re.compile("|".join(("kanarienvogel", "xanthippe", "987654321", "nachtigall")), re.IGNORECASE)


def sings(*texts: object) -> list[str]:
    """The canaries that are in these texts."""
    return CANARIES.findall("\n".join(map(str, texts)))


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own, with all that it writes."""
    program = "import sys; from scheduler.cli import main; sys.exit(main())"
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, "--workspace", str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "RIGHTREASON_NOW"},
    )


def bought(store: Store, *, at: int, customer: str = "c1") -> None:
    event = Event(f"o-{customer}", "bought", at, at, {"product": PROPERTY})
    store.events.add([CustomerEvent(customer, event)], now=at)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace that thanks for what is bought, with the canaries in its facts."""
    files = rulebook(AT_ONCE).files
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    (tmp_path / "rightreason.toml").write_text('secret = "a secret"\n')
    return tmp_path


def at_work(shop: Path, rules: str = AT_ONCE, customers: Sequence[str] = ("c1",), **templates: str) -> None:
    """Let the rules be active, and somebody buy something just now."""
    with open_workspace(shop) as workspace:
        now = utc_now()
        activate(workspace.store, rulebook(rules, **templates), "test", now)
        workspace.store.customers.add([(customer, PERSON) for customer in customers], now=now)
        for customer in customers:
            bought(workspace.store, at=now, customer=customer)


def errors(shop: Path) -> list[str]:
    """What the ledger says went wrong."""
    with open_workspace(shop) as workspace:
        rows = workspace.store.ledger.rows()
        tries = [attempt.error for row in rows for attempt in workspace.store.outbox.attempts(row.key)]
        holds = [hold.cause for hold in workspace.store.holds.list()]
        return [row.error for row in rows if row.error] + tries + holds


# --- through the commands ----------------------------------------------------------------------------------------


def test_an_import_names_nobody_whether_it_takes_or_rejects(shop: Path) -> None:
    (shop / "customers.csv").write_text(
        f"id,name,email,phone,birthday,favourite\nc1,{NAME},{ADDRESS},{PHONE},1990-01-01,{PROPERTY}\n"
        f"c2,{NAME},{NAME},{PROPERTY},{PHONE},{PROPERTY}\n{NAME},{ADDRESS}\n"
    )
    (shop / "events.jsonl").write_text(
        json.dumps({"id": "e1", "customer": "c1", "name": "bought", "at": NAME, "product": PROPERTY})
        + "\n"
        + json.dumps({"id": "e2", "customer": ADDRESS, "name": "bought", "at": "2026-03-01T10:00Z"})
        + f"\n{{{NAME}\n"
    )
    for what, file in (("customers", "customers.csv"), ("events", "events.jsonl")):
        done = typed(shop, "import", what, str(shop / file))
        assert "rejected" in done.stdout
        assert sings(done.stdout, done.stderr) == []


FAILING = {
    "a date that is none": "Hello {{ customer.name|date }}",
    "a day that there is not": 'Hello {{ ("2026-02-31 " ~ customer.name)|date }}',
    "an amount that is none": "Hello {{ customer.phone ~ customer.name }} {{ customer.name|money }}",
    "a number that is none": "Hello {{ event.product|number }}",
    "an address that is none": "[x]({{ customer.favourite|url }})",
    "a link that leads nowhere": "[x]({{ customer.favourite }})",
    "a text that can't be reckoned with": "Hello {{ customer.name - 1 }}",
}


def test_templates_that_fail_name_nobody(shop: Path) -> None:
    rules = "".join(
        AT_ONCE.replace("thanks:", f"thanks_{number}:").replace("send: words", f"send: words_{number}")
        for number in range(len(FAILING))
    )
    bodies = {f"words_{number}__email__md": body for number, body in enumerate(FAILING.values())}
    at_work(shop, rules, **{name: f"---\nsubject: Hello\n---\n{body}\n" for name, body in bodies.items()})
    ticked = typed(shop, "tick")
    status = typed(shop, "status")
    assert ticked.returncode == 1
    failed = {error.partition(":")[0] for error in errors(shop)}
    assert failed == {f"templates/words_{number}.email.md" for number in range(len(FAILING))}
    assert sings(ticked.stdout, ticked.stderr, status.stdout, status.stderr, *errors(shop)) == []


class Parrot:
    """A mail server that refuses everything, in one way after the other, and says again what it was told."""

    def __init__(self) -> None:
        self.codes = ["451 4.3.0", "550", "550 5.2.1", "550 5.1.1"]
        self._left = iter(self.codes)

    async def handle_RCPT(self, _server: Any, _session: Any, _envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        return f"{next(self._left)} <{address}>: {NAME}, {PHONE}, {PROPERTY}: mail to:{address} was refused"


def test_a_mail_server_that_repeats_what_it_heard_names_nobody(shop: Path) -> None:
    parrot = Parrot()
    controller = Controller(parrot, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        with (shop / "rightreason.toml").open("a") as settings:
            settings.write(f'[email]\nhost = "127.0.0.1"\nport = {controller.port}\nsecurity = "none"\n')
        at_work(shop, customers=tuple(f"c{number}" for number in range(len(parrot.codes))))
        ticked = typed(shop, "tick")
        status = typed(shop, "status")
    finally:
        controller.stop()
    said = [*errors(shop), ticked.stderr]
    assert [code for code in parrot.codes if not any(code in one for one in said)] == []
    assert sings(ticked.stdout, status.stdout, status.stderr, *said) == []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_the_addresses_in_a_mail_name_nobody(shop: Path) -> None:
    at_work(shop)
    assert typed(shop, "tick").returncode == 0
    [mail] = (shop / "outbox").glob("*.eml")
    addresses = re.findall(r"https?://[^\s>\"]+", mail.read_text().replace("=\n", ""))
    assert len(addresses) > 1
    assert sings(*addresses, mail.name) == []


# --- through the database ----------------------------------------------------------------------------------------


def refusals(store: Store) -> Iterator[StoreError]:
    """Errors of the database about values: a key that is there, a value that is none, a column that there is not."""
    key = {"bucket": 1, "id": ADDRESS, "name": NAME}
    others = "attributes, email, phone, address, revision, planned_revision, planned_with, known_at, changed_at"
    into = f"INSERT INTO customer (bucket, id, {others}) VALUES"
    statements = [
        f"{into} (:bucket, :id, '{{}}', :name, '', '', 1, 0, 0, 0, 0)",
        f"{into} (:bucket, :name, NULL, :id, '', '', 1, 0, 0, 0, 0)",
        f"{into} (CAST(:name AS bigint), :id, 1, 1, 1, 1, 1, 1, 1, 1, 1)",
        "SELECT 'Xanthippe",
        "SELECT CAST('Xanthippe' AS date) + CAST(:name AS integer) FROM customer WHERE id = :id AND 1 = 1/0 = 'x'",
    ]
    with store.write() as connection:
        connection.execute(text(statements[0]), key)
    for statement in statements:
        try:
            with store.write() as connection:
                connection.execute(text(statement), key)
        except StoreError as error:
            yield error


def test_what_the_database_refuses_names_nobody(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    with open_store(database) as store, log_as_json():
        found = list(refusals(store))
        for error in found:
            structlog.get_logger().error("the database can't be used", error=str(error))
            structlog.get_logger().error("a fault", exc_info=error)
    assert len(found) >= 3
    assert any("customer" in str(error) for error in found)
    assert sings(*found, *map(told, found), *(error.facts for error in found)) == []
    assert sings(capsys.readouterr().err) == []


def test_a_key_that_is_there_is_told_by_its_table_and_constraint(postgresql: Callable[[], str]) -> None:
    with open_store(postgresql()) as store:
        first = next(refusals(store))
    assert "UniqueViolation (23505) at customer, pk_customer" in str(first)


# --- through the daemon ------------------------------------------------------------------------------------------


class Crashing:
    """A channel with a fault, whose words are those of the message."""

    name = "email"
    promises = None

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        raise ValueError(f"can't send {message} for {key} at {now}: {NAME} {PHONE} {PROPERTY}")

    def close(self) -> None:
        raise OSError(ADDRESS)


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    with in_business(tmp_path, serve={"write_key": WRITE_KEY, "most_kb": 16}) as business:
        words = dict(WORDS)
        words["templates/words.email.md"] = "---\nsubject: For {{ customer.name }}\n---\n{{ event.product }}\n"
        files = {"rules/house_rules.yaml": HOUSE, **words}
        files["rules/all.yaml"] = rulebook(AT_ONCE).files["rules/all.yaml"]
        activate(business.store, rulebook_from_texts(files)[0], "test", at("2026-03-01"))
        business.store.customers.add([("c1", PERSON)], now=at("2026-03-01"))
        bought(business.store, at=at("2026-03-02 15:00"))
        yield business


def pages(daemon: Daemon, business: Business, clock: Callable[[], int]) -> str:
    """All that /health and /metrics say."""
    found = []
    with served("127.0.0.1", 0, daemon.pulse, business.store, clock) as port:
        for path in ("/health", "/metrics"):
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("GET", path)
                found.append(connection.getresponse().read().decode())
    assert "rightreason_up" in found[1]
    return "\n".join(found)


def test_a_channel_that_crashes_names_nobody(business: Business, capsys: pytest.CaptureFixture[str]) -> None:
    def clock() -> int:
        return at("2026-03-02 15:00")

    business.sinks.by_name["email"] = Crashing()  # type: ignore[assignment] # it keeps nothing
    with log_as_json():
        daemon = Daemon(business.worker, clock=clock, steady=clock)
        for _ in range(3):
            daemon.pump()
        said = pages(daemon, business, clock)
    written = capsys.readouterr().err
    assert written != ""
    assert all(json.loads(line) for line in written.splitlines())
    rows = business.store.ledger.rows()
    tries = [attempt for row in rows for attempt in business.store.outbox.attempts(row.key)]
    assert any(row.error for row in rows)
    assert sings(written, said, *(row.error for row in rows), *tries) == []


def test_a_daemon_that_works_well_names_nobody_either(business: Business, capsys: pytest.CaptureFixture[str]) -> None:
    def clock() -> int:
        return at("2026-03-02 15:00")

    with log_as_json():
        daemon = Daemon(business.worker, clock=clock, steady=clock)
        daemon.pump()
        said = pages(daemon, business, clock)
    assert len(business.heard()) == 1
    [(_, _, message)] = business.sinks.sink("email").taken
    assert sings(message)
    written = capsys.readouterr().err
    assert '"event": "tick"' in written
    assert sings(written, said) == []


# --- through the web ---------------------------------------------------------------------------------------------


def noon() -> int:
    return at("2026-03-02 12:00")


def broken() -> int:
    raise ValueError(f"no clock knows {NAME}, {ADDRESS}, {PHONE}, {PROPERTY}")


def on_the_web(business: Business, clock: Callable[[], int] = noon) -> TestClient:
    app = create_app(Site(business.workspace, clock))
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def tracked(**said: Any) -> dict[str, Any]:
    return {"userId": "c1", "event": "bought", "messageId": "m1", "properties": {"product": PROPERTY}, **said}


BROUGHT: Sequence[tuple[int, str, Any]] = (
    (200, "identify", {"userId": "c1", "traits": PERSON}),
    (400, "identify", {"userId": "c1", "traits": {"email": NAME, "phone": PROPERTY, "birthday": ADDRESS}}),
    (400, "identify", {"userId": "c1", "traits": {NAME: {NAME: [PROPERTY]}, "timezone": NAME}}),
    (200, "track", tracked()),
    (200, "track", tracked(userId=ADDRESS, messageId=NAME)),
    (409, "track", tracked(properties={"product": NAME})),
    (400, "track", tracked(timestamp=NAME)),
    (400, "track", tracked(event=[ADDRESS])),
    (400, "track", tracked(properties=PROPERTY)),
    (200, "batch", {"batch": [{"type": NAME, "userId": ADDRESS}, ADDRESS, tracked(type="track", userId=None)]}),
    (400, "batch", {"batch": ADDRESS}),
    (413, "batch", {"batch": [ADDRESS] * 1_000}),
    (404, f"track/{ADDRESS}?email={ADDRESS}", {}),
)
HEADERS: Sequence[tuple[int, dict[str, str]]] = (
    (401, {"Authorization": f"Bearer {ADDRESS}"}),
    (401, {"Authorization": f"Basic {NAME}"}),
    (415, {"Content-Type": f"text/{ADDRESS}"}),
    (415, {"Content-Encoding": ADDRESS}),
)


def test_facts_that_come_by_http_name_nobody(business: Business, capsys: pytest.CaptureFixture[str]) -> None:
    with log_as_json(), on_the_web(business) as web:
        for status, path, body in BROUGHT:
            assert web.post(f"/v1/{path}", json=body, auth=(WRITE_KEY, "")).status_code == status, (path, body)
        for status, headers in HEADERS:
            known = {"Authorization": f"Bearer {WRITE_KEY}", "Content-Type": "application/json", **headers}
            assert web.post("/v1/track", content=f"{{{NAME}", headers=known).status_code == status, headers
        assert web.request(NAME.split()[0].upper(), f"/v1/{PROPERTY.split()[1]}").status_code == 404
    written = capsys.readouterr().err
    assert written.count('"event": "request"') == len(BROUGHT) + len(HEADERS) + 1
    assert sings(written) == []


@pytest.mark.parametrize("path", ["events", "webhooks/standard", "webhooks/shopify", "webhooks/stripe"])
def test_webhooks_that_are_not_taken_name_nobody(
    business: Business, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    headers = {"Content-Type": "application/json", "X-Shopify-Topic": NAME, "Ce-Subject": PROPERTY}
    with log_as_json(), on_the_web(business) as web:
        answer = web.post(f"/v1/{path}?from={PROPERTY}", content=json.dumps(PERSON), headers=headers)
    assert answer.status_code in (401, 403)
    assert sings(capsys.readouterr().err, answer.text, answer.headers) == []


def test_what_a_webhook_brings_names_nobody(business: Business, capsys: pytest.CaptureFixture[str]) -> None:
    event = {
        "specversion": "1.0",
        "id": NAME,
        "source": f"/{ADDRESS}",
        "type": "bought",
        "subject": "c1",
        "data": PERSON,
    }
    headers = {"Authorization": f"Bearer {WRITE_KEY}", "Content-Type": "application/cloudevents+json"}
    with log_as_json(), on_the_web(business) as web:
        taken = web.post("/v1/events", content=json.dumps(event), headers=headers)
        refused = web.post("/v1/events", content=json.dumps({**event, "time": NAME}), headers=headers)
    assert (taken.status_code, refused.status_code) == (200, 400)
    assert sings(capsys.readouterr().err) == []


def test_pages_of_customers_name_nobody(business: Business, capsys: pytest.CaptureFixture[str]) -> None:
    with log_as_json(), on_the_web(business, lambda: at("2026-03-02 16:00")) as web:
        Daemon(business.worker, clock=lambda: at("2026-03-02 15:00"), steady=noon).pump()
        [row] = business.store.ledger.rows()
        links = Links("", b"a secret", "c1", row.key)
        paths = [links.to(kind) for kind in ("preferences", "unsubscribe", "survey/nps", "survey/exit")]
        said = {"score": "3", "comment": f"{NAME} {PHONE}", "reason": "other", "language": NAME, "topic": ADDRESS}
        answers = [web.get(path) for path in paths] + [web.post(path, data=said) for path in paths]
        answers.append(web.get(f"/preferences/{ADDRESS}?email={ADDRESS}"))
        answers.append(web.post(f"/survey/{NAME}/{PROPERTY}", data=said))
    written = capsys.readouterr().err
    assert sum(answer.status_code in (200, 303) for answer in answers) >= 2 * len(paths) - 1
    customer = business.store.customers.get("c1")
    assert customer is not None
    assert "nps_answered" in {event.name for event in customer.events if sings(event.properties)}
    assert sings(written, *(answer.headers for answer in answers)) == []
    assert [path for path in paths if path.rpartition("/")[2] in written] == []


def test_a_fault_of_the_web_names_nobody(business: Business, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"Authorization": f"Bearer {WRITE_KEY}"}
    with log_as_json(), listening(create_app(Site(business.workspace, broken))) as address:
        answer = httpx2.post(f"{address}/v1/track?{PROPERTY.split()[0]}", json=tracked(), headers=headers)
    written = capsys.readouterr().err
    assert answer.status_code == 500
    assert '"error": "ValueError"' in written
    assert sings(written, answer.text, answer.headers) == []


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The application behind the server that `rightreason serve` has; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
