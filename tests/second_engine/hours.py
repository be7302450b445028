"""Send hours: when a rule may use a channel, in the customer's local time."""

from __future__ import annotations

from datetime import date

from scheduler.rulebook.model import ANY, Exemption, Rule, Weekday
from second_engine.clock import A_DAY
from second_engine.person import Person

WEEKDAYS = tuple(Weekday)


def hours(rule: Rule, channel: str | None, person: Person, day: date) -> tuple[int, int] | None:
    """From when up to when a rule may use a channel on a day; the end itself is too late. None: not on that day."""
    clock, house = person.clock, person.house
    begins, ends = clock.midnight(day), clock.midnight(day + A_DAY)
    if begins == ends:
        return None
    if Exemption.SEND_HOURS in rule.exempt:
        return begins, ends
    written = [house.hours(channel or ANY)]
    if rule.send_hours is not None:
        written.append(rule.send_hours)
    for one in written:
        if one.days is not None and WEEKDAYS[day.weekday()] not in one.days:
            return None
        if one.holidays == "skip" and clock.is_holiday(day):
            return None
        if one.from_ is not None:
            begins = max(begins, clock.time_of_day(day, one.from_) or begins)
        if one.to is not None:
            ends = min(ends, clock.time_of_day(day, one.to) or ends)
    if day in house.closed or begins >= ends:
        return None
    return begins, ends


def are_open(rule: Rule, channel: str | None, person: Person, now: int) -> bool:
    """Whether a rule may use a channel now."""
    found = hours(rule, channel, person, person.clock.day(now))
    return found is not None and found[0] <= now < found[1]
