from __future__ import annotations

import re
from pathlib import Path

from typing_commands import MORNING, Run

from scheduler.store.migrations import versions

EVENING = "2026-11-02T20:00+01:00"


def test_a_backup_says_what_it_holds(active: Path, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "monday.db"
    made = run(active, "backup", str(file), "--now", MORNING)
    assert made.exit_code == 0, made.output
    assert re.fullmatch(
        rf"{file}: \d+ customers, \d+ events, [\d,]+ occasions, version {versions()[-1]} of the database, [\d.]+ MB\n",
        made.stdout,
    )
    again = run(active, "backup", str(file))
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)


def test_a_restore_tells_what_left_and_who_was_erased_since_and_what_to_do(
    active: Path, tmp_path: Path, run: Run
) -> None:
    from scheduler.workspace import open_workspace

    file = tmp_path / "monday.db"
    run(active, "backup", str(file), "--now", MORNING)
    run(active, "tick", "--now", EVENING)
    run(active, "suppress", "nobody@example.org", "--now", EVENING)
    with open_workspace(active) as workspace:
        someone = next(iter(workspace.store.customers.read())).id
        workspace.store.erase(someone, now=1_793_646_000_000_000)
    restored = run(active, "restore", str(file), "--yes", "--now", EVENING)
    assert restored.exit_code == 0, restored.output
    lines = restored.stdout.splitlines()
    assert lines[0] == "the database is that of the backup of Mon  2 Nov 2026 08:00"
    assert any(re.fullmatch(r"\d+ messages? left after it: marked so, and not sent again", line) for line in lines)
    assert "1 customer erased after it: erased again" in lines
    assert "type `rightreason release --all`" in lines[-1]
    assert not any("Beware" in line for line in lines)
    held = run(active, "status", "--now", EVENING)
    assert "all is held: this database was restored from a backup" in held.stdout
    assert str(run(active, "release", "--all", "--now", EVENING).stdout) == "all goes on\n"
    before = sorted(path.name for path in (active / "outbox").iterdir())
    assert run(active, "tick", "--now", EVENING).exit_code == 0
    assert sorted(path.name for path in (active / "outbox").iterdir()) == before


def test_nothing_is_restored_without_a_yes(active: Path, tmp_path: Path, run: Run) -> None:
    run(active, "backup", str(tmp_path / "monday.db"), "--now", MORNING)
    refused = run(active, "restore", str(tmp_path / "monday.db"))
    assert (refused.exit_code, "say --yes" in refused.stderr) == (2, True)


def test_of_a_backup_that_the_journal_does_not_know_it_is_said_to_look(active: Path, tmp_path: Path, run: Run) -> None:
    run(active, "backup", str(tmp_path / "monday.db"), "--now", MORNING)
    for file in active.glob("rightreason.journal*"):
        file.unlink()
    restored = run(active, "restore", str(tmp_path / "monday.db"), "--yes", "--now", EVENING)
    assert "Beware: it is not known what else left" in restored.stdout


def test_migrate_says_from_which_version_to_which(active: Path, empty: Path, run: Run) -> None:
    assert run(empty, "migrate").stdout == f"the database was made, at version {versions()[-1]}\n"
    assert run(active, "migrate").stdout == f"the database is up to date, at version {versions()[-1]}: nothing to do\n"
    from alembic import command

    from scheduler.store.migrations import configuration
    from scheduler.workspace import open_workspace

    with open_workspace(active) as workspace, workspace.store.write() as connection:
        command.downgrade(configuration(connection), versions()[0])
    told = run(active, "migrate").stdout
    assert told == f"the database was brought from version {versions()[0]} to {versions()[-1]}\n"
