"""Templates: what they say must be readable, fillable, and ask for nothing that their rule does not declare."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from types import MappingProxyType
from typing import Any

from scheduler.rulebook.content_cache import ContentCache, digest, source_of
from scheduler.rulebook.findings import Finding, error, meant
from scheduler.rulebook.lint.subject import Subject
from scheduler.rulebook.model import Place, Rule

NAMES = ("customer", "event", "reason", "rule", "brand", "links", "today")
"""Everything that a template can name."""
_OF_JINJA = frozenset({"range", "namespace", "dict"})
ASKING_LINKS: Mapping[str, str] = MappingProxyType(
    {"survey": "feedback", "scale": "feedback", "review": "review", "refer": "referral", "shop": "purchase"}
)
"""Links that want something of the customer, with what they want."""
_LINKS = (*ASKING_LINKS, "preferences", "unsubscribe", "page")
_OF_BRAND = MappingProxyType({"review_url": "review", "refer_url": "refer", "shop_url": "shop"})
"""Attributes of the brand that are the addresses of such links."""
_LAYOUT = "layout"


@dataclass(frozen=True, slots=True)
class _Used:
    """What a template uses, each with the line it stands in; `problem` where it can't be read.

    `links` are first as they are written; `needed` are the files of `includes` without which it can't be rendered.
    """

    names: tuple[tuple[str, int], ...] = ()
    links: tuple[tuple[str, str, int], ...] = ()
    includes: tuple[str, ...] = ()
    needed: tuple[tuple[str, int], ...] = ()
    problem: tuple[str, int] | None = None


def wording(subject: Subject) -> Iterator[Finding]:
    """What is wrong in the templates of the rules, and of what those include; of layouts, what they ask for."""
    read: dict[str, _Used] = {}
    for rule in subject.rules:
        for found in subject.templates.get(rule.template, {}).values():
            for template in found:
                yield from _in_file(subject, rule, template.path, read, frozenset())
        if any(template.ending == "md" for template in subject.templates.get(rule.template, {}).get("email", ())):
            for layout in subject.templates.get(_LAYOUT, {}).get("email", ()):
                yield from _asked_in(subject, rule, layout.path, read)


def _in_file(
    subject: Subject, rule: Rule, path: str, read: dict[str, _Used], above: frozenset[str]
) -> Iterator[Finding]:
    text = subject.book.files[path]
    used = _read(subject, path, read)
    if used.problem is not None:
        message, line = used.problem
        yield error("bad-template", Place(path, line, 1), message, "write it as Jinja: {{ value }} or {% if value %}")
    for name, line in used.names:
        yield from _of_name(rule, name, _place(path, text, line, name))
    yield from _asked_in(subject, rule, path, read)
    for included, line in used.needed:
        if f"templates/{included}" not in subject.book.files and not included.startswith(f"{_LAYOUT}."):
            yield _of_absent(subject, included, _place(path, text, line, included))
    for included in used.includes:
        inner = f"templates/{included}"
        if inner in subject.book.files and inner not in above:
            yield from _in_file(subject, rule, inner, read, above | {path, inner})


def _asked_in(subject: Subject, rule: Rule, path: str, read: dict[str, _Used]) -> Iterator[Finding]:
    for written, link, line in _read(subject, path, read).links:
        yield from _of_link(rule, written, link, _place(path, subject.book.files[path], line, written))


def _read(subject: Subject, path: str, read: dict[str, _Used]) -> _Used:
    if path not in read:
        read[path] = _remembered(subject.uses, subject.book.files[path])
    return read[path]


def _remembered(uses: ContentCache, text: str) -> _Used:
    """What a text uses, which follows from the text alone."""
    key = digest(source_of(sys.modules[__name__]), text)
    with suppress(LookupError, TypeError, ValueError):
        return _unpacked(*uses.get(key))
    used = _used(text)
    uses.keep(key, astuple(used))
    return used


def _unpacked(names: Any, links: Any, includes: Any, needed: Any, problem: Any) -> _Used:
    """What JSON made lists of, as it was."""
    names, links, needed = (tuple(tuple(one) for one in part) for part in (names, links, needed))
    return _Used(names, links, tuple(includes), needed, None if problem is None else tuple(problem))


def _of_name(rule: Rule, name: str, place: Place) -> Iterator[Finding]:
    if name not in NAMES:
        way_out = meant(name, NAMES, "write {% set … %} first, or use a name that is there")
        yield error("unknown-template-name", place, f"templates have no '{name}'", way_out, NAMES)
    elif name == "event" and rule.triggering_event is None:
        message = f"no event triggers '{rule.name}', so there is no 'event'"
        yield error("unknown-template-name", place, message, "use customer, or let an event trigger the rule")


def _of_link(rule: Rule, written: str, link: str, place: Place) -> Iterator[Finding]:
    wants = ASKING_LINKS.get(link)
    if link not in _LINKS:
        yield error("unknown-template-name", place, f"there is no link '{link}'", meant(link, _LINKS), _LINKS)
    elif wants is not None and wants != rule.asks_for:
        message = f"{written} asks for {wants}; '{rule.name}' declares to ask for {rule.asks_for}"
        way_out = f"take it out, or write a rule with asks_for: {wants}"
        yield error("disguised-ask", place, message, way_out)


def _of_absent(subject: Subject, included: str, place: Place) -> Finding:
    there = [file.removeprefix("templates/") for file in subject.book.files if file.startswith("templates/")]
    message = f"there is no templates/{included}; only files of templates/ can be included"
    return error("bad-template", place, message, meant(included, there, "write that file, or take the line out"))


def _used(text: str) -> _Used:
    if not re.search(r"\{[{%#]", text):
        return _Used()
    from jinja2 import TemplateSyntaxError

    try:
        return _uses(text)
    except TemplateSyntaxError as problem:
        return _Used(problem=(problem.message or "this is no template", problem.lineno))
    except RecursionError:
        return _Used(problem=("this is nested too deeply", 1))


def _uses(text: str) -> _Used:
    from jinja2 import meta, nodes, pass_context
    from jinja2.sandbox import SandboxedEnvironment

    # Jinja works out constants as it reads: without this, ["x"] * 10 ** 9 would be made
    environment = SandboxedEnvironment(autoescape=True)
    environment.intercepted_binops = frozenset(environment.default_binop_table)
    taken = pass_context(_taken)
    tree = environment.parse(text)
    # which filters and tests there are is known where messages are made; here each is taken for one
    environment.filters = {node.name: taken for node in tree.find_all(nodes.Filter)}
    environment.tests = {node.name: taken for node in tree.find_all(nodes.Test)}
    free = meta.find_undeclared_variables(tree) - _OF_JINJA
    names = {node.name: node.lineno for node in reversed([*tree.find_all(nodes.Name)]) if node.name in free}
    read = [
        (node.node.name, node.attr, node.lineno)
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name)
    ]
    read += [
        (node.node.name, str(node.arg.value), node.lineno)
        for node in tree.find_all(nodes.Getitem)
        if isinstance(node.node, nodes.Name) and isinstance(node.arg, nodes.Const)
    ]
    links = [(f"links.{name}", name, line) for owner, name, line in read if owner == "links"]
    links += [
        (f"brand.{name}", _OF_BRAND[name], line) for owner, name, line in read if owner == "brand" and name in _OF_BRAND
    ]
    includes = tuple(name for name in meta.find_referenced_templates(tree) if name is not None)
    including: Iterator[Any] = tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport))
    needed = tuple(
        (node.template.value, node.lineno)
        for node in including
        if isinstance(node.template, nodes.Const)
        and isinstance(node.template.value, str)
        and not getattr(node, "ignore_missing", False)
    )
    return _Used(tuple(names.items()), tuple(links), includes, needed)


def _taken(context: object, value: object) -> object:  # noqa: ARG001 - as Jinja calls it
    return value


def _place(path: str, text: str, line: int, word: str) -> Place:
    lines = text.split("\n")
    found = re.search(rf"(?<![\w.]){re.escape(word)}\b", lines[line - 1]) if line <= len(lines) else None
    return Place(path, line, found.start() + 1 if found else 1)
