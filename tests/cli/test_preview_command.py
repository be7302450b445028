from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typing_commands import MORNING, Run

KEYS = [
    *("at", "customer", "rule", "campaign", "serves", "asks_for", "reason", "channel", "template", "occasion"),
    *("outcome", "because", "until"),
]


def objects(folder: Path, run: Run, *options: str) -> list[dict[str, Any]]:
    result = run(folder, "preview", "--now", MORNING, "--format", "json", *options)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_contact_is_told_with_its_local_time_and_its_reason(shop: Path, run: Run) -> None:
    (card,) = objects(shop, run, "--customer", "tala", "--rule", "birthday_card")
    assert list(card) == KEYS
    assert (card["at"], card["customer"], card["rule"]) == ("2026-11-14T10:00:00+13:00", "tala", "birthday_card")
    assert card["reason"].startswith("It is a birthday today")
    assert (card["outcome"], card["because"], card["until"]) == ("contact", [], None)


def test_contacts_are_in_order_of_instant_customer_and_rule(shop: Path, run: Run) -> None:
    from scheduler.wallclock import parse_instant, zone

    found = objects(shop, run)
    order = [(parse_instant(one["at"], zone("UTC")), one["customer"], one["rule"], one["occasion"]) for one in found]
    assert order == sorted(order)


def test_nothing_but_contacts_is_shown_unless_all_is_asked_for(shop: Path, run: Run) -> None:
    assert {one["outcome"] for one in objects(shop, run)} == {"contact"}


def test_all_shows_who_is_not_contacted_and_by_which_gates(shop: Path, run: Run) -> None:
    silent = [one for one in objects(shop, run, "--all", "--customer", "dora") if one["rule"] == "referral_ask"]
    assert all("blocked.unresolved" in one["because"] for one in silent)
    assert silent


def test_csv_has_the_columns_of_json(shop: Path, run: Run) -> None:
    result = run(shop, "preview", "--now", MORNING, "--format", "csv", "--customer", "tala")
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert rows[0] == KEYS
    assert {row[1] for row in rows[1:]} == {"tala"}


def test_the_table_says_how_many_more_there_are(shop: Path, run: Run) -> None:
    shown = run(shop, "preview", "--now", MORNING, "--limit", "3").stdout
    total = len(objects(shop, run))
    assert f"… and {total - 3} more" in shown
    assert f"{total} contacts with " in shown


def test_the_table_has_a_chart_and_totals_by_rule(shop: Path, run: Run) -> None:
    shown = run(shop, "preview", "--now", MORNING).stdout
    assert "contacts a day (most: " in shown
    assert "birthday_card" in shown.partition("contacts with")[2]


def test_silences_are_told_in_words(shop: Path, run: Run) -> None:
    shown = run(shop, "preview", "--now", MORNING, "--all", "--customer", "dora", "--limit", "100").stdout
    assert "a ticket of theirs is open" in shown
    assert "what stands in the way, over all of them:" in shown


def test_without_contacts_it_says_so(empty: Path, run: Run) -> None:
    assert "nobody is contacted in the next 30 days" in run(empty, "preview").stdout


def test_the_messages_are_written_as_files(shop: Path, run: Run) -> None:
    result = run(
        shop, "preview", "--now", MORNING, "--customer", "tala", "--rule", "birthday_card", "--render", str(shop / "m")
    )
    assert "1 message written to" in result.stdout
    (mail,) = (shop / "m").iterdir()
    assert mail.name.startswith("2026-11-13-birthday_card-tala-")
    assert mail.suffix == ".eml"


def test_nothing_is_changed_by_looking(shop: Path, run: Run) -> None:
    run(shop, "preview", "--now", MORNING)
    assert "there are none" in run(shop, "contacts", "--all").stdout


def test_the_active_rules_can_be_asked_instead_of_the_folder(active: Path, run: Run) -> None:
    (active / "rules" / "staying_in_touch.yaml").unlink()
    assert objects(active, run, "--active", "--rule", "birthday_card")
    assert "there is no rule 'birthday_card'" in run(active, "preview", "--rule", "birthday_card").stderr


def test_without_active_rules_active_is_refused(shop: Path, run: Run) -> None:
    result = run(shop, "preview", "--active")
    assert result.exit_code == 2
    assert "no rules are active" in result.stderr


def test_wrong_rules_are_told_with_every_finding(shop: Path, run: Run) -> None:
    (shop / "rules" / "bad.yaml").write_text("campain: x\n")
    result = run(shop, "preview")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "rules/bad.yaml:1:1: error[unknown-key]" in result.stderr


def test_an_unknown_customer_is_refused(shop: Path, run: Run) -> None:
    assert "there is no customer 'nobody'" in run(shop, "preview", "--customer", "nobody").stderr


def test_an_unknown_rule_is_answered_with_the_nearest_one(shop: Path, run: Run) -> None:
    assert "did you mean 'birthday_card'?" in run(shop, "preview", "--rule", "birthday_crad").stderr


def test_a_moment_without_offset_is_the_houses_time(shop: Path, run: Run) -> None:
    by_offset = objects(shop, run)
    result = run(shop, "preview", "--now", "2026-11-02 08:00", "--format", "json")
    assert [json.loads(line) for line in result.stdout.splitlines()] == by_offset


def test_what_is_no_moment_is_refused_by_its_option(shop: Path, run: Run) -> None:
    result = run(shop, "preview", "--now", "tomorrow")
    assert result.exit_code == 2
    assert "--now: 'tomorrow' is no moment in time" in result.stderr


def test_at_an_earlier_moment_what_happened_later_is_not_known(shop: Path, run: Run) -> None:
    lines = run(shop, "preview", "--now", "2026-03-01", "--days", "200", "--format", "json").stdout.splitlines()
    occasions = {json.loads(line)["occasion"] for line in lines}
    ids = {
        event["id"]
        for event in map(json.loads, (shop / "sample" / "events.jsonl").read_text().splitlines())
        if event["at"] > "2026-03-02"
    }
    assert {key for key in occasions if key.rpartition("/")[2] in ids} == set()
    assert occasions


def test_a_rule_without_an_occasion_is_named(empty: Path, run: Run) -> None:
    shown = run(empty, "preview", "--rule", "birthday_card", "--all").stdout
    assert "birthday_card has no occasion for anybody in that time" in shown


def test_without_any_occasion_no_rule_has_one(empty: Path, run: Run) -> None:
    assert "no rule has an occasion for anybody in that time" in run(empty, "preview", "--all").stdout


def test_of_a_rule_that_is_like_none_a_few_are_offered(shop: Path, run: Run) -> None:
    told = run(shop, "preview", "--rule", "nosuch").stderr
    assert "there is no rule 'nosuch'; the nearest of 44 are " in told
    assert told.count(",") == 4


@pytest.mark.parametrize("command", ["preview", "contacts"])
def test_a_table_of_several_zones_says_whose_time_it_shows(active: Path, run: Run, command: str) -> None:
    assert "\neach in the customer's own time\n" in run(active, command, "--limit", "40").stdout


@pytest.mark.parametrize("command", ["preview", "contacts"])
def test_a_table_of_one_zone_says_nothing_of_it(active: Path, run: Run, command: str) -> None:
    now = ("--now", MORNING) if command == "preview" else ()
    shown = run(active, command, "--customer", "ingrid", *now).stdout
    assert shown.startswith("when ")
    assert "own time" not in shown
