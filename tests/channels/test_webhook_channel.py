from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from http_server import Answer, Asked, Web, WebServer
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from scheduler.channels.channel import Handover, HandoverKind
from scheduler.channels.public_address import is_public, resolved
from scheduler.channels.webhook import WebhookChannel, contact_json
from scheduler.errors import ChannelError
from scheduler.messages.message import Notice, Text
from scheduler.settings.webhook import Webhook

pytest_plugins = ["http_server"]

CERTIFICATE = Path(__file__).parent / "localhost.pem"
NOW = 1_772_355_600_000_000  # 2026-03-01 09:00 UTC
KEY = "delivery_check_in/c%2F1/e1"
SECRET = "whsec_" + "c2VjcmV0" * 4

Connect = Callable[..., WebhookChannel]


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[WebhookChannel] = []

    def to(server: WebServer, **settings: Any) -> WebhookChannel:
        written = {"url": f"{server.url}/contacts?of=shop", "allow_private": True, "timeout": 20, **settings}
        opened.append(WebhookChannel(Webhook.model_validate(written), SECRET))
        return opened[-1]

    yield to
    for channel in opened:
        channel.close()


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lets every name of `.test` lead to 127.0.0.1 at first and elsewhere later; the names that were asked for."""
    names: list[str] = []
    ask = socket.getaddrinfo

    def answer(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if not str(host).endswith(".test"):
            return ask(host, port, *rest, **options)
        names.append(host)
        return ask("127.0.0.1" if len(names) == 1 else "127.9.9.9", port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return names


def notice(text: str = "") -> Notice:
    return Notice("delivery_check_in", "After the purchase", "c/1", "Their order of “Kettle” has come.", "reply", text)


def at_its_time(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a receiver reads that verifies by the standard's own library, at the time of the request."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Then:
            return cls.fromtimestamp(NOW // 1_000_000, tz or UTC)

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Then)
    return Verifier(SECRET).verify(asked.body, dict(asked.headers))


def test_a_contact_is_posted_as_json(web: Web, connect: Connect) -> None:
    server = web()
    outcome = connect(server).deliver(notice('{"text":"Hello, Ana"}'), KEY, NOW)
    assert outcome == Handover(HandoverKind.SENT, "answered with 200")
    [asked] = server.asked
    assert (asked.path, asked.headers["content-type"]) == ("/contacts?of=shop", "application/json")
    assert json.loads(asked.body) == {
        "at": "2026-03-01T09:00:00Z",
        "key": KEY,
        "rule": "delivery_check_in",
        "campaign": "After the purchase",
        "customer": "c/1",
        "reason": "Their order of “Kettle” has come.",
        "asks_for": "reply",
        "channel": "webhook",
        "body": {"text": "Hello, Ana"},
    }


def test_without_a_template_the_body_is_null() -> None:
    assert json.loads(contact_json(notice(), KEY, NOW))["body"] is None


def test_the_signature_is_the_standards(web: Web, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    server = web()
    connect(server).deliver(notice('"Grüße 😀"'), KEY, NOW)
    assert at_its_time(server.asked[0], monkeypatch)["body"] == "Grüße 😀"
    assert "Grüße 😀".encode() in server.asked[0].body


def test_what_was_changed_on_its_way_is_refused(web: Web, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    server = web()
    connect(server).deliver(notice(), KEY, NOW)
    asked = server.asked[0]
    changed = Asked(asked.path, asked.headers, asked.body.replace(b"c/1", b"c/2"))
    with pytest.raises(WebhookVerificationError):
        at_its_time(changed, monkeypatch)


def test_a_contact_keeps_its_id_however_often_it_is_posted(web: Web, connect: Connect) -> None:
    server = web()
    channel = connect(server)
    for key, now in ((KEY, NOW), (KEY, NOW + 60_000_000), ("r/c/2", NOW)):
        channel.deliver(notice(), key, now)
    ids = [asked.headers["webhook-id"] for asked in server.asked]
    assert (ids[0] == ids[1], ids[1] == ids[2]) == (True, False)
    assert [asked.headers["webhook-timestamp"] for asked in server.asked[:2]] == ["1772355600", "1772355660"]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_yes_is_one(web: Web, connect: Connect, status: int) -> None:
    assert connect(web(Answer(status))).deliver(notice(), KEY, NOW).kind is HandoverKind.SENT


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_a_temporary_no_is_tried_again_later(web: Web, connect: Connect, status: int) -> None:
    outcome = connect(web(Answer(status))).deliver(notice(), KEY, NOW)
    assert outcome == Handover(HandoverKind.RETRY, f"answered with {status}", uncertain=status >= 500)


def test_how_long_to_wait_is_told(web: Web, connect: Connect) -> None:
    outcome = connect(web(Answer(429, headers={"Retry-After": "120"}))).deliver(notice(), KEY, NOW)
    assert outcome.detail == "answered with 429, asked to wait 120 s"


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410])
def test_a_receiver_that_wants_nothing_holds_the_channel_and_not_the_contact(
    web: Web, connect: Connect, status: int
) -> None:
    outcome = connect(web(Answer(status))).deliver(notice(), KEY, NOW)
    detail = f"answered with {status}: it takes nothing at webhook.url"
    assert outcome == Handover(HandoverKind.RETRY, detail, hold=True)


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_every_other_no_is_final(web: Web, connect: Connect, status: int) -> None:
    outcome = connect(web(Answer(status, b"ana@example.com is unknown"))).deliver(notice(), KEY, NOW)
    assert outcome == Handover(HandoverKind.FAILED, f"answered with {status}")


def test_a_redirect_is_not_followed(web: Web, connect: Connect) -> None:
    other = web()
    server = web(Answer(307, headers={"Location": other.url}))
    outcome = connect(server).deliver(notice(), KEY, NOW)
    assert (outcome.kind, outcome.hold, other.asked) == (HandoverKind.RETRY, True, [])
    assert "redirects are not followed" in outcome.detail


@pytest.mark.parametrize("drops", ["before", "after", "aborts"])
def test_a_connection_that_breaks_without_an_answer_is_tried_again_with_the_same_id(
    web: Web, connect: Connect, drops: str
) -> None:
    server = web(Answer(drops=drops))
    channel = connect(server)
    outcomes = [channel.deliver(notice(), KEY, NOW).kind for _ in range(2)]
    assert outcomes == [HandoverKind.RETRY, HandoverKind.SENT]
    assert len({asked.headers["webhook-id"] for asked in server.asked}) == 1


def test_a_server_that_never_answers_is_tried_again(web: Web, connect: Connect) -> None:
    outcome = connect(web(Answer(stalls=True)), timeout=0.2).deliver(notice(), KEY, NOW)
    again = "it may have arrived, and is posted again under the same webhook-id"
    assert outcome == Handover(HandoverKind.RETRY, f"the server did not answer in time; {again}", uncertain=True)


def test_a_refused_connection_is_tried_again(web: Web, connect: Connect) -> None:
    server = web()
    channel = connect(server)
    server.stop()
    outcome = channel.deliver(notice(), KEY, NOW)
    assert (outcome.kind, outcome.hold) == (HandoverKind.RETRY, False)


def test_a_name_that_is_not_known_is_tried_again(web: Web, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    channel = connect(web(), url="https://nowhere.invalid/")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    outcome = channel.deliver(notice(), KEY, NOW)
    assert outcome == Handover(HandoverKind.RETRY, "no connection: Name or service not known")


def test_the_connection_is_kept(web: Web, connect: Connect) -> None:
    server = web()
    channel = connect(server)
    for number in range(5):
        channel.deliver(notice(), f"r/c/{number}", NOW)
    assert (len(server.asked), len(server.connections)) == (5, 1)


def test_a_server_gets_none_of_its_cookies_back(web: Web, connect: Connect) -> None:
    server = web(Answer(headers={"Set-Cookie": "seen=1"}))
    channel = connect(server)
    for number in range(2):
        channel.deliver(notice(), f"r/c/{number}", NOW)
    assert "cookie" not in server.asked[1].headers


def test_no_proxy_of_the_environment_comes_between(web: Web, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = web(), web()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    connect(server).deliver(notice(), KEY, NOW)
    assert (len(server.asked), proxy.asked) == (1, [])


def test_a_host_is_looked_up_once_and_called_by_its_name(web: Web, connect: Connect, looked_up: list[str]) -> None:
    server = web()
    outcome = connect(server, url=f"http://hooks.test:{server.port}/x").deliver(notice(), KEY, NOW)
    assert (outcome.kind, looked_up) == (HandoverKind.SENT, ["hooks.test"])
    assert server.asked[0].headers["host"] == f"hooks.test:{server.port}"


def test_of_several_addresses_the_one_that_answers_is_taken_and_then_taken_first(
    web: Web, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, ask, names = web(), socket.getaddrinfo, list[str]()

    def answer(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        names.append(host)
        addresses = ("127.9.9.9", "127.0.0.1") if host == "hooks.test" else (host,)
        return [found for address in addresses for found in ask(address, port, *rest, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    channel = connect(server, url=f"http://hooks.test:{server.port}/")
    for number in range(2):
        assert channel.deliver(notice(), f"r/c/{number}", NOW).kind is HandoverKind.SENT
        channel.close()
    assert names == ["hooks.test", "127.9.9.9", "127.0.0.1", "hooks.test", "127.0.0.1"]


def test_the_certificate_has_to_be_that_of_the_name(web: Web, connect: Connect, looked_up: list[str]) -> None:
    server = web(tls=True)
    url = f"https://hooks.test:{server.port}/"
    outcome = connect(server, url=url, ca_file=CERTIFICATE).deliver(notice(), KEY, NOW)
    assert (outcome.kind, outcome.hold, server.asked) == (HandoverKind.RETRY, True, [])
    assert "certificate" in outcome.detail
    assert looked_up == ["hooks.test"]


def test_tls_by_the_name_of_the_host(web: Web, connect: Connect) -> None:
    server = web(tls=True)
    url = f"https://localhost:{server.port}/"
    outcome = connect(server, url=url, ca_file=CERTIFICATE).deliver(notice(), KEY, NOW)
    assert (outcome.kind, server.asked[0].headers["host"]) == (HandoverKind.SENT, f"localhost:{server.port}")


def test_a_certificate_that_is_not_trusted_holds_the_channel(web: Web, connect: Connect) -> None:
    server = web(tls=True)
    outcome = connect(server).deliver(notice(), KEY, NOW)
    assert (outcome.kind, outcome.hold, server.asked) == (HandoverKind.RETRY, True, [])


def test_certificates_that_can_not_be_read_hold_the_channel(web: Web, connect: Connect, tmp_path: Path) -> None:
    outcome = connect(web(), ca_file=tmp_path / "nowhere.pem").deliver(notice(), KEY, NOW)
    assert (outcome.kind, outcome.hold) == (HandoverKind.RETRY, True)
    assert "No such file" in outcome.detail


def test_an_address_of_our_own_network_is_refused(web: Web, connect: Connect) -> None:
    server = web()
    outcome = connect(server, allow_private=False).deliver(notice(), KEY, NOW)
    detail = "webhook.url is refused: its address is not on the public internet"
    assert outcome == Handover(HandoverKind.RETRY, detail, hold=True)
    assert (server.asked, server.connections) == ([], [])


def test_a_name_that_leads_to_our_own_network_is_refused(web: Web, connect: Connect, looked_up: list[str]) -> None:
    server = web()
    url = f"http://hooks.test:{server.port}/"
    outcome = connect(server, url=url, allow_private=False).deliver(notice(), KEY, NOW)
    assert (outcome.hold, server.connections, looked_up) == (True, [], ["hooks.test"])


NOT_PUBLIC = """
    127.0.0.1 127.1 0x7f.1 2130706433 0.0.0.0 10.1.2.3 172.16.0.1 192.168.1.1 100.64.0.1 100.100.100.200
    169.254.169.254 192.0.0.192 168.63.129.16 224.0.0.1 240.0.0.1 255.255.255.255
    ::1 :: fe80::1 fd00:ec2::254 ff02::1 fec0::1 2001:db8::1
    ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::7f00:1 64:ff9b::a01:203 2002:a01:203::1
"""


@pytest.mark.parametrize("host", NOT_PUBLIC.split())
def test_no_other_spelling_of_a_private_address_gets_through(host: str) -> None:
    with pytest.raises(ChannelError, match="not on the public internet"):
        resolved(host, 443)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_the_public_internet_is_one(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["a..b", ".example.com", "x" * 300])
def test_a_name_that_can_be_none_is_not_known(host: str) -> None:
    with pytest.raises(OSError, match="the host's name is none"):
        resolved(host, 443)


def test_an_address_stays_as_it_was_looked_up() -> None:
    assert resolved("127.0.0.1", 443, private=True) == ("127.0.0.1",)


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(ChannelError):
        resolved("hooks.test", 443)
    assert resolved("hooks.test", 443, private=True) == ("8.8.8.8", "10.0.0.1")


@pytest.mark.parametrize("url", ["https://a..b/", "https://[::1/", "https://x:99999999/", "https:///x"])
def test_what_is_no_url_sends_nothing_and_raises_nothing(web: Web, connect: Connect, url: str) -> None:
    assert connect(web(), url=url).deliver(notice(), KEY, NOW).kind is HandoverKind.RETRY


def test_only_a_notice_goes_by_webhook(web: Web, connect: Connect) -> None:
    outcome = connect(web()).deliver(Text("+491701234567", "x", "sms"), KEY, NOW)
    assert outcome == Handover(HandoverKind.FAILED, "a message by sms is no webhook's")


@pytest.mark.parametrize(
    "secret", ["", "hush", "whsec_", "whsec_c2hvcnQ=", "whsec_!", SECRET + "!", "whsec_" + "c2VjcmV0" * 20]
)
def test_a_secret_that_is_none_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ChannelError, match="24 to 64 random bytes") as caught:
        WebhookChannel(Webhook.model_validate({}), secret)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "way_out"),
    [
        ({}, "set webhook.url"),
        ({"url": "https://example.com"}, "set RIGHTREASON_WEBHOOK__SECRET, or webhook.secret_file"),
        (
            {"url": "http://example.com", "secret": SECRET},
            "let webhook.url begin with https://, or set webhook.allow_private",
        ),
        ({"url": "http://example.com", "secret": SECRET, "allow_private": True}, ""),
        ({"url": "https://example.com", "secret_file": "s"}, ""),
    ],
)
def test_the_settings_say_what_is_missing(written: dict[str, Any], way_out: str) -> None:
    assert Webhook.model_validate(written).missing == way_out
