from __future__ import annotations

import shutil
from pathlib import Path

from typing_commands import MORNING, Run


def test_the_first_week_is_shown_before_it_is_agreed_to(shop: Path, run: Run) -> None:
    shown = run(shop, "activate", "--yes", "--now", MORNING).stdout
    assert "The first 7 days would bring these:" in shown
    assert "active: version 1 (" in shown


def test_where_nobody_can_be_asked_nothing_is_changed(shop: Path, run: Run) -> None:
    result = run(shop, "activate", "--now", MORNING)
    assert result.exit_code == 2
    assert "say --yes" in result.stderr
    assert "no rules are active" in run(shop, "status").stdout


def test_the_same_rules_again_are_active_already(active: Path, run: Run) -> None:
    assert "these rules are active already" in run(active, "activate").stdout


def test_what_differs_from_the_active_rules_is_named(active: Path, run: Run) -> None:
    rules = active / "rules" / "staying_in_touch.yaml"
    rules.write_text(rules.read_text().replace("  we_miss_you:", "  come_home:"))
    shown = run(active, "activate", "--yes", "--now", MORNING).stdout
    assert "new rules: come_home" in shown
    assert "removed rules: we_miss_you" in shown
    assert "changed files: rules/staying_in_touch.yaml" in shown
    assert "active: version 2 (" in shown


def test_a_rule_that_only_moved_in_its_file_is_not_named_as_changed(active: Path, run: Run) -> None:
    rules = active / "rules" / "staying_in_touch.yaml"
    rules.write_text("# a new line on top\n" + rules.read_text())
    assert "changed rules" not in run(active, "activate", "--yes", "--now", MORNING).stdout


def test_a_template_that_does_not_render_keeps_the_rules_from_being_active(shop: Path, run: Run) -> None:
    template = shop / "templates" / "welcome.email.md"
    template.write_text(template.read_text() + "\n{{ 1 / 0 }}\n")
    result = run(shop, "activate", "--yes")
    assert result.exit_code == 2
    assert "templates/welcome.email.md" in result.stderr


def test_without_a_rules_folder_nothing_is_activated_and_so_nothing_cancelled(active: Path, run: Run) -> None:
    shutil.rmtree(active / "rules")
    result = run(active, "activate", "--yes")
    assert result.exit_code == 2
    assert "rules can't be looked into: No such file or directory" in result.stderr
