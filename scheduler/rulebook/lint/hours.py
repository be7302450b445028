"""Send hours and times of day: whether a rule can ever speak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from scheduler.durations import Duration, Unit
from scheduler.rulebook.findings import Finding, error, warning
from scheduler.rulebook.lint.subject import Subject, at
from scheduler.rulebook.lint.windows import is_calendar, shortest
from scheduler.rulebook.model import (
    ALL_DAYS,
    PREFERRED,
    DateTrigger,
    EveryTrigger,
    Exemption,
    Hours,
    Rule,
    Weekday,
)
from scheduler.rulebook.templates import CHANNELS


@dataclass(frozen=True, slots=True)
class Open:
    """When a channel may be used for a rule: minutes after midnight, and weekdays."""

    channel: str
    begins: int
    ends: int
    days: frozenset[Weekday]

    @property
    def ever(self) -> bool:
        """Whether there is any such time."""
        return self.begins < self.ends and bool(self.days)

    def takes(self, time: int, lateness: float) -> bool:
        """Whether what is due at `time`, and may go so many minutes later, falls into the hours."""
        return time < self.ends and time + lateness >= self.begins


def hours_of(subject: Subject, rule: Rule) -> list[Open]:
    """The hours of each channel of a rule, the rule's own and the house's together."""
    named = [use.channel for use in rule.by]
    channels = CHANNELS if PREFERRED in named else [channel for channel in named if channel in CHANNELS]
    return [_both(channel, subject.house.hours(channel), rule.send_hours) for channel in channels]


def _both(channel: str, house: Hours, rule: Hours | None) -> Open:
    own = rule or Hours.model_validate({})
    return Open(
        channel,
        max(house.from_ or 0, own.from_ or 0),
        min(24 * 60 if house.to is None else house.to, 24 * 60 if own.to is None else own.to),
        frozenset(house.days or ()) & frozenset(own.days or ALL_DAYS),
    )


def hours(subject: Subject) -> Iterator[Finding]:
    """Rules that the hours leave no time."""
    if any(broken.startswith("send_hours") for broken in subject.broken):
        return
    for rule in subject.rules:
        channels = [] if Exemption.SEND_HOURS in rule.exempt else hours_of(subject, rule)
        if channels and not any(channel.ever for channel in channels):
            message = "the rule's hours and the house's have no time in common"
            yield error("never-open", at(rule, "send_hours"), message, "widen the hours, and stay within the house's")
            continue
        yield from _loosens(subject, rule)
        if isinstance(rule.when, DateTrigger | EveryTrigger):
            yield from _closes_first(subject, rule, channels)
        if channels:
            yield from _time_of_day(subject, rule, channels)
            if isinstance(rule.when, DateTrigger | EveryTrigger):
                yield from _closed_weekdays(subject, rule, channels)


def _time_of_day(subject: Subject, rule: Rule, channels: list[Open]) -> Iterator[Finding]:
    time = rule.at if rule.at is not None else subject.house.default_at if is_calendar(rule) else None
    if time is None:
        return
    lateness = subject.house.lateness.nominal_days * 24 * 60
    shut = [channel for channel in channels if not channel.takes(time, lateness)]
    if not shut:
        return
    said = f"{clock(time)}" if rule.at is not None else f"{clock(time)} (the house's default_at)"
    first = shut[0]
    within = f"{first.channel} may be used from {clock(first.begins)} to {clock(first.ends)}"
    way_out = f"write at between {clock(first.begins)} and {clock(first.ends)}"
    if len(shut) == len(channels):
        yield error("outside-hours", at(rule, "at"), f"{said} lies outside the send hours: {within}", way_out)
    else:
        names = ", ".join(channel.channel for channel in shut)
        message = f"at {said} the rule never uses {names}: {within}"
        yield warning("outside-hours", at(rule, "at"), message, way_out)


def _closes_first(subject: Subject, rule: Rule, channels: list[Open]) -> Iterator[Finding]:
    """A window that ends on its first day, before the time of day or the hours at which the rule may speak."""
    if rule.before is None or not rule.before.exact or rule.ahead or any(use.ahead for use in rule.by):
        return
    time = rule.at if rule.at is not None else subject.house.default_at if is_calendar(rule) else 0
    begins = max(time, min((channel.begins for channel in channels), default=0))
    day = int(shortest(rule.after)) if isinstance(rule.after, Duration) else 0
    closes = rule.before.nominal_days * 24 * 60
    if day * 24 * 60 < closes <= day * 24 * 60 + begins:
        message = (
            f"the window closes {rule.before} after the date begins, and the rule speaks at {clock(begins)} or later"
        )
        yield error("empty-window", at(rule, "before"), message, f"write before: {_days(day + 1)}, or an earlier at")


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _loosens(subject: Subject, rule: Rule) -> Iterator[Finding]:
    own = rule.send_hours
    houses = [subject.house.hours(use.channel) for use in rule.by if use.channel in CHANNELS]
    if own is None or not houses:
        return
    looser = {
        "from": own.from_ is not None and all(own.from_ < (house.from_ or 0) for house in houses),
        "to": own.to is not None and all(own.to > (house.to or 0) for house in houses),
        "days": own.days is not None and all(set(own.days) - set(house.days or ()) for house in houses),
        "holidays": own.holidays == "keep" and all(house.holidays == "skip" for house in houses),
    }
    for key, is_looser in looser.items():
        if is_looser:
            message = f"'{key}' is wider than the house's hours, and a rule can only narrow them"
            yield error("loosens-house", at(rule, f"send_hours.{key}"), message, "stay within them, or take it out")


def _closed_weekdays(subject: Subject, rule: Rule, channels: list[Open]) -> Iterator[Finding]:
    opens = rule.after if isinstance(rule.after, Duration) else None
    first = int(shortest(opens)) if opens else -int(shortest(rule.ahead)) if rule.ahead else 0
    if rule.before is not None:
        last = ceil(shortest(rule.before))
    else:
        last = 0 if rule.ahead else first + max(1, int(shortest(subject.house.default_window)))
    starts = {use.channel: first - int(shortest(use.ahead) if use.ahead else 0) for use in rule.by}
    lost = []
    for index in _falls_on(rule):
        reachable = any(
            ALL_DAYS[(index + day) % 7] in channel.days
            for channel in channels
            for day in range(starts.get(channel.channel, first), last)
        )
        if not reachable:
            lost.append(ALL_DAYS[index])
    if 0 < len(lost) < len(ALL_DAYS):
        message = f"when the date falls on {' or '.join(lost)}, no channel is open in the window"
        way_out = "write a later before, an earlier ahead, or add a channel that is open then"
        if isinstance(rule.when, EveryTrigger):
            way_out = "let it return on another day, write a later before, or add a channel that is open then"
        yield warning("closed-weekday", at(rule, "when"), message, way_out)


def _falls_on(rule: Rule) -> list[int]:
    """The weekdays, Monday being 0, on which a rule's date may fall."""
    week = len(ALL_DAYS)
    trigger = rule.when
    if not isinstance(trigger, EveryTrigger) or rule.starts is None or not _is_weekly(trigger.every):
        return list(range(week))
    first = ALL_DAYS.index(trigger.on) if isinstance(trigger.on, Weekday) else rule.starts.weekday()
    shifts = ceil(trigger.spread.nominal_days) if trigger.spread else 1
    return sorted({(first + shift) % week for shift in range(shifts)})


def _is_weekly(period: str | Duration) -> bool:
    if isinstance(period, Duration):
        return period.unit in (Unit.DAYS, Unit.WEEKS) and period.nominal_days % 7 == 0
    return period == "week"


def clock(minutes: int) -> str:
    """A time of day as it is written."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
