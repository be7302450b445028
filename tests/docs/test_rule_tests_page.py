import re
from pathlib import Path

from jsonschema import Draft202012Validator

from scheduler.rulebook.nodes import plain
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.rulebook.rule_test_reader import rule_tests_from_texts
from scheduler.rulebook.rule_tests import Expectation, WrittenTest
from scheduler.rulebook.schema import rule_tests_schema
from scheduler.rulebook.yaml_text import parse
from scheduler.ruletests.running import run_tests

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "rule-tests.md").read_text(encoding="utf-8")


def example() -> str:
    found: str
    (found,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    return found


def test_the_example_passes_with_the_rules_of_the_other_page() -> None:
    campaign, house = re.findall(r"```yaml\n(.*?)```", (DOCS / "rules.md").read_text(encoding="utf-8"), re.DOTALL)
    book, _ = rulebook_from_texts({"rules/house_rules.yaml": house, "rules/after_the_purchase.yaml": campaign})
    tests, findings = rule_tests_from_texts({"rules/tests/after_the_purchase.yaml": example()})
    assert findings == []
    verdicts = list(run_tests(tests, book))
    assert [one.test.name for one in verdicts if not one.passed] == []
    assert len(verdicts) == 4


def test_the_example_fits_the_schema() -> None:
    node, _ = parse("t.yaml", example())
    assert node is not None
    assert list(Draft202012Validator(rule_tests_schema()).iter_errors(plain(node))) == []


def test_the_page_names_every_key() -> None:
    named = set(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))
    keys = {key for cell in named for key in re.findall(r"`(\w+)`", cell)}
    written = {
        field.alias or name for model in (WrittenTest, Expectation) for name, field in model.model_fields.items()
    }
    assert keys == written - {"on", "at", "rule"}
