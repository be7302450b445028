"""The page on decisions names what the engine names."""

from __future__ import annotations

import re
from pathlib import Path

from scheduler.decisions.causes import Cause
from scheduler.decisions.outcome import Outcome

PAGE = (Path(__file__).parents[2] / "docs" / "decisions.md").read_text(encoding="utf-8")


def test_the_page_tells_every_decision() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(Outcome)


def test_the_page_tells_every_gate_in_the_order_of_asking() -> None:
    cells = re.findall(r"^\| \d+ \| ([^|]+) \|", PAGE, re.MULTILINE)
    told = [word for cell in cells for word in re.findall(r"`(\w+)", cell)]
    gates = [cause for cause in Cause if cause not in {Cause.ERASED, Cause.BY_HAND}]
    assert list(dict.fromkeys(told)) == gates
