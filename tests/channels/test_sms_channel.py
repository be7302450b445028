from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from http_server import Answer, Web, WebServer, answer_of
from pydantic import ValidationError

from scheduler.channels.channel import Handover, HandoverKind
from scheduler.channels.sms import SmsChannel, e164
from scheduler.messages.message import Email, Text
from scheduler.settings.sms import Sms

pytest_plugins = ["http_server"]

NOW = 1_772_355_600_000_000  # 2026-03-01 09:00 UTC
KEY = "delivery_check_in/c%2F1/e1"
ACCOUNT = "AC" + "0" * 32
SERVICE = "MG" + "0" * 32
NUMBER = "+491701234567"
ACCEPTED = answer_of(201, sid="SM1", status="queued")

Connect = Callable[..., SmsChannel]


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[SmsChannel] = []

    def to(server: WebServer, **settings: Any) -> SmsChannel:
        written = {"account": ACCOUNT, "from": "+4930123456", "base_url": server.url, "timeout": 20, **settings}
        opened.append(SmsChannel(Sms.model_validate(written), "hush"))
        return opened[-1]

    yield to
    for channel in opened:
        channel.close()


def text(to: str = NUMBER, says: str = "How is the kettle?\n") -> Text:
    return Text(to, says, "sms")


def refused(code: int) -> Answer:
    """As Twilio refuses: its own words repeat the number."""
    return answer_of(400, code=code, message=f"The 'To' number {NUMBER} is no good.", status=400)


def test_a_text_is_asked_for_as_twilio_wants_it(web: Web, connect: Connect) -> None:
    server = web(ACCEPTED)
    outcome = connect(server).deliver(text(), KEY, NOW)
    assert outcome == Handover(HandoverKind.SENT, "accepted", provider_id="SM1")
    [asked] = server.asked
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert asked.form == {"To": NUMBER, "From": "+4930123456", "Body": "How is the kettle?"}
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:hush".encode()).decode()


def test_a_messaging_service_chooses_the_number_itself(web: Web, connect: Connect) -> None:
    server = web(ACCEPTED)
    connect(server, messaging_service=SERVICE).deliver(text(), KEY, NOW)
    assert server.asked[0].form == {"To": NUMBER, "MessagingServiceSid": SERVICE, "Body": "How is the kettle?"}


def test_every_letter_arrives(web: Web, connect: Connect) -> None:
    server = web(ACCEPTED)
    connect(server).deliver(text(says="Grüße & “Dank” 😀 50 % + mehr\nAna\n"), KEY, NOW)
    assert server.asked[0].form["Body"] == "Grüße & “Dank” 😀 50 % + mehr\nAna"


def test_the_connection_is_kept(web: Web, connect: Connect) -> None:
    server = web()
    channel = connect(server)
    for number in range(5):
        channel.deliver(text(), f"r/c/{number}", NOW)
    assert (len(server.asked), len(server.connections)) == (5, 1)


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        (21211, "Twilio takes the number for none (Twilio's error 21211)"),
        (21614, "the number gets no SMS (Twilio's error 21614)"),
        (21610, "withdrawn: they answered STOP (Twilio's error 21610)"),
    ],
)
def test_a_number_that_gets_no_sms_or_wants_none_is_suppressed(
    web: Web, connect: Connect, code: int, detail: str
) -> None:
    outcome = connect(web(refused(code))).deliver(text(), KEY, NOW)
    assert outcome == Handover(HandoverKind.FAILED, detail, suppress=True)


@pytest.mark.parametrize("code", [20003, 21606, 21660, 21703, 20404])
def test_what_is_wrong_with_the_account_holds_the_channel_and_not_the_message(
    web: Web, connect: Connect, code: int
) -> None:
    outcome = connect(web(refused(code))).deliver(text(), KEY, NOW)
    assert (outcome.kind, outcome.hold, outcome.suppress) == (HandoverKind.RETRY, True, False)
    assert f"Twilio's error {code}" in outcome.detail


@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_a_refused_login_or_a_wrong_place_holds_the_channel(web: Web, connect: Connect, status: int) -> None:
    outcome = connect(web(Answer(status))).deliver(text(), KEY, NOW)
    detail = f"the request is refused (Twilio answered with {status})"
    assert outcome == Handover(HandoverKind.RETRY, detail, hold=True)


@pytest.mark.parametrize("answer", [Answer(429), refused(20429), refused(21611)])
def test_too_many_at_once_is_tried_again_later(web: Web, connect: Connect, answer: Answer) -> None:
    outcome = connect(web(answer)).deliver(text(), KEY, NOW)
    assert (outcome.kind, outcome.hold) == (HandoverKind.RETRY, False)


@pytest.mark.parametrize("answer", [refused(21408), refused(21617), refused(99999), Answer(400), Answer(422, b"[1]")])
def test_every_other_no_is_final(web: Web, connect: Connect, answer: Answer) -> None:
    outcome = connect(web(answer)).deliver(text(), KEY, NOW)
    assert (outcome.kind, outcome.hold, outcome.suppress) == (HandoverKind.FAILED, False, False)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_fails_leaves_it_unconfirmed(web: Web, connect: Connect, status: int) -> None:
    outcome = connect(web(Answer(status))).deliver(text(), KEY, NOW)
    detail = f"Twilio failed with {status}; the message may have gone out"
    assert outcome == Handover(HandoverKind.UNCONFIRMED, detail)


@pytest.mark.parametrize("drops", ["before", "after", "aborts"])
def test_a_connection_that_breaks_without_an_answer_leaves_it_unconfirmed(
    web: Web, connect: Connect, drops: str
) -> None:
    server = web(Answer(drops=drops), ACCEPTED)
    channel = connect(server)
    assert channel.deliver(text(), KEY, NOW).kind is HandoverKind.UNCONFIRMED
    assert channel.deliver(text(), "r/c/2", NOW).kind is HandoverKind.SENT


def test_a_server_that_never_answers_leaves_it_unconfirmed(web: Web, connect: Connect) -> None:
    outcome = connect(web(Answer(stalls=True)), timeout=0.2).deliver(text(), KEY, NOW)
    detail = "the server did not answer in time; the message may have gone out"
    assert outcome == Handover(HandoverKind.UNCONFIRMED, detail)


def test_an_answer_that_breaks_off_has_said_enough(web: Web, connect: Connect) -> None:
    outcome = connect(web(Answer(201, b'{"sid": "SM', claims=1_000))).deliver(text(), KEY, NOW)
    assert outcome == Handover(HandoverKind.SENT, "accepted")


def test_a_long_answer_is_not_read_to_its_end(web: Web, connect: Connect) -> None:
    server = web(Answer(201, b" " * 50_000_000))
    outcome = connect(server).deliver(text(), KEY, NOW)
    assert outcome == Handover(HandoverKind.SENT, "accepted")
    assert server.cut_short.wait(20)


def test_a_server_that_does_not_even_shake_hands_is_tried_again(web: Web, connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        outcome = connect(web(), base_url=url, timeout=0.2).deliver(text(), KEY, NOW)
    assert outcome == Handover(HandoverKind.RETRY, "the server could not be reached in time")


def test_a_certificate_that_is_not_trusted_holds_the_channel(web: Web, connect: Connect) -> None:
    server = web(tls=True)
    outcome = connect(server).deliver(text(), KEY, NOW)
    assert (outcome.kind, outcome.hold, server.asked) == (HandoverKind.RETRY, True, [])


def test_a_refused_connection_is_tried_again(web: Web, connect: Connect) -> None:
    server = web()
    channel = connect(server)
    server.stop()
    outcome = channel.deliver(text(), KEY, NOW)
    assert (outcome.kind, outcome.hold) == (HandoverKind.RETRY, False)
    assert outcome.detail.startswith("no connection: ")


def test_a_kept_connection_that_the_server_closed_is_opened_anew(web: Web, connect: Connect) -> None:
    server = web(Answer(201, headers={"Connection": "close"}), ACCEPTED)
    channel = connect(server)
    outcomes = [channel.deliver(text(), f"r/c/{number}", NOW).kind for number in range(2)]
    assert (outcomes, len(server.connections)) == ([HandoverKind.SENT] * 2, 2)


def test_a_proxy_of_the_environment_is_gone_through(
    web: Web, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = web(ACCEPTED), web()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    assert connect(server).deliver(text(), KEY, NOW).kind is HandoverKind.SENT
    assert (proxy.asked[0].path, server.asked) == (f"{server.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", [])


@pytest.mark.parametrize("number", ["", "Ana", "0170 1234567", "+49", "+4917012345678901234", "+999123456"])
def test_what_can_be_no_number_is_suppressed_and_not_repeated(web: Web, connect: Connect, number: str) -> None:
    server = web()
    outcome = connect(server).deliver(text(to=number), KEY, NOW)
    assert outcome == Handover(HandoverKind.FAILED, "the recipient is no phone number", suppress=True)
    assert server.asked == []


def test_a_number_is_written_as_e164() -> None:
    assert e164("+49 (0) 170 / 123-4567") == NUMBER


def test_no_answer_brings_the_number_into_the_ledger(web: Web, connect: Connect) -> None:
    codes = (20003, 20429, 21211, 21408, 21606, 21610, 21612, 99999)
    channel = connect(web(*map(refused, codes)))
    details = [channel.deliver(text(), KEY, NOW).detail for _ in codes]
    assert [detail for detail in details if "1701234567" in detail] == []


def test_only_a_text_goes_by_sms(web: Web, connect: Connect) -> None:
    mail = Email(NUMBER, "Hello", "<p>Hello</p>", "Hello", "shop@example.com")
    outcome = connect(web()).deliver(mail, KEY, NOW)
    assert outcome == Handover(HandoverKind.FAILED, "a message by email is no SMS")


@pytest.mark.parametrize(
    ("written", "way_out"),
    [
        ({}, "set sms.account"),
        ({"account": ACCOUNT}, "set RIGHTREASON_SMS__TOKEN, or sms.token_file"),
        ({"account": ACCOUNT, "token": "hush"}, "set sms.from or sms.messaging_service"),
        ({"account": ACCOUNT, "token_file": "t", "from": "Our Shop"}, ""),
        ({"account": ACCOUNT, "token": "hush", "messaging_service": SERVICE}, ""),
    ],
)
def test_the_settings_say_what_is_missing(written: dict[str, str], way_out: str) -> None:
    assert Sms.model_validate(written).missing == way_out


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": "shop"},
        {"from": "A name that is too long"},
        {"messaging_service": "MG1"},
        {"base_url": "http://api.twilio.com"},
        {"base_url": "http://localhost.example.com"},
    ],
)
def test_settings_that_can_not_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Sms.model_validate(wrong)
