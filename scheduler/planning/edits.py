"""What was edited between two rulebooks: rules, conditions, house rules, templates, and which rules that touches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeGuard

from scheduler.durations import Duration
from scheduler.rulebook.lint.walk import of_rule, parts
from scheduler.rulebook.model import (
    AllOf,
    Condition,
    ContactCondition,
    ContactTrigger,
    EventCondition,
    OpenCondition,
    Rule,
    Rulebook,
)
from scheduler.rulebook.templates import TemplateFile, templates

_NOTHING = Rulebook()
_LAYOUT = "layout"
_WORKED_OUT = re.compile(r"\{%[-+]?\s*(?:include|import|extends|from)\s+[^\"'\s]")


@dataclass(frozen=True)
class Edits:
    """The edits that make one rulebook another; `before` is None where there was none."""

    before: Rulebook | None
    after: Rulebook

    @cached_property
    def new_rules(self) -> tuple[str, ...]:
        """The rules that there were not."""
        return tuple(name for name in self.after.rules if name not in self._old.rules)

    @cached_property
    def removed_rules(self) -> tuple[str, ...]:
        """The rules that there are no more."""
        return tuple(name for name in self._old.rules if name not in self.after.rules)

    @cached_property
    def changed_rules(self) -> tuple[str, ...]:
        """The rules that say something else now; where they stand in their file is no part of it."""
        return tuple(
            name
            for name, rule in self.after.rules.items()
            if name in self._old.rules and _unplaced(self._old.rules[name]) != _unplaced(rule)
        )

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The named conditions that are new, removed or changed."""
        return _differing(self._old.conditions, self.after.conditions)

    @cached_property
    def house(self) -> tuple[str, ...]:
        """The keys of the house rules that say something else now."""
        return tuple(
            key
            for key in type(self.after.house).model_fields
            if key != "conditions" and getattr(self._old.house, key) != getattr(self.after.house, key)
        )

    @cached_property
    def templates(self) -> tuple[str, ...]:
        """The templates that are new, removed or changed, by path."""
        old, new = _templates(self._old), _templates(self.after)
        return _differing(old, new)

    @cached_property
    def touches(self) -> frozenset[str] | None:
        """The rules whose decisions or words the edits may change by themselves; None for all of them.

        What these rules do changes what others may do, for the same customers: a cap counts contacts of all rules.
        """
        if self.before is None or self.house:
            return None
        touched = {*self.new_rules, *self.removed_rules, *self.changed_rules}
        touched |= {name for name in self._names if self._rests_on_edited(name) or self._reads_otherwise(name)}
        while more := {name for name in self._names - touched if self._follows(name, touched)}:
            touched |= more
        return frozenset(touched)

    def texts_differ(self, rule: str, channel: str) -> bool:
        """Whether what a rule sends by a channel is written otherwise, in any language, or laid out otherwise."""
        if any(not _is_layout(file) or file.channel == channel for file in self._shared):
            return True
        old, new = self._old.rules[rule].template, self.after.rules[rule].template
        return _texts(self._old, old, channel) != _texts(self.after, new, channel)

    @cached_property
    def _old(self) -> Rulebook:
        return self.before or _NOTHING

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset({*self._old.rules, *self.after.rules})

    @cached_property
    def _shared(self) -> tuple[TemplateFile | None, ...]:
        """The edited templates that are no rule's own: layouts, and what others include."""
        own = {rule.template for book in (self._old, self.after) for rule in book.rules.values()}
        files = {path: TemplateFile.of(path) for path in self.templates}
        return tuple(
            file
            for path, file in files.items()
            if (file is None or file.name not in own) and (_is_layout(file) or self._may_be_taken_in(path))
        )

    def _may_be_taken_in(self, path: str) -> bool:
        """Whether another template names a file, or takes in one whose name is worked out as it is rendered."""
        name = path.removeprefix("templates/")
        texts = [*_templates(self._old).items(), *_templates(self.after).items()]
        return any(one != path and (name in text or _WORKED_OUT.search(text)) for one, text in texts)

    def _reads_otherwise(self, name: str) -> bool:
        used = {book.rules[name].template for book in (self._old, self.after) if name in book.rules}
        files = map(TemplateFile.of, self.templates)
        return bool(self._shared) or any(file is not None and file.name in used for file in files)

    def _rests_on_edited(self, name: str) -> bool:
        edited = set(self.conditions)
        return any(isinstance(one, str) and one in edited for one in self._conditions_of(name))

    def _follows(self, name: str, touched: set[str]) -> bool:
        """Whether a rule asks about contacts by one of these, or follows them up."""
        triggers = [book.rules[name].when for book in (self._old, self.after) if name in book.rules]
        if any(isinstance(when, ContactTrigger) and when.contact in touched for when in triggers):
            return True
        tasks = any(book.rules[one].is_task for book in (self._old, self.after) for one in touched & {*book.rules})
        return any(
            (isinstance(one, ContactCondition) and one.contact in touched)
            or (tasks and any(rests_on_tasks(book, one) for book in (self._old, self.after)))
            for one in self._conditions_of(name)
        )

    def _conditions_of(self, name: str) -> Iterator[Condition]:
        for book in (self._old, self.after):
            if name in book.rules:
                yield from _conditions(book, book.rules[name])


def _conditions(book: Rulebook, rule: Rule) -> Iterator[Condition]:
    """All conditions that a rule rests on, those of the house's asks and nested ones too."""
    own: list[Condition] = [condition for _, condition in of_rule(rule)]
    return conditions_in(book, [*own, *(book.house.ask(rule.asks_for).blocked_while or ())])


def rests_on_tasks(book: Rulebook, condition: Condition) -> bool:
    """Whether what rules have people do may make it true, without an event that is known yet."""
    things = book.house.open_things
    return isinstance(condition, OpenCondition) and condition.open in things and things[condition.open].by_tasks


def conditions_in(book: Rulebook, conditions: Iterable[Condition]) -> Iterator[Condition]:
    """These conditions and all that they rest on, nested ones and through names."""
    waiting = list(conditions)
    seen = set[str]()
    while waiting:
        condition = waiting.pop()
        yield condition
        if isinstance(condition, str) and condition not in seen and condition in book.conditions:
            seen.add(condition)
            waiting.append(book.conditions[condition].condition)
        waiting += parts(condition)[1]


def needed_events(book: Rulebook, rule: Rule) -> Iterator[tuple[str, Duration | None]]:
    """The events without which a rule contacts nobody, each within so long before the contact, or ever."""
    waiting: list[Condition] = list(rule.only_if)
    while waiting:
        match waiting.pop():
            case str(name):
                waiting.append(book.conditions[name].condition)
            case AllOf(all_of=parts):
                waiting += parts
            case EventCondition() as condition if _needs_one(condition):
                yield condition.event, condition.within


def _needs_one(condition: EventCondition) -> bool:
    """Whether it can't hold without such an event."""
    kind, _ = condition.aggregate
    at_least = condition.at_least
    counts = kind == "count" and isinstance(at_least, int | float) and at_least >= 1
    return counts or kind in {"happened", "latest", "first"}


def _is_layout(file: TemplateFile | None) -> TypeGuard[TemplateFile]:
    return file is not None and file.name == _LAYOUT


def _unplaced(rule: Rule) -> Rule:
    return rule.model_copy(update={"places": {}})


def _templates(book: Rulebook) -> dict[str, str]:
    return {path: text for path, text in book.files.items() if path.startswith("templates/")}


def _texts(book: Rulebook, name: str, channel: str) -> dict[tuple[str | None, str], str]:
    files = templates(book.files).get(name, {}).get(channel, ())
    return {(file.locale, file.ending): book.files[file.path] for file in files}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(name for name in {*old, *new} if old.get(name) != new.get(name)))
