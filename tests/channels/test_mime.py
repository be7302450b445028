"""Every kind of mail is read back with the standard library."""

from __future__ import annotations

from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import Any

import pytest
from smtp_server import KEY, NOW, mail

from scheduler.channels.mime import mail_bytes, message_id

LONG_LINK = "<https://shop.example/unsubscribe/" + "a" * 300 + ">"


def read(**changes: Any) -> EmailMessage:
    message = message_from_bytes(mail_bytes(mail(**changes), KEY, NOW), policy=default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def parts(message: EmailMessage) -> tuple[str, str]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "text",
    [
        "Hello\n",
        "Grüße, Zoë: 49,90 € für die „Kanne“\n",
        "Здравствуйте, Анна! Ваш чайник приехал.\n" * 20,
        "您好,您的水壶到了。\n" * 30,
        "😀" * 200 + "\n",
        "a" * 5000 + "\n",
        "trailing spaces   \n\ttabs\t\n",
        ".dots\n..\n.\nFrom here\n",
        "= equals =3D =\n",
        "\n\n\nblank lines\n\n\nend\n",
    ],
)
def test_both_parts_come_back_as_they_were(text: str) -> None:
    assert parts(read(text=text, html=f"<p>{text}</p>\n")) == (text, f"<p>{text}</p>\n")


@pytest.mark.parametrize(
    "subject",
    [
        "Is your kettle what you hoped for?",
        "Grüße aus der Küche",
        "Ваш чайник приехал. Хотелось бы знать, всё ли в порядке, пока это легко исправить",
        "A long subject " * 12 + "ends",
        "😀 = ?=_ =?utf-8?q?x?=",
        "x" * 200,
        "=?utf-8?q?x?=",
    ],
)
def test_the_subject_comes_back_as_it_was(subject: str) -> None:
    assert read(subject=subject)["Subject"] == subject.strip()


def test_the_library_builds_the_same_message() -> None:
    message = mail(subject="Grüße", text="Grüße\n", html="<p>Grüße</p>\n", reply_to="care@example.com")
    theirs = EmailMessage(policy=SMTP.clone(max_line_length=998))
    theirs["From"], theirs["To"], theirs["Subject"] = message.from_, message.to, message.subject
    theirs["Reply-To"] = message.reply_to
    theirs.set_content(message.text)
    theirs.add_alternative(message.html, subtype="html")
    ours = message_from_bytes(mail_bytes(message, KEY, NOW), policy=default)
    again = message_from_bytes(theirs.as_bytes(), policy=default)
    assert isinstance(ours, EmailMessage)
    assert isinstance(again, EmailMessage)
    assert parts(ours) == parts(again)
    for name in ("From", "To", "Subject", "Reply-To", "MIME-Version"):
        assert ours[name] == again[name]
    assert ours.get_content_type() == again.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in ours.iter_parts()] == ["text/plain", "text/html"]


def test_the_sender_may_have_a_name_of_any_script() -> None:
    [address] = read(from_="Bäckerei Müller <shop@example.com>")["From"].addresses
    assert address == Address("Bäckerei Müller", "shop", "example.com")


def test_the_date_is_the_instant_of_sending() -> None:
    assert read()["Date"] == "Sun, 01 Mar 2026 09:00:00 +0000"


def test_the_message_id_follows_from_the_occasion() -> None:
    assert message_id(KEY, "Our shop <shop@example.com>") == message_id(KEY, "x <y@example.com>")
    assert message_id(KEY, "a@example.com") != message_id("other", "a@example.com")
    assert read()["Message-ID"].endswith("@example.com>")


def test_the_same_occasion_makes_the_same_bytes() -> None:
    assert mail_bytes(mail(), KEY, NOW) == mail_bytes(mail(), KEY, NOW)


def test_a_long_unsubscribe_link_stays_whole_on_one_line() -> None:
    content = mail_bytes(mail(headers={"List-Unsubscribe": LONG_LINK}), KEY, NOW)
    assert f"List-Unsubscribe: {LONG_LINK}\r\n".encode() in content


def test_no_line_is_longer_than_a_server_takes() -> None:
    content = mail_bytes(mail(text="ü" * 5000, html="x" * 5000, subject="ß" * 900), KEY, NOW)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")


@pytest.mark.parametrize("field", ["subject", "reply_to", "from_", "to"])
def test_line_ends_in_a_value_make_no_header(field: str) -> None:
    value = "Ana <ana@example.com>\r\nBcc: evil@example.com" if field != "subject" else "Hi\r\nBcc: evil@example.com"
    message = message_from_bytes(mail_bytes(mail(**{field: value}), KEY, NOW), policy=default)
    assert message["Bcc"] is None
