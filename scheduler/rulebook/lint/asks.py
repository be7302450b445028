"""Asks: what wants something of the customer must wait until they have had the value and are well, and not too long."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.durations import Duration
from scheduler.rulebook.findings import Finding, error, warning
from scheduler.rulebook.lint.subject import Subject, at
from scheduler.rulebook.lint.windows import longest, shortest
from scheduler.rulebook.model import (
    VALUE_WINDOW,
    AllOf,
    AnyOf,
    AsksFor,
    Comparison,
    Condition,
    ConsentMode,
    DateTrigger,
    EventCondition,
    EventDateTrigger,
    EventTrigger,
    EveryTrigger,
    Rule,
    Serves,
    Since,
)

FRESH = Duration.parse("180 days")
"""How old a sign that the customer is well may be, and how late an ask may come."""

_SIGN = "{event: nps_answered, latest: score, at_least: 9, within: 90 days}"
_SIGN_TRIGGER = "when: {event: nps_answered, where: {score: {at_least: 9}}}"


def asks(subject: Subject) -> Iterator[Finding]:
    """What an ask lacks."""
    for rule in subject.rules:
        wants = f"'{rule.name}' asks for {rule.asks_for}"
        if rule.asks_for is not AsksFor.NOTHING and rule.before is None and rule.ahead is None:
            message = f"{wants}, and nothing says when that comes too late"
            way_out = f"add before: {'120 days' if rule.asks_for.serves is Serves.US else '21 days'}"
            yield error("ask-without-before", at(rule), message, way_out)
        if rule.asks_for.serves is not Serves.US:
            continue
        if rule.after is None and rule.ahead is None and not is_sign_trigger(subject, rule):
            message = f"{wants} at once"
            way_out = f"add after: value_window, or let a sign that they are well trigger it, like {_SIGN_TRIGGER}"
            if rule.triggering_event is None:
                way_out = f"add after: {_any_wait(rule)}"
            yield error("ask-without-after", at(rule), message, way_out)
        if not rule.only_if:
            message = f"{wants} of everybody"
            way_out = f"add to the rule a sign that the customer is well: only_if: [{_any_sign(subject, rule)}]"
            yield error("ask-without-proof", at(rule), message, way_out)
        elif not _shows_a_sign(subject, rule):
            message = f"{wants}, and no condition looks for a sign, at most {FRESH} old, that the customer is well"
            way_out = f"add one to only_if, like {_SIGN}"
            yield error("ask-unwell", at(rule, "only_if"), message, way_out)
        if rule.exempt:
            message = f"{wants}; only what the customer must know passes a restraint by"
            yield error("ask-exempt", at(rule, "exempt"), message, "take exempt out")
        if rule.before is not None and shortest(rule.before) > FRESH.count:
            message = f"{wants} up to {rule.before} after its trigger; by then it has gone stale"
            yield warning("ask-too-late", at(rule, "before"), message, f"write before: {FRESH}, or less")
        yield from _consent(subject, rule)


def value(subject: Subject) -> Iterator[Finding]:
    """Asks that come before the customer has had the value."""
    if "value_window" in subject.broken:
        return
    for rule in subject.rules:
        anchored = _anchored_on_value(subject, rule)
        if rule.after == VALUE_WINDOW and not anchored:
            if rule.triggering_event is None:
                message = f"no event triggers '{rule.name}', and a value window is counted from one"
                way_out = f"write after: {_any_wait(rule)}" + _waited_besides(subject, rule)
                yield error("value-window-needs-event", at(rule, "after"), message, way_out)
            elif subject.house.value_window is not None and not _delivers(subject, rule.triggering_event):
                delivered = ", ".join(subject.house.value_window.delivered_by)
                message = f"the value window begins with {delivered}, which does not trigger '{rule.name}'"
                yield warning("value-window-needs-event", at(rule, "after"), message, "write a duration, like 30 days")
        wanted = subject.house.ask(rule.asks_for).value_window
        if rule.asks_for.serves is not Serves.US or wanted == "none" or not anchored:
            continue
        if isinstance(rule.after, Duration):
            name, window = max(windows(subject, rule).items(), key=lambda item: item[1].nominal_days)
            if longest(window) > shortest(rule.after):
                message = (
                    f"'{rule.name}' asks for {rule.asks_for} after {rule.after}, and the value window{name} is {window}"
                )
                yield error("ask-too-early", at(rule, "after"), message, f"write after: value_window, or {window}")


def too_late(subject: Subject) -> Iterator[Finding]:
    """Rules that the engine keeps back for the trigger's value window, and that are over by then."""
    if "value_window" in subject.broken:
        return
    for rule in subject.rules:
        if rule.asks_for is AsksFor.NOTHING or rule.before is None or rule.after == VALUE_WINDOW:
            continue
        house = subject.house.value_window
        waits = subject.house.ask(rule.asks_for).value_window
        if waits == "none" or (waits != "required" if house is None else not _anchored_on_value(subject, rule)):
            continue
        name, window = min(windows(subject, rule).items(), key=lambda item: item[1].nominal_days)
        if longest(rule.before) < shortest(window):
            stated = "" if house is not None else "the house rules state none, so it is "
            message = (
                f"'{rule.name}' closes {rule.before} after its trigger, and waits for the value window{name}"
                f" before that ({stated}{window}): it can never speak"
            )
            way_out = f"write a longer before, or asks: {{{rule.asks_for}: {{value_window: none}}}} in the house rules"
            yield warning("value-too-late", at(rule, "before"), message, way_out)


def windows(subject: Subject, rule: Rule) -> dict[str, Duration]:
    """The value windows that may apply to a rule, by what they are for, in words."""
    house = subject.house.value_window
    if house is None:
        return {"": Duration.parse("60 days")}
    where = getattr(rule.when, "where", None) or {}
    chosen = where.get(house.property or "")
    if chosen is not None and isinstance(chosen.is_, str):
        return {f" of {chosen.is_}": house.windows.get(chosen.is_, house.default)}
    if chosen is not None and chosen.in_:
        return {f" of {name}": house.windows.get(str(name), house.default) for name in chosen.in_}
    return {"": house.default} | {f" of {name}": window for name, window in house.windows.items()}


def _anchored_on_value(subject: Subject, rule: Rule) -> bool:
    if not isinstance(rule.when, EventTrigger | EventDateTrigger):
        return False
    house = subject.house.value_window
    if house is None:
        return not is_sign_trigger(subject, rule)
    return isinstance(rule.when, EventTrigger) and rule.when.event in house.delivered_by


def _consent(subject: Subject, rule: Rule) -> Iterator[Finding]:
    if rule.topic is None:
        return
    usual, mode = subject.house.topic(rule.model_copy(update={"topic": None}))
    if mode is ConsentMode.OPT_IN and subject.house.topic(rule)[1] is ConsentMode.OPT_OUT:
        message = f"'{rule.topic}' takes silence for a yes; what asks for {rule.asks_for} needs a given one"
        yield error("loose-topic", at(rule, "topic"), message, f"write topic: {usual}, or a topic of opt_in")


# --- the sign that somebody is well ------------------------------------------------------------------------------


def is_sign(subject: Subject, rule: Rule, condition: Condition, asked: dict[str, bool] | None = None) -> bool:
    """Whether a condition holds only where a recent event says that the customer is well.

    Such a condition is about an event `within` at most 180 days, or `since: trigger`, that does not open a thing of the
    house rules, and that either compares a value upwards or with given values (a score at least 9), or has happened
    (a repeat purchase, a solved ticket), which the rule's own trigger does not count for. `all_of` needs one
    such part, `any_of` needs all of them to be so; `none_of` is never a sign. `asked` remembers what named ones are.
    """
    asked = {} if asked is None else asked
    match condition:
        case str():
            named = subject.condition(condition)
            if named is not None and condition not in asked:
                asked[condition] = False  # where it rests on itself
                asked[condition] = is_sign(subject, rule, named.condition, asked)
            return asked.get(condition, False)
        case AllOf():
            return any(is_sign(subject, rule, part, asked) for part in condition.all_of)
        case AnyOf():
            return all(is_sign(subject, rule, part, asked) for part in condition.any_of)
        case EventCondition():
            fresh = condition.since is Since.TRIGGER or (
                condition.within is not None and shortest(condition.within) <= FRESH.count
            )
            return fresh and _good_news(subject, condition.event) and _says_well(rule, condition)
    return False


def _says_well(rule: Rule, condition: EventCondition) -> bool:
    aggregate, _ = condition.aggregate
    own = rule.triggering_event == condition.event
    if aggregate == "happened":
        return not own or condition.since is Since.TRIGGER or any(map(_upward, (condition.where or {}).values()))
    least = 2 if aggregate == "count" and own and condition.since is None else 1 if aggregate == "count" else None
    return _upward(condition, least)


def _upward(comparison: Comparison, least: float | None = None) -> bool:
    """Whether a comparison asks for much, or for given values, rather than for little."""
    lowest = [bound for bound in (comparison.at_least, comparison.is_) if bound is not None]
    if comparison.more_than is not None:
        above = comparison.more_than
        lowest.append(above + 1 if isinstance(above, int) and least is not None else above)
    lowest += comparison.in_ or ()
    if not lowest and comparison.contains is None:
        return False
    numbers = [bound for bound in lowest if isinstance(bound, int | float) and not isinstance(bound, bool)]
    return all(number >= least if least is not None else number > 0 for number in numbers)


def _good_news(subject: Subject, event: str) -> bool:
    return not any(event in thing.opened_by for thing in subject.house.open_things.values())


def is_sign_trigger(subject: Subject, rule: Rule) -> bool:
    """Whether the trigger is itself a sign that they are well: an event that is filtered upwards, or closes a thing."""
    if not isinstance(rule.when, EventTrigger) or _delivers(subject, rule.when.event):
        return False
    closes = any(rule.when.event in thing.closed_by for thing in subject.house.open_things.values())
    filtered = any(map(_upward, (rule.when.where or {}).values()))
    return closes or (filtered and _good_news(subject, rule.when.event))


def _any_sign(subject: Subject, rule: Rule) -> str:
    """A sign that they are well, as it may stand in only_if: a condition that there is, or else an example."""
    return next((name for name in subject.book.conditions if is_sign(subject, rule, name)), _SIGN)


def _any_wait(rule: Rule) -> str:
    """A delay that a rule without a triggering event may have, in words."""
    dated = isinstance(rule.when, DateTrigger | EveryTrigger)
    return "0 days, for the day itself, or later" if dated else "30 days, or another duration"


def _waited_besides(subject: Subject, rule: Rule) -> str:
    waits = rule.asks_for is not AsksFor.NOTHING and subject.house.ask(rule.asks_for).value_window != "none"
    if subject.house.value_window is None or not waits:
        return ""
    return "; the value window of the newest delivery is waited for besides"


def _delivers(subject: Subject, event: str) -> bool:
    return subject.house.value_window is not None and event in subject.house.value_window.delivered_by


def _shows_a_sign(subject: Subject, rule: Rule) -> bool:
    signs = (is_sign(subject, rule, condition) for condition in rule.only_if)
    return is_sign_trigger(subject, rule) or any(signs) or _rests_on_broken(subject, rule)


def _rests_on_broken(subject: Subject, rule: Rule) -> bool:
    """Whether a condition of the rule could not be read, so that nothing can be said of what it asks."""
    names = [condition for condition in rule.only_if if isinstance(condition, str)]
    return any(f"conditions.{name}" in subject.broken or subject.condition(name) is None for name in names)
