from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_server import mail

from scheduler.channels.mime import mail_bytes, message_id
from scheduler.channels.reports import LONGEST, OURS, Bounce, Complaint, Reply, Report, is_mail, read_report

HERE = Path(__file__).parent / "reports"
OUR_ID = message_id("thanks/ana/b1", "Our shop <shop@example.com>")
MAILS = {file.stem: file.read_bytes() for file in sorted(HERE.glob("*.eml"))}

NO_MAILBOX = "there is no such mailbox"
BOUNCES = {
    "broken-truncated-report": ("ana@example.org", True, "5.1.1", f"hard bounce 5.1.1: {NO_MAILBOX}"),
    "exchange-mailbox-full": ("ana@contoso.example", False, "5.2.2", "soft bounce 5.2.2: the mailbox is full"),
    "exchange-old-plain-text": ("ana@contoso.example", True, "", f"hard bounce: {NO_MAILBOX}"),
    "exchange-online-unknown-user": (
        "ana@contoso.example",
        True,
        "5.1.10",
        "hard bounce 5.1.10: the address takes no mail",
    ),
    "exim-plain-text": ("ana@example.org", True, "5.1.1", f"hard bounce 5.1.1: {NO_MAILBOX}"),
    "exim-unknown-user": ("ana@example.org", True, "5.0.0", f"hard bounce 5.0.0: {NO_MAILBOX}"),
    "gmail-policy": ("ana@gmail.example", False, "5.7.1", "soft bounce 5.7.1: it was refused by policy"),
    "gmail-unknown-user": ("ana@gmail.example", True, "5.1.1", f"hard bounce 5.1.1: {NO_MAILBOX}"),
    "opensmtpd-action-error": ("ana@example.org", True, "5.0.0", f"hard bounce 5.0.0: {NO_MAILBOX}"),
    "postfix-expired": ("ana@example.org", False, "4.4.1", "soft bounce 4.4.1: the host does not answer"),
    "postfix-forwarded": ("ana@example.org", False, "5.2.2", "soft bounce 5.2.2: the mailbox is full"),
    "postfix-unknown-user": ("ana@example.org", True, "5.1.1", f"hard bounce 5.1.1: {NO_MAILBOX}"),
    "qmail-mailbox-full": ("ana@example.org", False, "5.2.2", "soft bounce 5.2.2: the mailbox is full"),
    "qmail-unknown-user": ("ana@example.org", True, "5.1.1", f"hard bounce 5.1.1: {NO_MAILBOX}"),
    "sendmail-unknown-host": (
        "ana@nowhere.example",
        True,
        "5.1.2",
        "hard bounce 5.1.2: there is no such mail domain",
    ),
    "yahoo-no-account": ("ana@yahoo.example", True, "", f"hard bounce: {NO_MAILBOX}"),
}
COMPLAINTS = {
    "complaint-microsoft": "ana@outlook.example",
    "complaint-without-recipient": "",
    "complaint-yahoo": "ana@yahoo.example",
}
REPLIES = {"reply", "reply-by-references"}
NOTHING = {
    "bounce-of-another-sender",
    "broken-mime",
    "delivered-receipt",
    "exim-delayed-plain-text",
    "feedback-auth-failure",
    "feedback-not-spam",
    "mailing-list",
    "out-of-office-by-subject",
    "out-of-office-exchange",
    "out-of-office-vacation",
    "postfix-delayed",
    "read-receipt",
    "spam",
}


def told(name: str) -> Report | None:
    return read_report(MAILS[name])


def dsn(*recipients: str, words: str = "failed", to: str = "ana@example.org") -> bytes:
    """A report by RFC 3464, of these groups of fields."""
    groups = "\n".join(f"{recipient}\n" for recipient in recipients)
    return (
        "From: MAILER-DAEMON@example.org\nMessage-ID: <dsn@example.org>\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{words}\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; example.org\n\n{groups}"
        f"--b\nContent-Type: text/rfc822-headers\n\nTo: {to}\nMessage-ID: {OUR_ID}\n\n--b--\n"
    ).encode()


def failed(status: str, address: str = "ana@example.org", action: str = "failed", said: str = "") -> str:
    diagnosis = f"\nDiagnostic-Code: smtp; {said}" if said else ""
    return f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}{diagnosis}"


def bounce(raw: bytes) -> Bounce:
    found = read_report(raw)
    assert isinstance(found, Bounce)
    return found


def answer(*headers: str) -> bytes:
    given = {"From": "ana@example.org", "Subject": "Re: Hello", "In-Reply-To": OUR_ID}
    given |= dict(header.split(": ", 1) for header in headers)
    return ("".join(f"{name}: {value}\n" for name, value in given.items()) + "\nThank you!\n").encode()


def test_every_mail_of_the_collection_is_told_apart() -> None:
    assert MAILS.keys() == BOUNCES.keys() | COMPLAINTS.keys() | REPLIES | NOTHING


def test_what_we_call_our_messages_is_known_again() -> None:
    assert OURS.fullmatch(OUR_ID)
    assert f"Message-ID: {OUR_ID}".encode() in mail_bytes(mail(), "thanks/ana/b1", 0)


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_tells_whom_it_did_not_reach_and_whether_that_is_for_good(name: str) -> None:
    found = told(name)
    assert isinstance(found, Bounce)
    assert (found.recipient, found.hard, found.status, found.detail) == BOUNCES[name]
    assert found.message_id == OUR_ID


@pytest.mark.parametrize("name", COMPLAINTS)
def test_a_complaint_tells_who_complains_where_the_provider_does(name: str) -> None:
    found = told(name)
    assert isinstance(found, Complaint)
    assert (found.message_id, found.recipient) == (OUR_ID, COMPLAINTS[name])


@pytest.mark.parametrize("name", sorted(REPLIES))
def test_a_person_who_answers_is_a_reply(name: str) -> None:
    found = told(name)
    assert isinstance(found, Reply)
    assert found.message_id == OUR_ID


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_delays_receipts_machines_and_strangers_tell_nothing(name: str) -> None:
    assert told(name) is None


@pytest.mark.parametrize("name", sorted(MAILS))
def test_lines_may_end_as_they_do_on_the_wire(name: str) -> None:
    raw = MAILS[name].replace(b"\n", b"\r\n")
    assert repr(read_report(raw)).rpartition("id=")[0] == repr(told(name)).rpartition("id=")[0]


@pytest.mark.parametrize("name", sorted(BOUNCES))
def test_the_same_bounce_of_another_sender_tells_nothing(name: str) -> None:
    assert read_report(MAILS[name].replace(OUR_ID.encode(), b"<other@example.com>")) is None


@pytest.mark.parametrize("name", sorted(BOUNCES))
def test_no_address_stands_in_the_detail(name: str) -> None:
    found = told(name)
    assert isinstance(found, Bounce)
    assert "@" not in found.detail


# --- bounces -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
def test_an_address_that_there_is_not_is_a_hard_bounce(status: str) -> None:
    assert bounce(dsn(failed(status))).hard


@pytest.mark.parametrize(
    "status", ["4.1.1", "4.4.7", "5.0.0", "5.2.1", "5.2.2", "5.4.1", "5.6.0", "5.7.1", "5.1.8", ""]
)
def test_any_other_failure_is_a_soft_bounce(status: str) -> None:
    assert not bounce(dsn(failed(status))).hard


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("5.2.2", True),
        ("5.2.1", True),
        ("4.4.7", True),
        ("5.0.0", True),
        ("", True),
        ("5.6.0", False),
        ("5.7.1", False),
        ("5.1.8", False),
    ],
)
def test_what_is_refused_for_its_content_or_for_us_does_not_count_against_a_mailbox(status: str, counts: bool) -> None:
    assert bounce(dsn(failed(status))).counts is counts


@pytest.mark.parametrize(
    "said",
    [
        "550 No such user here",
        "550 unknown user",
        "550 User unknown",
        "553 invalid recipient",
        "550 mailbox not found",
        "550 <ana@example.org> no such mailbox",
        "550 user ana does not exist",
    ],
)
def test_where_the_status_says_little_the_words_of_the_reply_tell(said: str) -> None:
    assert bounce(dsn(failed("5.0.0", said=said))).hard


@pytest.mark.parametrize("said", ["550 rejected", "552 user over quota", "550 your user agent is unknown to us"])
def test_words_that_name_no_missing_mailbox_are_no_hard_bounce(said: str) -> None:
    assert not bounce(dsn(failed("5.0.0", said=said))).hard


def test_words_do_not_turn_a_status_that_says_more() -> None:
    assert not bounce(dsn(failed("5.2.2", said="552 no such user, mailbox full"))).hard
    assert not bounce(dsn(failed("4.0.0", said="450 no such user"))).hard


def test_a_reply_may_be_more_exact_than_the_status() -> None:
    assert bounce(dsn(failed("5.0.0", said="550 5.2.2 mailbox full"))).status == "5.2.2"


def test_numbers_of_hosts_and_programs_are_no_status() -> None:
    assert bounce(dsn(failed("", said="550 host 5.1.1.20 (Exim 4.92.3) said no"))).status == ""


def test_what_our_own_message_says_is_never_the_reason() -> None:
    raw = MAILS["qmail-mailbox-full"].replace(b" (#5.2.2)", b"").replace(b"Hello", b"Hello 5.1.1, unknown user")
    found = bounce(raw)
    assert (found.status, found.hard, found.detail) == ("", False, "soft bounce: the mail system did not say why")


def test_what_our_own_message_says_is_never_the_reason_where_it_is_attached() -> None:
    raw = (
        "Return-Path: <>\nX-Failed-Recipients: ana@example.org\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nover quota\n'
        f"--b\nContent-Type: message/rfc822\n\nMessage-ID: {OUR_ID}\n\n5.1.1, unknown user\n\n--b--\n"
    )
    found = bounce(raw.encode())
    assert (found.recipient, found.status, found.hard) == ("ana@example.org", "", False)


def test_of_several_recipients_the_one_of_the_message_is_told() -> None:
    found = bounce(dsn(failed("5.1.1", "old@example.net"), failed("5.2.2")))
    assert (found.recipient, found.hard) == ("ana@example.org", False)


def test_a_delay_beside_a_failure_is_left_out() -> None:
    found = bounce(dsn(failed("4.4.1", "ana@example.org", "delayed"), failed("5.1.1", "old@example.net")))
    assert (found.recipient, found.hard) == ("old@example.net", True)


def test_where_no_recipient_is_named_it_is_the_one_of_the_message() -> None:
    assert bounce(dsn("Action: failed\nStatus: 5.1.1")).recipient == "ana@example.org"


def test_a_recipient_that_is_no_address_is_none() -> None:
    assert bounce(dsn(failed("5.1.1", "ana\x00@example.org, @@"), to="nobody")).recipient == ""


# --- replies and who wrote them ----------------------------------------------------------------------------------


def test_an_answer_by_hand_is_a_reply() -> None:
    assert isinstance(read_report(answer()), Reply)


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied (vacation)",
        "Auto-Submitted: auto-generated",
        "Precedence: auto_reply",
        "Precedence: junk",
        "X-Autorespond: Re: Hello",
        "X-Auto-Reply-From: ana@example.org",
        "List-Id: <kettles.example.org>",
        "Return-Path: <>",
        "Subject: Out of office: Hello",
        "Subject: Auto-Reply: Hello",
        "Subject: Abwesenheitsnotiz: Hallo",
        "Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : Hello",
        "Subject: Risposta automatica: Hello",
    ],
)
def test_an_answer_by_a_machine_is_none(header: str) -> None:
    assert read_report(answer(header)) is None


@pytest.mark.parametrize("header", ["Auto-Submitted: no", "Precedence: normal", "Return-Path: <ana@example.org>"])
def test_headers_that_people_have_as_well_do_not_silence_them(header: str) -> None:
    assert isinstance(read_report(answer(header)), Reply)


def test_our_own_people_answering_a_customer_are_no_reply() -> None:
    assert read_report(answer("From: Care <care@Example.com>")) is None


def test_an_answer_to_somebody_else_is_none() -> None:
    assert read_report(answer("In-Reply-To: <other@example.com>")) is None


# --- whatever comes ----------------------------------------------------------------------------------------------


def test_the_same_mail_has_the_same_id_however_often_it_comes() -> None:
    again = b"Received: by another.example.org\n" + MAILS["reply"]
    first, second = told("reply"), read_report(again)
    assert first == second
    assert len({found.id for name in MAILS if (found := told(name))}) == len(BOUNCES) + len(COMPLAINTS) + len(REPLIES)


def test_a_mail_without_a_name_is_told_apart_by_its_bytes() -> None:
    first, second = read_report(answer()), read_report(answer("Subject: Re: Something else"))
    assert first is not None
    assert second is not None
    assert first.id != second.id


def test_what_comes_after_the_longest_part_that_is_read_is_never_looked_at() -> None:
    assert read_report(b"Subject: " + b"x" * LONGEST + b"\n" + answer()) is None


@pytest.mark.parametrize(("depth", "reads"), [(5, True), (200, False)])
def test_parts_within_parts_without_end_tell_nothing(depth: int, reads: bool) -> None:
    nested = "".join(f"--b{at}\nContent-Type: multipart/mixed; boundary=b{at + 1}\n\n" for at in range(depth))
    raw = answer("Content-Type: multipart/mixed; boundary=b0").removesuffix(b"Thank you!\n") + nested.encode()
    assert (read_report(raw) is not None) is reads


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000))
def test_no_bytes_raise(raw: bytes) -> None:
    assert read_report(raw) is None
    assert is_mail(raw) in (True, False)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(MAILS)), st.data())
def test_no_damage_raises_and_nothing_odd_comes_out(name: str, data: st.DataObject) -> None:
    raw = bytearray(MAILS[name])
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(raw)))
        end = start + data.draw(st.integers(0, 80))
        raw[start:end] = data.draw(
            st.binary(max_size=40) | st.sampled_from([b"\x00", b"\n\n", b"\xff\xfe", b'"', b"--b"])
        )
    found = read_report(bytes(raw))
    if found is not None:
        assert OURS.fullmatch(found.message_id)
        assert all(text.isascii() and text.isprintable() for text in texts_of(found))


def texts_of(found: Report) -> list[str]:
    return [value for name in found.__slots__ if isinstance(value := getattr(found, name), str)]


@pytest.mark.parametrize("raw", [b"", b"\x00" * 100, b"\n\nno headers", b"%PDF-1.4\n%\xe2\xe3", b"Hello\n\nThis\n"])
def test_what_has_no_headers_is_no_mail(raw: bytes) -> None:
    assert not is_mail(raw)


@pytest.mark.parametrize("name", sorted(MAILS))
def test_what_has_headers_is_a_mail(name: str) -> None:
    assert is_mail(MAILS[name])
