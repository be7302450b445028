from __future__ import annotations

import json
from pathlib import Path

from typing_commands import MORNING, Run

UNTIL = "2026-11-04"


def test_the_workspace_itself_is_not_touched(shop: Path, run: Run) -> None:
    assert run(shop, "simulate", "--now", MORNING, "--until", UNTIL).exit_code == 0
    assert "there are none" in run(shop, "contacts", "--all").stdout
    assert not (shop / "outbox").exists()


def test_the_copy_is_a_workspace_to_look_around_in(shop: Path, run: Run) -> None:
    run(shop, "simulate", "--now", MORNING, "--until", UNTIL)
    assert "goodbye/ingrid/" in run(shop / "simulated", "contacts", "--limit", "100").stdout
    assert list((shop / "simulated" / "outbox").glob("*.eml"))


def test_it_makes_the_contacts_that_the_preview_shows(shop: Path, run: Run) -> None:
    preview = run(shop, "preview", "--now", MORNING, "--days", "7", "--format", "json").stdout
    run(shop, "simulate", "--now", MORNING, "--until", "2026-11-09T08:00+01:00")
    made = run(shop / "simulated", "contacts", "--state", "sent", "--state", "assigned", "--format", "json").stdout

    def keys(lines: str) -> set[tuple[str, str]]:
        return {(one["occasion"], one["at"]) for one in map(json.loads, lines.splitlines())}

    assert keys(made) == keys(preview)


def test_the_copy_never_sends_even_where_the_workspace_does(shop: Path, run: Run) -> None:
    settings = shop / "rightreason.toml"
    settings.write_text('deliver_by = "real"\n' + settings.read_text())
    run(shop, "simulate", "--now", MORNING, "--until", UNTIL)
    copied = (shop / "simulated" / "rightreason.toml").read_text()
    assert copied.startswith('deliver_by = "file"\n')
    assert '\ndeliver_by = "real"' not in copied


def test_a_former_simulation_is_replaced(shop: Path, run: Run) -> None:
    for _ in range(2):
        result = run(shop, "simulate", "--now", MORNING, "--until", "2026-11-02T12:00+01:00")
        assert result.exit_code == 0, result.stderr


def test_a_folder_with_something_else_in_it_is_left_alone(shop: Path, run: Run) -> None:
    (shop / "mine").mkdir()
    (shop / "mine" / "letter.txt").write_text("dear")
    result = run(shop, "simulate", "--now", MORNING, "--until", UNTIL, "--into", str(shop / "mine"))
    assert result.exit_code == 2
    assert "is no simulation" in result.stderr
    assert (shop / "mine" / "letter.txt").read_text() == "dear"


def test_an_end_that_is_over_is_refused(shop: Path, run: Run) -> None:
    assert run(shop, "simulate", "--now", MORNING, "--until", "2026-11-01").exit_code == 2
