from __future__ import annotations

import csv
import io
from pathlib import Path

from scheduler.channels.post import PostChannel
from scheduler.channels.written import remove_written, written_for
from scheduler.messages.message import Card
from scheduler.settings import load_settings
from scheduler.settings.brand import Brand
from scheduler.wallclock import zone

NOW = 1_800_000_000_000_000
HERS, HIS = "birthday_card/ann/1", "birthday_card/bob/1"


def test_a_card_goes_with_its_line_on_the_sheet_and_those_of_others_stay(tmp_path: Path) -> None:
    channel = PostChannel(tmp_path / "post", zone("UTC"))
    for key, name in ((HERS, "Ann Ash"), (HIS, "Bob Birch")):
        channel.deliver(_card(name), key, NOW)
    settings = load_settings(tmp_path)
    (sheet,) = (tmp_path / "post").glob("*/*.csv")
    before = _lines(sheet)
    assert list(written_for(settings, [HERS]).values()) == [HERS]

    assert remove_written(settings, [HERS]) == []

    assert [path.name.split("-")[4] for path in (tmp_path / "post").glob("*/*.pdf")] == ["bob"]
    after = _lines(sheet)
    assert b"Ann" not in sheet.read_bytes()
    assert (after[0], after[1][0], after[2]) == (before[0], "(erased)", before[2])
    assert len(after[1]) == len(before[1])


def test_the_printed_sheet_goes_on_after_an_erasure(tmp_path: Path) -> None:
    channel = PostChannel(tmp_path / "post", zone("UTC"))
    channel.deliver(_card("Ann Ash"), HERS, NOW)
    remove_written(load_settings(tmp_path), [HERS])
    channel.deliver(_card("Bob Birch"), HIS, NOW)
    (sheet,) = (tmp_path / "post").glob("*/*.csv")
    assert [row[2] for row in _lines(sheet)] == ["name", "", "Bob Birch"]


def _lines(sheet: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(sheet.read_text(encoding="utf-8-sig"), newline="")))


def _card(name: str) -> Card:
    return Card("1 Street", name, ("1 Street",), "Well.", Brand.model_validate({}), title="Hello")
