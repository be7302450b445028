"""Templates: what they say must be readable, fillable, and ask for nothing that their rule does not declare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from scheduler.rulebook.findings import Finding, error, meant
from scheduler.rulebook.lint.subject import Subject
from scheduler.rulebook.model import Place, Rule

NAMES = ("customer", "event", "reason", "rule", "brand", "links", "today", "task")
"""Everything that a template can name."""
_OF_JINJA = frozenset({"range", "namespace", "dict"})
ASKING_LINKS: Mapping[str, str] = MappingProxyType(
    {"survey": "feedback", "scale": "feedback", "review": "review", "refer": "referral", "shop": "purchase"}
)
"""Links that want something of the customer, with what they want."""
_LINKS = (*ASKING_LINKS, "preferences", "unsubscribe", "page")


@dataclass(frozen=True, slots=True)
class _Used:
    """What a template uses, each with the line it stands in; `problem` where it can't be read."""

    names: tuple[tuple[str, int], ...] = ()
    links: tuple[tuple[str, int], ...] = ()
    includes: tuple[str, ...] = ()
    problem: tuple[str, int] | None = None


def wording(subject: Subject) -> Iterator[Finding]:
    """What is wrong in the templates of the rules, and of what those include."""
    read: dict[str, _Used] = {}
    for rule in subject.rules:
        for found in subject.templates.get(rule.template, {}).values():
            for template in found:
                yield from _in_file(subject, rule, template.path, read, frozenset())


def _in_file(
    subject: Subject, rule: Rule, path: str, read: dict[str, _Used], above: frozenset[str]
) -> Iterator[Finding]:
    text = subject.book.files[path]
    if path not in read:
        read[path] = _used(text)
    used = read[path]
    if used.problem is not None:
        message, line = used.problem
        yield error("bad-template", Place(path, line, 1), message, "write it as Jinja: {{ value }} or {% if value %}")
    for name, line in used.names:
        yield from _of_name(rule, name, _place(path, text, line, name))
    for link, line in used.links:
        yield from _of_link(rule, link, _place(path, text, line, f"links.{link}"))
    for included in used.includes:
        inner = f"templates/{included}"
        if inner in subject.book.files and inner not in above:
            yield from _in_file(subject, rule, inner, read, above | {path, inner})


def _of_name(rule: Rule, name: str, place: Place) -> Iterator[Finding]:
    if name not in NAMES:
        way_out = meant(name, NAMES, "write {% set … %} first, or use a name that is there")
        yield error("unknown-template-name", place, f"templates have no '{name}'", way_out, NAMES)
    elif name == "event" and rule.triggering_event is None:
        message = f"no event triggers '{rule.name}', so there is no 'event'"
        yield error("unknown-template-name", place, message, "use customer, or let an event trigger the rule")
    elif name == "task" and not rule.is_task:
        message = f"'{rule.name}' gives nobody a task, so there is no 'task'"
        yield error("unknown-template-name", place, message, "use customer or event")


def _of_link(rule: Rule, link: str, place: Place) -> Iterator[Finding]:
    wants = ASKING_LINKS.get(link)
    if link not in _LINKS:
        yield error("unknown-template-name", place, f"there is no link '{link}'", meant(link, _LINKS), _LINKS)
    elif wants is not None and wants != rule.asks_for:
        message = f"links.{link} asks for {wants}; '{rule.name}' declares to ask for {rule.asks_for}"
        way_out = f"take it out, or write a rule with asks_for: {wants}"
        yield error("disguised-ask", place, message, way_out)


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
    links = [
        (node.attr, node.lineno)
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "links"
    ]
    links += [
        (str(node.arg.value), node.lineno)
        for node in tree.find_all(nodes.Getitem)
        if isinstance(node.node, nodes.Name) and node.node.name == "links" and isinstance(node.arg, nodes.Const)
    ]
    includes = tuple(name for name in meta.find_referenced_templates(tree) if name is not None)
    return _Used(tuple(names.items()), tuple(links), includes)


def _taken(context: object, value: object) -> object:  # noqa: ARG001 - as Jinja calls it
    return value


def _place(path: str, text: str, line: int, word: str) -> Place:
    lines = text.split("\n")
    found = re.search(rf"(?<![\w.]){re.escape(word)}\b", lines[line - 1]) if line <= len(lines) else None
    return Place(path, line, found.start() + 1 if found else 1)
