"""The page on backtests says what is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

from typing_commands import run_in

from scheduler.backtest.signs import LATELY, LOW, SCORED, TROUBLES

PAGE = (Path(__file__).parents[2] / "docs" / "backtest.md").read_text(encoding="utf-8")


def test_the_page_names_the_things_that_are_troubles() -> None:
    told = PAGE.partition("that is called ")[2].partition("\n")[0]
    assert set(re.findall(r"`(\w+)`", told)) == TROUBLES


def test_the_page_says_what_a_low_score_is() -> None:
    assert f"newest `{SCORED}` of the last {LATELY}" in PAGE
    assert f"a `score` of {LOW} or less" in PAGE


def test_the_files_of_the_page_are_taken(tmp_path: Path) -> None:
    block = PAGE.partition("events.csv      ")[2].partition("```")[0]
    text, file = "", "events.csv"
    facts = tmp_path / "facts"
    facts.mkdir()
    for line in ("events.csv " + block).splitlines():
        name, _, cells = line.strip().partition(" ") if not line.startswith(" ") else (file, "", line)
        text, file = ("" if name != file else text) + cells.strip() + "\n", name
        (facts / file).write_text(text, encoding="utf-8")
    assert {path.name for path in facts.iterdir()} == {"events.csv", "customers.csv", "consent.csv"}
    assert run_in(tmp_path / "shop", "init").exit_code == 0
    options = ("--from", "2026-03-01", "--to", "2026-05-01", "--facts", str(facts), "--format", "json")
    result = run_in(tmp_path / "shop", "backtest", *options)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["customers"], found["events"], found["left_out"]) == (1, 2, {})
    assert {rule["rule"]: rule["contacts"] for rule in found["rules"]}["delivery_check_in"] == 1
