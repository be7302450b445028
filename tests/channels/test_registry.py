from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.channels.channel import Channel
from scheduler.channels.email import EmailChannel
from scheduler.channels.file import FileChannel
from scheduler.channels.phone import PhoneChannel
from scheduler.channels.registry import CHANNELS, Channels, not_set_up
from scheduler.channels.sms import SmsChannel
from scheduler.channels.webhook import WebhookChannel
from scheduler.errors import ChannelError
from scheduler.settings import DeliverBy, Settings, load_settings
from scheduler.settings.email import Email
from scheduler.settings.sms import Sms

SERVER = Email.model_validate({"host": "smtp.example.com"})


def kind_of(name: str, settings: Settings) -> type[Channel]:
    return type(Channels(settings)[name])


def test_mail_goes_to_the_server_that_is_set(tmp_path: Path) -> None:
    assert kind_of("email", Settings(workspace=tmp_path, email=SERVER)) is EmailChannel


def test_without_a_server_mail_goes_to_the_outbox(tmp_path: Path) -> None:
    assert kind_of("email", Settings(workspace=tmp_path)) is FileChannel


def test_delivery_by_file_sends_nothing_at_all(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path, email=SERVER, deliver_by=DeliverBy.FILE)
    assert {kind_of(name, settings) for name in CHANNELS} == {FileChannel}


def test_a_phone_call_is_a_task(tmp_path: Path) -> None:
    assert kind_of("phone", Settings(workspace=tmp_path)) is PhoneChannel


def test_a_channel_is_opened_once(tmp_path: Path) -> None:
    channels = Channels(Settings(workspace=tmp_path))
    assert channels["email"] is channels["email"]


def test_a_channel_goes_by_the_name_that_rules_use(tmp_path: Path) -> None:
    channels = Channels(Settings(workspace=tmp_path, deliver_by=DeliverBy.FILE))
    assert [channels[name].name for name in CHANNELS] == [*CHANNELS]


def test_a_channel_that_is_not_set_up_is_an_error_and_never_a_silence(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="the channel sms is not set up: nothing can be sent by it"):
        Channels(Settings(workspace=tmp_path))["sms"]
    assert list(not_set_up(CHANNELS, Settings(workspace=tmp_path))) == ["sms", "webhook"]


def test_a_channel_that_is_not_set_up_says_what_to_set(tmp_path: Path) -> None:
    found = not_set_up(["sms", "webhook", "fax"], Settings(workspace=tmp_path))
    assert [sentence.partition("; ")[2] for sentence in found.values()] == [
        "there are email, sms, post, phone, webhook",
        "set sms.account",
        "set webhook.url",
    ]


def test_a_channel_is_set_up_by_its_settings_and_its_secret(tmp_path: Path) -> None:
    (tmp_path / "rightreason.toml").write_text(
        f'[sms]\naccount = "AC{"0" * 32}"\nfrom = "Shop"\ntoken_file = "token"\n'
        '[webhook]\nurl = "https://example.com"\nsecret_file = "secret"\n'
    )
    (tmp_path / "token").write_text("hush\n")
    (tmp_path / "secret").write_text("whsec_" + "c2VjcmV0" * 4 + "\n")
    settings = load_settings(tmp_path)
    assert not_set_up(CHANNELS, settings) == {}
    assert [kind_of(name, settings) for name in ("sms", "webhook")] == [SmsChannel, WebhookChannel]


def test_a_token_that_is_empty_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    sms = Sms.model_validate({"account": "AC" + "0" * 32, "from": "Shop", "token_file": "token"})
    with pytest.raises(ChannelError, match=r"sms\.token is empty"):
        Channels(Settings(workspace=tmp_path, sms=sms))["sms"]


def test_into_files_every_channel_can_be_delivered(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path, deliver_by=DeliverBy.FILE)
    assert kind_of("sms", settings) is FileChannel
    assert not_set_up(["sms", "fax"], settings).keys() == {"fax"}
