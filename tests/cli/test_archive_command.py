from __future__ import annotations

from pathlib import Path

import pytest
from typing_commands import Run

from scheduler.store import archive

LATER = "2029-11-02T08:00+01:00"


def test_it_shows_what_would_leave_and_what_stays_and_then_moves_it(
    active: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTREASON_RETENTION__EVENTS", "24 months")
    shown = run(active, "archive", "--dry-run", "--now", LATER)
    assert shown.exit_code == 0, shown.output
    head, occasions, events, *_ = shown.stdout.splitlines()
    assert head.split() == ["table", "kept", "for", "leaving", "from", "to"]
    assert occasions.split() == ["occasions", "ever", "0"]
    assert events.split()[:3] == ["events", "24", "months"]
    assert "events that stay: " in shown.stdout
    leaving = int(events.split()[3].replace(",", ""))
    assert leaving > 0
    assert not (active / "archive").exists()
    moved = run(active, "archive", "--now", LATER)
    assert f"{leaving:,} events" in moved.stdout
    assert archive.read(active / "archive", "event").height == leaving
    assert run(active, "archive", "--now", LATER).stdout == f"nothing moved to {active / 'archive'}\n"
    facts = active / "history" / "events.parquet"
    facts.parent.mkdir()
    assert run(active, "archive", "--events", str(facts)).stdout == f"{facts}: {leaving:,} events\n"
    assert "is there already" in run(active, "archive", "--events", str(facts)).stderr
    replayed = run(active, "backtest", "--facts", str(facts.parent), "--from", "2026-01-01", "--to", "2026-11-01")
    assert (replayed.exit_code, replayed.stderr) == (0, "")
    assert f"{leaving} events that the rules look at" in replayed.stdout
