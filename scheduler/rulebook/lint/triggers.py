"""Triggers that lack something, say what does not fit together, or run in circles."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.durations import Duration
from scheduler.rulebook.findings import Finding, error, meant, warning
from scheduler.rulebook.lint.conditions import all_read, known_rule, of_property
from scheduler.rulebook.lint.subject import Subject, at
from scheduler.rulebook.lint.windows import longest, shortest
from scheduler.rulebook.model import (
    CONTACT,
    ContactTrigger,
    DateTrigger,
    EventDateTrigger,
    EventTrigger,
    EveryTrigger,
    Rule,
    SilenceTrigger,
    Status,
    Trigger,
    Weekday,
)


def lacks(subject: Subject) -> Iterator[Finding]:
    """Rules without a first day, or that end before it, and filters that can't match."""
    for rule in subject.rules:
        trigger = rule.when
        if isinstance(trigger, EveryTrigger) and rule.starts is None:
            message = f"'{rule.name}' returns from a first day on, which is not given"
            yield error("every-without-starts", at(rule, "when"), message, "add starts: 2026-01-01")
        if rule.starts is not None and rule.ends is not None and rule.ends < rule.starts:
            message = f"'{rule.name}' ends on {rule.ends}, before it starts on {rule.starts}"
            yield error("starts-after-ends", at(rule, "ends"), message, "let ends be the last day")
        if isinstance(trigger, EventTrigger | EventDateTrigger | SilenceTrigger):
            for key, comparison in (trigger.where or {}).items():
                yield from of_property(key, comparison, at(rule, f"when.where.{key}"))


# --- what returns ------------------------------------------------------------------------------------------------


def every(subject: Subject) -> Iterator[Finding]:
    """Periods that are none of days, and days and spreads that do not fit them."""
    for rule in subject.rules:
        if isinstance(rule.when, EveryTrigger):
            yield from _period(rule, rule.when)
            yield from _day(rule, rule.when)
            yield from _spread(rule, rule.when)


def _period(rule: Rule, trigger: EveryTrigger) -> Iterator[Finding]:
    period, way_out = trigger.every, "write week, month, or like 90 days"
    if isinstance(period, Duration) and period.exact:
        message = f"what returns is counted in days, weeks, months or years; {period} is exact"
        yield error("bad-every", at(rule, "when.every"), message, way_out)
    elif isinstance(period, Duration) and period.count == 0:
        message = f"what returns after {period} does so without end"
        yield error("bad-every", at(rule, "when.every"), message, way_out)


def _day(rule: Rule, trigger: EveryTrigger) -> Iterator[Finding]:
    place, day = at(rule, "when.on"), trigger.on
    if day is None:
        return
    if isinstance(trigger.every, Duration):
        message = f"what returns every {trigger.every} is counted from starts, and not by days of the week or month"
        yield error("wrong-on", place, message, "take it out, or write every: week, or every: month")
    elif trigger.every == "week" and not isinstance(day, Weekday):
        message = f"{day} is no day of a week"
        yield error("wrong-on", place, message, "write a weekday, like tuesday, or every: month")
    elif trigger.every == "month" and isinstance(day, Weekday):
        message = f"'{day}' is no day of a month"
        yield error("wrong-on", place, message, "write a number from 1 to 31, or every: week")


def _spread(rule: Rule, trigger: EveryTrigger) -> Iterator[Finding]:
    place, spread = at(rule, "when.spread"), trigger.spread
    if spread is None:
        return
    if spread.exact:
        message = f"'spread' shifts by whole days; {spread} is exact"
        yield error("bad-spread", place, message, "write it in days, like 5 days")
    elif spread.count == 0:
        yield error("bad-spread", place, f"{spread} shift nobody", "write more days, or take it out")
    elif shortest(spread) > _longest_period(trigger):
        period = trigger.every if isinstance(trigger.every, Duration) else f"1 {trigger.every}"
        message = f"a spread of {spread} is longer than the period, so some miss their first return"
        yield warning("bad-spread", place, message, f"write {period}, or less")


def _longest_period(trigger: EveryTrigger) -> float:
    if isinstance(trigger.every, Duration):
        return longest(trigger.every)
    return 7 if trigger.every == "week" else 31


# --- silence -----------------------------------------------------------------------------------------------------


def silence(subject: Subject) -> Iterator[Finding]:
    """Silence of no length, and what can't be asked of the silence after our own contacts."""
    for rule in subject.rules:
        if not isinstance(rule.when, SilenceTrigger):
            continue
        ours = rule.when.silence == CONTACT
        if rule.after is None:
            message = "silence is noticed after a time, which is not given"
            tell = error if ours else warning
            yield tell("silence-without-after", at(rule, "when"), message, "add after: 90 days")
        if ours:
            yield from _since_contact(rule, rule.when)


def _since_contact(rule: Rule, trigger: SilenceTrigger) -> Iterator[Finding]:
    """A contact begins a new silence: one of no length would be followed by the next contact without end."""
    after, way_out = rule.after, "write it in days, like 90 days"
    if isinstance(after, Duration) and after.exact:
        message = f"the silence after a contact by us is counted in days; {after} is exact"
        yield error("exact-silence", at(rule, "after"), message, way_out)
    elif isinstance(after, Duration) and after.count == 0:
        message = f"after {after} each contact would be followed by the next, without end"
        yield error("silence-without-after", at(rule, "after"), message, way_out)
    for key in ("where", "same"):
        if getattr(trigger, key) is not None:
            message = f"'{key}' compares properties of events, and contacts by us have none"
            way_out = "take it out; what we did is asked by only_if: [{contact: a_rule}]"
            yield error("no-properties", at(rule, f"when.{key}"), message, way_out)


# --- dates -------------------------------------------------------------------------------------------------------


def ahead(subject: Subject) -> Iterator[Finding]:
    """`ahead` where there is no date, or twice."""
    for rule in subject.rules:
        dated = isinstance(rule.when, DateTrigger | EventDateTrigger | EveryTrigger)
        if rule.ahead is not None and rule.after is not None:
            message = "'ahead' comes before the date and 'after' follows it"
            yield error("after-and-ahead", at(rule, "ahead"), message, "keep one of them")
        if rule.ahead is not None and not dated:
            message = f"'ahead' is for dates; {_unforeseen(rule)} can't be known before it comes"
            yield error("ahead-needs-date", at(rule, "ahead"), message, "use after, or when: {date: an_attribute}")
        for number, use in enumerate(subject.written_by.get(rule.name, rule.by), 1):
            place = at(rule, f"by.{number}.{use.channel}.ahead")
            if use.ahead is not None and not dated:
                message = f"'{use.channel}' can leave early only for a date"
                yield error("ahead-needs-date", place, message, f"write {use.channel} without ahead")
            elif use.ahead is not None and rule.ahead is not None:
                message = "the rule itself comes ahead already"
                yield error("after-and-ahead", place, message, "keep the ahead of the rule, or those of its channels")


def _unforeseen(rule: Rule) -> str:
    return "a contact" if rule.triggering_event is None else "an event"


# --- follow-ups --------------------------------------------------------------------------------------------------


def followed(subject: Subject) -> Iterator[Finding]:
    """Rules that follow one that does not exist, or does not speak."""
    for rule in subject.rules:
        if not isinstance(rule.when, ContactTrigger):
            continue
        name, place = rule.when.contact, at(rule, "when.contact")
        first = subject.book.rules.get(name)
        if not known_rule(subject, name) and all_read(subject):
            way_out = meant(name, subject.book.rules, "write the name of a rule")
            yield error("unknown-rule", place, f"there is no rule '{name}'", way_out)
        elif first is not None and first.status is not Status.ACTIVE and rule.status is Status.ACTIVE:
            what = "a draft" if first.status is Status.DRAFT else "paused"
            message = f"'{name}' is {what}, and makes no contact that '{rule.name}' could follow"
            yield warning("silent-rule", place, message, f"activate '{name}', or write status: {first.status} here too")


def circles(subject: Subject) -> Iterator[Finding]:
    """Rules that follow each other's contacts without end."""
    follows = {rule.name: rule.when.contact for rule in subject.rules if isinstance(rule.when, ContactTrigger)}
    for name in follows:
        path = [name]
        while (following := follows.get(path[-1])) is not None and following not in path:
            path.append(following)
        if following == name and name == min(path):
            message = f"contacts trigger each other without end: {' → '.join([*path, name])}"
            place = at(subject.book.rules[name], "when.contact")
            yield error("contact-circle", place, message, "let one of them be triggered otherwise")
    for rule in subject.rules:
        if rule.is_task and _follows_any_task(rule.when):
            message = f"each task of '{rule.name}' would be the trigger of its next one"
            yield error("contact-circle", at(rule, "when"), message, "say whose tasks it follows: where: {rule: NAME}")


def _follows_any_task(trigger: Trigger) -> bool:
    if not isinstance(trigger, EventTrigger) or trigger.event != "task_assigned":
        return False
    return "rule" not in (trigger.where or {})
