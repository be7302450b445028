"""The headers and bodies of every mail that the starter rules can send, held against the standards' own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

import pytest
from sample_shop import mails_of

from scheduler.channels.mime import mail_bytes
from scheduler.messages.message import Email
from scheduler.settings import Settings

NOW = 1_772_445_600_000_000  # 2 March 2026, 10:00 UTC
# RFC 5322 2.2: a field's name is printable ASCII without a colon; what follows a fold begins with white space.
FIELD = re.compile(rb"[!-9;-~]+: [\x20-\x7e\t]*(?:\r\n[ \t][\x20-\x7e\t]*)*")
# RFC 5322 3.6.4
MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
ONCE = ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted")


def mails(workspace: Path) -> Iterator[tuple[str, Email, bytes]]:
    """Each mail that a rule sends in each language: what it is, the message, and its bytes."""
    settings = Settings.model_validate(
        {"workspace": workspace, "brand": {"name": "Brot & Öfen", "base_url": "https://shop.example"}}
    )
    for rule, locale, made in mails_of(workspace, settings):
        yield f"{rule} in {locale or 'no language'}", made, mail_bytes(made, f"{rule}/c/1", NOW)


@pytest.fixture(scope="module")
def sent(workspace: Path) -> list[tuple[str, Email, bytes]]:
    found = list(mails(workspace))
    assert len(found) > 60, "every rule with a mail, in English and in German"
    return found


Sent = list[tuple[str, Email, bytes]]


def head(data: bytes) -> bytes:
    return data.partition(b"\r\n\r\n")[0]


def parsed(data: bytes) -> EmailMessage:
    found = message_from_bytes(data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def plain(text: str) -> str:
    """A text with the line ends of here, whatever stands at its end."""
    return text.replace("\r\n", "\n").rstrip("\n")


def test_every_field_is_written_as_fields_are(sent: Sent) -> None:
    for what, _, data in sent:
        for field in re.split(rb"\r\n(?![ \t])", head(data)):
            assert FIELD.fullmatch(field), (what, field)


def test_no_line_is_longer_than_may_be_and_all_end_alike(sent: Sent) -> None:
    for what, _, data in sent:
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data), what
        assert max(map(len, data.split(b"\r\n"))) <= 998, what


def test_what_must_stand_once_stands_once(sent: Sent) -> None:
    for what, _, data in sent:
        names = [name.lower() for name in parsed(data)]
        assert [names.count(name.lower()) for name in ONCE] == [1] * len(ONCE), what
        assert len(names) == len(set(names)), what


def test_there_is_one_sender_and_one_recipient(sent: Sent) -> None:
    for what, made, data in sent:
        mail = parsed(data)
        assert len(getaddresses(mail.get_all("From", []))) == 1, what
        assert [address for _, address in getaddresses(mail.get_all("To", []))] == [made.to], what
        assert not {"Cc", "Bcc", "Sender"} & set(mail), what


def test_the_date_and_the_message_id_are_well_formed(sent: Sent) -> None:
    identifiers = set()
    for what, _, data in sent:
        mail = parsed(data)
        assert parsedate_to_datetime(mail["Date"]).timestamp() * 1_000_000 == NOW, what
        assert MESSAGE_ID.fullmatch(mail["Message-ID"]), what
        identifiers.add((what.partition(" in ")[0], mail["Message-ID"]))
    assert len({identifier for _, identifier in identifiers}) == len(identifiers), "no two occasions share one"


def test_a_mailbox_can_unsubscribe_with_one_click(sent: Sent) -> None:
    """RFC 2369: a URL in angle brackets, unfolded and unencoded; RFC 8058: over https, and the one value that says so."""
    for what, _, data in sent:
        (link,) = re.findall(rb"^List-Unsubscribe: (.*)\r$", head(data) + b"\r\n", re.MULTILINE)
        assert re.fullmatch(rb"<https://[!-;=?-~]+>", link), (what, link)
        assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head(data) + b"\r\n", what


def test_it_says_that_a_machine_sent_it(sent: Sent) -> None:
    """RFC 3834: so that other machines do not answer it."""
    assert {parsed(data)["Auto-Submitted"] for _, _, data in sent} == {"auto-generated"}


def test_every_mail_comes_back_as_it_was_written(sent: Sent) -> None:
    for what, made, data in sent:
        mail = parsed(data)
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert mail["Subject"] == made.subject, what
        assert mail.get_content_type() == "multipart/alternative", what
        for part, written in ((text, made.text), (html, made.html)):
            assert part is not None
            assert plain(part.get_content()) == plain(written), what
        for name, value in made.headers.items():
            assert mail[name] == value, (what, name)
        assert mail["Content-Language"] == made.language, what


def test_the_plain_text_reads_well(sent: Sent) -> None:
    """Without marks of HTML, without empty brackets or loose entities, and never more than two line ends in a row."""
    for what, made, _ in sent:
        assert not re.search(r"</?[a-z]+[^>\n]*>|&[a-z]+;|&#\d+;|\[\]|\(\)", made.text), what
        assert "\n\n\n" not in made.text.replace("\r\n", "\n"), what
        assert not re.search(r"[ \t]\n", made.text), what
        assert made.text.strip(), what
