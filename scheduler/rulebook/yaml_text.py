"""YAML text → nodes with places, in the part of YAML 1.2 that the rule language uses.

The parser's events are checked one by one before anything is built of them, so a file can neither nest without end nor
grow by aliases. Scalars follow the core schema of YAML 1.2.2 (chapter 10.3): `10:00`, `no`, `on` and dates stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scheduler.rulebook.findings import Finding, error
from scheduler.rulebook.indentation import misplaced
from scheduler.rulebook.model import Place, RuleKeys
from scheduler.rulebook.nodes import Entry, ListNode, MappingNode, Node, ScalarNode

LARGEST = 1_000_000
"""Bytes of the largest file that is read."""
DEEPEST = 32
"""Levels of the deepest nesting that is read."""

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUTH = re.compile(r"true|True|TRUE|false|False|FALSE")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

_IN_PLAIN_WORDS = (
    ("mapping values are not allowed here", "a second ': ' stands in one line", "put the text in quotes"),
    ("found unexpected end of stream", "a quoted text never ends", "close the quotes"),
    ("expected ',' or '}'", "a mapping in braces is not closed", "end it with }, or put a comma between its entries"),
    ("expected ',' or ']'", "a list in brackets is not closed", "end it with ], or put a comma between its entries"),
    ("expected the node content", "a value is missing, or a bracket is not closed", "write the value, or close it"),
    ("expected <block end>", "this line does not fit the indentation of those above", "line it up with its siblings"),
    ("could not find expected ':'", "a key has no ':'", "write 'key: value'"),
    ("unknown escape character", "a backslash in double quotes begins nothing known", "use single quotes"),
    ("sequence entries are not allowed", "a list can't begin in the line of its key", "write it in brackets: [a, b]"),
    ("expected a comment or a line break", "a text can't begin with | or >", "put the text in quotes"),
    ("indentation indicators", "a text can't begin with | or >", "put the text in quotes"),
    ("cannot start any token", "a text can't begin with this character", "put the text in quotes"),
)
_SHOWN_AT_BEGIN = ("never ends", "stream end", "a key has no ':'")
"""What is better shown where it begins than where the parser gave up."""


class _Refused(Exception):
    """The reading of a file ends here."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def inner_rule(name: str, place: Place, owner: str, owner_place: Place) -> Finding:
    """The finding about a rule whose name is indented like a key of the rule above it."""
    message = f"'{name}' is indented like a key of '{owner}'; a rule begins after {owner_place.column - 1} spaces"
    return error("bad-yaml", place, message, f"line it up with '{owner}'")


def decode(file: str, content: bytes) -> tuple[str, list[Finding]]:
    """The text of a file, and why it can't be read; the text is complete only where nothing was found."""
    start = Place(file, 1, 1)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "", [error("bad-encoding", start, "the file is UTF-16", "save it as UTF-8 without a byte order mark")]
    if content.startswith(b"\xef\xbb\xbf"):
        way_out = "save it as UTF-8 without a byte order mark"
        return "", [error("bad-encoding", start, "the file begins with a byte order mark", way_out)]
    try:
        return content.decode(), []
    except UnicodeDecodeError as problem:
        read = content[: problem.start].decode()
        place = Place(file, read.count("\n") + 1, len(read) - read.rfind("\n"))
        message = f"byte 0x{content[problem.start]:02x} is not UTF-8"
        return read, [error("bad-encoding", place, message, "save the file as UTF-8")]


def parse(file: str, text: str) -> tuple[Node | None, list[Finding]]:
    """The tree of a text, or None and what is wrong with it. Duplicate keys leave a tree without the second."""
    try:
        _check_characters(file, text)
        return _Builder(file).build(text)
    except _Refused as refused:
        return None, [refused.finding]


def _check_characters(file: str, text: str) -> None:
    if len(text) > LARGEST or len(text.encode(errors="replace")) > LARGEST:
        message = "the file is larger than 1 MB"
        raise _Refused(error("too-large", Place(file, 1, 1), message, "split the campaign into several files"))
    if found := _NO_TEXT.search(text):
        read = text[: found.start()]
        place = Place(
            file, len(re.findall(r"\r\n|\r|\n", read)) + 1, len(read) - max(read.rfind("\n"), read.rfind("\r"))
        )
        raise _Refused(error("bad-character", place, f"U+{ord(found[0]):04X} has no place in a text", "take it out"))


class _Builder:
    """Builds nodes from the parser's events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.above: list[tuple[str, Place]] = []

    def build(self, text: str) -> tuple[Node | None, list[Finding]]:
        events = self._events(text)
        kind, event = next(events)
        if kind == "StreamEnd":
            place = Place(self.file, 1, 1)
            raise _Refused(error("empty-file", place, "the file holds nothing", "write something, or remove the file"))
        if event.version is not None or event.tags:
            place = Place(self.file, 1, 1)
            raise _Refused(error("several-documents", place, "a file takes no YAML directives", "take the % line out"))
        root = self._node(*next(events), events, 1)
        next(events)
        kind, event = next(events)
        if kind != "StreamEnd":
            message = "a second YAML document begins here"
            raise _Refused(error("several-documents", self._place(event), message, "write one document in a file"))
        return root, self.findings

    def _events(self, text: str) -> Iterator[tuple[str, Any]]:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        try:
            for event in YAML(typ="rt", pure=True).parse(text):
                kind = type(event).__name__.removesuffix("Event")
                if kind != "StreamStart":
                    yield kind, event
        except MarkedYAMLError as problem:
            raise self._no_yaml(problem, text) from None
        except (YAMLError, ValueError, OverflowError) as problem:
            message = str(problem).splitlines()[0]
            raise _Refused(error("bad-yaml", Place(self.file, 1, 1), message, "write it as YAML")) from None

    def _no_yaml(self, problem: Any, text: str) -> _Refused:
        mark = problem.problem_mark or problem.context_mark
        place = Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file, 1, 1)
        said = problem.problem or "this is no YAML"
        lines = re.split(r"\r\n|\r|\n", text)
        rest = lines[place.line - 1][place.column - 1 :] if place.line <= len(lines) else ""
        if "'\\t'" in said or rest.lstrip(" ").startswith("\t"):
            return _Refused(error("tab", place, "a tab is used to indent", "indent with spaces"))
        before = lines[place.line - 1][: place.column - 1] if place.line <= len(lines) else ""
        if (
            ("mapping values" in said and ": " not in before) or ("<block end>" in said and not before.strip(" -"))
        ) and (found := misplaced(lines, place.line)):
            place = Place(self.file, found.line, found.spaces + 1)
            return _Refused(error("bad-yaml", place, str(found), "line it up with them"))
        if "mapping values" in said and ": " not in before:
            message = "this line belongs to the value above it"
            return _Refused(error("bad-yaml", place, message, "write 'key: value', and line it up with its siblings"))
        if "<block end>" in said and before.strip(" -"):
            message = "something follows a value that is already complete"
            return _Refused(error("bad-yaml", place, message, "put the whole text in quotes"))
        begun = problem.context_mark
        for words, message, way_out in _IN_PLAIN_WORDS:
            if words in said:
                if begun is not None and any(known in f"{message} {said}" for known in _SHOWN_AT_BEGIN):
                    place = Place(self.file, begun.line + 1, begun.column + 1)
                return _Refused(error("bad-yaml", place, message, way_out))
        return _Refused(error("bad-yaml", place, said, "write it as YAML"))

    def _place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _node(self, kind: str, event: Any, events: Iterator[tuple[str, Any]], depth: int) -> Node:
        place = self._place(event)
        if kind == "Alias" or event.anchor is not None:
            name = ("*" if kind == "Alias" else "&") + str(event.anchor)[:40]
            message = f"'{name}': anchors and aliases are not used in rules"
            raise _Refused(
                error("alias", place, message, "write the value out; a text that begins with & or * stands in quotes")
            )
        if event.tag is not None:
            message = f"'{str(event.tag)[:60]}': tags are not used in rules"
            raise _Refused(error("tag", place, message, "take the tag out; a text that begins with ! stands in quotes"))
        if depth > DEEPEST:
            message = f"this is nested deeper than {DEEPEST}"
            raise _Refused(error("too-large", place, message, "give parts a name under conditions"))
        match kind:
            case "SequenceStart":
                return self._list(place, events, depth)
            case "MappingStart":
                return self._mapping(place, events, depth)
            case _:
                return ScalarNode(place, self._scalar(event.value, place) if event.implicit[0] else self._quoted(event))

    def _list(self, place: Place, events: Iterator[tuple[str, Any]], depth: int) -> ListNode:
        items = []
        while (following := next(events))[0] != "SequenceEnd":
            items.append(self._node(*following, events, depth + 1))
        return ListNode(place, tuple(items))

    def _mapping(self, place: Place, events: Iterator[tuple[str, Any]], depth: int) -> MappingNode:
        entries: dict[str, Entry] = {}
        while (following := next(events))[0] != "MappingEnd":
            kind, event = following
            key_place = self._place(event)
            key = self._node(kind, event, events, depth + 1)
            if not isinstance(key, ScalarNode) or event.value == "":
                message = "a key is a single word or text"
                raise _Refused(error("bad-key", key_place, message, "write 'key: value'"))
            name = event.value
            self.above.append((name, key_place))
            value = self._node(*next(events), events, depth + 1)
            self.above.pop()
            if name == "<<":
                message = "merge keys are not used in rules"
                raise _Refused(error("alias", key_place, message, "write the keys out"))
            if name in entries:
                self._refuse_inner_rule(entries)
                message = f"'{name}' is already written in line {entries[name].place.line}"
                self.findings.append(error("duplicate-key", key_place, message, "keep one of them"))
            else:
                entries[name] = Entry(key_place, value)
        return MappingNode(place, entries)

    def _refuse_inner_rule(self, entries: dict[str, Entry]) -> None:
        """Refuse the file where a rule's name stands among another's keys, so that its own keys are there twice."""
        if [name for name, _ in self.above[:-1]] != ["rules"]:
            return
        owner, owner_place = self.above[-1]
        for name, entry in entries.items():
            if name not in RuleKeys.model_fields and entry.value == ScalarNode(entry.value.place, None):
                raise _Refused(inner_rule(name, entry.place, owner, owner_place))

    def _quoted(self, event: Any) -> str:
        """A text in quotes or a block; the scanner marks the folds of a block with bells, for writers of YAML."""
        text: str = event.value.replace("\a", "") if event.style == ">" else event.value
        if found := _NO_TEXT.search(text):
            message = f"U+{ord(found[0]):04X} has no place in a text"
            raise _Refused(error("bad-character", self._place(event), message, "take the escape out"))
        return text

    def _scalar(self, text: str, place: Place) -> str | int | float | bool | None:
        if _NULL.fullmatch(text):
            return None
        if _TRUTH.fullmatch(text):
            return text[0] in "tT"
        number: int | float
        if len(text) <= 40 and _WHOLE.fullmatch(text):
            number = int(text)
        elif (len(text) <= 40 and _OCTAL.fullmatch(text)) or (len(text) <= 40 and _HEXADECIMAL.fullmatch(text)):
            number = int(text, 0)
        elif _DECIMAL.fullmatch(text) or _NO_NUMBER.fullmatch(text):
            number = float(text) if _DECIMAL.fullmatch(text) else float("inf")
        else:
            return text
        if abs(number) >= 1e18:
            message = f"'{text[:30]}' is no number that can be counted with"
            self.findings.append(error("bad-number", place, message, "write a smaller number, or put it in quotes"))
            return 0
        return number
