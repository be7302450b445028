from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from smtp_server import CERTIFICATE, KEY, NOW, Serve, Sink, mail

from scheduler.channels.channel import Handover, HandoverKind
from scheduler.channels.email import EmailChannel, usable_address
from scheduler.channels.mime import mail_bytes
from scheduler.channels.smtp import Step, dotted, refusal
from scheduler.channels.status import meaning
from scheduler.messages.message import Text

pytest_plugins = ["smtp_server"]

Connect = Callable[..., EmailChannel]


@pytest.fixture(params=[False, True], ids=["step by step", "in one go"], autouse=True)
def pipelining(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the server takes several commands in one go."""
    monkeypatch.setattr(Sink, "pipelining", request.param)
    return bool(request.param)


def test_what_arrives_is_what_was_built(serve: Serve, connect: Connect) -> None:
    server = serve()
    lines = "..two dots\n.one dot\n.\nlast\n"
    message = mail(text=lines, html=f"<pre>\n{lines}</pre>\n")
    outcome = connect(server).deliver(message, KEY, NOW)
    assert outcome == Handover(HandoverKind.SENT, "accepted", provider_id="1")
    [arrived] = server.sink.mails
    assert arrived.content == mail_bytes(message, KEY, NOW)
    assert (arrived.mail_from, arrived.rcpt_tos) == ("shop@example.com", ["ana@example.com"])


def test_the_connection_is_kept(serve: Serve, connect: Connect) -> None:
    server = serve()
    channel = connect(server)
    for number in range(5):
        channel.deliver(mail(), f"r/c/{number}", NOW)
    assert (len(server.sink.mails), server.sink.connections) == (5, 1)


def test_bounces_go_to_their_own_address(serve: Serve, connect: Connect) -> None:
    server = serve()
    connect(server, bounces_to="bounces@example.com").deliver(mail(), KEY, NOW)
    assert server.sink.mails[0].mail_from == "bounces@example.com"


def test_tls_from_the_first_byte(serve: Serve, connect: Connect) -> None:
    server = serve(tls="tls")
    assert connect(server, security="tls", ca_file=CERTIFICATE).deliver(mail(), KEY, NOW).kind is HandoverKind.SENT


def test_what_tls_says_of_itself_is_no_answer_of_the_server(serve: Serve, connect: Connect) -> None:
    server = serve(tls="tls")
    channel = connect(server, security="tls", ca_file=CERTIFICATE)
    kinds = [channel.deliver(mail(), f"r/c/{number}", NOW).kind for number in range(3)]
    assert (kinds, server.sink.connections) == ([HandoverKind.SENT] * 3, 1)


def test_starttls_and_login(serve: Serve, connect: Connect) -> None:
    server = serve(tls="starttls", password="good")
    options = {"security": "starttls", "ca_file": CERTIFICATE, "username": "shop"}
    assert connect(server, "good", **options).deliver(mail(), KEY, NOW).kind is HandoverKind.SENT


def test_a_wrong_password_holds_the_channel_and_not_the_message(serve: Serve, connect: Connect) -> None:
    server = serve(tls="starttls", password="good")
    options = {"security": "starttls", "ca_file": CERTIFICATE, "username": "shop"}
    outcome = connect(server, "bad", **options).deliver(mail(), KEY, NOW)
    assert (outcome.kind, outcome.hold) == (HandoverKind.RETRY, True)


def test_a_certificate_that_is_not_trusted_holds_the_channel(serve: Serve, connect: Connect) -> None:
    server = serve(tls="starttls")
    outcome = connect(server, security="starttls").deliver(mail(), KEY, NOW)
    assert (outcome.kind, outcome.hold) == (HandoverKind.RETRY, True)
    assert "certificate" in outcome.detail


def test_a_server_without_starttls_is_never_spoken_to_in_the_clear(serve: Serve, connect: Connect) -> None:
    server = serve()
    outcome = connect(server, security="starttls").deliver(mail(), KEY, NOW)
    assert (outcome.kind, outcome.hold, server.sink.mails) == (HandoverKind.RETRY, True, [])


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_temporary_no_is_tried_again_later(serve: Serve, connect: Connect, command: str) -> None:
    server = serve()
    server.sink.replies[command] = ["451 4.3.0 later, please"]
    channel = connect(server)
    said = "451 4.3.0 later, please" if command == "MAIL" else "451 4.3.0: the mail system takes nothing"
    assert channel.deliver(mail(), KEY, NOW) == Handover(HandoverKind.RETRY, said)
    assert channel.deliver(mail(), KEY, NOW).kind is HandoverKind.SENT
    assert server.sink.connections == 1


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_final_no_is_final(serve: Serve, connect: Connect, command: str) -> None:
    server = serve()
    server.sink.replies[command] = ["554 5.6.0 no"]
    assert connect(server).deliver(mail(), KEY, NOW) == Handover(
        HandoverKind.FAILED, "554 5.6.0: the content was refused"
    )


def test_an_unknown_address_is_to_be_suppressed(serve: Serve, connect: Connect) -> None:
    server = serve()
    server.sink.replies["RCPT"] = ["550 5.1.1 <ana@example.com>: no such user"]
    outcome = connect(server).deliver(mail(), KEY, NOW)
    assert outcome == Handover(HandoverKind.FAILED, "550 5.1.1: there is no such mailbox", suppress=True)


@pytest.mark.parametrize(
    ("reply", "said"),
    [("550 Ana Lopez moved", "550: refused for good"), ("452 Ana Lopez, +49 30 123456", "452: not now")],
)
def test_what_a_server_says_of_a_recipient_is_told_in_our_own_words(
    serve: Serve, connect: Connect, reply: str, said: str
) -> None:
    server = serve()
    server.sink.replies["RCPT"] = [reply]
    assert connect(server).deliver(mail(), KEY, NOW).detail == said


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("MAIL", "554 5.6.0 no"),
        ("MAIL", "553 5.1.8 <shop@example.com>: Sender address rejected: Domain not found"),
        ("MAIL", "553 5.1.1 <shop@example.com>: Sender address rejected: unknown user"),
        ("MAIL", "550 5.7.1 blocked"),
        ("RCPT", "554 5.7.1 <ana@example.com>: Relay access denied"),
        ("RCPT", "553 5.1.8 <shop@example.com>: Sender address rejected: Domain not found"),
        ("DATA", "553 5.1.7 <shop@example.com>: Sender address rejected"),
    ],
)
def test_a_server_that_refuses_us_holds_the_channel_and_the_message_waits(
    serve: Serve, connect: Connect, command: str, reply: str
) -> None:
    server = serve()
    server.sink.replies[command] = [reply]
    outcome = connect(server).deliver(mail(), KEY, NOW)
    assert (outcome.kind, outcome.suppress, outcome.hold) == (HandoverKind.RETRY, False, True)
    assert "@" not in outcome.detail


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("DATA", "550 5.7.1 this looks like spam"),
        ("RCPT", "554 5.7.1 <ana@example.com>: Recipient address rejected: Access denied"),
    ],
)
def test_a_policy_that_refuses_one_message_lets_the_others_go(
    serve: Serve, connect: Connect, command: str, reply: str
) -> None:
    server = serve()
    server.sink.replies[command] = [reply]
    channel = connect(server)
    outcome = channel.deliver(mail(), KEY, NOW)
    assert (outcome.kind, outcome.suppress, outcome.hold) == (HandoverKind.FAILED, False, False)
    assert channel.deliver(mail(), "r/c/2", NOW).kind is HandoverKind.SENT


def test_a_server_that_takes_no_connection_from_us_holds_the_channel(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"554 5.7.1 your address is blocked\r\n")
                connection.recv(100)

        thread = threading.Thread(target=refuse)
        thread.start()
        outcome = connect(SimpleNamespace(port=listening.getsockname()[1])).deliver(mail(), KEY, NOW)
        thread.join()
    assert outcome == Handover(HandoverKind.RETRY, "554 5.7.1 your address is blocked", hold=True)


def test_a_server_that_goes_away_before_it_shows_who_it_is_holds_nothing(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def go_away() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(10_000)

        thread = threading.Thread(target=go_away)
        thread.start()
        outcome = connect(SimpleNamespace(port=listening.getsockname()[1]), security="tls").deliver(mail(), KEY, NOW)
        thread.join()
    assert (outcome.kind, outcome.hold) == (HandoverKind.RETRY, False)


def test_a_connection_that_breaks_after_the_end_of_the_message_leaves_it_unconfirmed(
    serve: Serve, connect: Connect
) -> None:
    async def drop(server: Any) -> None:
        server.transport.abort()

    server = serve()
    server.sink.on_data = drop
    channel = connect(server)
    outcome = channel.deliver(mail(), KEY, NOW)
    assert (outcome.kind, outcome.detail) == (
        HandoverKind.UNCONFIRMED,
        "the connection broke after the end of the message",
    )
    server.sink.on_data = None
    assert channel.deliver(mail(), "r/c/2", NOW).kind is HandoverKind.SENT


def test_a_server_that_never_answers_the_end_of_the_message_leaves_it_unconfirmed(
    serve: Serve, connect: Connect
) -> None:
    async def stall(_server: Any) -> None:
        await asyncio.Event().wait()

    server = serve()
    server.sink.on_data = stall
    outcome = connect(server, timeout=0.2).deliver(mail(), KEY, NOW)
    assert (outcome.kind, outcome.detail) == (
        HandoverKind.UNCONFIRMED,
        "the server did not answer in time after the end of the message",
    )


def test_a_server_that_stalls_before_the_message_is_tried_again(serve: Serve, connect: Connect) -> None:
    class Stalling(Sink):
        async def handle_RCPT(self, *_: Any) -> str:  # noqa: N802 - aiosmtpd's name
            await asyncio.Event().wait()
            return ""

    outcome = connect(serve(Stalling()), timeout=0.2).deliver(mail(), KEY, NOW)
    assert outcome == Handover(HandoverKind.RETRY, "the server did not answer in time")


def test_a_connection_that_breaks_before_the_message_is_tried_again(serve: Serve, connect: Connect) -> None:
    class Dropping(Sink):
        async def handle_RCPT(self, server: Any, *_: Any) -> str:  # noqa: N802 - aiosmtpd's name
            server.transport.abort()
            return "250 OK"

    assert connect(serve(Dropping())).deliver(mail(), KEY, NOW).kind is HandoverKind.RETRY


def test_a_refused_connection_is_tried_again(serve: Serve, connect: Connect) -> None:
    server = serve()
    channel = connect(server)
    server.stop()
    assert channel.deliver(mail(), KEY, NOW).kind is HandoverKind.RETRY


def test_a_kept_connection_that_the_server_closed_is_opened_anew(serve: Serve, connect: Connect) -> None:
    server = serve()
    server.sink.replies["MAIL"] = ["250 OK", "421 4.4.2 idle for too long"]
    channel = connect(server)
    outcomes = [channel.deliver(mail(), f"r/c/{number}", NOW).kind for number in range(2)]
    assert outcomes == [HandoverKind.SENT] * 2
    assert (len(server.sink.mails), server.sink.connections) == (2, 2)


def test_what_a_server_would_take_for_nobody_is_not_sent(connect: Connect) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def talk() -> None:
        talker, _ = listener.accept()
        with talker, listener:
            talker.sendall(b"220 ready\r\n")
            heard.append(talker.recv(1000))
            talker.sendall(b"250-sink\r\n250 PIPELINING\r\n")
            heard.append(talker.recv(1000))
            talker.sendall(b"250 ok\r\n550 5.1.1 nobody\r\n354 go on\r\n")
            heard.append(talker.recv(1000))

    server = threading.Thread(target=talk)
    server.start()
    outcome = connect(SimpleNamespace(port=listener.getsockname()[1])).deliver(mail(), KEY, NOW)
    server.join(20)
    assert (outcome.kind, outcome.suppress) == (HandoverKind.FAILED, True)
    assert heard[1:] == [b"MAIL FROM:<shop@example.com>\r\nRCPT TO:<ana@example.com>\r\nDATA\r\n", b""]


def test_as_many_connections_are_opened_as_are_used_at_once(serve: Serve, connect: Connect) -> None:
    server, meet = serve(), threading.Barrier(3, timeout=20)

    async def wait_for_the_others(_: Any) -> None:
        await asyncio.to_thread(meet.wait)

    server.sink.on_data = wait_for_the_others
    channel = connect(server)
    for _ in range(2):
        with ThreadPoolExecutor(3) as threads:
            found = [one.result().kind for one in [threads.submit(channel.deliver, mail(), KEY, NOW) for _ in range(3)]]
        assert found == [HandoverKind.SENT] * 3
    assert (len(server.sink.mails), server.sink.connections) == (6, 3)


def test_where_a_server_takes_no_more_connections_the_others_do_the_work(serve: Serve, connect: Connect) -> None:
    server = serve()
    held = threading.Barrier(2, timeout=20)

    async def wait_for_the_refusals(_: Any) -> None:
        server.sink.on_data = None
        await asyncio.to_thread(held.wait)

    server.sink.on_data = wait_for_the_refusals
    server.sink.refuses_more_than = 1
    channel = connect(server)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(channel.deliver, mail(), KEY, NOW)
        others = [threads.submit(channel.deliver, mail(), f"r/c/{number}", NOW) for number in range(5)]
        held.wait()
        found = [one.result().kind for one in (first, *others)]
    assert found == [HandoverKind.SENT] * 6


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("251 will forward", HandoverKind.SENT),
        ("354 go on", HandoverKind.UNCONFIRMED),
        ("hello world", HandoverKind.UNCONFIRMED),
    ],
)
def test_an_odd_answer_to_the_message_is_not_taken_for_a_no(
    serve: Serve, connect: Connect, answer: str, kind: HandoverKind
) -> None:
    server = serve()
    server.sink.replies["DATA"] = [answer]
    assert connect(server).deliver(mail(), KEY, NOW).kind is kind


@pytest.mark.parametrize("said", [b"220-a\r\n", b"2"])
def test_a_server_that_drips_its_answer_is_waited_for_no_longer_than_its_timeout(connect: Connect, said: bytes) -> None:
    listener, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip() -> None:
        talker, _ = listener.accept()
        with talker, listener, contextlib.suppress(OSError):
            while not over.wait(0.05):
                talker.sendall(said)

    server = threading.Thread(target=drip)
    server.start()
    channel = connect(SimpleNamespace(port=listener.getsockname()[1]), timeout=0.5)
    outcome = channel.deliver(mail(), KEY, NOW)
    over.set()
    server.join(20)
    assert outcome == Handover(HandoverKind.RETRY, "the server did not answer in time")


def test_what_a_server_says_unasked_is_not_taken_for_an_answer(connect: Connect) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def talk() -> None:
        talker, _ = listener.accept()
        with talker, listener:
            for answer in (
                b"220 sink\r\n",
                b"250 sink\r\n",
                b"250 ok\r\n",
                b"250 ok\r\n",
                b"354 go on\r\n250 taken\r\n",
            ):
                talker.sendall(answer)
                heard.append(talker.recv(10_000))
            while more := talker.recv(10_000):
                heard.append(more)

    server = threading.Thread(target=talk)
    server.start()
    outcome = connect(SimpleNamespace(port=listener.getsockname()[1])).deliver(mail(), KEY, NOW)
    server.join(20)
    assert outcome == Handover(HandoverKind.RETRY, "the server answers what it was not asked")
    assert not b"".join(heard).endswith(b"\r\n.\r\n")


def test_only_an_email_goes_by_email(serve: Serve, connect: Connect) -> None:
    outcome = connect(serve()).deliver(Text("+49301234567", "x", "phone"), KEY, NOW)
    assert outcome == Handover(HandoverKind.FAILED, "a message by phone is no e-mail")


@pytest.mark.parametrize("address", ["a@b.example, evil@x.example", "", "ana", "a@b.example\r\nRCPT TO:<x@y.example>"])
def test_two_addresses_in_one_field_reach_nobody(serve: Serve, connect: Connect, address: str) -> None:
    server = serve()
    outcome = connect(server).deliver(mail(to=address), KEY, NOW)
    assert outcome == Handover(HandoverKind.FAILED, "the recipient is not one valid address", suppress=True)
    assert server.sink.mails == []


def test_a_sender_with_letters_that_smtp_does_not_take_holds_the_channel(serve: Serve, connect: Connect) -> None:
    outcome = connect(serve()).deliver(mail(from_="größe@shop.example"), KEY, NOW)
    assert (outcome.kind, outcome.hold) == (HandoverKind.RETRY, True)


def test_a_domain_of_another_script_is_written_in_ascii() -> None:
    assert usable_address("ana@bücher.de") == "ana@xn--bcher-kva.de"


def test_the_settings_can_be_tried_without_a_message(serve: Serve, connect: Connect) -> None:
    server = serve()
    assert connect(server).check().kind is HandoverKind.SENT


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
@pytest.mark.parametrize("step", [Step.RCPT, Step.DATA])
def test_an_address_that_there_is_not_is_suppressed(step: Step, status: str) -> None:
    outcome = refusal(550, f"{status} no".encode(), step)
    assert outcome == Handover(HandoverKind.FAILED, f"550 {status}: {meaning(status)}", suppress=True)


@pytest.mark.parametrize("status", ["5.1.0", "5.1.4", "5.2.1", "5.2.2", "4.1.1"])
@pytest.mark.parametrize("step", [Step.RCPT, Step.DATA])
def test_any_other_fault_suppresses_nothing(step: Step, status: str) -> None:
    outcome = refusal(550, f"{status} no".encode(), step)
    assert outcome == Handover(HandoverKind.FAILED, f"550 {status}: {meaning(status)}")


@pytest.mark.parametrize("step", [Step.CONNECT, Step.MAIL])
def test_before_a_recipient_is_named_nobody_is_suppressed(step: Step) -> None:
    outcome = refusal(550, b"5.1.1 no such user", step)
    assert (outcome.kind, outcome.suppress, outcome.hold) == (HandoverKind.RETRY, False, True)


@pytest.mark.parametrize("status", ["5.1.7", "5.1.8"])
@pytest.mark.parametrize("step", list(Step))
def test_a_sender_that_is_no_good_holds_the_channel_at_every_step(step: Step, status: str) -> None:
    outcome = refusal(550, f"{status} Sender address rejected".encode(), step)
    assert (outcome.kind, outcome.suppress, outcome.hold) == (HandoverKind.RETRY, False, True)


@pytest.mark.parametrize(
    ("code", "text", "kind", "hold"),
    [
        (450, b"4.2.0 greylisted", HandoverKind.RETRY, False),
        (421, b"closing", HandoverKind.RETRY, False),
        (550, b"no such user", HandoverKind.FAILED, False),
        (550, b"4.7.1 odd", HandoverKind.FAILED, False),
        (535, b"5.7.8 bad login", HandoverKind.RETRY, True),
        (-1, b"gibberish", HandoverKind.RETRY, False),
    ],
)
def test_a_reply_means_what_its_code_says(code: int, text: bytes, kind: HandoverKind, hold: bool) -> None:
    outcome = refusal(code, text, Step.RCPT)
    assert (outcome.kind, outcome.suppress, outcome.hold) == (kind, False, hold)


def test_dots_at_the_begin_of_lines_are_doubled() -> None:
    assert dotted(b".a\r\n.b\r\nc") == b"..a\r\n..b\r\nc\r\n"


def test_a_server_that_takes_no_login_is_told_as_that(serve: Serve, connect: Connect) -> None:
    outcome = connect(serve(), username="shop").deliver(mail(), KEY, NOW)
    assert (outcome.hold, outcome.detail.partition(":")[0]) == (True, "no login")
