from __future__ import annotations

from pathlib import Path

from typing_commands import MORNING, Run


def test_a_tick_tells_what_it_did_and_what_comes_next(shop: Path, run: Run) -> None:
    run(shop, "activate", "--yes", "--now", MORNING)
    shown = run(shop, "tick", "--now", MORNING).stdout
    assert "planned    69 customers: " in shown
    assert "next       Mon  2 Nov 2026 " in shown


def test_due_contacts_become_files_where_no_mail_server_is_set(active: Path) -> None:
    assert list((active / "outbox").glob("*.eml"))


def test_without_active_rules_it_says_so_and_ends_with_1(shop: Path, run: Run) -> None:
    result = run(shop, "tick")
    assert result.exit_code == 1
    assert "no rules are active" in result.stderr


def test_while_another_daemon_is_at_work_it_ends_with_3_and_names_it(active: Path, run: Run) -> None:
    from scheduler.cli.moments import clock
    from scheduler.delivery.worker import at_work
    from scheduler.workspace import open_workspace

    with open_workspace(active) as workspace, at_work(workspace, "other-machine/7", clock()):
        result = run(active, "tick")
    assert result.exit_code == 3
    assert "other-machine/7" in result.stderr


def test_at_a_made_up_time_nothing_is_really_sent(active: Path, run: Run) -> None:
    settings = active / "rightreason.toml"
    settings.write_text(settings.read_text().replace('# host = "smtp.example.com"', 'host = "127.0.0.1"'))
    result = run(active, "tick", "--now", MORNING)
    assert result.exit_code == 2
    assert "--now would send real mails at a made-up time" in result.stderr
