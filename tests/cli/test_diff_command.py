from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typing_commands import Run

NOON = "2026-11-02T12:00+01:00"
"""Two hours after the first tick of the sample shop."""

AFTER = "rules/after_the_purchase.yaml"
KEYS = [
    *("change", "customer", "rule", "campaign", "occasion", "differs", "at_before", "at", "channel_before", "channel"),
    *("template_before", "template", "reason_before", "reason"),
]
Contacts = dict[str, tuple[str, str, str]]


def objects(folder: Path, run: Run, *words: str) -> list[dict[str, Any]]:
    result = run(folder, *words, "--now", NOON, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def contacts(folder: Path, run: Run, *options: str) -> Contacts:
    """What a preview shows, by occasion: when, by which channel, and why."""
    return {
        one["occasion"]: (one["at"], one["channel"], one["reason"]) for one in objects(folder, run, "preview", *options)
    }


@pytest.fixture
def edited(active: Path) -> Path:
    """The sample shop at work, where somebody lets the first steps come a day later, and renames a rule."""
    rules = active / AFTER
    rules.write_text(rules.read_text().replace("after: 3 days", "after: 4 days", 1))
    touch = active / "rules/staying_in_touch.yaml"
    touch.write_text(touch.read_text().replace("  we_miss_you:", "  come_home:"))
    return active


def test_what_differs_is_counted_by_rule_and_by_day_with_a_few_examples(edited: Path, run: Run) -> None:
    result = run(edited, "diff", "--now", NOON, "--samples", "2")
    assert result.exit_code == 0
    shown = result.stdout
    assert shown.startswith(
        "compared with version 1, which is active\n"
        "new rules: come_home\nremoved rules: we_miss_you\nchanged rules: first_steps\n"
    )
    rows = [line.split() for line in shown.splitlines()]
    assert ["rule", "added", "moved", "cancelled"] in rows
    differ = Counter((one["change"], one["rule"]) for one in objects(edited, run, "diff"))
    added, moved = differ["added", "come_home"], differ["moved", "first_steps"]
    assert ["come_home", f"{added}"] in rows
    assert ["first_steps", f"{moved}"] in rows
    assert "what comes: contacts a day (most:" in shown
    assert f"added, the first 2 of {added}:" in shown
    assert "Now come the first steps with Kasper the loaf tin" in shown
    assert shown.endswith("To go by these rules: `rightreason activate`\n")


def test_the_contacts_before_with_the_difference_are_what_a_preview_shows_after(edited: Path, run: Run) -> None:
    before, differ = contacts(edited, run, "--active"), objects(edited, run, "diff")
    for one in differ:
        if one["at_before"] is not None:
            was = before.pop(one["occasion"])
            assert was == (one["at_before"], one["channel_before"], one["reason_before"])
        if one["at"] is not None:
            before[one["occasion"]] = (one["at"], one["channel"], one["reason"])
    run(edited, "activate", "--yes", "--now", NOON)
    assert before == contacts(edited, run, "--active")
    assert {one["change"] for one in differ} == {"added", "moved", "cancelled"}


def test_an_object_has_stable_keys_and_tells_before_and_after(edited: Path, run: Run) -> None:
    (one,) = objects(edited, run, "diff", "--customer", "luca", "--rule", "first_steps")
    assert list(one) == KEYS
    assert (one["change"], one["differs"]) == ("moved", ["time"])
    assert (one["at_before"], one["at"]) == ("2026-11-04T10:00:00+01:00", "2026-11-05T10:00:00+01:00")
    assert one["channel_before"] == one["channel"] == "email"


def test_what_is_cancelled_has_nothing_after(edited: Path, run: Run) -> None:
    cancelled = [one for one in objects(edited, run, "diff") if one["change"] == "cancelled"]
    assert {one["rule"] for one in cancelled} == {"we_miss_you"}
    assert {(one["at"], one["channel"], one["template"], one["reason"]) for one in cancelled} == {(None,) * 4}


def test_csv_has_the_columns_of_json(edited: Path, run: Run) -> None:
    result = run(edited, "diff", "--now", NOON, "--format", "csv")
    header, *rows = csv.reader(io.StringIO(result.stdout))
    assert header == KEYS
    assert len(rows) == len(objects(edited, run, "diff"))


def test_a_rule_that_is_removed_can_be_asked_about(edited: Path, run: Run) -> None:
    assert {one["rule"] for one in objects(edited, run, "diff", "--rule", "we_miss_you")} == {"we_miss_you"}


def test_an_edited_template_changes_the_contacts_that_send_it(active: Path, run: Run) -> None:
    template = active / "templates/how_was_it.email.md"
    template.write_text(template.read_text() + "\nSee you.\n")
    differ = objects(active, run, "diff")
    assert {(one["change"], one["rule"], *one["differs"]) for one in differ} == {("changed", "how_was_it", "text")}
    shown = run(active, "diff", "--now", NOON).stdout
    assert "changed templates: templates/how_was_it.email.md" in shown
    assert "differs in" in shown


def test_where_nothing_was_edited_it_says_so(active: Path, run: Run) -> None:
    shown = run(active, "diff", "--now", NOON).stdout
    assert "the files are the same" in shown
    assert "nothing changes: the same contacts, at the same times, in the next 30 days" in shown
    assert "`rightreason activate`" not in shown
    assert objects(active, run, "diff") == []


def test_where_nothing_is_active_everything_is_added(shop: Path, run: Run) -> None:
    differ = objects(shop, run, "diff")
    assert {one["change"] for one in differ} == {"added"}
    assert {one["occasion"] for one in differ} == set(contacts(shop, run))
    assert "no rules are active yet; these are " in run(shop, "diff", "--now", NOON).stdout


def test_the_days_say_how_far_it_looks(shop: Path, run: Run) -> None:
    assert {one["occasion"] for one in objects(shop, run, "diff", "--days", "3")} == set(
        contacts(shop, run, "--days", "3")
    )


def test_it_changes_nothing(edited: Path, run: Run) -> None:
    before = contacts(edited, run, "--active")
    run(edited, "diff", "--now", NOON)
    assert contacts(edited, run, "--active") == before


@pytest.mark.parametrize(("option", "name"), [("--rule", "reviw_ask"), ("--customer", "nobody")])
def test_names_that_there_are_not_are_refused(active: Path, run: Run, option: str, name: str) -> None:
    result = run(active, "diff", option, name)
    assert result.exit_code == 2
    assert f"there is no {option[2:]} '{name}'" in result.stderr


def test_a_customer_is_found_by_name_or_the_nearest_is_named(edited: Path, run: Run) -> None:
    assert {one["customer"] for one in objects(edited, run, "diff", "--customer", "Anika Vogel")} == {"anika"}
    assert "did you mean anika (Anika Vogel)?" in run(edited, "diff", "--customer", "Anika").stderr


def test_a_broken_folder_is_told_with_its_findings(active: Path, run: Run) -> None:
    (active / AFTER).write_text("rules: [")
    result = run(active, "diff")
    assert result.exit_code == 2
    assert f"{AFTER}:1:" in result.stderr
