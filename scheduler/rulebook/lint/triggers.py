"""Triggers that lack something, run in circles, or are not run yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scheduler.rulebook.findings import Finding, error, meant, warning
from scheduler.rulebook.lint.conditions import known_rule, of_property
from scheduler.rulebook.lint.subject import Subject, at
from scheduler.rulebook.model import (
    ContactTrigger,
    DateTrigger,
    EventDateTrigger,
    EventTrigger,
    EveryTrigger,
    Rule,
    SilenceTrigger,
)


@dataclass(frozen=True, slots=True)
class NotYet:
    """A form of the language that the engine does not run yet: where it is written, what it is, and its way out."""

    path: str
    used: Callable[[Rule], bool]
    form: str
    way_out: str


_BY_EVENT = "let an event trigger the rule; import it with the date it is due"

NOT_YET: tuple[NotYet, ...] = (
    NotYet(
        "when.contact",
        lambda rule: isinstance(rule.when, ContactTrigger),
        "when: {contact: …}",
        "use the trigger of that rule with a longer `after`, and only_if: [{contact: …}]",
    ),
    NotYet("when.every", lambda rule: isinstance(rule.when, EveryTrigger), "when: {every: …}", _BY_EVENT),
    NotYet(
        "when.spread",
        lambda rule: isinstance(rule.when, EveryTrigger) and rule.when.spread is not None,
        "spread",
        "take it out",
    ),
    NotYet("when.date", lambda rule: isinstance(rule.when, EventDateTrigger), "when: {event: …, date: …}", _BY_EVENT),
    NotYet(
        "when.silence",
        lambda rule: isinstance(rule.when, SilenceTrigger) and rule.when.silence == "contact",
        "when: {silence: contact}",
        "name the event that has ceased",
    ),
)
"""What `check` refuses although the language has it; take an entry out when the engine runs it."""


def not_yet(subject: Subject) -> Iterator[Finding]:
    """Forms that the engine does not run yet."""
    for rule in subject.rules:
        for form in NOT_YET:
            if form.used(rule):
                message = f"{form.form} is part of the language and not run yet"
                yield error("not-yet", at(rule, form.path), message, form.way_out)


def lacks(subject: Subject) -> Iterator[Finding]:
    """Triggers that lack what they need, and filters that can't match."""
    for rule in subject.rules:
        trigger = rule.when
        if isinstance(trigger, EveryTrigger) and rule.starts is None:
            message = f"'{rule.name}' returns from a first day on, which is not given"
            yield error("every-without-starts", at(rule, "when"), message, "add starts: 2026-01-01")
        if isinstance(trigger, SilenceTrigger) and rule.after is None:
            message = "silence is noticed after a time, which is not given"
            yield warning("silence-without-after", at(rule, "when"), message, "add after: 90 days")
        if rule.starts is not None and rule.ends is not None and rule.ends < rule.starts:
            message = f"'{rule.name}' ends on {rule.ends}, before it starts on {rule.starts}"
            yield error("starts-after-ends", at(rule, "ends"), message, "let ends be the last day")
        if isinstance(trigger, EventTrigger | EventDateTrigger | SilenceTrigger):
            for key, comparison in (trigger.where or {}).items():
                yield from of_property(key, comparison, at(rule, f"when.where.{key}"))


def ahead(subject: Subject) -> Iterator[Finding]:
    """`ahead` where there is no date, or twice."""
    for rule in subject.rules:
        dated = isinstance(rule.when, DateTrigger | EventDateTrigger)
        if rule.ahead is not None and rule.after is not None:
            message = "'ahead' comes before the date and 'after' follows it"
            yield error("after-and-ahead", at(rule, "ahead"), message, "keep one of them")
        if rule.ahead is not None and not dated:
            message = "'ahead' is for dates; an event can't be known before it comes"
            yield error("ahead-needs-date", at(rule, "ahead"), message, "use after, or when: {date: an_attribute}")
        for number, use in enumerate(subject.written_by.get(rule.name, rule.by), 1):
            place = at(rule, f"by.{number}.{use.channel}.ahead")
            if use.ahead is not None and not dated:
                message = f"'{use.channel}' can leave early only for a date"
                yield error("ahead-needs-date", place, message, f"write {use.channel} without ahead")
            elif use.ahead is not None and rule.ahead is not None:
                message = "the rule itself comes ahead already"
                yield error("after-and-ahead", place, message, "keep the ahead of the rule, or those of its channels")


def circles(subject: Subject) -> Iterator[Finding]:
    """Rules that follow each other's contacts without end, or a rule that does not exist."""
    follows = {rule.name: rule.when.contact for rule in subject.rules if isinstance(rule.when, ContactTrigger)}
    for name, first in follows.items():
        rule = subject.book.rules[name]
        if not known_rule(subject, first):
            way_out = meant(first, subject.book.rules, "write the name of a rule")
            yield error("unknown-rule", at(rule, "when.contact"), f"there is no rule '{first}'", way_out)
        path = [name]
        while (following := follows.get(path[-1])) is not None and following not in path:
            path.append(following)
        if following == name and name == min(path):
            message = f"contacts trigger each other without end: {' → '.join([*path, name])}"
            yield error("contact-circle", at(rule, "when.contact"), message, "let one of them be triggered otherwise")
