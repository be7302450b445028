from __future__ import annotations

from pathlib import Path

import pytest
from typing_commands import MORNING, Run

from scheduler.store import State
from scheduler.workspace import open_workspace

REPORTS = Path(__file__).parents[1] / "channels" / "reports"
OF_THE_REPORTS = b"<52b5062c2a63f654f89545289a62a14481b332fc@example.com>"


@pytest.fixture
def box(active: Path) -> Path:
    """The maildir of a shop that has sent its first mails."""
    settings = active / "rightreason.toml"
    written = settings.read_text(encoding="utf-8")
    settings.write_text(written.replace('# maildir = "bounces"', 'maildir = "bounces"'), encoding="utf-8")
    for folder in ("cur", "new", "tmp"):
        (active / "bounces" / folder).mkdir(parents=True)
    return active / "bounces"


def test_what_came_back_is_told_and_taken(active: Path, box: Path, run: Run) -> None:
    with open_workspace(active) as workspace:
        row = next(row for row in workspace.store.ledger.rows(states=[State.SENT]) if row.message_id)
    bounce = (REPORTS / "postfix-unknown-user.eml").read_bytes()
    (box / "new" / "1.bounce").write_bytes(bounce.replace(OF_THE_REPORTS, row.message_id.encode()))
    (box / "new" / "2.spam").write_bytes((REPORTS / "spam.eml").read_bytes())
    (box / "new" / "3.none").write_bytes(b"\x00")
    result = run(active, "collect", "--now", MORNING)
    assert result.exit_code == 0
    assert result.stdout == (
        "read        3 mails: 1 about something else, 1 bounced, 1 unreadable\nsuppressed  1 address\n"
    )
    assert f"{row.customer}" in run(active, "contacts", "--state", "bounced").stdout
    assert run(active, "collect", "--now", MORNING).stdout == "read        0 mails: nothing\nsuppressed  0 addresses\n"


def test_a_mailbox_that_cannot_be_read_is_told_and_ends_with_1(active: Path, box: Path, run: Run) -> None:
    (box / "new").rmdir()
    result = run(active, "collect", "--now", MORNING)
    assert result.exit_code == 1
    assert "bounces.maildir: " in result.stderr


def test_without_a_mailbox_it_says_what_to_set_and_ends_with_2(active: Path, run: Run) -> None:
    result = run(active, "collect", "--now", MORNING)
    assert result.exit_code == 2
    assert "set bounces.maildir, or bounces.host" in result.stderr
