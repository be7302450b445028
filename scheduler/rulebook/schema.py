"""JSON Schemas of the rule files, for editors: completion, help and red underlines while a marketer writes.

They are made from the models, and amended where a validator takes more than the model's own shape (one name for a list
of one, a bare value for `is`). What they can't say, `check` says; `errorMessage`, which editors know and validators
pass over, has its words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from scheduler.rulebook.model import CONDITION_FORMS, PREFERRED, CampaignFile, HouseRules, Weekday, Written
from scheduler.rulebook.people import People
from scheduler.rulebook.rule_tests import RuleTestFile
from scheduler.rulebook.shapes import CALLED, WAYS_OUT
from scheduler.rulebook.templates import CHANNELS

FOLDER = Path("docs/schema")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALAR = {"type": ["string", "number", "boolean"]}
_NAMES = {"pattern": "^[a-z_][a-z0-9_]*$"}
_FULL_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_ONE_OR_MORE = {
    "ContactCondition": ("asks_for", "by"),
    "ValueWindow": ("delivered_by",),
    "OpenThing": ("opened_by", "closed_by"),
    "Expectation": ("because",),
}
_OF_ONE_KIND = {"pattern", "minLength", "maxLength", "items", "minItems"}
"""What a schema asks of texts alone, or of lists alone."""
_CHANNEL = {"enum": [*CHANNELS, PREFERRED]}


def campaign_schema() -> dict[str, Any]:
    """The schema of a campaign file."""
    return _schema(CampaignFile, "A campaign of rightreason")


def house_rules_schema() -> dict[str, Any]:
    """The schema of the house rules."""
    return _schema(HouseRules, "House rules of rightreason")


def people_schema() -> dict[str, Any]:
    """The schema of the people who take tasks."""
    return _schema(People, "People and roles of rightreason")


def rule_tests_schema() -> dict[str, Any]:
    """The schema of a file of tests."""
    return _schema(RuleTestFile, "Tests of rules of rightreason")


def schemas() -> Mapping[str, dict[str, Any]]:
    """All schemas by the name of their file."""
    return {
        "campaign.json": campaign_schema(),
        "house_rules.json": house_rules_schema(),
        "people.json": people_schema(),
        "tests.json": rule_tests_schema(),
    }


def written(schema: Mapping[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> None:
    """Write all schemas into a folder."""
    for name, schema in schemas().items():
        (folder / name).write_text(written(schema), encoding="utf-8")


class _Generator(GenerateJsonSchema):
    """Leaves out defaults that JSON can't say; they stand in the descriptions."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - so pydantic declares it


def _schema(model: type[Written], title: str) -> dict[str, Any]:
    schema: dict[str, Any] = _plain(model.model_json_schema(by_alias=True, schema_generator=_Generator))
    definitions = schema.setdefault("$defs", {})
    for name in definitions.keys() & CALLED.keys():
        definitions[name] = {"title": CALLED[name]} | definitions[name]
    for name, keys in _ONE_OR_MORE.items():
        for key in keys if name in definitions else ():
            _amend(definitions[name]["properties"], key, definitions[name]["properties"][key]["items"])
    _amend_conditions(definitions)
    _amend_rules(definitions)
    _amend_tests(definitions)
    if "Hours" in definitions:
        _amend(definitions["Hours"]["properties"], "days", {"const": "all"})
    for key in ("rules", "conditions"):
        if key in schema["properties"]:
            schema["properties"][key]["propertyNames"] = _NAMES
    return {"$schema": _DIALECT, "title": title} | schema


def _plain(schema: Any, *, of_names: bool = False) -> Any:
    """The schema without what is of no use to writers: titles that repeat names, and nothing as a value."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    if of_names:
        return {key: _plain(value) for key, value in schema.items()}
    kept = {
        key: _plain(value, of_names=key in ("properties", "$defs", "patternProperties"))
        for key, value in schema.items()
        if key not in ("title", "discriminator") and not (key == "default" and not _says_something(schema))
    }
    if "finding" in kept:
        kept["errorMessage"] = WAYS_OUT[kept.pop("finding")]
    if choices := kept.pop("anyOf", ()):
        kept = _choice(choices) | kept
    if {"type": "string"} in kept.get("oneOf", ()):  # what is no text is compared with the forms first
        kept["oneOf"] = [form for form in kept["oneOf"] if form != {"type": "string"}] + [{"type": "string"}]
    return kept


def _choice(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """One of several schemas; where each speaks of another kind of value, that is one schema, explained once."""
    if len(choices) == 1:
        return choices[0]
    kinds = [choice.get("type") for choice in choices]
    asked = [key for choice in choices for key in choice if key != "type"]
    apart = all(isinstance(kind, str) and kinds.count(kind) == 1 for kind in kinds) and len(set(asked)) == len(asked)
    if not apart or set(asked) - _OF_ONE_KIND:
        return {"anyOf": choices}
    demands = {key: value for choice in choices for key, value in choice.items() if key in _OF_ONE_KIND}
    return {"type": [kind for kind in kinds if kind != "integer" or "number" not in kinds]} | demands


def _says_something(schema: Mapping[str, Any]) -> bool:
    """Whether a default is written as it stands in YAML; durations and times of day are not."""
    default = schema["default"]
    if isinstance(default, str):
        return True
    return isinstance(default, int | float) and schema.get("type") in ("integer", "number", "boolean")


def _amend_conditions(definitions: dict[str, Any]) -> None:
    for definition in definitions.values():
        where = definition.get("properties", {}).get("where")
        if where is not None:
            bare = {"anyOf": [_SCALAR, {"$ref": "#/$defs/Comparison"}]}
            where["additionalProperties"] = bare
    named = definitions.get("NamedCondition")
    if named is None:
        return
    means = {"means": named["properties"]["means"]}
    forms = []
    for model in CONDITION_FORMS.values():
        form = definitions[model.__name__]
        forms.append(
            form
            | {
                "properties": means | form["properties"],
                "required": ["means", *form["required"]],
            }
        )
    definitions["NamedCondition"] = {key: named[key] for key in ("title", "description")} | {"oneOf": forms}


def _amend_rules(definitions: dict[str, Any]) -> None:
    if "EveryTrigger" in definitions:
        on = definitions["EveryTrigger"]["properties"]["on"]
        on["anyOf"] = [{"enum": [*Weekday, *_FULL_DAYS]}, *on["anyOf"][1:]]
    rule = definitions.get("RuleKeys")
    if rule is None:
        return
    properties = rule["properties"]
    when = properties["when"]
    properties["when"] = {
        "description": when.get("description", ""),
        "anyOf": [{"oneOf": when["oneOf"]}, {"type": "string", "description": "the trigger: an event's name"}],
    }
    early = {"type": "string", "description": "so much earlier by this channel, like 5 days for a card by post"}
    ahead = {"type": "object", "properties": {"ahead": early}, "additionalProperties": False}
    with_ahead = {
        "type": "object",
        "propertyNames": {"enum": list(CHANNELS)},
        "additionalProperties": ahead,
        "maxProperties": 1,
    }
    properties["by"]["items"] = {"anyOf": [_CHANNEL, with_ahead]}


def _amend_tests(definitions: dict[str, Any]) -> None:
    if "WrittenTest" not in definitions:
        return
    timeline = definitions["WrittenTest"]["properties"]["timeline"]
    ((moment, several),) = timeline["patternProperties"].items()
    event = [{"type": "string", "description": "an event's name"}, several["items"]]
    timeline["patternProperties"] = {moment: {"anyOf": [*event, several | {"items": {"anyOf": event}}]}}
    timeline["additionalProperties"] = False


def _amend(properties: dict[str, Any], key: str, also: dict[str, Any]) -> None:
    """Let a value of the form `also` stand under a key as well."""
    written = properties[key]
    kept = {name: value for name, value in written.items() if name in ("description", "default")}
    form = {name: value for name, value in written.items() if name not in kept}
    properties[key] = kept | _choice([also, form])


if __name__ == "__main__":
    write_schemas(FOLDER)
