from __future__ import annotations

from pathlib import Path

import pytest
from smtp_server import KEY, NOW, mail

from scheduler.channels.channel import HandoverKind
from scheduler.channels.file import FileChannel
from scheduler.channels.mime import mail_bytes
from scheduler.channels.webhook import contact_json
from scheduler.messages.message import Notice, Text


@pytest.fixture
def channel(tmp_path: Path) -> FileChannel:
    return FileChannel(tmp_path / "outbox", "email")


def files(channel: FileChannel) -> list[Path]:
    return sorted(channel.outbox.iterdir())


def test_a_mail_has_the_bytes_of_the_real_one(channel: FileChannel) -> None:
    channel.deliver(mail(), KEY, NOW)
    assert [file.read_bytes() for file in files(channel)] == [mail_bytes(mail(), KEY, NOW)]


def test_the_name_says_when_why_and_to_whom(channel: FileChannel) -> None:
    outcome = channel.deliver(mail(), KEY, NOW)
    assert outcome.provider_id == files(channel)[0].name
    assert outcome.provider_id.startswith("2026-03-01-delivery_check_in-c_1-")
    assert outcome.provider_id.endswith(".eml")


@pytest.mark.parametrize("customer", ["..%2F..%2Fetc%2Fpasswd", "%00", "", "x" * 500, "a%0Ab"])
def test_no_customers_id_leaves_the_folder(channel: FileChannel, customer: str) -> None:
    assert channel.deliver(mail(), f"rule/{customer}/e1", NOW).kind is HandoverKind.SENT
    assert len(files(channel)) == 1


def test_a_text_says_to_whom_it_goes(channel: FileChannel) -> None:
    channel.deliver(Text("+49301234567", "Say thank you.\n", "phone"), KEY, NOW)
    [file] = files(channel)
    assert file.name.endswith(".phone.txt")
    assert file.read_text() == "To: +49301234567\n\nSay thank you.\n"


def test_an_sms_says_how_many_segments_it_takes(channel: FileChannel) -> None:
    channel.deliver(Text("+491701234567", "“Thank you.”\n", "sms"), KEY, NOW)
    [file] = files(channel)
    assert file.name.endswith(".sms.txt")
    assert file.read_text() == "To: +491701234567\nLength: 1 segment, UCS-2 because of “ ”\n\n“Thank you.”\n"


def test_a_notice_is_written_as_it_is_posted(channel: FileChannel) -> None:
    notice = Notice("check_in", "After the purchase", "c1", "Their kettle has arrived.", "nothing", '"Ána"')
    channel.deliver(notice, KEY, NOW)
    [file] = files(channel)
    assert (file.name.endswith(".webhook.json"), file.read_bytes()) == (True, contact_json(notice, KEY, NOW))


def test_the_same_occasion_is_written_once_even_by_another_process_on_another_day(channel: FileChannel) -> None:
    first = channel.deliver(mail(), KEY, NOW)
    other = FileChannel(channel.outbox, "email")
    assert other.deliver(mail(subject="Changed"), KEY, NOW + 3 * 86_400_000_000) == first
    assert len(files(channel)) == 1


def test_nothing_half_written_stays_behind(channel: FileChannel) -> None:
    channel.deliver(mail(), KEY, NOW)
    assert [file.suffix for file in files(channel)] == [".eml"]


def test_an_outbox_that_can_not_be_written_to_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file, not a folder")
    outcome = FileChannel(tmp_path / "outbox").deliver(mail(), KEY, NOW)
    assert outcome.kind is HandoverKind.RETRY
    assert "the outbox can't be written to" in outcome.detail


def test_what_is_written_is_its_owners_alone(channel: FileChannel) -> None:
    channel.deliver(mail(), KEY, NOW)
    modes = [path.stat().st_mode & 0o777 for path in (channel.outbox, *files(channel))]
    assert modes == [0o700, 0o600]
