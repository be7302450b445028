from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import blocks

from scheduler.channels.status import NO_SUCH_ADDRESS, WRONG_SENDER
from scheduler.delivery.inbox import Imap, inboxes
from scheduler.delivery.reported import MOST_SOFT
from scheduler.settings import load_settings
from scheduler.store.bounces import HAD_TIME

PAGE = (Path(__file__).parents[2] / "docs" / "bounces.md").read_text(encoding="utf-8")


def test_the_settings_of_the_page_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTREASON_BOUNCES__PASSWORD", "hush")
    (written,) = blocks(PAGE, "toml")
    (tmp_path / "rightreason.toml").write_text(written, encoding="utf-8")
    problems: list[str] = []
    [inbox] = inboxes(load_settings(tmp_path), problems)
    assert (type(inbox), problems) == (Imap, [])


def test_the_codes_of_the_page_are_those_that_count() -> None:
    hard, soft = re.findall(r"\(((?:[45]\.[\dx.]+(?:, )?)+)[,)]?", PAGE)
    assert set(re.findall(r"5\.\d+\.\d+", hard)) == NO_SUCH_ADDRESS
    assert set(re.findall(r"5\.\d+\.\d+", soft)) == WRONG_SENDER


def test_the_numbers_of_the_page_are_those_that_count() -> None:
    assert "after five in a row" in PAGE
    assert "within three days" in PAGE
    assert (MOST_SOFT, HAD_TIME) == (5, 3 * 86_400_000_000)
