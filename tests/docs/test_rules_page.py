import re
from pathlib import Path

import pytest

from scheduler.messages.context import NAMES
from scheduler.rulebook.model import CONDITION_FORMS, Comparison, HouseRules, RuleKeys
from scheduler.rulebook.reader import rulebook_from_texts

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "rules.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def keys_in(text: str) -> set[str]:
    return {
        key
        for line in text.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }


def written(model: type[RuleKeys | HouseRules | Comparison]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_the_page_names_every_key_of_a_rule_and_no_other() -> None:
    assert keys_in(section("The keys of a rule")) == written(RuleKeys)


def test_the_page_names_every_key_of_the_house_rules_and_no_other() -> None:
    assert keys_in(section("House rules")) == written(HouseRules)


def test_the_page_names_every_condition_and_every_comparison() -> None:
    text = section("Conditions")
    assert [form for form in CONDITION_FORMS if f"{{{form}: " not in text] == []
    assert [key for key in written(Comparison) if f"`{key}`" not in text] == []


def test_the_page_names_everything_that_a_template_can_use_and_nothing_else() -> None:
    cells = [line.split("|")[1] for line in section("Templates").splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`(\w+(?:\.\w+)?)", cell)}
    held = {f"{name}.{part}" for name, parts in NAMES.items() for part in parts or ()}
    assert named == held | {"customer", "event", "reason", "today"}


def examples() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_shows_a_campaign_and_house_rules() -> None:
    assert [text.split(":")[0] for text in examples()] == ["campaign", "timezone"]


def test_the_examples_of_the_page_are_accepted() -> None:
    campaign, house = examples()
    templates = {
        "templates/delivery_check_in.email.md": "---\nsubject: Is it well?\n---\nHello",
        "templates/delivery_check_in.sms.txt": "Is it well?",
        "templates/referral_ask.email.md": "---\nsubject: Tell a friend\n---\n{{ links.refer }}",
    }
    book, findings = rulebook_from_texts({"rules/house_rules.yaml": house, "rules/after.yaml": campaign, **templates})
    assert findings == []
    assert list(book.rules) == ["delivery_check_in", "referral_ask"]


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text)]
    local = [target for target in targets if target and "://" not in target]
    assert [target for target in local if not (DOCS / target).exists()] == []
