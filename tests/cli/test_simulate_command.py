from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typing_commands import MORNING, Run, run_in

UNTIL = "2026-11-04"


@pytest.fixture(scope="module")
def simulated(shop_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that sends for real, after a simulated week, which lies in `simulated`."""
    shop = shutil.copytree(shop_to_copy, tmp_path_factory.mktemp("simulate") / "shop")
    settings = shop / "rightreason.toml"
    settings.write_text('deliver_by = "real"\n' + settings.read_text())
    result = run_in(shop, "simulate", "--now", MORNING, "--until", "2026-11-09T08:00+01:00")
    assert result.exit_code == 0, result.stderr
    return shop


def test_the_workspace_itself_is_not_touched(simulated: Path, run: Run) -> None:
    assert "there are none" in run(simulated, "contacts", "--all").stdout
    assert not (simulated / "outbox").exists()


def test_the_copy_is_a_workspace_to_look_around_in(simulated: Path, run: Run) -> None:
    assert "goodbye/ingrid/" in run(simulated / "simulated", "contacts", "--limit", "100").stdout
    assert list((simulated / "simulated" / "outbox").glob("*.eml"))


def test_it_makes_the_contacts_that_the_preview_shows(simulated: Path, run: Run) -> None:
    preview = run(simulated, "preview", "--now", MORNING, "--days", "7", "--format", "json").stdout
    made = run(simulated / "simulated", "contacts", "--state", "sent", "--state", "assigned", "--format", "json").stdout

    def keys(lines: str) -> set[tuple[str, str]]:
        return {(one["occasion"], one["at"]) for one in map(json.loads, lines.splitlines())}

    assert keys(made) == keys(preview)


def test_the_copy_never_sends_even_where_the_workspace_does(simulated: Path) -> None:
    copied = (simulated / "simulated" / "rightreason.toml").read_text()
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
