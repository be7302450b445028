"""Alerts as they are told: by a teller, by the daemon, and by a tick that is typed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_server import Answer, Web, WebServer
from keeping import AT_ONCE, CALL, HOUSE, Business, at, in_business, opened
from sinks import Sink
from typing_commands import run_in

from scheduler.channels.alert import Alert, AlertKind, Alerts
from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.telling import Teller
from scheduler.daemon import Daemon, utc_now
from scheduler.decisions.facts import Event
from scheduler.delivery.guard import told_of
from scheduler.durations import HOUR, MINUTE
from scheduler.health import STUCK
from scheduler.messages.message import Message
from scheduler.planning.activation import activate
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.settings import Settings
from scheduler.store import CustomerEvent

pytest_plugins = ["http_server"]
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by Apprise, which brings its own for later

NOW = at("2026-03-02 15:00")
HOLD = Alert(AlertKind.HOLD, "channel:email", "look")
TASK = Alert(AlertKind.NEW_TASK, "maja", "", "maja")
NOTE = AT_ONCE.replace("thanks:", "note:").replace("bought", "texted").replace("[email]", "[sms]")
PERMISSIVE = HOUSE + "asks: {feedback: {value_window: none}}\nchannels: {sms: {consent: opt_out}}\n"


def url(server: WebServer, path: str) -> str:
    return f"json://127.0.0.1:{server.port}/{path}"


def told(server: WebServer) -> list[tuple[str, str, str]]:
    found = [(asked.path, json.loads(asked.body)) for asked in server.asked]
    return [(path, body["title"].removeprefix("rightreason: "), body["message"]) for path, body in found]


def book() -> Rulebook:
    files = {
        "rules/house_rules.yaml": PERMISSIVE,
        "rules/all.yaml": "campaign: All\nowner: care@example.com\nrules:\n"
        + (AT_ONCE + CALL + NOTE).replace("\n", "\n  "),
        "templates/words.email.md": "---\nsubject: Hello\n---\nThis is for you.\n",
        "templates/words.sms.txt": "This is for you.\n",
        "templates/words.phone.md": "Ask them.\n",
    }
    return rulebook_from_texts(files)[0]


def people(server: WebServer, path: str = "maja") -> str:
    return f"people:\n  maja: {{name: Maja, alert: '{url(server, path)}'}}\n"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class Broken(Sink):
    """Breaks over every message, before it leaves."""

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        del message, key, now
        raise ValueError


# --- the teller --------------------------------------------------------------------------------------------------


def teller(server: WebServer, problems: list[str]) -> Teller:
    return Teller(Alerts(Settings.model_validate({"alerts": {"urls": url(server, "all")}})), problems.append)


def test_nobody_waits_for_a_service_that_does_not_answer(web: Web) -> None:
    server, problems = web(Answer(stalls=True)), list[str]()
    ours = teller(server, problems)
    ours.tell([HOLD], NOW)  # comes back, though nobody has answered
    assert problems == []
    server.stop()
    ours.close()
    assert problems == ["alerts.urls, number 1: an alert could not be told: it was refused, or nobody answered"]


def test_an_alert_that_nobody_took_is_told_later(web: Web) -> None:
    server = web(Answer(500))
    ours = teller(server, [])
    ours.tell([HOLD], NOW)
    for minutes in (1, 6, 7):
        ours.tell([], NOW + minutes * MINUTE)
    ours.close()
    assert len(server.asked) == 2


def test_an_alert_that_nobody_took_for_a_day_is_given_up(web: Web) -> None:
    server = web(Answer(500))
    ours = teller(server, [])
    ours.tell([HOLD], NOW)
    ours.tell([], NOW + 24 * HOUR)
    ours.close()
    assert len(server.asked) == 1


def write_people(folder: Path, text: str) -> None:
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules/people.yaml").write_text(text)


def test_people_are_those_of_the_file_as_it_is_now_or_was_before_it_broke(web: Web, tmp_path: Path) -> None:
    server = web()
    ours = Alerts(Settings(workspace=tmp_path))
    problems = list[str]()
    nobody, broken = "people: {}", "people: ["
    texts = [nobody, people(server, "old"), people(server, "new"), broken, broken, nobody]
    for hour, text in enumerate(texts):
        write_people(tmp_path, text)
        problems += ours.tell_all([TASK], NOW + hour * HOUR)
    assert [path for path, *_ in told(server)] == ["/old", "/new", "/new", "/new"]
    assert problems == ["rules/people.yaml can't be used, so nobody new is told; `rightreason check` says why"]


def test_people_who_are_to_be_told_without_apprise_are_a_problem_and_no_error(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    write_people(tmp_path, people(web()))
    ours = Alerts(Settings(workspace=tmp_path))
    (problem,) = ours.tell_all([TASK], NOW)
    assert problem.startswith("rules/people.yaml: alerts are told by Apprise, which is not installed")
    assert ours.tell_all([TASK], NOW + HOUR) == ()


# --- the daemon --------------------------------------------------------------------------------------------------


@pytest.fixture
def business(web: Web, tmp_path: Path) -> Iterator[tuple[Business, WebServer]]:
    """A business that tells its alerts to a server, and brakes at once."""
    server = web()
    settings: dict[str, Any] = {
        "alerts": {"urls": url(server, "all")},
        "email": {"host": "mail.example.com"},
        "brakes": {"unforeseen": 2},
    }
    with in_business(tmp_path, **settings) as business:
        write_people(tmp_path, people(server))
        activate(business.store, book(), "test", at("2026-03-01"))
        business.customer(phone="+4930123456", owner="maja")
        yield business, server


def test_the_daemon_tells_alerts_of_each_kind_once_an_hour(business: tuple[Business, WebServer]) -> None:
    shop, server = business
    clock = Clock()
    daemon = Daemon(shop.worker, clock=clock, steady=clock, alerts=Alerts(shop.workspace.settings))

    def pump(after: int) -> None:
        clock.now += after * MINUTE
        daemon.pump()

    shop.sinks.by_name["email"] = Broken("email", Promise.IDEMPOTENCY_KEY)
    shop.sinks.sink("sms").answers.append(Handover(HandoverKind.RETRY, "401 who are you", hold=True))
    for name in ("left", "bought", "texted"):
        shop.event(name, "2026-03-02 15:00", id=name)
    pump(0)
    shop.event("left", "2026-03-02 15:10", "ana", id="again")
    pump(10)
    tasks = ["maja", "rightreason tasks --assignee maja"]
    for minutes in (21, 61):
        pump(minutes)
    shop.sinks.by_name["email"] = Sink("email")
    for number in range(3):
        shop.event("bought", "2026-03-02 16:32", id=f"b{number}")
    pump(0)
    daemon.close()
    found = told(server)
    assert found[:3] == [
        ("/all", "There is a new task", "\n".join(tasks)),
        ("/maja", "There is a new task", "\n".join(tasks)),
        (
            "/all",
            "Sending is held",
            "channel:sms\n`rightreason status` says why; put it right, then `rightreason release --channel sms`",
        ),
    ]
    assert found[3] == (
        "/all",
        "A message is in quarantine: it broke its worker three times",
        "rule:thanks\nrightreason contacts --state quarantined --rule thanks",
    )
    (path, title, text) = found[4]
    assert (path, title, text.partition(";")[0]) == (
        "/all",
        "Sending has held itself",
        "all\n3 messages left in this hour, 0 were foreseen, 0 are usual",
    )
    assert len(found) == 5


def test_the_daemon_tells_that_it_is_stuck_once(business: tuple[Business, WebServer]) -> None:
    shop, server = business
    clock = Clock()
    daemon = Daemon(shop.worker, clock=clock, steady=clock, alerts=Alerts(shop.workspace.settings))
    assert daemon.moves()
    daemon.pulse.working = True
    clock.now += STUCK + 1
    assert [daemon.moves(), daemon.moves()] == [False, False]
    daemon.close()
    text = "test\na tick hangs: look at the daemon's log, then restart it; under systemd the watchdog does"
    assert told(server) == [("/all", "The work is stuck", text)]


@pytest.mark.parametrize(
    ("who", "kind"), [("guard of the clock", AlertKind.CLOCK), ("guard of the database", AlertKind.COPY)]
)
def test_what_a_guard_holds_is_told_with_the_way_out(who: str, kind: AlertKind) -> None:
    assert told_of(who, "look") == Alert(kind, "all", "look; then `rightreason release --all`")


# --- a tick that is typed ----------------------------------------------------------------------------------------


def lay_down(folder: Path, server: WebServer) -> None:
    write_people(folder, people(server))
    for name, text in book().files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "rightreason.toml").write_text('[alerts]\nurls_file = "alerts.urls"\n')
    (folder / "alerts.urls").write_text(url(server, "all"))
    with opened(folder) as workspace:
        now = utc_now()
        activate(workspace.store, book(), "test", now)
        workspace.store.customers.add([("ana", {"phone": "+4930123456", "owner": "maja"})], now=now)
        workspace.store.events.add([CustomerEvent("ana", Event("e1", "left", now, now))], now=now)


def test_a_tick_that_is_typed_tells_the_staff_and_the_people(web: Web, tmp_path: Path) -> None:
    server = web()
    lay_down(tmp_path, server)
    assert run_in(tmp_path, "tick").exit_code == 0
    assert [(path, title) for path, title, _ in told(server)] == [
        ("/all", "There is a new task"),
        ("/maja", "There is a new task"),
    ]


def test_that_nobody_could_be_told_is_a_problem_of_the_tick(web: Web, tmp_path: Path) -> None:
    server = web(Answer(500))
    lay_down(tmp_path, server)
    result = run_in(tmp_path, "tick")
    assert result.exit_code == 1
    assert "alerts.urls, number 1: an alert could not be told" in result.stderr
    assert "delivered  1 assigned" in result.stdout


@pytest.mark.parametrize("command", ["tick", "run"])
def test_a_url_that_is_none_is_an_error_before_anything_is_done(web: Web, tmp_path: Path, command: str) -> None:
    lay_down(tmp_path, web())
    (tmp_path / "alerts.urls").write_text("nonsense")
    result = run_in(tmp_path, command)
    assert result.exit_code == 2
    assert "alerts.urls, number 1: this is no Apprise URL" in result.stderr
    with opened(tmp_path) as workspace:
        assert workspace.store.ledger.rows() == []
