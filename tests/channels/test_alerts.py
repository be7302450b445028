from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from http_server import Answer, Asked, Web, WebServer

from scheduler.channels.alert import REPEATED, REST, TITLES, Alert, AlertKind, Alerts, new_task
from scheduler.errors import SettingsError
from scheduler.rulebook.people import People
from scheduler.settings import Settings, load_settings

pytest_plugins = ["http_server"]
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by Apprise, which brings its own for later

NOW = 1_772_355_600_000_000  # 2026-03-01 09:00 UTC
TOKEN = "T0KEN-of-ours"  # noqa: S105 - made up
HOLD = Alert(AlertKind.HOLD, "channel:email", "rightreason release channel:email")


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    names = ("apprise", "urllib3", "requests")
    before = [logging.getLogger(name).level for name in names]
    yield
    for name, level in zip(names, before, strict=True):
        logging.getLogger(name).setLevel(level)


def service(server: WebServer, path: str = TOKEN) -> str:
    return f"json://127.0.0.1:{server.port}/{path}"


def alerts(*urls: str, people: People | None = None) -> Alerts:
    return Alerts(Settings.model_validate({"alerts": {"urls": "\n".join(urls)}}), people)


def told(server: WebServer) -> list[tuple[str, str, str]]:
    return [(asked.path, *words(asked)) for asked in server.asked]


def words(asked: Asked) -> tuple[str, str]:
    body = json.loads(asked.body)
    return body["title"], body["message"]


def staff(**urls: str) -> People:
    people = {name: {"name": name.title(), "alert": url} for name, url in urls.items()}
    people["nobody"] = {"name": "Nobody"}
    return People.model_validate({"people": people, "roles": {"care": {"members": [*urls, "nobody"]}}})


def test_an_alert_says_what_about_what_and_the_way_out(web: Web) -> None:
    server = web()
    assert alerts(service(server)).tell(HOLD, NOW) == ()
    assert told(server) == [
        (f"/{TOKEN}", "rightreason: Sending is held", "channel:email\nrightreason release channel:email")
    ]


def test_every_kind_has_a_sentence_of_its_own() -> None:
    assert set(TITLES) == set(AlertKind)
    assert len(set(TITLES.values())) == len(AlertKind)


def test_all_services_are_told(web: Web) -> None:
    first, second = web(), web()
    alerts(service(first), service(second)).tell(HOLD, NOW)
    assert (len(first.asked), len(second.asked)) == (1, 1)


def test_without_services_nothing_is_told_and_apprise_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert Alerts(Settings()).tell(HOLD, NOW) == ()


def test_services_without_apprise_are_an_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SettingsError, match=r'pip install "rightreason\[alerts\]"'):
        alerts("json://localhost")
    with pytest.raises(SettingsError, match=r"rightreason\[alerts\]"):
        Alerts(Settings(), staff(maja="json://localhost"))


def test_an_alert_is_told_once_an_hour_for_each_kind_and_subject(web: Web) -> None:
    server = web()
    ours = alerts(service(server))
    brake, other = Alert(AlertKind.BRAKE, HOLD.subject, ""), Alert(AlertKind.HOLD, "rule:welcome", "")
    for alert in (HOLD, HOLD, brake, other, brake):
        ours.tell(alert, NOW)
    assert len(server.asked) == 3
    ours.tell(HOLD, NOW + REPEATED - 1)
    assert len(server.asked) == 3
    ours.tell(HOLD, NOW + REPEATED)
    assert len(server.asked) == 4


def test_a_clock_that_is_set_back_silences_nobody(web: Web) -> None:
    server = web()
    ours = alerts(service(server))
    ours.tell(HOLD, NOW)
    ours.tell(HOLD, NOW - 1)
    assert len(server.asked) == 2


def test_a_person_is_told_of_their_tasks_beside_the_staff(web: Web) -> None:
    server = web()
    ours = alerts(service(server, "all"), people=staff(maja=service(server, "maja"), tomas=service(server, "tomas")))
    ours.tell(new_task("maja"), NOW)
    text = "maja\nrightreason tasks --assignee maja"
    assert told(server) == [(path, "rightreason: There is a new task", text) for path in ("/all", "/maja")]


def test_a_role_is_told_through_its_members(web: Web) -> None:
    server = web()
    people = staff(maja=service(server, "maja"), tomas=service(server, "tomas"))
    Alerts(Settings(), people).tell(new_task("care"), NOW)
    assert [path for path, *_ in told(server)] == ["/maja", "/tomas"]


@pytest.mark.parametrize("assignee", ["nobody", "somebody-else", ""])
def test_whoever_named_no_service_is_told_nothing(web: Web, assignee: str) -> None:
    server = web()
    assert Alerts(Settings(), staff(maja=service(server))).tell(new_task(assignee), NOW) == ()
    assert server.asked == []


@pytest.mark.parametrize("answer", [Answer(500), Answer(404), Answer(drops="before"), Answer(drops="after")])
def test_a_service_that_fails_is_a_problem_and_never_an_error(web: Web, answer: Answer) -> None:
    server = web(answer)
    [problem] = alerts(service(server)).tell(HOLD, NOW)
    assert problem == "alerts.urls, number 1: an alert could not be told: it was refused, or nobody answered"


def test_a_service_that_does_not_answer_is_given_up(web: Web) -> None:
    server = web(Answer(stalls=True))
    [problem] = alerts(f"{service(server)}?rto=0.05").tell(HOLD, NOW)
    assert problem.endswith("it was refused, or nobody answered")


def test_the_other_services_are_told_when_one_fails(web: Web) -> None:
    broken, well = web(Answer(500)), web()
    ours = alerts(service(broken), service(well))
    assert len(ours.tell(HOLD, NOW)) == 1
    assert len(well.asked) == 1
    assert ours.tell(HOLD, NOW + REST) == ()
    assert len(well.asked) == 1


def test_what_a_service_raises_is_told_by_its_kind_alone(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    import apprise

    def fall(*_: object, **__: object) -> None:
        raise ConnectionResetError(f"https://hooks.example/{TOKEN}")

    monkeypatch.setattr(apprise.Apprise, "notify", fall)
    assert alerts(service(web())).tell(HOLD, NOW) == (
        "alerts.urls, number 1: an alert could not be told: ConnectionResetError",
    )


def test_a_service_that_failed_is_left_alone_for_a_while_and_then_told(web: Web) -> None:
    server = web(Answer(500))
    ours = alerts(service(server))
    assert len(ours.tell(HOLD, NOW)) == 1
    assert ours.tell(HOLD, NOW + REST - 1) == ()
    assert len(server.asked) == 1
    assert ours.tell(HOLD, NOW + REST) == ()
    assert len(server.asked) == 2


def test_a_service_that_is_gone_is_a_problem(web: Web) -> None:
    server = web()
    server.stop()
    assert len(alerts(service(server)).tell(HOLD, NOW)) == 1


@pytest.mark.parametrize("subject", ["welcome/ana@example.com/e1", "welcome/ana%40example.com/e1"])
def test_an_id_that_is_an_address_is_left_out(web: Web, subject: str) -> None:
    server = web()
    alerts(service(server)).tell(Alert(AlertKind.STUCK, subject, f"rightreason show {subject}"), NOW)
    assert told(server)[0][2] == "welcome/(address)/e1\nrightreason show welcome/(address)/e1"


def test_tokens_are_neither_logged_nor_printed_nor_told(
    web: Web, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server = web(Answer(500))
    ours = alerts(service(server), service(server))
    problems = ours.tell(HOLD, NOW)
    server.stop()
    problems += ours.tell(HOLD, NOW + REPEATED)
    assert len(problems) == 3
    shown = " ".join([*problems, *capfd.readouterr(), caplog.text, repr(ours), repr(vars(ours)["_staff"])])
    assert TOKEN not in shown


@pytest.mark.parametrize("wrong", [f"nonsense-{TOKEN}", f"foo://{TOKEN}", f"https//{TOKEN}"])
def test_a_url_that_is_none_is_an_error_that_tells_its_place_alone(
    wrong: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsError, match=r"alerts\.urls, number 2: this is no Apprise URL") as caught:
        alerts("json://localhost", wrong)
    assert TOKEN not in " ".join([str(caught.value), *capfd.readouterr(), caplog.text])


def test_a_persons_url_that_is_none_stops_nobody(web: Web) -> None:
    server = web()
    ours = alerts(service(server), people=staff(maja=f"nonsense-{TOKEN}"))
    [problem] = ours.tell(new_task("maja"), NOW)
    assert problem == "rules/people.yaml, alert of maja: an alert could not be told: this is no Apprise URL"
    assert len(server.asked) == 1


def test_urls_come_from_a_file_or_the_environment_and_never_from_the_settings_file(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = web()
    (tmp_path / "staff.urls").write_text(f"{service(server, 'one')}\n{service(server, 'two')}\n")
    (tmp_path / "rightreason.toml").write_text('[alerts]\nurls_file = "staff.urls"\n')
    settings = load_settings(tmp_path)
    Alerts(settings).tell(HOLD, NOW)
    assert [path for path, *_ in told(server)] == ["/one", "/two"]
    monkeypatch.setenv("RIGHTREASON_ALERTS__URLS", service(server, TOKEN))
    settings = load_settings(tmp_path)
    Alerts(settings).tell(HOLD, NOW)
    assert told(server)[-1][0] == f"/{TOKEN}"
    assert TOKEN not in repr(settings)
    (tmp_path / "rightreason.toml").write_text(f'[alerts]\nurls = "json://{TOKEN}"\n')
    with pytest.raises(SettingsError, match="set RIGHTREASON_ALERTS__URLS, or ") as caught:
        load_settings(tmp_path)
    assert TOKEN not in str(caught.value)
