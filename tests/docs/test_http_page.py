from __future__ import annotations

import json
import re
from pathlib import Path

from pages import blocks
from webshop import NOW, serving

from scheduler.settings.serve import Serve

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
_SENT = re.compile(r"curl \S+8000(\S+) .*? -d '(.*?)'", re.DOTALL)
_SETTING = re.compile(r"^\| (`.+) \| (.+) \| .+ \|$", re.MULTILINE)


def test_what_the_page_sends_is_answered_as_it_says(tmp_path: Path, sqlite_file: Path) -> None:
    with serving(tmp_path, sqlite_file) as shop:
        shop.now = NOW + 5_000_000
        answers = [shop.post(path, json.loads(sent)).json() for path, sent in _SENT.findall(PAGE)]
        ann = shop.customer("17")
    told = [json.loads(block) for block in blocks(PAGE, "json")]
    assert (answers[0], answers[2]) == (told[0], told[1])
    assert (answers[1]["success"], answers[1]["customers"]) == (True, 1)
    assert [event.name for event in ann.events] == ["order_placed", "order_placed"]
    assert (ann.attributes["name"], ann.attributes["timezone"]) == ("Ann Lee", "Europe/Berlin")


def test_the_settings_of_the_page_are_those_that_there_are() -> None:
    (table,) = re.findall(r"\| key of `\[serve\]`.*?\n\n", PAGE, re.DOTALL)
    told = {
        name: default.replace(",", "").strip()
        for names, defaults in _SETTING.findall(table)
        for name, default in zip(re.findall("`(.*?)`", names), defaults.split(", "), strict=True)
    }
    here = Serve.model_validate({})
    assert told == {name: "none" if (set_ := getattr(here, name)) is None else str(set_) for name in told}
    mine = {"host", "port", "processes", "write_key_file", "most_kb", "per_second", "skew"}
    assert told.keys() == mine
