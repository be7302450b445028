from __future__ import annotations

import json
from pathlib import Path

from typing_commands import Run

CAMPAIGN = "campaign: Letters\nrules:\n  letter:\n    reason: x\n    asks_for: nothing\n    when: order_placed\n    send: welcome\n"


def test_findings_are_shown_with_their_place_and_end_with_1(empty: Path, run: Run) -> None:
    (empty / "rules" / "letters.yaml").write_text(CAMPAIGN)
    result = run(empty, "check")
    assert result.exit_code == 1
    assert "rules/letters.yaml:4:5: error[thin-reason]" in result.stdout


def test_a_file_may_be_checked_alone(empty: Path, run: Run) -> None:
    (empty / "rules" / "letters.yaml").write_text(CAMPAIGN)
    assert run(empty, "check", str(empty / "rules" / "house_rules.yaml")).exit_code == 0


def test_findings_can_be_had_as_json(empty: Path, run: Run) -> None:
    (empty / "rules" / "letters.yaml").write_text(CAMPAIGN)
    first = json.loads(run(empty, "check", "--format", "json").stdout.splitlines()[0])
    assert list(first) == ["file", "line", "column", "severity", "code", "message", "way_out", "allowed"]
    assert (first["file"], first["line"], first["code"]) == ("rules/letters.yaml", 4, "thin-reason")


def test_a_template_that_does_not_render_is_a_finding(empty: Path, run: Run) -> None:
    template = empty / "templates" / "welcome.email.md"
    template.write_text(template.read_text() + "\n{{ 1 / 0 }}\n")
    result = run(empty, "check")
    assert result.exit_code == 1
    assert "templates/welcome.email.md" in result.stdout


def test_a_mistake_of_a_template_is_told_once(empty: Path, run: Run) -> None:
    template = empty / "templates" / "welcome.email.md"
    template.write_text(template.read_text() + "\n{{ evnt.product }}\n")
    assert "1 error, 0 warnings in 1 file" in run(empty, "check").stdout


def test_what_the_facts_never_hold_is_a_warning_and_ends_with_0(shop: Path, run: Run) -> None:
    (shop / "rules" / "letters.yaml").write_text(
        CAMPAIGN.replace("reason: x", "reason: They have placed their order with us.").replace(
            "order_placed", "order_plaecd"
        )
    )
    result = run(shop, "check", str(shop / "rules" / "letters.yaml"))
    assert "warning[unseen-event]" in result.stdout
    assert result.exit_code == 0
