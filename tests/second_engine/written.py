"""What is written in rules, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TypeVar

from pydantic import BaseModel

from scheduler.rulebook.model import ContactCondition, Rule, Rulebook, Status

T = TypeVar("T")


def find(kind: type[T], *written: object) -> Iterator[T]:
    """Everything of a kind that is written there, however deep."""
    for one in written:
        if isinstance(one, kind):
            yield one
        elif isinstance(one, BaseModel | Mapping):
            yield from find(kind, *(one.__dict__ if isinstance(one, BaseModel) else one).values())
        elif isinstance(one, list | tuple):
            yield from find(kind, *one)
        elif is_dataclass(one) and not isinstance(one, type):
            yield from find(kind, *(getattr(one, field.name) for field in fields(one)))


def channels(book: Rulebook) -> frozenset[str]:
    """The channels that the rules know: one goes by them, or asks about them, or a cap is of them."""
    found = {cap.by for cap in book.house.frequency_caps if cap.by is not None}
    for rule in book.rules.values():
        if rule.status is not Status.DRAFT:
            found |= {use.channel for use in rule.by}
            found |= {channel for asked in find(ContactCondition, *_asks(rule, book)) for channel in asked.by or ()}
    return frozenset(found)


def _asks(rule: Rule, book: Rulebook) -> list[object]:
    """The conditions of a rule, with those that it names."""
    conditions: list[object] = [*rule.only_if, *rule.unless, *(book.house.ask(rule.asks_for).blocked_while or ())]
    if not isinstance(rule.until, str):  # that is an event
        conditions.append(rule.until)
    for condition in conditions:  # those that are added have their turn too
        for name in find(str, condition):
            if name in book.conditions and book.conditions[name] not in conditions:
                conditions.append(book.conditions[name])
    return conditions
