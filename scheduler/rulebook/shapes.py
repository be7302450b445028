"""Nodes → typed values: every mistake of shape becomes a finding at its own place.

Pydantic says what does not fit; this module says where it was written, and in the words of the rule language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from scheduler.rulebook.findings import CODES, Finding, error, meant
from scheduler.rulebook.model import CONDITION_FORMS, TRIGGER_FORMS, EventDateTrigger, Place, Written
from scheduler.rulebook.nodes import ListNode, MappingNode, Node, ScalarNode, Spot, names_a_form, plain, spot

Model = TypeVar("Model", bound=Written)

WAYS_OUT: Mapping[str, str] = MappingProxyType(
    {
        "bad-duration": "write a whole number and a unit, like '3 days' or '2 business days'",
        "bad-time": 'write it like "09:30"',
        "bad-date": "write it like 2026-12-24",
        "bad-moment": "write it like 2026-04-10 12:00, in the customer's local time",
        "bad-hours": "hours do not run over midnight; let `from` be earlier than `to`",
        "bad-send-hours": 'write hours like {from: "09:00", to: "20:00"}, and closed like [2026-12-24]',
        "bad-again": "write never, every time, or 'after 365 days'",
        "bad-channel": "write its name, or like {post: {ahead: 4 business days}}",
    }
)

_QUOTES_VALUE = frozenset({"bad-duration", "bad-time", "bad-date", "bad-moment", "bad-again", "bad-channel"})
_WANTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "a text": frozenset({"string_type", "string_sub_type"}),
        "a number": frozenset({"int_type", "float_type", "int_from_float"}),
        "true or false": frozenset({"bool_type"}),
        "a list": frozenset({"tuple_type", "list_type"}),
        "a mapping of keys and values": frozenset({"dict_type", "model_type", "model_attributes_type"}),
    }
)
_DIGITS = re.compile(r"-?\d+(\.\d+)?")
_TEMPLATE_FILE = re.compile(r"[A-Za-z]\w*((?:\.\w[\w-]*)+)", re.ASCII)
_OUT_OF_RANGE = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})
_TOO_SHORT = frozenset({"too_short", "string_too_short"})
_NO_NAME = frozenset({"string_pattern_mismatch", "string_too_long"})


@dataclass(frozen=True, slots=True)
class Owner:
    """The key that a mapping belongs to, and what to call it: "the rule 'referral_ask'"."""

    name: str
    key: str
    place: Place


def shaped(model: type[Model], node: Node, owner: Owner) -> tuple[Model | None, list[Finding]]:
    """The node as a `model`, or None and everything that does not fit."""
    empty = list(_empty(node, owner.key, owner.place))
    try:
        shape = model.model_validate(plain(node))
    except ValidationError as problem:
        return None, [*empty, *_findings(problem.errors(include_url=False), model, node, owner)]
    return (None if empty else shape), empty


def _empty(node: Node, key: str, place: Place) -> Iterator[Finding]:
    """Keys and list items without a value: they look as if they said something."""
    match node:
        case ScalarNode(value=None):
            yield error("empty-value", place, f"'{key}' has no value", "write one, or take it out")
        case ListNode():
            for item in node.items:
                yield from _empty(item, key, item.place)
        case MappingNode():
            for name, entry in node.entries.items():
                yield from _empty(entry.value, name, entry.place)


def allowed_keys(model: type[Written]) -> tuple[str, ...]:
    """The keys that may stand in a mapping of this model, as they are written."""
    own = model.__annotations__
    fields = sorted(model.model_fields.items(), key=lambda field: field[0] not in own)
    return tuple(field.alias or name for name, field in fields)


def _findings(errors: Sequence[ErrorDetails], model: type[Written], node: Node, owner: Owner) -> Iterator[Finding]:
    misfits: dict[Place, list[_Misfit]] = {}
    for problem in errors:
        path = (*problem["loc"], *problem.get("ctx", {}).get("at", ()))
        if problem["type"] == "too_short" and problem["ctx"]["field_type"] == "Tuple" and _holds_some(node, path):
            continue
        holder = _model_at(model, path[:-1])
        subject = owner.name if len(path) == 1 else CALLED.get(holder.__name__ if holder else "", "this mapping")
        match problem["type"]:
            case "missing":
                yield _missing(spot(node, path[:-1], owner.key, owner.place).key_place, str(path[-1]), holder, subject)
            case "extra_forbidden":
                place = spot(node, path, owner.key, owner.place).key_place
                yield _unknown(place, str(path[-1]), allowed_keys(holder) if holder else (), subject)
            case _:
                found = spot(node, path, owner.key, owner.place)
                if "[key]" in path:
                    found = Spot(
                        ScalarNode(found.key_place, found.key), str(path[path.index("[key]") - 2]), found.key_place
                    )
                if isinstance(found.node, ScalarNode) and found.node.value is None:
                    continue
                misfits.setdefault(found.node.place, []).append(_Misfit(problem, found))
    for place, problems in misfits.items():
        yield _misfit(place, problems)


def _holds_some(node: Node, path: Sequence[str | int]) -> bool:
    """Whether a list that pydantic calls too short only holds values that do not fit."""
    found = spot(node, path, "", node.place).node
    return isinstance(found, ListNode) and bool(found.items)


def _missing(place: Place, key: str, holder: type[Written] | None, subject: str) -> Finding:
    if key == "condition":
        return error("bad-condition", place, f"{subject} says no condition", _CONDITION_WAY_OUT)
    fields = holder.model_fields.items() if holder else ()
    help_text = next((f.description for name, f in fields if (f.alias or name) == key), None)
    return error(
        "missing-key", place, f"{subject} has no '{key}'", f"add '{key}'{f': {help_text}' if help_text else ''}"
    )


def _unknown(place: Place, key: str, allowed: Sequence[str], subject: str) -> Finding:
    return error("unknown-key", place, f"'{key}' is no key of {subject}", meant(key, allowed, "take it out"), allowed)


_CONDITION_WAY_OUT = "write one of its forms, like event: nps_answered, or all_of: [...]"
_TRIGGER_WAY_OUT = "write an event's name, or one of the forms, like {date: birthday}"


@dataclass(frozen=True, slots=True)
class _Misfit:
    """One of the reasons why a value does not fit; a choice of kinds gives one for each."""

    problem: ErrorDetails
    found: Spot


def _misfit(place: Place, misfits: Sequence[_Misfit]) -> Finding:
    kinds = {misfit.problem["type"] for misfit in misfits}
    found = misfits[0].found
    choices = tuple(choice for misfit in misfits for choice in _choices(misfit.problem))
    for misfit in misfits:
        if misfit.problem["type"] in CODES:
            code = misfit.problem["type"]
            message = misfit.problem["msg"] if code not in _QUOTES_VALUE else _quoting(misfit)
            way_out = meant(_shown(found.node), choices, WAYS_OUT.get(code, ""))
            return error(code, place, message, way_out, choices)
    if kinds & {"condition_form", "trigger_form"}:
        return _formless(place, found, is_trigger="trigger_form" in kinds)
    if any(misfit.problem["type"] in _OUT_OF_RANGE for misfit in misfits):
        return _out_of_range(place, misfits)
    if choices:
        message = f"{_kind(found.node)} can't stand in '{found.key}'"
        otherwise = "write a weekday, or a day of the month, like 3" if found.key == "on" else ""
        return error("bad-value", place, message, meant(_shown(found.node), choices, otherwise), choices)
    if kinds & _TOO_SHORT:
        return error("empty-value", place, f"'{found.key}' is empty or too short", "write more, or take the key out")
    if kinds & _NO_NAME:
        way_out = "begin with a letter; go on with letters, digits and '_', at most 100"
        if found.key in ("send", "script") and (file := _TEMPLATE_FILE.fullmatch(_shown(found.node))):
            way_out = f"leave out {file[1]}"
        return error("bad-name", place, f"{_kind(found.node)} is no name", way_out)
    return _of_wrong_kind(place, found, kinds)


def _out_of_range(place: Place, misfits: Sequence[_Misfit]) -> Finding:
    found = misfits[0].found
    said = next(misfit.problem["msg"] for misfit in misfits if misfit.problem["type"] in _OUT_OF_RANGE)
    message = f"{_shown(found.node)} is out of range"
    return error("bad-number", place, message, f"'{found.key}' {said.removeprefix('Input ')}")


def _quoting(misfit: _Misfit) -> str:
    """The message of a text that can't be read as what it should be; other kinds are named, not quoted."""
    node = misfit.found.node
    if isinstance(node, MappingNode) or (isinstance(node, ScalarNode) and isinstance(node.value, str)):
        return misfit.problem["msg"]
    return f"{_kind(node)} stands in '{misfit.found.key}'"


def _of_wrong_kind(place: Place, found: Spot, kinds: set[str]) -> Finding:
    wanted = [words for words, group in _WANTED.items() if kinds & group]
    way_out = f"write {' or '.join(wanted)}"
    if wanted == ["a text"] and isinstance(found.node, ScalarNode):
        way_out = f'put it in quotes: "{_shown(found.node)}"'
    if wanted == ["a number"] and _DIGITS.fullmatch(_shown(found.node)):
        way_out = f"write it without quotes: {_shown(found.node)}"
    if wanted == ["a list"] and isinstance(found.node, ScalarNode):
        way_out = f"write a list: [{_shown(found.node)}]"
    return error("wrong-kind", place, f"{_kind(found.node)} stands in '{found.key}'", way_out if wanted else "")


def _formless(place: Place, found: Spot, *, is_trigger: bool) -> Finding:
    code, subject = ("bad-trigger", "a trigger") if is_trigger else ("bad-condition", "a condition")
    forms = tuple(TRIGGER_FORMS if is_trigger else CONDITION_FORMS)
    way_out = _TRIGGER_WAY_OUT if is_trigger else _CONDITION_WAY_OUT
    keys = found.node.entries if isinstance(found.node, MappingNode) else {}
    for key, entry in keys.items():
        if suggestion := meant(key, forms):
            return error(code, entry.place, f"'{key}' is no form of {subject}", suggestion, forms)
    if tuple(keys) == ("means",):
        return error(code, found.key_place, f"'{found.key}' says no condition beside its means", way_out, forms)
    written = f"{', '.join(keys)}: this" if keys else _kind(found.node)
    return error(code, place, f"{written} is no form of {subject}", way_out, forms)


def _choices(problem: ErrorDetails) -> list[str]:
    """The closed set of values that the error speaks of."""
    if problem["type"] not in ("enum", "literal_error"):
        return []
    expected = str(problem.get("ctx", {}).get("expected", ""))
    return ["true" if word == "True" else word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]


def _kind(node: Node) -> str:
    match node:
        case ListNode():
            return "a list"
        case MappingNode():
            return "a mapping"
        case ScalarNode(value=None):
            return "nothing"
        case ScalarNode(value=bool() | str()):
            return f"'{_shown(node)}'"
        case ScalarNode():
            return f"the number {_shown(node)}"


def _shown(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        return _kind(node)
    text = str(node.value).lower() if isinstance(node.value, bool) else str(node.value)
    return text if len(text) <= 60 else text[:57] + "..."


CALLED: Mapping[str, str] = MappingProxyType(
    {
        "RuleKeys": "a rule",
        "Comparison": "a comparison",
        "CustomerCondition": "a condition on a customer",
        "EventCondition": "a condition on events",
        "OpenCondition": "a condition on open things",
        "ContactCondition": "a condition on contacts",
        "AllOf": "a condition of all_of",
        "AnyOf": "a condition of any_of",
        "NoneOf": "a condition of none_of",
        "NamedCondition": "a named condition",
        "EventTrigger": "a trigger by an event",
        "EventDateTrigger": "a trigger by an event's date",
        "DateTrigger": "a trigger by a date",
        "SilenceTrigger": "a trigger by silence",
        "ContactTrigger": "a trigger by a contact",
        "EveryTrigger": "a returning trigger",
        "Hours": "hours",
        "FrequencyCap": "a frequency cap",
        "ValueWindow": "the value window",
        "Ask": "what asks need",
        "OpenThing": "an open thing",
        "Topic": "a topic",
        "ChannelRules": "a channel",
        "Person": "a person",
        "Role": "a role",
        "Absence": "an absence",
        "WrittenTest": "a test",
        "Expectation": "an expectation",
        "ExpectedContact": "an expected contact",
    }
)
"""What people call a mapping of each model, in findings and in editors."""


def _model_at(model: type[Written], path: Sequence[str | int]) -> type[Written] | None:
    """The model of the mapping that a validation error's path leads to."""
    here: Any = model
    for step, name in enumerate(path):
        if names_a_form(path, step):
            forms: Mapping[str, type[Written]] = TRIGGER_FORMS if path[0] == "when" else CONDITION_FORMS
            here = EventDateTrigger if name == "event_date" else forms.get(str(name), here)
        else:
            here = next(filter(None, (_member(kind, name) for kind in _members(here))), here)
    return next((kind for kind in _members(here) if isinstance(kind, type) and issubclass(kind, Written)), None)


def _members(annotation: Any) -> Iterator[Any]:
    """The kinds that an annotation allows."""
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _member(kind: Any, name: str | int) -> Any:
    """The annotation of what a kind holds under a name, or None."""
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    if get_origin(kind) is tuple and isinstance(name, int):
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, Written):
        return next((f.annotation for key, f in kind.model_fields.items() if (f.alias or key) == name), None)
    return None
