"""What is wrong with the rules: each finding with its place, its cause and the way to mend it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from scheduler.rulebook.model import Place

Severity = Literal["error", "warning"]

CODES: Mapping[str, str] = MappingProxyType(
    {
        # reading
        "bad-encoding": "The file is not UTF-8 text without a byte order mark.",
        "bad-character": "The file holds a character that has no place in text.",
        "bad-yaml": "The file is not YAML.",
        "too-large": "The file is larger than 1 MB, or nested deeper than 32.",
        "tab": "A tab is used to indent; YAML indents with spaces.",
        "alias": "Anchors, aliases and merge keys are not part of the rule language.",
        "tag": "YAML tags are not part of the rule language.",
        "duplicate-key": "A key is written twice in one mapping.",
        "bad-key": "A key is no plain text.",
        "several-documents": "A file holds one YAML document, without directives.",
        "empty-file": "The file holds nothing.",
        "unread-file": "A file is not read, by its name.",
        "unreadable": "The file can't be read.",
        # shape
        "unknown-key": "A key is not one of those that may stand here.",
        "missing-key": "A key that is needed is missing.",
        "wrong-kind": "A value is of another kind than is needed here.",
        "bad-value": "A value is not one of those that may stand here.",
        "bad-number": "A number is out of its range.",
        "empty-value": "Something that needs a content is empty.",
        "bad-name": "A name has characters that names can't have.",
        "bad-duration": "A text is no duration.",
        "bad-time": "A text is no time of day.",
        "bad-date": "A text is no date.",
        "bad-hours": "Hours end before they begin.",
        "bad-send-hours": "The house's send hours mix up hours and closed dates.",
        "bad-again": "A text does not say when a rule may speak again.",
        "bad-channel": "An entry of `by` is no channel.",
        "bad-condition": "A condition has none of the forms that conditions have.",
        "bad-trigger": "A trigger has none of the forms that triggers have.",
        # names
        "duplicate-name": "Two rules, conditions or templates share a name.",
        "unknown-condition": "There is no condition of this name.",
        "unknown-channel": "There is no channel of this name.",
        "unknown-rule": "There is no rule of this name.",
        "unknown-thing": "The house rules' open_things have no such thing.",
        "unknown-topic": "The house rules' topics have no such topic.",
        "unknown-person": "rules/people.yaml has no such role or person.",
        "unknown-zone": "There is no such time zone.",
        "unseen-event": "No event of this name has ever come in.",
        "unseen-property": "No event of this name has ever had this property.",
        "unseen-attribute": "No customer has an attribute of this name.",
        "unseen-channel": "This channel is not set up.",
        "unguarded-attribute": "A template needs an attribute that some customers lack.",
        "rare-attribute": "Many customers lack this attribute.",
        "condition-circle": "Named conditions use each other in a circle.",
        "contact-circle": "Rules trigger each other in a circle.",
        "deputy-circle": "Nobody is left to take the task: deputies or escalations run in a circle.",
        # reasons and asks
        "thin-reason": "The reason would convince nobody: it is too short, or repeats the rule's name.",
        "bad-placeholder": "A placeholder of a reason is not {event.x} or {customer.x}.",
        "ask-without-after": "An ask does not say how long to wait.",
        "ask-without-before": "A contact that wants something does not say when it comes too late.",
        "ask-without-proof": "An ask has no only_if.",
        "ask-unwell": "An ask never looks for a recent sign that the customer is well.",
        "ask-too-early": "An ask comes before the customer has had the value.",
        "ask-too-late": "An ask may come more than 180 days after its trigger.",
        "ask-exempt": "An ask is exempt from a restraint.",
        "loose-topic": "An ask goes under a topic that needs less consent than its kind.",
        "disguised-ask": "A template links to something that its rule does not declare to ask for.",
        # windows and hours
        "after-and-ahead": "A rule waits and comes early at once.",
        "ahead-needs-date": "`ahead` is for dates.",
        "value-window-needs-event": "The trigger delivers no value, so no value window can be counted from it.",
        "empty-window": "The window closes before it opens.",
        "value-too-late": "The window closes before the customer can have had the value.",
        "outside-hours": "The time of day lies outside the send hours.",
        "never-open": "The send hours leave no time for this rule.",
        "closed-weekday": "A date may fall on a weekday that is closed, and has no other day or channel.",
        "loosens-house": "A rule may tighten a house rule and never loosen one.",
        "yearly-again": "`again` would skip a yearly date now and then.",
        "starts-after-ends": "A rule, or an absence, ends before it starts.",
        "every-without-starts": "A returning trigger needs a first day.",
        "bad-every": "The period of a returning trigger is not one of whole days.",
        "wrong-on": "`on` is no day of this period: weeks have weekdays, months have numbers.",
        "bad-spread": "A spread is not one of whole days, or longer than the period.",
        "silence-without-after": "A silence of no length is no silence.",
        "exact-silence": "The silence after our own contacts is counted in days.",
        "no-properties": "Contacts by us have no properties to compare.",
        "silent-rule": "A rule follows one that is paused or a draft, and makes no contacts.",
        # conditions
        "no-comparison": "A condition names a value and compares it with nothing.",
        "nothing-to-compare": "A comparison has no value to compare.",
        "two-aggregates": "A condition asks for two values at once.",
        "wrong-comparison": "This comparison does not fit this value.",
        "never-true": "The comparisons exclude each other.",
        "contradiction": "The rule can never match.",
        "mixed-kinds": "A text is compared with a number, which is never true.",
        "within-min-max": "`min` and `max` take no `within`.",
        "within-and-since": "A condition takes `within` or `since`, not both.",
        "same-needs-event": "`same` compares with the triggering event, and there is none.",
        "too-many-conditions": "A rule asks more before a contact than a decision can hold.",
        "until-is-event": "A bare name in `until` is an event, and a condition has that name too.",
        # what is done
        "no-rules": "The workspace has no rules.",
        "no-action": "A rule sends nothing and assigns nothing.",
        "two-actions": "A rule sends a message and assigns a task.",
        "half-task": "A task needs both `assign` and `script`.",
        "repeated": "A list names the same thing twice.",
        "missing-template": "A template is missing.",
        "bad-template-name": "A file in templates/ has no name that templates have.",
        "bad-template": "A template can't be read.",
        "unknown-template-name": "A template uses a name that the rule can't supply.",
        "unknown-filter": "A template puts a value through a filter that does not exist.",
        "windows-without-property": "Value windows are chosen by a property, and none is named.",
        "two-defaults": "Two topics are the default for one kind.",
        # tests of rules
        "bad-moment": "A text is no local time of a day.",
        "unknown-test": "A test extends one that is not above it in its file.",
        "unknown-gate": "The rule has no gate of this name.",
        "two-customers": "A test has one customer and several.",
        "no-day": "An expectation, or a test in which nothing happens, does not say when.",
        "no-expectation": "A test expects nothing, so it can't fail.",
        "vain-expectation": "An expectation, or a part of it, is compared with nothing.",
    }
)
"""Every code, with what it means; the documentation is made from this table."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: `message` is the cause, `way_out` how to mend it, `allowed` what may stand there."""

    code: str
    severity: Severity
    place: Place
    message: str
    way_out: str = ""
    allowed: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether the rules can't be used as they are."""
        return self.severity == "error"


def error(code: str, place: Place, message: str, way_out: str = "", allowed: Iterable[str] = ()) -> Finding:
    """A finding that keeps the rules from being used."""
    return Finding(code, "error", place, message, way_out, tuple(allowed))


def warning(code: str, place: Place, message: str, way_out: str = "", allowed: Iterable[str] = ()) -> Finding:
    """A finding that is worth a look."""
    return Finding(code, "warning", place, message, way_out, tuple(allowed))


_ALIKE = 0.65
"""How alike two words are, of 1, where one may be meant by the other; 'late' and 'active' are not."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if there is one."""
    lowered = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=_ALIKE)
    found = found or [name for name in lowered if len(name) > 2 and word.lower().startswith(name)]  # tuesday is tue
    return lowered[found[0]] if found else None


def meant(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The question whether the nearest known word was meant, or `otherwise` where none is near."""
    found = nearest(word, known)
    return f"did you mean '{found}'?" if found else otherwise


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by file, line and column, each once."""
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda f: (f.place.file, f.place.line, f.place.column, f.code, f.message))


# --- shown on a terminal -----------------------------------------------------------------------------------------

_RESET = "\033[0m"
_COLOURS = {"error": "\033[1;31m", "warning": "\033[1;33m", "place": "\033[1m", "frame": "\033[2m", "caret": "\033[32m"}
_WIDEST = 160
_WORD = re.compile(r'"[^"]*"|\'[^\']*\'|(?:[^\s,{}\[\]:#]|:(?=\S))+(?: (?:[^\s,{}\[\]:#]|:(?=\S))+)*')


def render(findings: Sequence[Finding], sources: Mapping[str, str], *, colour: bool) -> str:
    """All findings with their source lines, and a closing count; `sources` holds the texts by file."""
    lines = {file: re.split(r"\r\n|\r|\n", text) for file, text in sources.items()}
    blocks = [_block(finding, lines.get(finding.place.file, []), colour) for finding in in_order(findings)]
    errors = sum(finding.is_error for finding in findings)
    closing = f"{_count(errors, 'error')}, {_count(len(findings) - errors, 'warning')}"
    if findings:
        closing += f" in {_count(len({finding.place.file for finding in findings}), 'file')}"
    return "\n".join([*blocks, closing]) + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _block(finding: Finding, lines: Sequence[str], colour: bool) -> str:
    def paint(text: str, kind: str) -> str:
        return f"{_COLOURS[kind]}{text}{_RESET}" if colour else text

    place = finding.place
    shown = [
        f"{paint(f'{place}:', 'place')} {paint(f'{finding.severity}[{finding.code}]', finding.severity)} "
        f"{_printable(finding.message)}"
    ]
    if 0 < place.line <= len(lines) and lines[place.line - 1].strip():
        source, column = _cut(lines[place.line - 1], place.column)
        gutter = f"{place.line:5} | "
        shown.append(paint(gutter, "frame") + _printable(source))
        shown.append(paint(f"{'':5} | ", "frame") + paint(_caret(source, column), "caret"))
    if finding.way_out:
        shown.append(f"{'':5} = {_printable(finding.way_out)}")
    if finding.allowed:
        shown.append(f"{'':5} = allowed: {', '.join(_printable(name) for name in finding.allowed)}")
    return "\n".join(shown) + "\n"


def _cut(line: str, column: int) -> tuple[str, int]:
    if len(line) <= _WIDEST:
        return line, column
    start = max(0, min(column - _WIDEST // 2, len(line) - _WIDEST))
    return line[start : start + _WIDEST], column - start


def _printable(text: str) -> str:
    """The text without characters that would move the cursor or hide others."""
    return "".join(
        c if c == "\t" or c == " " or c.isprintable() or _width(c) == 0 else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _caret(line: str, column: int) -> str:
    before = line[: column - 1]
    indent = "".join("\t" if character == "\t" else " " * _width(character) for character in before)
    under = line[column - 1 :]
    word = _WORD.match(under)
    return indent + "^" + "~" * (sum(map(_width, word[0])) - 1 if word else 0)
