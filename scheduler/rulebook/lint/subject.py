"""What the lint looks at: the rulebook, what is known around it, and where things were written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from scheduler.rulebook.content_cache import ContentCache
from scheduler.rulebook.findings import Finding
from scheduler.rulebook.model import ChannelUse, HouseRules, NamedCondition, Place, Rule, Rulebook
from scheduler.rulebook.people import People
from scheduler.rulebook.templates import TemplateFile


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows: events, attributes with the share (0 to 1) of customers that have them, channels.

    `properties` are those that are common, by event; `ever_had` says of any event and property whether one had it.
    """

    events: frozenset[str] = frozenset()
    attributes: Mapping[str, float] = field(default_factory=dict)
    channels: frozenset[str] = frozenset()
    properties: Mapping[str, Collection[str]] = field(default_factory=dict)
    ever_had: Callable[[str, str], bool] = lambda _event, _name: False


@dataclass(frozen=True)
class Subject:
    """One rulebook under the lint.

    `broken` names what was written and could not be read (`value_window`, `conditions.happy`, `rules.birthday_card`),
    so that nothing is said about it twice; `written_by` holds the channels of each rule as written, before the default.
    `uses` remembers what templates use.
    """

    book: Rulebook
    templates: Mapping[str, Mapping[str, tuple[TemplateFile, ...]]]
    people: People | None = None
    known: Known | None = None
    broken: frozenset[str] = frozenset()
    written_by: Mapping[str, tuple[ChannelUse, ...]] = field(default_factory=dict)
    uses: ContentCache = field(default_factory=ContentCache)

    @property
    def house(self) -> HouseRules:
        """The house rules."""
        return self.book.house

    @property
    def rules(self) -> list[Rule]:
        """The rules, in the order of their files."""
        return list(self.book.rules.values())

    def condition(self, name: str) -> NamedCondition | None:
        """The named condition, if there is one that could be read."""
        return self.book.conditions.get(name)

    def place(self, path: str) -> Place:
        """Where a key of the house rules or a named condition was written, or the nearest key above it."""
        return nearest_place(self.book.places, path) or Place("rules/house_rules.yaml", 1, 1)


def at(rule: Rule, path: str = "") -> Place:
    """Where a key of a rule was written, or the nearest key above it."""
    return nearest_place(rule.places, path) or rule.places[""]


def nearest_place(places: Mapping[str, Place], path: str) -> Place | None:
    """The place of a dotted path, or of the longest part of it that was written."""
    while path and path not in places:
        path = path.rpartition(".")[0]
    return places.get(path)


Lint = Callable[[Subject], Iterator[Finding]]
"""One question to the rulebook: everything that it finds wrong."""
