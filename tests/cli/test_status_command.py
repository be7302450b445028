from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from keeping import at
from typing_commands import MORNING, Run

from scheduler.delivery.worker import TTL, at_work
from scheduler.store.traffic import count
from scheduler.workspace import open_workspace


def test_where_no_rules_are_active_it_says_what_to_do(shop: Path, run: Run) -> None:
    result = run(shop, "status", "--now", MORNING)
    assert result.exit_code == 1
    assert "no rules are active, so nobody is contacted" in result.stdout
    assert "`rightreason activate`" in result.stdout


def test_how_things_stand_is_shown(active: Path, run: Run) -> None:
    shown = run(active, "status", "--now", "2026-11-02T10:00+01:00").stdout
    assert "69 customers, 468 events" in shown
    assert "version 1 (" in shown
    assert "zone data  20" in shown
    assert "email.host is not set" in shown


def test_rules_in_the_folder_that_differ_are_told(active: Path, run: Run) -> None:
    template = active / "templates" / "welcome.email.md"
    template.write_text(template.read_text() + "\nSee you.\n")
    assert "the rules in the folder differ from the active ones" in run(active, "status").stdout


def test_rules_in_the_folder_that_are_wrong_are_told(active: Path, run: Run) -> None:
    (active / "rules" / "bad.yaml").write_text("campain: x\n")
    assert "`rightreason check` shows them" in run(active, "status").stdout


def test_a_broken_folder_is_told_with_the_version_that_goes_on(active: Path, run: Run) -> None:
    for template in (active / "templates").glob("welcome.email.*"):
        template.unlink()
    assert "error; version 1 goes on" in run(active, "status").stdout.replace("errors", "error")


def test_a_rules_folder_that_was_deleted_is_told_with_the_version_that_goes_on(active: Path, run: Run) -> None:
    shutil.rmtree(active / "rules")
    shown = run(active, "status").stdout
    assert "the rules in the folder are broken; version 1 goes on" in shown
    assert "rules can't be looked into: No such file or directory" in shown


def test_a_tick_goes_by_the_active_version_whatever_is_in_the_folder(active: Path, run: Run) -> None:
    (active / "rules" / "bad.yaml").write_text("rules: [")
    result = run(active, "tick", "--now", "2026-11-02T12:00+01:00")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "sent" in result.stdout


def test_a_hold_is_told_with_the_way_to_lift_it(active: Path, run: Run) -> None:
    run(active, "hold", "--channel", "email", "--cause", "wrong logo")
    shown = run(active, "status").stdout
    assert "channel:email is held: wrong logo" in shown
    assert "`rightreason release --channel email`" in shown


def test_a_channel_that_has_sent_its_share_of_the_hour_says_when_it_goes_on(active: Path, run: Run) -> None:
    (active / "rightreason.toml").write_text('[email]\nhost = "mail.example.com"\nper_hour = 3\n')
    with open_workspace(active) as workspace, workspace.store.write() as connection:
        count(connection, {"email": 3}, now=at("2026-11-02 10:20"))
    shown = run(active, "status", "--now", "2026-11-02T11:00+01:00").stdout
    assert "pace       as much by email as email.per_hour lets leave; the rest goes on Mon  2 Nov 2026 11:21" in shown
    assert "\npace " not in run(active, "status", "--now", "2026-11-02T11:21+01:00").stdout


def test_when_nobody_is_at_work_and_something_is_due_it_says_so(active: Path, run: Run) -> None:
    shown = run(active, "status", "--now", "2026-11-03T10:00+01:00").stdout
    assert "nobody is at work, and something has been due for" in shown


def test_when_nobody_is_at_work_and_customers_wait_to_be_planned_it_says_so(shop: Path, run: Run) -> None:
    assert "not planned yet" not in run(shop, "status").stdout
    run(shop, "activate", "--yes", "--now", MORNING)
    shown = run(shop, "status", "--now", MORNING).stdout
    assert "nobody is at work, and 69 customers with something new are not planned yet" in shown
    assert "start `rightreason run`" in shown
    run(shop, "tick", "--now", MORNING)
    assert "not planned yet" not in run(shop, "status", "--now", MORNING).stdout


def test_links_that_lead_nowhere_are_told_once_mails_are_really_sent(active: Path, run: Run) -> None:
    assert "the links in mails lead to" not in run(active, "status").stdout
    settings = active / "rightreason.toml"
    settings.write_text(settings.read_text().replace('# host = "smtp.example.com"', 'host = "127.0.0.1"'))
    assert "the links in mails lead to http://localhost:8000" in run(active, "status").stdout


def test_all_daemons_are_named_with_their_shares(
    empty: Path, run: Run, postgresql: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTREASON_DATABASE", postgresql())
    assert "daemon     none is at work" in run(empty, "status").stdout
    with (
        open_workspace(empty) as workspace,
        at_work(workspace, "one/7", at(MORNING), stays=True) as first,
        at_work(workspace, "another/8", at(MORNING), stays=True) as second,
    ):
        first.settle(at(MORNING))
        second.settle(at(MORNING))
        second.beat(at(MORNING) + TTL)
        shown = run(empty, "status", "--now", "2026-11-02T08:02:01+01:00").stdout
    assert "daemon     one/7 has given no sign of life for a while, last seen Mon  2 Nov 2026 08:00" in shown
    assert "daemon     another/8 at work for 16 of 32 slices of the customers, last seen" in shown
