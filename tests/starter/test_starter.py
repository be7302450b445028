from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_shop import MONDAY

from scheduler.intake import Options, Summary, import_consents, import_customers, import_events
from scheduler.messages.check import check_templates
from scheduler.rulebook.lint.subject import Known
from scheduler.rulebook.people import load_people
from scheduler.rulebook.reader import read_rulebook
from scheduler.settings import load_settings
from scheduler.starter import starter_files
from scheduler.store import Store, open_store


def rows(workspace: Path, name: str) -> list[dict[str, str]]:
    with (workspace / "sample" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def events(workspace: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (workspace / "sample/events.jsonl").read_text("utf-8").splitlines()]


def test_a_workspace_has_settings_rules_templates_and_a_sample() -> None:
    folders = Counter(path.rpartition("/")[0].partition("/")[0] for path, _ in starter_files())
    assert set(folders) == {"", "rules", "templates", "sample"}


def test_no_file_of_the_program_itself_is_laid_down() -> None:
    assert [path for path, _ in starter_files() if re.search(r"\.py|/[._]", path)] == []


def test_the_settings_can_be_read(workspace: Path) -> None:
    assert load_settings(workspace).brand.name == "The Patient Oven"


def test_every_kind_of_link_has_somewhere_to_lead(workspace: Path) -> None:
    brand = load_settings(workspace).brand
    assert all((brand.review_url, brand.refer_url, brand.shop_url))


def test_nothing_is_wrong_with_the_rules_and_templates(workspace: Path) -> None:
    _, findings = read_rulebook(workspace)
    assert findings == []


def test_every_template_renders_and_names_what_customers_have(workspace: Path, shop: Store) -> None:
    book, _ = read_rulebook(workspace)
    assert check_templates(book, load_settings(workspace), attributes=shop.survey().attributes) == ()


def test_the_rules_name_nothing_that_the_sample_does_not_know(workspace: Path, shop: Store) -> None:
    seen = shop.survey()
    _, findings = read_rulebook(workspace, known=Known(frozenset(seen.events), seen.attributes))
    assert findings == []


def test_the_rules_cover_the_whole_way_of_a_customer(workspace: Path) -> None:
    book, _ = read_rulebook(workspace)
    assert {rule.asks_for.value for rule in book.rules.values()} == {
        "nothing",
        "feedback",
        "review",
        "referral",
        "purchase",
    }


def test_everybody_who_gets_tasks_is_somebody(workspace: Path) -> None:
    people = load_people(workspace)
    owners = {row["owner"] for row in rows(workspace, "customers.csv")} - {""}
    book, _ = read_rulebook(workspace)
    assert [owner for owner in owners if not people.takes(owner)] == []
    assert [rule.name for rule in book.rules.values() if rule.assign and not people.takes(rule.assign)] == []


def test_every_template_is_used_by_a_rule(workspace: Path) -> None:
    book, _ = read_rulebook(workspace)
    names = {path.name.partition(".")[0] for path in (workspace / "templates").iterdir()} - {"layout"}
    assert names == {rule.template for rule in book.rules.values()}


@pytest.mark.parametrize(
    ("file", "take"),
    [("customers.csv", import_customers), ("events.jsonl", import_events), ("consent.csv", import_consents)],
)
def test_every_row_of_the_sample_can_be_imported(
    workspace: Path, tmp_path: Path, file: str, take: Callable[..., Summary]
) -> None:
    with open_store(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        import_customers(store, workspace / "sample/customers.csv", Options(), now=MONDAY)
        summary = take(store, workspace / "sample" / file, Options(), now=MONDAY)
    assert (summary.rejected, summary.skipped, dict(summary.causes), summary.left_out) == (0, 0, {}, ())


def test_the_sample_is_a_year_of_a_shop_with_customers_around_the_world(workspace: Path) -> None:
    customers = rows(workspace, "customers.csv")
    assert len(customers) >= 60
    assert len({row["timezone"] for row in customers}) >= 40
    assert min(str(event["at"]) for event in events(workspace)) < "2025-12-01"
    assert max(str(event["at"]) for event in events(workspace)) > "2026-11-01"


def test_the_story_tells_of_customers_who_are_there(workspace: Path) -> None:
    story = (workspace / "sample/README.md").read_text("utf-8")
    told = set(re.findall(r"^\| `([\w-]+)`", story, re.MULTILINE))
    assert len(told) >= 25
    assert told <= {row["id"] for row in rows(workspace, "customers.csv")}


def test_mail_addresses_of_the_sample_are_reserved_for_examples(workspace: Path) -> None:
    addresses = [row["email"] for row in rows(workspace, "customers.csv") if row["email"]]
    assert [address for address in addresses if not re.search(r"@(.+\.)?example(\.com|\.org|\.net)?$", address)] == []
