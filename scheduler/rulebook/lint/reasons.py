"""The reason itself: whether it is one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scheduler.rulebook.findings import Finding, error
from scheduler.rulebook.lint.subject import Subject, at

_FEWEST_WORDS = 4
PLACEHOLDER = re.compile(r"\{(event|customer)\.([A-Za-z_][A-Za-z0-9_]*)\}")
"""What is filled in: whose property or attribute, and its name."""
_ARTICLES = frozenset({"a", "an", "the", "for", "of", "to", "rule"})


def reasons(subject: Subject) -> Iterator[Finding]:
    """Reasons that are too short, repeat the rule's name, or name what can't be filled in."""
    for rule in subject.rules:
        place = at(rule, "reason")
        words = re.findall(r"\w+", PLACEHOLDER.sub(" something ", rule.reason.lower()))
        way_out = "say why this customer would agree that we contact them now"
        if len(words) < _FEWEST_WORDS:
            message = f"a reason has at least {_FEWEST_WORDS} words; this has {len(words)}"
            yield error("thin-reason", place, message, way_out)
        elif set(words) - _ARTICLES <= set(rule.name.lower().split("_")):
            yield error("thin-reason", place, "this only repeats the rule's name", way_out)
        rest = PLACEHOLDER.sub("", rule.reason)
        if found := re.search(r"\{[^{}]*\}?|\}", rest):
            message = f"'{found[0]}' is no placeholder"
            yield error("bad-placeholder", place, message, "write {event.a_property} or {customer.an_attribute}")
        if rule.triggering_event is None and "{event." in rule.reason:
            message = f"no event triggers '{rule.name}', so {{event.…}} is always empty"
            yield error("bad-placeholder", place, message, "name an attribute: {customer.an_attribute}")
