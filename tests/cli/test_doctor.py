"""The doctor: what is well, what is not, and what to do."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from typing_commands import Run

from scheduler import doctor
from scheduler.doctor import CHECKS, Level, Told, channels, database, examine, files, rules, staff
from scheduler.doctor.finding import Finding
from scheduler.doctor.subject import Subject, hurried
from scheduler.settings import load_settings
from scheduler.store import Store, open_store
from scheduler.store.host import Host

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by Apprise, which brings its own for later

NOW = 1_793_620_800_000_000  # 2026-11-02, a Monday
SECOND = 1_000_000
MINE = {
    "email": {"from": "Shop <shop@shop.test>"},
    "brand": {"name": "The Shop", "base_url": "https://shop.test", "address": "1 Street"},
}


@contextmanager
def subject_of(folder: Path, **options: Any) -> Iterator[Subject]:
    settings = hurried(load_settings(folder, **options))
    with Subject(folder, settings, lambda: NOW, cache=folder / ".cache") as subject:
        yield subject


def looked(look: Callable[[Subject], Iterator[Finding]], folder: Path, **options: Any) -> list[Finding]:
    with subject_of(folder, **options) as subject:
        return list(look(subject))


def levels(found: list[Finding]) -> list[Level]:
    return [one.level for one in found]


@pytest.fixture
def filled(tmp_path: Path, sqlite_file: Path) -> Path:
    """A folder with nothing but a database that holds nothing."""
    (tmp_path / "rightreason.db").write_bytes(sqlite_file.read_bytes())
    return tmp_path


@contextmanager
def answering() -> Iterator[tuple[int, list[str]]]:
    """A web server at a port; what it was asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


def test_a_workspace_that_only_tries_things_has_warnings_and_no_errors(active: Path, run: Run) -> None:
    before = {path: path.stat().st_size for path in active.rglob("*.*") if ".cache" not in path.parts}
    result = run(active, "doctor")
    assert result.exit_code == 0, result.stdout
    assert "email.host is not set" in result.stdout
    assert "the rest is well" in result.stdout
    after = {path: path.stat().st_size for path in active.rglob("*.*") if ".cache" not in path.parts}
    assert {path.name for path in after.keys() - before.keys()} <= {"rightreason.db-shm", "rightreason.db-wal"}


def test_programs_get_an_object_a_finding_and_each_check_is_told(active: Path, run: Run) -> None:
    lines = [json.loads(line) for line in run(active, "doctor", "--quick", "--format", "json").stdout.splitlines()]
    assert {tuple(line) for line in lines} == {("check", "level", "detail", "way_out")}
    assert {line["check"] for line in lines} >= {check.name for check in CHECKS} - {"inbox"}
    assert {line["way_out"] != "" for line in lines if line["level"] != "ok"} == {True}


def test_a_setting_that_there_is_not_is_an_error_with_its_line(active: Path, run: Run) -> None:
    (active / "rightreason.toml").write_text("[email]\nhots = 'x'\n")
    result = run(active, "doctor")
    assert result.exit_code == 1
    assert "rightreason.toml:2: there is no setting email.hots; did you mean 'host'?" in " ".join(result.stdout.split())
    assert "1 error; the rest was not looked at" in result.stdout


def test_a_secret_that_cannot_be_read_is_told_once_and_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "rightreason.toml").write_text(
        "[email]\nhost = '127.0.0.1'\nusername = 'shop'\npassword_file = 'gone'\n[alerts]\nurls_file = 'away'\n"
    )
    told = [one for one in examine(tmp_path, lambda: NOW) if "can't be read" in one.detail]
    assert [one.check for one in told] == ["secrets", "secrets"]
    assert "RIGHTREASON_EMAIL__PASSWORD" in " ".join(one.way_out for one in told)


@pytest.mark.parametrize("name", ["outbox", "post"])
def test_what_names_customers_is_in_folders_of_their_owner(tmp_path: Path, name: str) -> None:
    (tmp_path / ".secret").write_text("key")
    (tmp_path / ".secret").chmod(0o600)
    (tmp_path / name).mkdir()
    (tmp_path / name).chmod(0o755)
    assert [one.way_out for one in looked(files.secrets, tmp_path)] == [f"chmod 700 {tmp_path / name}"]
    (tmp_path / name).chmod(0o700)
    assert levels(looked(files.secrets, tmp_path)) == [Level.OK]


def test_neither_secrets_nor_causes_that_people_wrote_are_shown(
    active: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTREASON_EMAIL__PASSWORD", "hunter2")
    monkeypatch.setenv("RIGHTREASON_ALERTS__URLS", "slack://tokentokent/hunter2")
    monkeypatch.setenv("RIGHTREASON_WEBHOOK__SECRET", "whsec_hunter2")
    monkeypatch.setenv("RIGHTREASON_SMS__TOKEN", "hunter2")
    run(active, "hold", "--all", "--cause", "Ms Amara called")
    said = run(active, "doctor", "--quick")
    assert "held: all" in said.stdout
    assert "hunter2" not in said.output
    assert "Amara" not in said.output


def test_a_check_that_breaks_or_hangs_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def breaks(_: Subject) -> Iterator[Finding]:
        raise ValueError("amara@example.net")

    def hangs(_: Subject) -> Iterator[Finding]:
        ended.wait()
        yield from ()

    some = doctor.Check("breaks", breaks), doctor.Check("hangs", hangs, 0.01), doctor.Check("disk", files.disk)
    monkeypatch.setattr(doctor, "CHECKS", some)
    told = list(examine(tmp_path, lambda: NOW))
    ended.set()
    assert told[1] == Told("breaks", Level.ERROR, "a fault of rightreason itself: ValueError", "please report it")
    assert (told[2].level, told[2].detail) == (Level.ERROR, "no answer within 0.01 seconds")
    assert told[3].check == "disk"


def test_what_is_secret_is_its_owners_alone(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (filled / ".secret").write_text("key")
    (filled / "password").write_text("hunter2")
    for path in filled.iterdir():
        path.chmod(0o600)
    options = {"email": {"username": "shop", "password_file": "password"}}
    assert levels(looked(files.secrets, filled, **options)) == [Level.OK]
    (filled / "password").chmod(0o640)
    (found,) = looked(files.secrets, filled, **options)
    assert (found.level, found.way_out) == (Level.WARNING, f"chmod 600 {filled / 'password'}")
    assert Level.ERROR in levels(looked(files.secrets, filled, email={"username": "shop"}))
    monkeypatch.setattr(files, "LAST", 10**18)
    assert levels(looked(files.disk, filled)) == [Level.ERROR]


def test_a_database_is_looked_at_and_not_brought_up_to_date(filled: Path) -> None:
    assert levels(looked(database.version, filled)) == [Level.OK]
    for version, level in (("0001", Level.WARNING), ("9999", Level.ERROR)):
        with closing(_raw(filled)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
            connection.commit()
        assert levels(looked(database.version, filled)) == [level]
        with closing(_raw(filled)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (version,)
    (filled / "rightreason.db").write_bytes(b"this is no database" * 1000)
    assert levels(looked(database.version, filled)) == [Level.ERROR]


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'rightreason.db'}"):
        assert {
            path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir() if path.stat().st_mode & 0o077
        } == {}


def test_no_database_is_made_by_looking_for_it(tmp_path: Path) -> None:
    assert levels(looked(database.version, tmp_path)) == [Level.WARNING]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_found_by_reading_all_of_it(filled: Path) -> None:
    assert levels(looked(database.integrity, filled)) == [Level.OK]
    with closing(_raw(filled)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event_id'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with (filled / "rightreason.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\x0a\xff\xff\xff\xff" * 8)
    (found,) = looked(database.integrity, filled)
    assert (found.level, found.way_out) == (Level.ERROR, "stop the daemon and restore a backup")


def _raw(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "rightreason.db")


def test_who_is_at_work_and_what_is_held_is_told(filled: Path) -> None:
    assert levels(looked(database.daemon, filled)) == [Level.WARNING]
    with open_store(f"sqlite:///{filled / 'rightreason.db'}") as store:
        store.leases.acquire("host:1", now=NOW - SECOND, ttl=60 * SECOND)
        store.holds.place("channel:email", "why", "maria", now=NOW)
    assert looked(database.daemon, filled)[0].detail == "host:1 is at work, and gave a sign of life 1 s ago"
    assert looked(database.holds, filled)[0].detail == "held: channel:email"


def test_a_clock_behind_the_last_sign_of_life_is_wrong(filled: Path) -> None:
    assert levels(looked(database.clock, filled)) == [Level.OK]
    with open_store(f"sqlite:///{filled / 'rightreason.db'}") as store:
        Host(store).take("here", now=NOW + 90 * SECOND)
    assert levels(looked(database.clock, filled)) == [Level.ERROR]


def test_on_postgresql_the_servers_clock_is_compared(tmp_path: Path, postgresql_store: tuple[str, Store]) -> None:
    url, _ = postgresql_store
    with subject_of(tmp_path, database=url) as subject:
        assert levels(list(database.version(subject))) == [Level.OK]
        assert levels(list(database.integrity(subject))) == [Level.OK]
        (found,) = database.clock(subject)
    assert (found.level, "seconds apart" in found.detail) == (Level.ERROR, True)


def test_a_server_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    (found,) = looked(database.version, tmp_path, database="postgresql://me:hunter2@127.0.0.1:1/x?connect_timeout=1")
    assert found.level is Level.ERROR
    assert "hunter2" not in found.detail


def test_rules_of_the_folder_are_compared_with_those_at_work(active: Path) -> None:
    assert [one.detail for one in looked(rules.in_folder, active)][-1].endswith("are right, and active")
    assert levels(looked(rules.active, active)) == [Level.OK]
    file = next(path for path in (active / "rules").glob("*.yaml") if path.name != "house.yaml")
    file.write_text("nonsense")
    assert levels(looked(rules.in_folder, active)) == [Level.ERROR]


def test_zone_data_of_years_ago_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert levels(looked(rules.zone_data, tmp_path)) == [Level.OK]
    monkeypatch.setattr(rules, "ZONE_DATA_VERSION", "2019c")
    assert levels(looked(rules.zone_data, tmp_path)) == [Level.WARNING]


def test_the_mail_server_is_asked_and_nothing_is_sent(active: Path) -> None:
    class Nobody:
        """Takes no mail: none comes."""

    controller = Controller(Nobody(), hostname="127.0.0.1", port=0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        controller.port = free.getsockname()[1]
    email = {"host": "127.0.0.1", "port": controller.port, "security": "none"}
    controller.start()
    try:
        assert looked(channels.channels, active, email=email)[0].detail.endswith("answers")
    finally:
        controller.stop()
    found = looked(channels.channels, active, email=email)[0]
    assert (found.level, "no connection" in found.detail) == (Level.ERROR, True)


def test_who_does_not_answer_is_waited_for_a_while(active: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        found = looked(channels.channels, active, email={"host": "127.0.0.1", "port": port, "timeout": 0.05})[0]
    assert (found.level, "did not answer in time" in found.detail) == (Level.ERROR, True)
    assert hurried(load_settings(active, email={"timeout": 600})).email.timeout == 5


def test_a_webhook_is_reached_without_a_request_and_a_private_one_refused(active: Path) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - made up
    with (
        answering() as (port, asked),
        subject_of(
            active, webhook={"url": f"http://127.0.0.1:{port}/x", "secret": secret, "allow_private": True}
        ) as subject,
    ):
        assert levels(list(channels._webhook(subject))) == [Level.OK]
    assert asked == []
    with subject_of(active, webhook={"url": "https://127.0.0.1/x", "secret": secret}) as subject:
        (found,) = channels._webhook(subject)
    assert (found.level, "not on the public internet" in found.detail) == (Level.ERROR, True)


def test_in_earnest_the_sender_the_pages_and_the_postal_address_are_yours(tmp_path: Path) -> None:
    earnest = {"email": {"host": "127.0.0.1"}}
    assert levels(looked(channels.sender, tmp_path, **earnest)) == [Level.ERROR]
    assert levels(looked(channels.brand, tmp_path, **earnest)) == [Level.ERROR, Level.ERROR, Level.WARNING]
    assert levels(looked(channels.sender, tmp_path, **MINE)) == [Level.OK]
    assert levels(looked(channels.brand, tmp_path, **MINE)) == [Level.OK]


def test_what_is_left_of_the_sample_shop_is_told(active: Path) -> None:
    told = " ".join(one.detail for one in looked(channels.brand, active))
    for name in ("review_url", "refer_url", "shop_url", "address"):
        assert f"brand.{name} is " in told


def test_the_mailbox_of_reports_is_opened(tmp_path: Path) -> None:
    maildir = tmp_path / "bounces"
    assert levels(looked(channels.inbox, tmp_path, bounces={"maildir": "bounces"})) == [Level.ERROR]
    for folder in ("new", "cur", "tmp"):
        (maildir / folder).mkdir(parents=True)
    (maildir / "new" / "1.a").write_text("To: x\n\nhello")
    (found,) = looked(channels.inbox, tmp_path, bounces={"maildir": "bounces"})
    assert (found.level, "something waits" in found.detail) == (Level.OK, True)
    assert [path.name for path in (maildir / "new").iterdir()] == ["1.a"]
    assert levels(looked(channels.inbox, tmp_path, email={"host": "127.0.0.1"})) == [Level.WARNING]


def test_a_role_that_nobody_has_is_told(active: Path) -> None:
    assert levels(looked(staff.people, active)) == [Level.OK]
    (active / "rules" / "people.yaml").unlink()
    assert levels(looked(staff.people, active)) == [Level.WARNING]  # nobody for customers without an owner
    with subject_of(active) as subject:
        named = next(one for name in subject.speaking if (one := subject.rulebook.rules[name]).assign)
        renamed = named.model_copy(update={"assign": "nobody"})
        book = subject.rulebook
        subject.rulebook = replace(book, rules={**book.rules, named.name: renamed})
        (found,) = staff.people(subject)
    assert (found.level, "nobody" in found.detail) == (Level.ERROR, True)


def test_an_alert_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    with answering() as (port, asked):
        options = {"alerts": {"urls": f"json://127.0.0.1:{port}/hunter2"}}
        assert levels(looked(staff.alerts, tmp_path, **options)) == [Level.OK]
        assert asked == []
        with subject_of(tmp_path, **options) as subject:
            subject.alert = True
            assert levels(list(staff.alerts(subject))) == [Level.OK]
    assert "This is a test" in asked[0]
    assert levels(looked(staff.alerts, tmp_path)) == [Level.WARNING]
    with subject_of(tmp_path) as subject:
        subject.alert = True
        (found,) = staff.alerts(subject)
    assert (found.level, "alerts.urls" in found.detail, "[alerts]" in found.way_out) == (Level.ERROR, True, True)
