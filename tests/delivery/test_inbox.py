from __future__ import annotations

import json
import os
import shutil
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from imap_server import CERTIFICATE, ImapFolder, imap_server
from keeping import AT_ONCE, Business, at, in_business
from sqlalchemy import text

from scheduler.channels.reports import LONGEST
from scheduler.daemon import Daemon
from scheduler.delivery.inbox import Collected, collect
from scheduler.delivery.reported import Effect
from scheduler.errors import StoreError
from scheduler.logs import log_as_json
from scheduler.settings import Settings
from scheduler.settings.bounces import Bounces
from scheduler.store import State

REPORTS = Path(__file__).parents[1] / "channels" / "reports"
KEY = "thanks/ana/b1"
BOUNCE = (REPORTS / "postfix-unknown-user.eml").read_bytes()
SOFT = (REPORTS / "qmail-mailbox-full.eml").read_bytes()
COMPLAINT = (REPORTS / "complaint-yahoo.eml").read_bytes()
REPLY = (REPORTS / "reply.eml").read_bytes()
SPAM = (REPORTS / "spam.eml").read_bytes()
NO_MAIL = b"\x00\x01 this is no mail"


@pytest.fixture
def bought(tmp_path: Path) -> Iterator[Business]:
    """Somebody bought something and was thanked for it by e-mail."""
    with in_business(tmp_path) as business:
        business.customer(email="ana@example.org")
        business.goes_by(AT_ONCE, "2026-03-01")
        business.event("bought", "2026-03-02 15:00", id="b1")
        business.tick("2026-03-02 15:00")
        yield business


def settings_of(business: Business, **bounces: Any) -> Settings:
    given = Bounces.model_validate(bounces)
    return business.workspace.settings.model_copy(update={"bounces": given})


def gathered(business: Business, settings: Settings, now: str = "2026-03-02 16:00", **more: int) -> Collected:
    return collect(business.store, settings, at(now), **more)


def found(*effects: Effect, mails: int | None = None, **more: Any) -> Collected:
    return Collected(len(effects) if mails is None else mails, Counter(effects), **more)


@dataclass
class Box:
    """A mailbox: how mails come into it, which of them are marked, and which were set aside."""

    settings: Settings
    put: Callable[[bytes], object]
    marked: Callable[[], int]
    aside: Callable[[], int]


def maildir(path: Path) -> Path:
    for folder in ("cur", "new", "tmp"):
        (path / folder).mkdir(parents=True)
    return path


def arrives(path: Path, raw: bytes, name: str = "") -> Path:
    """Let a mail come into a maildir."""
    file = path / "new" / (name or f"17724{len(list(path.rglob('*'))):05}.M1P1.mail.example.com")
    file.write_bytes(raw)
    return file


def imap_settings(business: Business, server: ImapFolder, **more: Any) -> Settings:
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": "shop", "password": "good"}
    return settings_of(business, **{**given, "timeout": 20, **more})


@pytest.fixture(params=["maildir", "imap"])
def box(request: pytest.FixtureRequest, bought: Business, tmp_path: Path) -> Iterator[Box]:
    """Each kind of mailbox, empty."""
    if request.param == "maildir":
        path = maildir(tmp_path / "bounces")
        yield Box(
            settings_of(bought, maildir="bounces"),
            lambda raw: arrives(path, raw),
            lambda: len(list((path / "cur").glob("*:2,*P*"))),
            lambda: len(list((path / ".unreadable" / "new").glob("*"))),
        )
        return
    with imap_server() as folder:
        yield Box(
            imap_settings(bought, folder),
            folder.put,
            lambda: sum(mail.flags == {"RightReason"} for mail in folder.mails.values()),
            lambda: sum(mail.flags == {"RightReason", r"\Flagged"} for mail in folder.mails.values()),
        )


# --- every mailbox -----------------------------------------------------------------------------------------------


def test_what_came_back_is_taken_and_its_mail_marked(bought: Business, box: Box) -> None:
    box.put(BOUNCE)
    assert gathered(bought, box.settings) == found(Effect.BOUNCED, suppressed=1)
    assert (bought.row(KEY).state, box.marked()) == ("bounced", 1)


def test_every_mail_is_looked_at_once(bought: Business, box: Box) -> None:
    for raw in (SOFT, COMPLAINT, REPLY, SPAM, BOUNCE):
        box.put(raw)
    once = found(Effect.BOUNCED, Effect.COMPLAINED, Effect.REPLIED, Effect.BOUNCED, mails=5, suppressed=2, others=1)
    assert gathered(bought, box.settings) == once
    assert box.marked() == 5
    assert gathered(bought, box.settings) == found()


def test_an_empty_mailbox_is_nothing(bought: Business, box: Box) -> None:
    assert gathered(bought, box.settings) == found()


def test_a_mail_that_is_none_is_set_aside_and_stops_no_other(bought: Business, box: Box) -> None:
    for raw in (NO_MAIL, BOUNCE, b""):
        box.put(raw)
    assert gathered(bought, box.settings) == found(Effect.BOUNCED, mails=3, suppressed=1, unreadable=2)
    assert (box.marked(), box.aside()) == (1, 2)
    assert gathered(bought, box.settings) == found()


def test_a_mail_is_marked_only_when_what_it_says_is_committed(bought: Business, box: Box) -> None:
    box.put(BOUNCE)
    with bought.store.write() as connection:
        connection.execute(text("ALTER TABLE soft_bounce RENAME TO away"))
    with pytest.raises(StoreError):
        gathered(bought, box.settings)
    assert (bought.row(KEY).state, box.marked()) == ("sent", 0)
    with bought.store.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO soft_bounce"))
    assert gathered(bought, box.settings) == found(Effect.BOUNCED, suppressed=1)
    assert (bought.row(KEY).state, box.marked()) == ("bounced", 1)


def test_the_same_report_in_two_mails_counts_once(bought: Business, box: Box) -> None:
    box.put(BOUNCE)
    box.put(b"Received: by another.example.org\n" + BOUNCE)
    assert gathered(bought, box.settings) == found(Effect.BOUNCED, Effect.KNOWN, suppressed=1)
    assert box.marked() == 2


def test_a_bounce_that_is_faster_than_our_own_note_is_left_for_later(bought: Business, box: Box) -> None:
    box.put(BOUNCE)
    state = "UPDATE occasion SET state = :state, message_id = '' WHERE key = :key"
    with bought.store.write() as connection:
        connection.execute(text(state), {"state": "sending", "key": KEY})
    assert gathered(bought, box.settings) == found(Effect.EARLY)
    assert box.marked() == 0
    with bought.store.write() as connection:
        connection.execute(text(state), {"state": "unconfirmed", "key": KEY})
    assert gathered(bought, box.settings) == found(Effect.BOUNCED, suppressed=1)
    assert box.marked() == 1


def test_a_full_mailbox_is_read_in_portions(bought: Business, box: Box) -> None:
    for number in range(5):
        box.put(SPAM.replace(b"prizes", f"prizes{number}".encode()))
    assert [gathered(bought, box.settings, most=2).mails for _ in range(4)] == [2, 2, 1, 0]


def test_of_a_long_mail_only_the_beginning_is_read(bought: Business, box: Box) -> None:
    box.put(BOUNCE.replace(b"\nHello\n", b"\n" + b"Hello " * LONGEST + b"\n"))
    assert gathered(bought, box.settings) == found(Effect.BOUNCED, suppressed=1)


# --- maildirs ----------------------------------------------------------------------------------------------------


def test_the_daemon_collects_and_goes_on_where_it_can_not(
    bought: Business, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrives(maildir(tmp_path / "back"), BOUNCE)
    workspace = replace(bought.worker.workspace, settings=settings_of(bought, maildir=tmp_path / "back"))
    now = at("2026-03-02 16:00")
    with log_as_json():
        daemon = Daemon(replace(bought.worker, workspace=workspace), clock=lambda: now, steady=lambda: 0)
        daemon.collect()
        shutil.rmtree(tmp_path / "back")
        daemon.collect()
    assert bought.store.ledger.row(KEY).state is State.BOUNCED  # type: ignore[union-attr] # it was sent
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["collected", "what has come back could not all be taken"]
    assert "example.org" not in str(lines)


def test_without_a_mailbox_there_is_nothing_to_collect(bought: Business) -> None:
    assert gathered(bought, bought.workspace.settings) == found()


def test_a_mail_that_people_have_read_is_taken_and_keeps_their_flags(bought: Business, tmp_path: Path) -> None:
    path = maildir(tmp_path / "bounces")
    arrives(path, REPLY, "1.one").rename(path / "cur" / "1.one:2,RS")
    arrives(path, SPAM, "2.two")
    assert gathered(bought, settings_of(bought, maildir="bounces")).mails == 2
    assert sorted(file.name for file in (path / "cur").iterdir()) == ["1.one:2,PRS", "2.two:2,P"]
    assert list((path / "new").iterdir()) == []


def test_mails_are_taken_in_the_order_in_which_they_came(bought: Business, tmp_path: Path) -> None:
    path = maildir(tmp_path / "bounces")
    arrives(path, REPLY, "2.second").rename(path / "cur" / "2.second:2,S")
    arrives(path, BOUNCE, "1.first")
    gathered(bought, settings_of(bought, maildir="bounces"), most=1)
    assert bought.row(KEY).state == "bounced"


def test_what_is_no_file_is_left_alone(bought: Business, tmp_path: Path) -> None:
    path = maildir(tmp_path / "bounces")
    (path / "new" / "folder").mkdir()
    os.mkfifo(path / "new" / "pipe")
    (path / "new" / ".hidden").write_bytes(BOUNCE)
    (path / "new" / "gone").symlink_to("nowhere")
    assert gathered(bought, settings_of(bought, maildir="bounces")) == found()
    assert len(list((path / "new").iterdir())) == 4


def test_a_file_that_cannot_be_opened_is_set_aside(bought: Business, tmp_path: Path) -> None:
    path = maildir(tmp_path / "bounces")
    (path / "new" / "1.circle").symlink_to("1.circle")
    arrives(path, BOUNCE, "2.bounce")
    settings = settings_of(bought, maildir="bounces")
    assert gathered(bought, settings) == found(Effect.BOUNCED, mails=2, suppressed=1, unreadable=1)
    assert [file.name for file in (path / ".unreadable" / "new").iterdir()] == ["1.circle"]


def test_a_mail_that_cannot_be_marked_is_told_and_stops_no_other(bought: Business, tmp_path: Path) -> None:
    path = maildir(tmp_path / "bounces")
    arrives(path, SOFT, "1.soft")
    arrives(path, REPLY, "2.reply")
    (path / "cur" / "1.soft:2,P").mkdir()
    settings = settings_of(bought, maildir="bounces")
    first = gathered(bought, settings)
    assert first.effects == Counter([Effect.BOUNCED, Effect.REPLIED])
    [problem] = first.problems
    assert problem.startswith(
        f"bounces.maildir: a mail can't be moved to {path / 'cur'} (Is a directory); let this user"
    )
    (path / "cur" / "1.soft:2,P").rmdir()
    assert gathered(bought, settings) == found(Effect.KNOWN)


def test_a_folder_that_is_no_maildir_is_told(bought: Business, tmp_path: Path) -> None:
    [problem] = gathered(bought, settings_of(bought, maildir="nowhere")).problems
    assert problem.startswith(
        f"bounces.maildir: {tmp_path / 'nowhere' / 'new'} can't be read (No such file or directory)"
    )
    assert "name a maildir" in problem


@pytest.mark.parametrize(("security", "port"), [("none", 143), ("starttls", 143), ("tls", 993)])
def test_the_port_follows_the_security(security: str, port: int) -> None:
    assert Bounces.model_validate({"security": security}).at_port == port
    assert Bounces.model_validate({"security": security, "port": 1143}).at_port == 1143


# --- IMAP --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_folder_is_read_over_a_secure_connection(bought: Business, security: str) -> None:
    with imap_server(ImapFolder(starttls=security == "starttls"), tls=security == "tls") as folder:
        folder.put(BOUNCE)
        settings = imap_settings(bought, folder, security=security, ca_file=CERTIFICATE)
        assert gathered(bought, settings) == found(Effect.BOUNCED, suppressed=1)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_is_not_trusted_gets_no_login(bought: Business, security: str) -> None:
    with imap_server(ImapFolder(starttls=security == "starttls"), tls=security == "tls") as folder:
        [problem] = gathered(bought, imap_settings(bought, folder, security=security)).problems
    assert problem == f"bounces: 127.0.0.1:{folder.port}: no secure connection (CERTIFICATE_VERIFY_FAILED)"
    assert "LOGIN" not in folder.verbs()


def test_a_server_without_starttls_gets_no_login(bought: Business) -> None:
    with imap_server() as folder:
        [problem] = gathered(bought, imap_settings(bought, folder, security="starttls")).problems
    assert "the server offers no STARTTLS" in problem
    assert "LOGIN" not in folder.verbs()


def test_people_see_our_mark_neither_as_read_nor_as_deleted(bought: Business) -> None:
    with imap_server() as folder:
        seen, new = folder.put(REPLY, r"\Seen"), folder.put(SPAM)
        gathered(bought, imap_settings(bought, folder))
    assert (folder.mails[seen].flags, folder.mails[new].flags) == ({r"\Seen", "RightReason"}, {"RightReason"})
    assert len(folder.mails) == 2


def test_where_a_server_takes_no_keywords_what_is_done_is_marked_as_read(bought: Business) -> None:
    with imap_server(ImapFolder(keywords=False)) as folder:
        folder.put(BOUNCE, r"\Seen")
        new = folder.put(REPLY)
        assert gathered(bought, imap_settings(bought, folder)) == found(Effect.REPLIED)
        assert folder.mails[new].flags == {r"\Seen"}
        assert gathered(bought, imap_settings(bought, folder)) == found()


def test_what_is_deleted_is_not_taken(bought: Business) -> None:
    with imap_server() as folder:
        folder.put(BOUNCE, r"\Deleted")
        assert gathered(bought, imap_settings(bought, folder)) == found()


def test_a_folder_may_have_any_name_in_ascii(bought: Business) -> None:
    with imap_server(ImapFolder(name='Our "bounces" \\ 2026')) as folder:
        folder.put(BOUNCE)
        settings = imap_settings(bought, folder, folder='Our "bounces" \\ 2026')
        assert gathered(bought, settings).effects == Counter([Effect.BOUNCED])


def test_a_login_may_hold_quotes_and_spaces(bought: Business) -> None:
    with imap_server(ImapFolder(username='our "shop"', password='a "b" \\ c')) as folder:
        settings = imap_settings(bought, folder, username='our "shop"', password='a "b" \\ c')
        assert gathered(bought, settings).problems == ()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"password": "bad"}, "the server refuses the login; look at the settings of bounces"),
        ({"folder": "Nowhere"}, "the server refuses to open the folder; look at the settings of bounces"),
    ],
)
def test_what_the_server_refuses_is_told_without_secrets(bought: Business, wrong: dict[str, str], problem: str) -> None:
    with imap_server() as folder:
        told = gathered(bought, imap_settings(bought, folder, **wrong))
    assert told == found(problems=(f"bounces: 127.0.0.1:{folder.port}: {problem}",))


def test_a_password_that_imap_cannot_carry_is_told(bought: Business) -> None:
    with imap_server() as folder:
        [problem] = gathered(bought, imap_settings(bought, folder, password="schön")).problems
    assert problem == "bounces.password holds characters that IMAP can't carry; use ASCII"


def test_a_server_needs_a_login(bought: Business) -> None:
    [problem] = gathered(bought, settings_of(bought, host="127.0.0.1", port=1)).problems
    assert problem.startswith("bounces: a login is needed; set bounces.username")


def test_a_folder_that_can_only_be_read_is_left_alone(bought: Business) -> None:
    with imap_server(ImapFolder(readonly=True)) as folder:
        folder.put(BOUNCE)
        [problem] = gathered(bought, imap_settings(bought, folder)).problems
    assert "the folder can only be read" in problem
    assert bought.row(KEY).state == "sent"


def test_where_nobody_answers_it_is_told(bought: Business) -> None:
    with imap_server() as folder:
        pass
    [problem] = gathered(bought, imap_settings(bought, folder)).problems
    assert problem == f"bounces: 127.0.0.1:{folder.port}: no connection (Connection refused)"


def test_a_server_that_says_nothing_is_not_waited_for(bought: Business) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        folder = ImapFolder(port=silent.getsockname()[1])
        [problem] = gathered(bought, imap_settings(bought, folder, timeout=0.2)).problems
    assert problem == f"bounces: 127.0.0.1:{folder.port}: the server did not answer in time"


@pytest.mark.parametrize("verb", ["UID STORE", "UID FETCH"])
def test_a_connection_that_breaks_loses_nothing_and_counts_nothing_twice(bought: Business, verb: str) -> None:
    def broken(command: str) -> None:
        if command.startswith(verb):
            raise ConnectionError

    with imap_server() as folder:
        folder.put(BOUNCE)
        folder.put(REPLY)
        folder.before = broken
        first = gathered(bought, imap_settings(bought, folder))
        assert "the connection broke" in first.problems[0]
        folder.before = lambda _: None
        second = gathered(bought, imap_settings(bought, folder))
    again = Effect.KNOWN if verb == "UID STORE" else Effect.BOUNCED
    assert second.effects == Counter([again, Effect.REPLIED])
    assert [mail.flags for mail in folder.mails.values()] == [{"RightReason"}] * 2


def test_a_mail_that_the_server_will_not_give_is_set_aside(bought: Business) -> None:
    with imap_server() as folder:
        number = folder.put(BOUNCE)
        folder.refuses = {"UID FETCH"}
        assert gathered(bought, imap_settings(bought, folder)).unreadable == 1
    assert folder.mails[number].flags == {"RightReason", r"\Flagged"}


def test_a_mail_that_vanishes_meanwhile_is_passed_over(bought: Business) -> None:
    def vanish(command: str) -> None:
        if command.startswith("UID FETCH"):
            folder.mails.pop(3, None)

    with imap_server() as folder:
        folder.put(SPAM)
        folder.put(BOUNCE)
        folder.before = vanish
        assert gathered(bought, imap_settings(bought, folder)) == found(Effect.BOUNCED, suppressed=1)


def test_a_maildir_and_a_folder_are_both_read(bought: Business, tmp_path: Path) -> None:
    path = maildir(tmp_path / "bounces")
    arrives(path, REPLY)
    with imap_server() as folder:
        folder.put(BOUNCE)
        assert gathered(bought, imap_settings(bought, folder, maildir="bounces")).effects == Counter(
            [Effect.REPLIED, Effect.BOUNCED]
        )


def test_a_password_file_that_cannot_be_read_is_told_and_stops_no_other_mailbox(
    bought: Business, tmp_path: Path
) -> None:
    arrives(maildir(tmp_path / "bounces"), BOUNCE)
    settings = settings_of(bought, maildir="bounces", host="127.0.0.1", password_file="nowhere")
    told = gathered(bought, settings)
    assert told.effects == Counter([Effect.BOUNCED])
    assert "bounces.password_file" in told.problems[0]
