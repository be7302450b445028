"""Templates are tried before they are used: each is rendered once with sample facts, in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Any

from jinja2 import nodes

from scheduler import messages
from scheduler.decisions import reason as decisions_reason
from scheduler.decisions.facts import Value
from scheduler.decisions.reason import fill_reason
from scheduler.errors import TemplateError
from scheduler.messages.context import NAMES, Context, RuleFacts
from scheduler.messages.formats import StandIn
from scheduler.messages.gaps import unguarded
from scheduler.messages.links import Links
from scheduler.messages.message import Message
from scheduler.messages.render import render
from scheduler.messages.sandbox import Named
from scheduler.messages.templates import FOLDER, FORMATS, LAYOUT, TemplateFile, Templates
from scheduler.rulebook import findings
from scheduler.rulebook.content_cache import ContentCache, digest, source_of
from scheduler.rulebook.findings import Finding, error, meant, warning
from scheduler.rulebook.lint.subject import nearest_place
from scheduler.rulebook.lint.unseen import IMPORT_FIRST
from scheduler.rulebook.model import Place, Rule, Rulebook
from scheduler.rulebook.templates import SCRIPTS
from scheduler.settings import Settings

SAMPLE_DAY = date(2026, 3, 2)
SAMPLE_CUSTOMER: Mapping[str, Value] = MappingProxyType(
    {
        "first_name": "Ana",
        "name": "Ana Lopez",
        "email": "ana@example.com",
        "phone": "+49301234567",
        "address": "Sample Street 1, 10115 Berlin",
        "birthday": date(1990, 5, 17),
    }
)
SAMPLE_EVENT: Mapping[str, Value] = MappingProxyType(
    {"product": "Kettle", "category": "appliance", "order_id": "A1", "price": 49.9, "score": 9}
)
NOTHING_KNOWN: Mapping[str, float] = MappingProxyType({})
_TAKES_IN = re.compile(r"\b(include|import|extends)\b")
"""A word by which a template may take in another."""
_KEY = b"samples are signed for nobody"


def render_sample(
    templates: Templates,
    rule: Rule | RuleFacts,
    channel: str,
    settings: Settings,
    *,
    template: str = "",
    language: str = "",
) -> Message:
    """The message that a rule would send to a made-up customer, in one language.

    `template` is needed where the rule is given as plain facts. Raises `TemplateError` as `render` does.
    """
    facts = rule if isinstance(rule, RuleFacts) else facts_of(rule)
    name = template or (rule.template if isinstance(rule, Rule) else "")
    has_event = not isinstance(rule, Rule) or rule.triggering_event is not None
    reason = rule.reason if isinstance(rule, Rule) else "This is a sample."
    event = SAMPLE_EVENT if has_event else {}
    brand = settings.brand.model_copy(
        update={
            name: getattr(settings.brand, name) or "https://example.com"
            for name in ("review_url", "refer_url", "shop_url")
        }
    )
    context = _SampleContext(
        template=name,
        channel=channel,
        rule=facts,
        customer_id="sample",
        reason=fill_reason(reason, event, SAMPLE_CUSTOMER),
        brand=brand,
        links=Links(brand.base_url, _KEY, "sample", f"{facts.name}/sample/1"),
        today=SAMPLE_DAY,
        customer={**SAMPLE_CUSTOMER, "language": language or brand.language},
        event=event,
    )
    return render(templates, context, settings.email)


def facts_of(rule: Rule) -> RuleFacts:
    """What templates may know of a rule."""
    return RuleFacts(rule.name, rule.campaign, rule.owner, str(rule.asks_for), str(rule.asks_for.serves))


def check_template(
    templates: Templates,
    rule: Rule,
    file: TemplateFile,
    settings: Settings,
    *,
    attributes: Mapping[str, float] = NOTHING_KNOWN,
) -> tuple[Finding, ...]:
    """What is wrong with one file for one rule: it can't be read, or not be rendered, or names what nobody has.

    `attributes` are those that customers are known to have, with the share (0 to 1) that has them; none means that
    nothing is known of them.
    """
    try:
        templates.compiled(file)
        render_sample(templates, rule, file.channel, settings, language=file.locale)
    except TemplateError as problem:
        return (finding_of(problem),)
    return tuple(_unseen(templates, file, attributes)) if attributes else ()


def check_templates(
    rulebook: Rulebook,
    settings: Settings,
    *,
    attributes: Mapping[str, float] = NOTHING_KNOWN,
    cache: ContentCache | None = None,
) -> tuple[Finding, ...]:
    """What is wrong with the templates of all rules, each finding once, in order of place.

    `cache` remembers what was found in templates for the rules that use them.
    """
    templates = Templates(rulebook.files, settings.brand.language)
    known = _Remembered(templates, settings, attributes, cache or ContentCache())
    found: dict[Finding, None] = {}
    for rule in rulebook.rules.values():
        for channel in channels_of(rule, templates):
            for file in templates.variants(rule.template, channel):
                found |= dict.fromkeys(known.findings(file, rule))
            found |= dict.fromkeys(_absent(templates, rule, channel))
    for file in templates.variants(LAYOUT, "email"):
        found |= dict.fromkeys(known.findings(file))
    known.cache.save()
    return tuple(sorted(found, key=lambda one: (one.place.file, one.place.line, one.message)))


@dataclass(frozen=True)
class _Remembered:
    """What is wrong with templates, worked out where nothing it follows from is as it was."""

    templates: Templates
    settings: Settings
    attributes: Mapping[str, float]
    cache: ContentCache

    def findings(self, file: TemplateFile, rule: Rule | None = None) -> tuple[Finding, ...]:
        """What is wrong with a file for a rule, or by itself."""
        asked = () if rule is None else (facts_of(rule), rule.reason, rule.triggering_event, rule.template)
        key = digest(self._of_all, file.path, repr(asked), *self._texts(file))
        with suppress(LookupError, TypeError, ValueError):
            return tuple(
                Finding(code, severity, Place(*place), message, way_out, tuple(allowed))
                for code, severity, place, message, way_out, allowed in self.cache.get(key)
            )
        found = self._found(file, rule)
        self.cache.keep(key, [astuple(one) for one in found])
        return found

    def _found(self, file: TemplateFile, rule: Rule | None) -> tuple[Finding, ...]:
        if rule is not None:
            return check_template(self.templates, rule, file, self.settings, attributes=self.attributes)
        try:
            self.templates.compiled(file)
        except TemplateError as problem:
            return (finding_of(problem),)
        return ()

    @cached_property
    def _of_all(self) -> str:
        """What all findings follow from."""
        import jinja2
        import markdown_it

        brand, email = self.settings.brand, self.settings.email
        shares = sorted((name, _percent(1 - share)) for name, share in self.attributes.items())
        others = [jinja2.__version__, markdown_it.__version__, repr(brand), repr(email), repr(shares)]
        return digest(source_of(messages, decisions_reason, findings), *others)

    def _texts(self, file: TemplateFile) -> Iterator[str]:
        """The texts that make a message of a file: those of its name, the layouts, and all where it takes in others."""
        names = {one.path for name in (file.name, LAYOUT) for one in self.templates.variants(name, file.channel)}
        texts = self.templates.files
        if any(_TAKES_IN.search(texts[path]) for path in names):
            names = {path for path in texts if path.startswith(FOLDER)}
        for path in sorted(names):
            yield path
            yield texts[path]


def channels_of(rule: Rule, templates: Templates) -> tuple[str, ...]:
    """The channels of a rule that have templates: those of `by`, or else all that there are."""
    there = templates.channels(rule.template) & set(FORMATS)
    named = [SCRIPTS] if rule.is_task else [use.channel for use in rule.by]
    return tuple(name for name in FORMATS if name in there and (not named or name in named or "preferred" in named))


def finding_of(problem: TemplateError) -> Finding:
    """A template's error as a finding, to stand beside those of the rules."""
    facts = problem.facts
    place = Place(facts.get("file", ""), facts.get("line") or 1, 1)
    code, cause = facts.get("code", "bad-template"), facts.get("cause", str(problem))
    owner, _, name = cause.split(" ")[0].partition(".")
    there = sorted(NAMES.get(owner) or ()) if code == "unknown-template-name" and name else []
    if there and name not in there:
        return error(code, place, f"'{owner}' has no '{name}'", meant(name, there), there)
    return error(code, place, cause, problem.way_out)


@dataclass(frozen=True, slots=True)
class _SampleContext(Context):
    """A contact in which everything that may be known is known."""

    def values(self, language: str) -> dict[str, Any]:
        values = Context.values(self, language)
        values["customer"] = _Everything("customer", values["customer"])
        if self.event:
            values["event"] = _Everything("event", values["event"])
        return values


class _Everything(Named):
    """Has every name that is asked for, but none of Python's own."""

    __slots__ = ()

    def __contains__(self, name: object) -> bool:
        return not str(name).startswith("_")

    def __missing__(self, name: str) -> StandIn:
        return StandIn(f"({name})")


def _absent(templates: Templates, rule: Rule, channel: str) -> Iterator[Finding]:
    """That no file is there for customers of no language: one is in other languages only, or of an ending not used."""
    try:
        templates.fitting(rule.template, channel)
    except TemplateError as problem:
        if problem.facts["code"] == "missing-template":
            found = finding_of(problem)
            way_out = f"write {found.place.file}"
            place = nearest_place(rule.places, "send" if rule.send else "script")
            yield replace(found, place=place or found.place, way_out=way_out)


def _unseen(templates: Templates, file: TemplateFile, attributes: Mapping[str, float]) -> Iterator[Finding]:
    known = {*attributes, "id"}
    tree = templates.parsed(file)
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "customer" and node.attr not in known:
            message = f"no customer has the attribute '{node.attr}'"
            yield warning(
                "unseen-attribute", Place(file.path, node.lineno, 1), message, meant(node.attr, known, IMPORT_FIRST)
            )
    for node in unguarded(tree):
        share = attributes.get(node.attr, 1.0)
        if share < 1:
            yield warning(
                "unguarded-attribute",
                Place(file.path, node.lineno, 1),
                f"{_percent(1 - share)} of the customers have no {node.attr}; their message is held",
                f'write what stands in its place, like {{{{ customer.{node.attr} or "…" }}}}',
            )


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "fewer than 1%"
