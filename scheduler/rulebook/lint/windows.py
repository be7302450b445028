"""Windows that never open, and hours that leave no room for them."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor

from scheduler.durations import Duration, Unit
from scheduler.rulebook.findings import Finding, error, warning
from scheduler.rulebook.lint.subject import Subject, at
from scheduler.rulebook.model import VALUE_WINDOW, DateTrigger, EveryTrigger, Rule

_YEAR = 365.2425


def shortest(duration: Duration) -> float:
    """The fewest days that a duration may take."""
    count = duration.count
    match duration.unit:
        case Unit.MONTHS:
            return float(max(28 * count, floor(count * _YEAR / 12 - 2))) if count else 0.0
        case Unit.YEARS:
            return 365.0 * count + count // 5
        case Unit.BUSINESS_DAYS:
            return count + 2.0 * ((count - 1) // 5) if count else 0.0
    return duration.nominal_days


def longest(duration: Duration) -> float:
    """The most days that a duration may take; of business days without holidays."""
    count = duration.count
    match duration.unit:
        case Unit.MONTHS:
            return float(min(31 * count, ceil(count * _YEAR / 12 + 2)))
        case Unit.YEARS:
            return 366.0 * count
        case Unit.BUSINESS_DAYS:
            return count + 2.0 * -(-count // 5)
    return duration.nominal_days


def empty(subject: Subject) -> Iterator[Finding]:
    """Windows that close before they open."""
    for rule in subject.rules:
        if rule.ahead is not None:
            if longest(rule.ahead) == 0 and (rule.before is None or longest(rule.before) == 0):
                message = "the window opens and closes with the date itself"
                yield error("empty-window", at(rule, "ahead"), message, "write a longer ahead, or before: 1 day")
            continue
        if rule.before is None or any(use.ahead for use in rule.by):
            continue
        yield from _empty(subject, rule, rule.before)


def _empty(subject: Subject, rule: Rule, before: Duration) -> Iterator[Finding]:
    from scheduler.rulebook.lint.asks import windows

    if rule.after == VALUE_WINDOW and rule.triggering_event is None:
        return  # it can't be counted from this trigger, which is a finding by itself
    if rule.after == VALUE_WINDOW:
        waits = {f"value_window{name}, {window}": window for name, window in windows(subject, rule).items()}
    else:
        after = rule.after if isinstance(rule.after, Duration) else Duration.parse("0 minutes")
        waits = {str(after) if rule.after else "at once": after}
    never = [words for words, wait in waits.items() if longest(before) <= _least_wait(rule, before, wait)]
    perhaps = [words for words, wait in waits.items() if shortest(before) <= longest(wait) and words not in never]
    place, way_out = at(rule, "before"), "let before be later than after"
    if rule.after == VALUE_WINDOW and (never or perhaps):
        words, window = max(((one, waits[one]) for one in never or perhaps), key=lambda item: longest(item[1]))
        way_out = f"write before: more than {window} (the {words.partition(',')[0].replace('_', ' ')})"
    if len(never) == len(waits):
        message = f"the window closes {before} after the trigger, and opens no sooner ({never[0]})"
        yield error("empty-window", place, message, way_out)
    elif never or (perhaps and str(rule.after) != str(before)):
        message = f"the window closes {before} after the trigger, too soon for {'; '.join(never or perhaps)}"
        yield warning("empty-window", place, message, way_out)


def _least_wait(rule: Rule, before: Duration, wait: Duration) -> float:
    """The fewest days from the trigger up to the opening of the window, where it closes `before` later.

    A delay in days ends at a midnight: after an event, that is up to a day sooner than the delay says.
    """
    within_a_day = before.exact and not wait.exact and not isinstance(rule.when, DateTrigger | EveryTrigger)
    return max(shortest(wait) - 1, 0) if within_a_day else shortest(wait)


def again(subject: Subject) -> Iterator[Finding]:
    """`again` that lets a yearly date be skipped when last year's contact went a little later."""
    for rule in subject.rules:
        after = rule.again.after
        if after is None or not isinstance(rule.when, DateTrigger) or rule.when.once:
            continue
        beyond = after.nominal_days % _YEAR
        if after.nominal_days >= 350 and (beyond >= 350 or beyond < 2):
            message = (
                f"the date returns every year; 'again: after {after}' skips it when the last contact was a day late"
            )
            yield error("yearly-again", at(rule, "again"), message, "take again out, or write after 300 days")


def is_calendar(rule: Rule) -> bool:
    """Whether the window opens at a midnight, so that the house's `default_at` holds.

    A date in an event may be an instant: of that, without a delay, nothing can be said before it comes.
    """
    delay = rule.ahead or rule.after
    if isinstance(delay, Duration):
        return not delay.exact
    return delay == VALUE_WINDOW or isinstance(rule.when, DateTrigger | EveryTrigger)
