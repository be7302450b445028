from __future__ import annotations

import json
from pathlib import Path

import pytest
from typing_commands import Run

from scheduler.cli.annotations import annotation
from scheduler.rulebook.findings import error
from scheduler.rulebook.model import Place

CAMPAIGN = "campaign: Letters\nrules:\n  letter:\n    reason: x\n    asks_for: nothing\n    when: order_placed\n    send: welcome\n"


def test_findings_are_shown_with_their_place_and_end_with_1(empty: Path, run: Run) -> None:
    (empty / "rules" / "letters.yaml").write_text(CAMPAIGN)
    result = run(empty, "check")
    assert result.exit_code == 1
    assert "rules/letters.yaml:4:5: error[thin-reason]" in result.stdout


@pytest.mark.parametrize("broken", [CAMPAIGN, CAMPAIGN + "    only_if: [hapy]\n", "campaign: [", ""])
def test_a_file_may_be_checked_alone(empty: Path, run: Run, broken: str) -> None:
    (empty / "rules" / "letters.yaml").write_text(broken)
    result = run(empty, "check", str(empty / "rules" / "house_rules.yaml"))
    assert (result.exit_code, result.stdout) == (0, f"all is well in {empty / 'rules' / 'house_rules.yaml'}\n")


def test_a_folder_may_be_checked_alone(empty: Path, run: Run) -> None:
    (empty / "rules" / "letters.yaml").write_text(CAMPAIGN)
    assert [run(empty, "check", str(empty / part)).exit_code for part in ("rules", "templates")] == [1, 0]


def test_a_file_that_is_not_there_is_refused_with_the_one_that_was_meant(empty: Path, run: Run) -> None:
    result = run(empty, "check", str(empty / "rules" / "house_rule.yaml"))
    assert (result.exit_code, "did you mean 'house_rules.yaml'?" in result.stderr) == (2, True)


def test_a_file_outside_of_a_workspace_is_refused(empty: Path, run: Run) -> None:
    result = run(empty, "check", str(empty.parent))
    assert (result.exit_code, "is in no workspace: no folder above it holds rules/" in result.stderr) == (2, True)


def test_where_rules_can_not_be_read_their_tests_do_not_miss_them(empty: Path, run: Run) -> None:
    (empty / "rules" / "tests").mkdir(exist_ok=True)
    (empty / "rules" / "tests" / "letters.yaml").write_text(
        "tests:\n  - name: a letter\n    customer: {email: a@example.com}\n    timeline: {2026-03-01 10:00: order_placed}\n"
        "    expect: [{on: 2026-03-02, rule: letter}]\n"
    )
    (empty / "rules" / "letters.yaml").write_text(CAMPAIGN.replace("when:", " when:"))
    assert "unknown-rule" not in run(empty, "check").stdout
    (empty / "rules" / "letters.yaml").unlink()
    assert "unknown-rule" in run(empty, "check").stdout


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


def test_a_workspace_without_rules_is_told_what_to_do(empty: Path, run: Run) -> None:
    for file in (empty / "rules").rglob("*.yaml"):
        if file.name not in {"house_rules.yaml", "people.yaml"}:
            file.unlink()
    result = run(empty, "check")
    assert "warning[no-rules] there are no rules, so nobody will ever be contacted" in result.stdout
    assert "write a campaign in rules/, or let `rightreason init` lay one down" in result.stdout
    assert result.exit_code == 0


def test_findings_can_be_had_as_annotations_of_github(empty: Path, run: Run) -> None:
    (empty / "rules" / "letters.yaml").write_text(CAMPAIGN)
    result = run(empty, "check", "--format", "github")
    first = result.stdout.splitlines()[0]
    assert first.startswith("::error file=rules/letters.yaml,line=4,col=5,title=thin-reason::")
    assert result.exit_code == 1


def test_an_annotation_escapes_what_would_end_it() -> None:
    finding = error("bad-value", Place("rules/50%,a:b.yaml", 1, 2), "100% of\r\nthis: a, b", "mend it", ["x", "y"])
    assert annotation(finding) == (
        "::error file=rules/50%25%2Ca%3Ab.yaml,line=1,col=2,title=bad-value::"
        "100%25 of%0D%0Athis: a, b%0Amend it%0Aallowed: x, y"
    )


def test_a_property_that_no_such_event_ever_had_is_a_warning(shop: Path, run: Run) -> None:
    campaign = CAMPAIGN.replace("reason: x", "reason: They have placed their order with us.").replace(
        "when: order_placed", "when: {event: order_delivered, where: {prodct: {is: Kettle}}}"
    )
    (shop / "rules" / "letters.yaml").write_text(campaign)
    result = run(shop, "check", str(shop / "rules" / "letters.yaml"))
    assert "warning[unseen-property] no 'order_delivered' has ever had a property 'prodct'" in result.stdout
    assert "did you mean 'product'?" in result.stdout


def test_a_channel_that_is_not_set_up_is_a_warning_before_any_facts_are_there(empty: Path, run: Run) -> None:
    (empty / "rules" / "letters.yaml").write_text(
        CAMPAIGN.replace("reason: x", "reason: They have placed their order with us.") + "    by: [email, sms]\n"
    )
    result = run(empty, "check", str(empty / "rules" / "letters.yaml"))
    assert "[unseen-channel] the channel 'sms' is not set up" in result.stdout
