from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typing_commands import MORNING, Run, run_in

YEAR = ("--from", "2025-11-01", "--to", "2026-11-02")
LAX_RULE = """\
campaign: Greedy
owner: maja@patient-oven.example
rules:
  offer_to_all:
    reason: They may want more.
    asks_for: purchase
    when: nps_answered
    after: 1 hour
    before: 3 days
    only_if: [{event: order_placed, within: 180 days}]
    send: come_back_offer
    by: [email]
"""


def report(folder: Path, run: Run, *options: str) -> dict[str, Any]:
    result = run(folder, "backtest", *YEAR, "--format", "json", *options)
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def contacts(folder: Path, run: Run, *options: str) -> list[dict[str, Any]]:
    result = run(folder, "backtest", *YEAR, "--contacts", "-", *options)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def as_it_is(shop_to_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop, in which no test changes anything."""
    return shutil.copytree(shop_to_copy, tmp_path_factory.mktemp("backtest") / "shop")


@pytest.fixture(scope="module")
def told(as_it_is: Path) -> dict[str, Any]:
    """The report of the shop as it is."""
    return report(as_it_is, run_in)


@pytest.fixture(scope="module")
def made(as_it_is: Path) -> list[dict[str, Any]]:
    """The contacts of the shop as it is."""
    return contacts(as_it_is, run_in)


def ask_anybody(folder: Path) -> None:
    """Let the house forbid nothing, and a rule ask everybody who has just given a score."""
    house = folder / "rules" / "house_rules.yaml"
    written = house.read_text(encoding="utf-8")
    kept = "any:\n    blocked_while: [unresolved, unhappy, parcel_late]"
    assert kept in written
    house.write_text(
        written.replace(kept, "any:\n    blocked_while: []").replace(
            "purchase: {value_window: if delivered}", "purchase: {value_window: none, gives: none}"
        ),
        encoding="utf-8",
    )
    (folder / "rules" / "greedy.yaml").write_text(LAX_RULE, encoding="utf-8")


# --- the report


def test_the_report_tells_contacts_silences_people_collisions_and_asks(
    shop: Path, run: Run, told: dict[str, Any]
) -> None:
    shown = run(shop, "backtest", *YEAR).stdout
    assert shown.startswith("Backtest from 2025-11-01 to 2026-11-02 (366 days)\n69 customers, ")
    headings = [line for line in shown.splitlines() if line and not line.startswith(" ")][2:]
    assert [heading.split(":")[0] for heading in headings] == [
        "Contacts by rule and month",
        f"What came of {sum(told['outcomes'].values()):,} occasions",
        "What stood in the way of the others",
        "Who heard from us",
        "Collisions",
        "Asks near unhappy customers",
    ]
    assert "a ticket of theirs is open" in shown


def test_figures_of_the_object_fit_each_other(told: dict[str, Any]) -> None:
    by_rule = [rule["contacts"] for rule in told["rules"]]
    assert told["contacts"] == sum(by_rule) == sum(told["by_month"].values()) == told["outcomes"]["contact"]
    assert told["by_month"].keys() == {f"2025-{m}" for m in (11, 12)} | {f"2026-{m:02}" for m in range(1, 12)}
    assert told["customers"] == 69
    assert told["heard"]["most_contacted"][0]["contacts"] == told["heard"]["most"]
    assert (told["from"], told["to"]) == ("2025-11-01T00:00:00+01:00", "2026-11-02T00:00:00+01:00")
    assert told["against"] is None


def test_the_starter_rules_never_ask_unhappy_customers(told: dict[str, Any]) -> None:
    asks = told["asks_near_unhappy"]
    assert asks["asks"] > 10
    assert asks["near"] == 0
    assert list(asks["signs"]) == [
        "low_score",
        "open.ticket",
        "blocked_while.unresolved",
        "blocked_while.unhappy",
        "blocked_while.parcel_late",
    ]


def test_csv_has_the_contacts_by_rule_and_month(shop: Path, run: Run, told: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(run(shop, "backtest", *YEAR, "--format", "csv").stdout)))
    assert [list(row) for row in rows[:1]] == [["rule", "month", "contacts"]]
    each = {(rule["rule"], month): contacts for rule in told["rules"] for month, contacts in rule["by_month"].items()}
    assert {(row["rule"], row["month"]): int(row["contacts"]) for row in rows} == each


def test_asks_near_unhappy_customers_are_told_with_their_signs_and_end_with_1(shop: Path, run: Run) -> None:
    ask_anybody(shop)
    result = run(shop, "backtest", *YEAR)
    assert result.exit_code == 1
    told = result.stdout.partition("Asks near unhappy customers")[2]
    assert "(must be 0)" in told
    assert "offer_to_all: low_score" in told
    found = json.loads(run(shop, "backtest", *YEAR, "--format", "json").stdout)["asks_near_unhappy"]
    assert found["near"] > 0
    assert found["examples"][0]["rule"] == "offer_to_all"


def test_what_is_not_known_is_told(shop: Path, run: Run) -> None:
    for rules in (shop / "rules").glob("*.yaml"):
        if rules.name not in {"house_rules.yaml", "people.yaml"}:
            rules.unlink()
    house = shop / "rules" / "house_rules.yaml"
    house.write_text(
        "timezone: Europe/Berlin\nopen_things: {ticket: {opened_by: ticket_opened, closed_by: ticket_closed}}\n"
    )
    (shop / "rules" / "birthdays.yaml").write_text(
        "campaign: Birthdays\nrules:\n  card:\n    reason: It is a birthday.\n    asks_for: nothing\n"
        "    when: {date: birthday}\n    before: 1 day\n    send: birthday_card\n    by: [email]\n"
    )
    shown = run(shop, "backtest", *YEAR).stdout
    assert "low_score: not known, as no rule looks at nps_answered" in shown
    assert "open.ticket: not known, as no rule looks at ticket_opened" in shown


# --- contacts


def test_contacts_have_the_keys_of_the_preview_in_its_order(made: list[dict[str, Any]], told: dict[str, Any]) -> None:
    from scheduler.cli.decision_rows import KEYS
    from scheduler.wallclock import parse_instant, zone

    assert list(made[0]) == list(KEYS)
    order = [(parse_instant(one["at"], zone("UTC")), one["customer"], one["rule"], one["occasion"]) for one in made]
    assert order == sorted(order)
    assert len(made) == told["contacts"]


def test_all_writes_every_decision_with_its_causes(shop: Path, run: Run, told: dict[str, Any]) -> None:
    found = contacts(shop, run, "--all")
    assert len(found) == sum(told["outcomes"].values())
    assert {"blocked.unhappy"} & {gate for one in found for gate in one["because"]}


def test_contacts_go_to_a_file_beside_the_report(shop: Path, run: Run, made: list[dict[str, Any]]) -> None:
    result = run(shop, "backtest", *YEAR, "--contacts", str(shop / "made.jsonl"))
    assert f"{len(made)} contacts written to" in result.stderr
    assert "Contacts by rule and month" in result.stdout
    assert [json.loads(line) for line in (shop / "made.jsonl").read_text(encoding="utf-8").splitlines()] == made


def test_on_standard_output_contacts_stand_alone(shop: Path, run: Run) -> None:
    result = run(shop, "backtest", *YEAR, "--contacts", "-", "--format", "json")
    assert all(line.startswith('{"at":"') for line in result.stdout.splitlines())


def test_the_past_is_decided_as_it_was_known_then(shop: Path, run: Run) -> None:
    """What happened later changes nothing: a backtest of the first months is the beginning of the longer one."""
    early = run(shop, "backtest", "--from", "2025-11-01", "--to", "2026-03-01", "--contacts", "-").stdout.splitlines()
    assert early
    whole = run(shop, "backtest", *YEAR, "--contacts", "-").stdout.splitlines()
    assert whole[: len(early)] == early


# --- the time


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "2026-03-01", "--days", "31"),
        ("--to", "2026-04-01", "--days", "31"),
        ("--days", "31", "--now", "2026-04-01"),
        ("--from", "2026-03-01T00:00:00+01:00", "--to", "2026-03-31T23:00:00Z"),
        ("--from", "2026-03-01", "--now", "2026-04-01 01:00"),
    ],
)
def test_the_time_can_be_said_in_several_ways(shop: Path, run: Run, options: tuple[str, ...]) -> None:
    found = json.loads(run(shop, "backtest", *options, "--format", "json").stdout)
    # The clocks went forward on 29 March, so 31 times 24 hours are an hour longer or shorter than the month.
    begins = "2026-02-28T23:00:00+01:00" if "--from" not in options else "2026-03-01T00:00:00+01:00"
    ends = "2026-04-01T01:00:00+02:00" if "--to" not in options and "--from" in options else "2026-04-01T00:00:00+02:00"
    if options[3] == "2026-03-31T23:00:00Z":
        ends = "2026-04-01T01:00:00+02:00"
    assert (found["from"], found["to"]) == (begins, ends)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "name the time to replay: --from DATE --to DATE, or --days N"),
        (("--to", "2026-01-01"), "name the time to replay"),
        (("--from", "2026-01-01", "--to", "2026-02-01", "--days", "3"), "leave one out"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "--from 2026-02-01 does not lie before --to 2026-01-01"),
        (("--from", "2026-02-01", "--to", "2026-02-01"), "does not lie before"),
        (("--from", "2026-02-01", "--now", "2026-01-01"), "--from 2026-02-01 does not lie before now"),
        (("--from", "yesterday", "--to", "2026-01-01"), "--from: 'yesterday' is no moment in time"),
        (("--from", "2026-01-01", "--to", "2026-02-30"), "--to: '2026-02-30' is no moment in time"),
        ((*YEAR, "--all"), "--all writes every decision, so it needs --contacts FILE"),
        ((*YEAR, "--contacts", "made.xlsx"), "contacts are written to .jsonl, .csv or .parquet"),
        ((*YEAR, "--contacts", "nowhere/made.csv"), "--contacts nowhere/made.csv: there is no such folder"),
        ((*YEAR, "--active"), "no rules are active"),
        ((*YEAR, "--active", "--facts", "."), "--active asks the database, and --facts does without"),
        ((*YEAR, "--against", "nowhere"), "--against nowhere: there is no such folder"),
        ((*YEAR, "--against", "templates"), "--against templates: there are no rules"),
        ((*YEAR, "--now", "soon"), "--now: 'soon' is no moment in time"),
    ],
)
def test_what_can_not_be_done_is_told_in_one_block(
    shop: Path, run: Run, options: tuple[str, ...], message: str
) -> None:
    result = run(shop, "backtest", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.startswith("rightreason: ")


def test_wrong_rules_are_told_with_every_finding(shop: Path, run: Run) -> None:
    (shop / "rules" / "bad.yaml").write_text("campain: x\n")
    result = run(shop, "backtest", *YEAR)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "rules/bad.yaml:1:1: error[unknown-key]" in result.stderr


def test_without_rules_there_is_nothing_to_replay(shop: Path, run: Run) -> None:
    for file in (shop / "rules").glob("*.yaml"):
        file.unlink()
    result = run(shop, "backtest", *YEAR)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there are no rules to replay; write some into rules/" in result.stderr


def test_contacts_are_printed_as_csv_too(shop: Path, run: Run, told: dict[str, Any]) -> None:
    printed = run(shop, "backtest", *YEAR, "--contacts", "-", "--format", "csv").stdout.splitlines()
    assert printed[0].startswith("at,customer,rule,")
    assert len(printed) == 1 + told["contacts"]


def test_without_customers_there_is_nothing_to_replay(empty: Path, run: Run) -> None:
    result = run(empty, "backtest", *YEAR)
    assert result.exit_code == 2
    assert "there are no customers to replay; import some first, or name a folder by --facts DIR" in result.stderr


# --- other rules


def test_the_active_rules_can_be_replayed_instead_of_the_folder(active: Path, run: Run) -> None:
    (active / "rules" / "staying_in_touch.yaml").unlink()
    named = {rule["rule"] for rule in report(active, run, "--active")["rules"]}
    assert "birthday_card" in named
    assert "birthday_card" not in {rule["rule"] for rule in report(active, run)["rules"]}


def test_rules_are_compared_with_those_of_a_folder(shop: Path, run: Run, told: dict[str, Any]) -> None:
    shutil.copytree(shop / "rules", shop / "rules-before")
    (shop / "rules-before" / "staying_in_touch.yaml").unlink()
    found = report(shop, run, "--against", str(shop / "rules-before"))
    by_rule = {rule["rule"]: rule for rule in found["against"]["rules"]}
    assert by_rule["birthday_card"]["before"] == 0
    assert by_rule["birthday_card"]["after"] == by_rule["birthday_card"]["difference"] > 0
    assert found["against"]["contacts"]["after"] == told["contacts"]
    assert found | {"against": None} == told
    before = run(shop, "backtest", *YEAR, "--against", str(shop / "rules-before")).stdout
    assert "Against the other rules: contacts" in before


def test_rules_are_compared_with_those_of_another_workspace(shop: Path, run: Run, empty: Path) -> None:
    against = report(shop, run, "--against", str(empty))["against"]
    assert against["contacts"]["difference"] == 0
    assert {rule["difference"] for rule in against["rules"]} == {0}


def test_wrong_rules_to_compare_with_are_told_with_every_finding(shop: Path, run: Run) -> None:
    (shop / "bad").mkdir()
    (shop / "bad" / "bad.yaml").write_text("campain: x\n")
    result = run(shop, "backtest", *YEAR, "--against", str(shop / "bad"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{shop / 'bad' / 'bad.yaml'}:1:1: error[unknown-key]" in result.stderr
    assert f"--against {shop / 'bad'}: the rules can't be used" in result.stderr


def test_nothing_is_changed_by_looking_back(shop: Path, run: Run) -> None:
    run(shop, "backtest", *YEAR)
    assert "there are none" in run(shop, "contacts", "--all").stdout
    assert run(shop, "preview", "--now", MORNING).exit_code == 0


# --- files


def test_files_are_replayed_as_the_database_is_and_none_is_made(
    empty: Path, run: Run, made: list[dict[str, Any]]
) -> None:
    (empty / "rightreason.db").unlink(missing_ok=True)
    assert contacts(empty, run, "--facts", str(empty / "sample")) == made
    assert not (empty / "rightreason.db").exists()


def test_of_equal_counts_the_first_by_name_comes_first_from_files_and_from_the_database(
    shop: Path, run: Run, told: dict[str, Any]
) -> None:
    of_files = report(shop, run, "--facts", str(shop / "sample"))
    assert json.dumps(of_files) == json.dumps(told)
    for silences in (told["silences"], *(rule["silences"] for rule in told["rules"])):
        assert [*silences.items()] == sorted(silences.items(), key=lambda item: (-item[1], item[0]))


def test_a_folder_without_events_is_refused(shop: Path, run: Run) -> None:
    result = run(shop, "backtest", *YEAR, "--facts", str(shop / "rules"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "holds no events" in result.stderr


def test_a_folder_that_is_not_there_is_refused(shop: Path, run: Run) -> None:
    result = run(shop, "backtest", *YEAR, "--facts", str(shop / "nowhere"))
    assert (result.exit_code, result.stdout) == (2, "")


def test_rows_that_can_not_be_taken_are_counted_by_their_cause(shop: Path, run: Run) -> None:
    with (shop / "sample" / "events.jsonl").open("a", encoding="utf-8") as events:
        events.write('{"id": "x1", "customer": "a stranger", "name": "order_placed", "at": "2026-01-01T00:00:00Z"}\n')
    found = report(shop, run, "--facts", str(shop / "sample"))
    assert sum(found["left_out"].values()) == 1
    assert "left out 1: " in run(shop, "backtest", *YEAR, "--facts", str(shop / "sample")).stdout


def test_contacts_are_not_written_among_the_facts(shop: Path, run: Run) -> None:
    words = ("backtest", "--from", "2026-05-01", "--to", "2026-11-01", "--facts", str(shop / "sample"))
    result = run(shop, *words, "--contacts", str(shop / "sample" / "events.jsonl"))
    assert result.exit_code == 2
    assert "lies among the facts" in result.output
    assert (shop / "sample" / "events.jsonl").read_text().count("\n") == 467


def test_a_file_of_facts_that_is_broken_is_told_with_the_way_out(shop: Path, run: Run, tmp_path: Path) -> None:
    facts = tmp_path / "facts"
    facts.mkdir()
    (facts / "events.csv").write_bytes(
        b"id,customer,name,at\n1,a,order_placed,2026-06-01T10:00Z\n2,a,caf\xe9,2026-06-01T10:00Z\n"
    )
    result = run(shop, "backtest", "--from", "2026-05-01", "--to", "2026-11-01", "--facts", str(facts))
    assert result.exit_code == 2
    assert "can't be read" in result.output
    assert "`rightreason import` takes what can be read" in result.output
