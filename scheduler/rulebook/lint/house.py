"""The house rules: names that do not exist, and rules that cancel each other."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo, available_timezones

from scheduler.rulebook.findings import Finding, error, meant
from scheduler.rulebook.lint.conditions import all_read, unknown_channel
from scheduler.rulebook.lint.subject import Subject
from scheduler.rulebook.lint.walk import resolved
from scheduler.rulebook.model import ANY, EventCondition
from scheduler.rulebook.templates import CHANNELS


def house(subject: Subject) -> Iterator[Finding]:
    """What is wrong with the house rules beside their shape."""
    rules = subject.house
    if not _is_zone(rules.timezone):
        way_out = meant(rules.timezone, available_timezones(), "zones are named like Europe/Berlin")
        yield error("unknown-zone", subject.place("timezone"), f"there is no time zone '{rules.timezone}'", way_out)
    for channel in rules.send_hours:
        if channel not in (*CHANNELS, ANY, "closed"):
            yield unknown_channel(subject.place(f"send_hours.{channel}"), channel, (ANY, "closed"))
    for channel in rules.channels:
        if channel not in CHANNELS:
            yield unknown_channel(subject.place(f"channels.{channel}"), channel)
    for number, cap in enumerate(rules.frequency_caps, 1):
        if cap.by is not None and cap.by not in CHANNELS:
            yield unknown_channel(subject.place(f"frequency_caps.{number}.by"), cap.by)
        if cap.within.count == 0:
            message = "a cap within no time binds nobody"
            yield error("never-true", subject.place(f"frequency_caps.{number}.within"), message, "write 1 day or more")
    if rules.default_window.count == 0:
        message = "a window of no length never opens"
        yield error("empty-window", subject.place("default_window"), message, "write default_window: 3 days")
    yield from _value_window(subject)
    yield from _topics(subject)
    yield from _blocked(subject)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def _value_window(subject: Subject) -> Iterator[Finding]:
    window = subject.house.value_window
    if window is not None and window.windows and window.property is None:
        message = "the windows are chosen by a property, and none is named"
        yield error(
            "windows-without-property", subject.place("value_window.windows"), message, "add property: category"
        )


def _topics(subject: Subject) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name, topic in subject.house.topics.items():
        for number, kind in enumerate(topic.default_for, 1):
            other = first.setdefault(kind, name)
            if other != name:
                place = subject.place(f"topics.{name}.default_for.{number}")
                message = f"'{other}' is already the default for {kind}"
                yield error("two-defaults", place, message, "keep it in one of the topics")


def _blocked(subject: Subject) -> Iterator[Finding]:
    complete = all_read(subject)
    for kind, ask in subject.house.asks.items():
        for number, name in enumerate(ask.blocked_while or (), 1):
            place = subject.place(f"asks.{kind}.blocked_while.{number}")
            named = subject.condition(name)
            if named is None and complete and f"conditions.{name}" not in subject.broken:
                way_out = meant(name, subject.book.conditions, "write it under conditions, with its means")
                yield error("unknown-condition", place, f"there is no condition '{name}'", way_out)
            elif named and any(isinstance(c, EventCondition) and c.same for c in resolved(subject, named.condition)):
                message = f"'{name}' compares with the triggering event by 'same'; asks without one would have nothing"
                yield error("same-needs-event", place, message, "name a condition without same")
