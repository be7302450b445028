from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from language_examples import (
    ACCEPTED_CONDITIONS,
    ACCEPTED_RULES,
    ACCEPTED_TRIGGERS,
    CAMPAIGN,
    HOUSE_RULES,
    with_condition,
)
from rulebook_shop import FILES, PEOPLE

from scheduler.rulebook.nodes import plain
from scheduler.rulebook.schema import FOLDER, campaign_schema, house_rules_schema, people_schema, schemas, written
from scheduler.rulebook.shapes import CALLED, WAYS_OUT
from scheduler.rulebook.yaml_text import parse

ROOT = Path(__file__).parents[2]


def valid(schema: dict[str, Any], text: str) -> bool:
    node, findings = parse("r.yaml", text)
    assert node is not None
    assert findings == []
    return bool(Draft202012Validator(schema).is_valid(plain(node)))


@pytest.mark.parametrize("name", schemas())
def test_the_committed_schema_is_the_one_of_the_models(name: str) -> None:
    page = (ROOT / FOLDER / name).read_text(encoding="utf-8")
    assert page == written(schemas()[name]), "python -m scheduler.rulebook.schema"


@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schemas()[name])


def test_the_examples_of_the_language_fit_the_schemas() -> None:
    assert (valid(campaign_schema(), CAMPAIGN), valid(house_rules_schema(), HOUSE_RULES)) == (True, True)


@pytest.mark.parametrize("rule", [*ACCEPTED_RULES, *ACCEPTED_TRIGGERS])
def test_every_accepted_rule_fits_the_schema(rule: str) -> None:
    assert valid(campaign_schema(), rule)


@pytest.mark.parametrize("condition", ACCEPTED_CONDITIONS)
def test_every_accepted_condition_fits_the_schema(condition: str) -> None:
    assert valid(campaign_schema(), with_condition(condition))


def test_house_rules_and_people_fit_their_schemas() -> None:
    assert valid(house_rules_schema(), FILES["rules/house_rules.yaml"])
    assert valid(people_schema(), PEOPLE)


@pytest.mark.parametrize(
    "mistake",
    [
        "unknown-key-in-condition",
        "unknown-key-in-where",
        "missing-means",
        "unknown-asks-for",
        "bad-condition-typo",
    ],
)
def test_an_editor_sees_this_mistake_too(mistake: str) -> None:
    text = (Path(__file__).parent / "bad" / f"{mistake}.yaml").read_text(encoding="utf-8")
    assert not valid(campaign_schema(), text)


@pytest.mark.parametrize("code", ["unknown-key", "missing-key", "bad-duration", "unknown-channel"])
def test_an_editor_sees_the_mistake_of_this_code(code: str) -> None:
    text = (ROOT / "tests" / "rules" / "bad" / f"{code}.yaml").read_text(encoding="utf-8")
    assert not valid(campaign_schema(), text)


def test_each_key_of_a_rule_helps_the_marketer() -> None:
    keys = campaign_schema()["$defs"]["RuleKeys"]["properties"]
    assert [key for key, schema in keys.items() if not schema.get("description")] == []


def undescribed(schema: Any, path: str = "") -> Iterator[str]:
    """The keys that say nothing when the pointer rests on them."""
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        for key, value in properties.items():
            if "type" in schema and not value.get("description"):
                yield f"{path}.{key}"
        for key, value in schema.items():
            yield from undescribed(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for number, value in enumerate(schema):
            yield from undescribed(value, f"{path}.{number}")


@pytest.mark.parametrize("name", schemas())
def test_every_key_is_explained_in_every_schema(name: str) -> None:
    assert list(undescribed(schemas()[name])) == []


def test_an_editor_says_of_a_wrong_text_what_check_says() -> None:
    keys = campaign_schema()["$defs"]["RuleKeys"]["properties"]
    said = {key: keys[key]["errorMessage"] for key in ("after", "at", "again", "starts")}
    codes = {"after": "bad-duration", "at": "bad-time", "again": "bad-again", "starts": "bad-date"}
    assert said == {key: WAYS_OUT[code] for key, code in codes.items()}


@pytest.mark.parametrize("name", schemas())
def test_each_mapping_is_called_in_an_editor_as_in_findings(name: str) -> None:
    mappings = {key: one for key, one in schemas()[name].get("$defs", {}).items() if one.get("type") == "object"}
    assert {key: one.get("title") for key, one in mappings.items()} == {key: CALLED[key] for key in mappings}
