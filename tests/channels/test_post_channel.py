from __future__ import annotations

import csv
import fcntl
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from printed import pages
from smtp_server import KEY, NOW, mail

from scheduler.channels.channel import HandoverKind
from scheduler.channels.file import FileChannel
from scheduler.channels.post import COLUMNS, PostChannel
from scheduler.channels.registry import Channels
from scheduler.errors import SettingsError
from scheduler.messages.card import card_pdf
from scheduler.messages.message import Card
from scheduler.settings import Settings, load_settings
from scheduler.settings.brand import Brand
from scheduler.wallclock import DAY, zone

CARD = Card(
    to="Sample Street 1, 10115 Berlin",
    name="Ana Lopez",
    address=("Sample Street 1", "10115 Berlin", "GERMANY"),
    text="Dear Ana,\n\nToday the cake is for you.\n",
    brand=Brand.model_validate({}),
    title="Happy birthday!",
)
TODAY = "2026-03-01"
SHEET = f"{TODAY}/addresses-{TODAY}.csv"


@pytest.fixture
def channel(tmp_path: Path) -> PostChannel:
    return another(tmp_path / "post")


def another(folder: Path) -> PostChannel:
    return PostChannel(folder, zone("Europe/Berlin"))


def files(channel: PostChannel) -> list[str]:
    return sorted(path.relative_to(channel.folder).as_posix() for path in channel.folder.rglob("*") if path.is_file())


def cards(channel: PostChannel) -> list[str]:
    return [file for file in files(channel) if file.endswith(".pdf")]


def sheet(channel: PostChannel, name: str = SHEET) -> list[dict[str, str]]:
    with (channel.folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@contextmanager
def files_no_longer_than(octets: int) -> Iterator[None]:
    """The machine lets no file become longer, as a full disk does not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_card_and_its_address_lie_in_the_folder_of_the_day(channel: PostChannel) -> None:
    outcome = channel.deliver(CARD, KEY, NOW)
    [card] = cards(channel)
    assert (outcome.kind, outcome.provider_id) == (HandoverKind.SENT, card)
    assert card.startswith(f"{TODAY}/{TODAY}-delivery_check_in-c_1-")
    assert files(channel) == sorted([card, SHEET])
    assert (channel.folder / card).read_bytes() == card_pdf(CARD, NOW)
    assert "Ana Lopez" in pages((channel.folder / card).read_bytes())[1].lines


def test_the_sheet_names_the_card_and_the_lines_of_its_address(channel: PostChannel) -> None:
    channel.deliver(CARD, KEY, NOW)
    [line] = sheet(channel)
    assert list(line) == list(COLUMNS)
    assert f"{TODAY}/{line['card']}" == cards(channel)[0]
    assert (line["occasion"], line["name"]) == (KEY, "Ana Lopez")
    assert [line[f"line_{number}"] for number in range(1, 7)] == [*CARD.address, "", "", ""]


def test_excel_reads_the_sheet_as_utf_8(channel: PostChannel) -> None:
    channel.deliver(replace(CARD, name="Zoë Żółć"), KEY, NOW)
    content = (channel.folder / SHEET).read_bytes()
    assert content.startswith(b"\xef\xbb\xbfcard,occasion,name,")
    assert content.count(b"\xef\xbb\xbf") == 1
    assert "Zoë Żółć".encode() in content
    assert content.endswith(b"\r\n")


@pytest.mark.parametrize("name", ['=HYPERLINK("http://evil.example")', "+1", "-2", "@SUM(A1)", " =1", "\t=1", "\r\n=1"])
def test_no_cell_of_the_sheet_is_a_formula(channel: PostChannel, name: str) -> None:
    channel.deliver(replace(CARD, name=name, address=(name, "Town")), KEY, NOW)
    [line] = sheet(channel)
    assert (line["name"][:2], line["line_1"][:2]) == (f"'{name.strip()[0]}",) * 2
    assert line["line_2"] == "Town"


@pytest.mark.parametrize("name", ['Bo "the cook", Ltd', "two\nlines\r\nof it", "semi;colon"])
def test_a_name_never_breaks_the_sheet(channel: PostChannel, name: str) -> None:
    channel.deliver(replace(CARD, name=name), KEY, NOW)
    channel.deliver(CARD, "r/c/2", NOW)
    assert [line["name"] for line in sheet(channel)] == [" ".join(name.split()), "Ana Lopez"]


def test_an_address_of_many_lines_keeps_them_all(channel: PostChannel) -> None:
    channel.deliver(replace(CARD, address=tuple(map(str, range(8)))), KEY, NOW)
    assert [sheet(channel)[0][f"line_{number}"] for number in range(1, 7)] == ["0", "1", "2", "3", "4", "5, 6, 7"]


def test_a_day_is_that_of_the_place(channel: PostChannel) -> None:
    late = NOW + 14 * 3_600_000_000 + 1_800_000_000  # 23:30 UTC, half past midnight in Berlin
    channel.deliver(CARD, KEY, late)
    assert {file.partition("/")[0] for file in files(channel)} == {"2026-03-02"}


def test_the_same_occasion_is_one_card_and_one_line_even_for_another_process_on_another_day(
    channel: PostChannel,
) -> None:
    first = channel.deliver(CARD, KEY, NOW)
    assert channel.deliver(replace(CARD, text="Changed"), KEY, NOW + DAY) == first
    assert another(channel.folder).deliver(replace(CARD, text="Changed"), KEY, NOW + DAY) == first
    assert len(cards(channel)) == len(sheet(channel)) == 1
    assert len(files(channel)) == 2


def test_a_card_that_was_taken_to_the_printer_is_not_printed_again(channel: PostChannel) -> None:
    first = channel.deliver(CARD, KEY, NOW)
    (channel.folder / cards(channel)[0]).unlink()
    assert another(channel.folder).deliver(CARD, KEY, NOW + DAY) == first
    assert files(channel) == [SHEET]


def test_a_card_that_a_crash_left_without_its_line_gets_it(channel: PostChannel) -> None:
    channel.deliver(CARD, "r/c/1", NOW)
    outcome = channel.deliver(CARD, KEY, NOW)
    content = (channel.folder / SHEET).read_bytes()
    (channel.folder / SHEET).write_bytes(content[: content.rindex(b"2026") + 7])  # in the midst of its last line
    assert another(channel.folder).deliver(CARD, KEY, NOW + DAY) == outcome
    assert [line["occasion"] for line in sheet(channel)] == ["r/c/1", KEY]
    assert len(cards(channel)) == 2


def test_a_sheet_that_a_crash_left_without_its_head_begins_anew(channel: PostChannel) -> None:
    channel.deliver(CARD, KEY, NOW)
    (channel.folder / SHEET).write_bytes(b"\xef\xbb\xbfcard,occ")
    another(channel.folder).deliver(CARD, KEY, NOW)
    assert [line["occasion"] for line in sheet(channel)] == [KEY]


def test_several_workers_share_a_sheet(channel: PostChannel) -> None:
    workers = [another(channel.folder) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: [workers[n].deliver(CARD, f"r/{n}/{m}", NOW) for m in range(10)], range(4)))
    assert sorted(line["occasion"] for line in sheet(channel)) == sorted(
        f"r/{n}/{m}" for n in range(4) for m in range(10)
    )
    assert len(cards(channel)) == 40


def test_a_worker_waits_while_another_is_in_the_midst_of_a_line(channel: PostChannel) -> None:
    channel.deliver(CARD, "r/c/0", NOW)
    other = threading.Thread(target=another(channel.folder).deliver, args=(CARD, KEY, NOW))
    with (channel.folder / SHEET).open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(b"half a li")
        other.start()
        other.join(0.2)
        assert other.is_alive()
        file.write(b"ne,and,its,end,,,,,\r\n")
    other.join()
    assert [line["card"] for line in sheet(channel)][1] == "half a line"
    assert [line["occasion"] for line in sheet(channel)] == ["r/c/0", "and", KEY]


def test_on_a_full_disk_the_card_waits_and_no_half_of_it_stays(channel: PostChannel) -> None:
    with files_no_longer_than(1_000):
        outcome = channel.deliver(CARD, KEY, NOW)
    assert outcome.kind is HandoverKind.RETRY
    assert "the post folder can't be written to" in outcome.detail
    assert files(channel) == []
    assert channel.deliver(CARD, KEY, NOW).kind is HandoverKind.SENT
    assert len(cards(channel)) == len(sheet(channel)) == 1


def test_on_a_disk_that_is_full_after_the_card_its_line_waits_and_no_half_of_it_stays(channel: PostChannel) -> None:
    channel.deliver(CARD, "r/c/0", NOW)
    path = channel.folder / SHEET
    path.write_bytes(path.read_bytes() + b"filled,up,with,lines,,,,,\r\n" * 4_000)
    before = path.read_bytes()
    with files_no_longer_than(len(before) + 10):
        outcome = channel.deliver(CARD, KEY, NOW)
    assert outcome.kind is HandoverKind.RETRY
    assert path.read_bytes() == before
    assert channel.deliver(CARD, KEY, NOW).kind is HandoverKind.SENT
    assert [line["occasion"] for line in sheet(channel) if line["card"] != "filled"] == ["r/c/0", KEY]
    assert len(cards(channel)) == 2


def test_a_folder_that_can_not_be_written_to_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "post").write_text("a file, not a folder")
    outcome = another(tmp_path / "post").deliver(CARD, KEY, NOW)
    assert outcome.kind is HandoverKind.RETRY
    assert "the post folder can't be written to" in outcome.detail


def test_without_an_address_it_fails_for_good_and_says_nothing_of_the_customer(channel: PostChannel) -> None:
    outcome = channel.deliver(replace(CARD, address=(), to="nowhere"), KEY, NOW)
    assert (outcome.kind, outcome.suppress) == (HandoverKind.FAILED, True)
    assert outcome.detail == "the customer has no postal address"
    assert not channel.folder.exists()


def test_what_is_no_card_fails(channel: PostChannel) -> None:
    assert channel.deliver(mail(), KEY, NOW).kind is HandoverKind.FAILED


def test_letters_that_no_font_has_are_tried_again_and_not_told(channel: PostChannel) -> None:
    outcome = channel.deliver(replace(CARD, name="Ana \U000f1234"), KEY, NOW)
    assert outcome.kind is HandoverKind.RETRY
    assert "install one that does" in outcome.detail
    assert "Ana" not in outcome.detail
    assert files(channel) == []


@pytest.mark.parametrize("customer", ["..%2F..%2Fetc%2Fpasswd", "%00", "", "x" * 500, "a%0Ab"])
def test_no_customers_id_leaves_the_folder(channel: PostChannel, customer: str) -> None:
    assert channel.deliver(CARD, f"rule/{customer}/e1", NOW).kind is HandoverKind.SENT
    assert len(cards(channel)) == 1


def test_into_files_a_card_is_the_very_pdf(tmp_path: Path) -> None:
    outcome = FileChannel(tmp_path, "post").deliver(CARD, KEY, NOW)
    assert outcome.provider_id.endswith(".pdf")
    assert (tmp_path / outcome.provider_id).read_bytes() == card_pdf(CARD, NOW)


def test_into_files_letters_that_no_font_has_are_tried_again(tmp_path: Path) -> None:
    outcome = FileChannel(tmp_path, "post").deliver(replace(CARD, name="\U000f1234"), KEY, NOW)
    assert outcome.kind is HandoverKind.RETRY
    assert list(tmp_path.iterdir()) == []


def test_on_a_full_disk_the_outbox_keeps_no_half_a_file(tmp_path: Path) -> None:
    with files_no_longer_than(1_000):
        assert FileChannel(tmp_path, "post").deliver(CARD, KEY, NOW).kind is HandoverKind.RETRY
    assert list(tmp_path.iterdir()) == []


def test_the_folder_and_the_days_are_as_they_are_set(tmp_path: Path) -> None:
    (tmp_path / "rightreason.toml").write_text('[post]\nfolder = "cards"\ntimezone = "Asia/Tokyo"\n')
    channel = Channels(load_settings(tmp_path))["post"]
    assert isinstance(channel, PostChannel)
    assert (channel.folder, channel.where.name) == (tmp_path / "cards", "Asia/Tokyo")


def test_without_settings_cards_wait_in_the_workspace(tmp_path: Path) -> None:
    channel = Channels(Settings(workspace=tmp_path))["post"]
    assert isinstance(channel, PostChannel)
    assert channel.folder == tmp_path / "post"


def test_a_zone_that_is_none_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "rightreason.toml").write_text('[post]\ntimezone = "Europe/Berln"\n')
    with pytest.raises(SettingsError, match="did you mean Europe/Berlin"):
        load_settings(tmp_path)


def test_what_is_written_is_its_owners_alone(channel: PostChannel) -> None:
    channel.deliver(CARD, KEY, NOW)
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (channel.folder, *channel.folder.rglob("*"))}
    assert modes == {(True, 0o700), (False, 0o600)}
