"""The walk: windows opened and every gate asked, in time order, for one customer after the other.

Everything here is whole numbers and floats in rows of a few tables, so that one and the same code runs as plain
Python (on lists of the rows below) and compiled (on arrays of records with the same fields; see `compiled`). It
stands in one file, over 400 lines, because a compiler's cache does not notice that a callee in another file has
changed. The tables are filled in `program`, `columns` and `calendar`.

Instants are UTC microseconds, days are local days since 1970, times of day are microseconds after midnight, `NEVER`
lies behind every instant and `NOWHEN` before all of them; `NONE` is the number of what is not there. A gate answers
with a pair: yes or no, and the instant until which that can't change without a new fact.
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

Ints = Sequence[int]
Floats = Sequence[float]

NEVER = 1 << 62
NOWHEN = -NEVER
NONE = -1
FIRST_DAY = -719_162  # 1 January 1: a rule that `starts` then has always begun
LAST_DAY = 2_932_896  # 31 December 9999: a rule that `ends` then has no end
DAY = 86_400_000_000
MINUTE = 60_000_000
REACH = 2 * DAY  # no clock was ever so far from UTC, nor moved by so much
FAR = 1_100  # so many days ahead, hours that have not opened never will

# Outcomes, in the order of `outcome.Outcome`.
CONTACT, WAITING, TOO_LATE, SUPERSEDED, GOAL_REACHED, HELD_OUT, CANCELLED = 0, 1, 2, 3, 4, 5, 6

# What triggers a rule: as in `program.Trigger`.
BY_EVENT, BY_SILENCE, BY_EVENT_DATE, BY_DATE, BY_DATE_ONCE = 0, 1, 2, 3, 4
BY_CONTACT, BY_CONTACT_SILENCE, BY_WEEK, BY_MONTH, BY_SPAN = 5, 6, 7, 8, 9

# What a leaf looks at, what it makes of events, and after which instant it counts: as in `conditions`.
CUSTOMER, EVENTS, OPEN, CONTACTS = 0, 1, 2, 3
COUNT, SUM, AVERAGE, MIN, MAX, LATEST, FIRST = 0, 1, 2, 3, 4, 5, 6
EVER, TRIGGER, OPENING = 0, 1, 2

# Comparisons of numbers, and what combines truths: as in `conditions`.
IS, IS_NOT, AT_LEAST, AT_MOST, MORE_THAN, LESS_THAN, MULTIPLE_OF, ONE_OF, NONE_OF = 0, 1, 2, 3, 4, 5, 6, 7, 8
AND, OR, NOT = -1, -2, -3

# The number that an entry of a stream carries: as in `conditions.Carries`.
NOTHING, VALUE, FLAG, RIPE, OPENED = 0, 1, 2, 3, 4

# Units of spans, and the kinds of dates that a value can be: as in `spans` and `columns`.
EXACT, DAYS, MONTHS, BUSINESS_DAYS = 0, 1, 2, 3
NO_DATE, A_DATE, AN_INSTANT, A_WALL_TIME = 0, 1, 2, 3

# Re-entry, whose value window an ask waits for, and which triggers are admitted: as in `program`.
EVERY_TIME, NEVER_AGAIN, AFTER_A_SPAN = 0, 1, 2
VALUE_OF_NOTHING, VALUE_OF_TRIGGER, VALUE_OF_NEWEST, VALUE_OF_NEWEST_IF_ANY = 0, 1, 2, 3
ALL_OPEN, NONE_BEFORE, SINCE_A_DAY = 0, 1, 2

# Gates 7 to 9 of a channel; the caps follow.
REACHABLE, CONSENT, SEND_HOURS, CAPS = 0, 1, 2, 3

# The gates that every rule has first; conditions follow, then those of asks, channels, caps and the holdout.
ACTIVE, WINDOW, AGAIN, UNTIL, CONDITIONS = 0, 1, 2, 3, 4

ASKS_US = 0b11100  # review, referral, purchase: the bits of `AsksFor` that serve us
ASKS_NOTHING = 0


# --- the compiled rules ------------------------------------------------------------------------------------------
# Names that end in `_from` and `_to` bound a part of the table that their first word names.


@dataclass(slots=True)
class RuleRow:
    """A rule; those who speak first at one instant stand first."""

    active: int = 0  # 1 active, 0 paused
    starts: int = 0  # first local day
    ends: int = 0  # last local day
    backfill: int = 0
    backfill_day: int = 0
    name_rank: int = 0  # place among the rules' names in alphabetical order
    trigger: int = 0
    event: int = NONE  # the name of the event that triggers it
    where_from: int = 0  # predicates that the event must pass
    where_to: int = 0
    column: int = NONE  # where its date stands: an attribute, or a property of the event
    follows: int = NONE  # the rule whose contacts trigger it
    voided_by: int = NONE  # the stream in which a newer event voids the occasion
    void_key: int = NONE  # the property that such an event must share with the trigger
    every: int = NONE  # a span, a weekday from Monday = 0, or a day of the month
    spread: int = NONE  # row of the days by which each customer's return is shifted
    after: int = NONE  # spans
    ahead: int = NONE
    before: int = NONE
    after_value: int = 0  # 1 `after` is the value window of the trigger
    is_task: int = 0  # 1 its contacts are tasks for people
    reach_low: int = 0  # no window lies farther from its trigger, in microseconds
    reach_high: int = 0
    at: int = NONE  # its own time of day
    again: int = 0
    again_span: int = NONE
    asks: int = 0  # number of what it asks for
    serves: int = 0
    value_window: int = 0
    gives_span: int = NONE
    exempt_caps: int = 0
    holdout: int = NONE  # row of who is held out
    channel_gates: int = 0  # bits of the gates of its channels
    contact_gates: int = 0  # bits of the gates that a contact may open
    gives_gate: int = 0  # bit of the gate that only a contact which asks for nothing may open
    contact_ends: int = 0  # 1 a contact by any rule may reach its goal
    goal_from: int = 0  # code of its goal; an empty one is no goal
    goal_to: int = 0
    condition_from: int = 0  # gates of only_if and unless, up to
    blocked_from: int = 0  # those of blocked_while, up to
    condition_to: int = 0
    slot_from: int = 0
    slot_to: int = 0


@dataclass(slots=True)
class GateRow:
    """A gate that asks a condition, and whether it must hold."""

    code_from: int = 0
    code_to: int = 0
    wanted: int = 1


@dataclass(slots=True)
class SlotRow:
    """A channel that a rule may use."""

    channel: int = NONE  # NONE: the one that the customer prefers
    alternatives: int = NONE  # where that one's slots begin, one for each channel
    hours: int = NONE  # NONE: exempt
    topic: int = NONE
    opt_in: int = 0  # 1 silence about consent is a no
    ahead: int = NONE


@dataclass(slots=True)
class CapRow:
    """A frequency cap."""

    at_most: int = 0
    span: int = NONE
    serves: int = NONE
    channel: int = NONE


@dataclass(slots=True)
class SpanRow:
    """A duration: microseconds of an exact one, else days, months or business days."""

    unit: int = EXACT
    count: int = 0


@dataclass(slots=True)
class HoursRow:
    """Hours as they apply: those of a channel, narrowed by a rule."""

    opens: int = 0
    closes: int = 0
    weekdays: int = 0  # bits from Monday on
    holidays: int = 0  # 1 not on public holidays


@dataclass(slots=True)
class LeafRow:
    """One comparison over one stream, or of one attribute."""

    kind: int = 0
    stream: int = NONE
    column: int = NONE
    aggregate: int = 0
    span: int = NONE
    since: int = 0
    key: int = NONE
    test_from: int = 0
    test_to: int = 0
    rule: int = NONE
    asks: int = NONE
    channels: int = NONE


@dataclass(slots=True)
class StreamRow:
    """Events of some names that pass some predicates, with the number that each of them carries."""

    where_from: int = 0
    where_to: int = 0
    carries: int = 0
    column: int = NONE
    flag: int = NONE  # predicate
    key: int = NONE
    span: int = NONE
    by_tasks: int = 0  # 1 a contact that is a task opens it, too


@dataclass(slots=True)
class HouseRow:
    """What holds for all rules."""

    default_at: int = 0
    default_window: int = NONE
    lateness: int = 0
    leap_day_in_march: int = 0
    ripens: int = NONE  # span: the value window of what has none of its own
    ripe_column: int = NONE  # the property that chooses the value window
    has_value_window: int = 0
    deliveries: int = NONE  # the stream of deliveries


class Program(NamedTuple):
    """The compiled rules."""

    rules: Sequence[RuleRow]
    gates: Sequence[GateRow]
    code: Ints
    slots: Sequence[SlotRow]
    caps: Sequence[CapRow]
    spans: Sequence[SpanRow]
    hours: Sequence[HoursRow]
    leaves: Sequence[LeafRow]
    tests: Floats
    streams: Sequence[StreamRow]
    hears: Ints  # [stream][event name]: 0 not, 1 it hears it, 2 it closes what is open
    wakes: Ints  # [rule][event name]: bits of the gates whose answer such an event may change
    wheres: Ints  # predicates
    predicate_columns: Ints  # the property that each predicate looks at
    house: Sequence[HouseRow]  # one row
    names: int  # how many names of events there are


# --- time --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class RangeRow:
    """Where a part of another table begins and ends."""

    start: int = 0
    end: int = 0


class Calendar(NamedTuple):
    """The changes of each zone's clock, and the days on which nobody is contacted."""

    zones: Sequence[RangeRow]  # of the changes
    change: Ints
    offset: Ints  # before change n of zone z: number n + z; behind the last one, one more
    countries: Sequence[RangeRow]  # of the holidays
    holiday: Ints
    closed: Ints


# --- what is known -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class CustomerRow:
    """A customer; their events and past contacts are in order of time."""

    zone: int = 0
    country: int = 0
    preferred: int = NONE  # the channel they prefer
    paused_until: int = NOWHEN
    event_from: int = 0
    event_to: int = 0
    consent_from: int = 0
    consent_to: int = 0
    past_from: int = 0
    past_to: int = 0


@dataclass(slots=True)
class EventRow:
    """Something that happened."""

    at: int = 0
    known: int = 0
    name: int = 0
    rank: int = 0  # place of its id among the customer's events
    day: int = 0  # its local day, written as windows are opened


@dataclass(slots=True)
class ConsentRow:
    """A record of consent; NONE is any topic or channel."""

    at: int = 0
    topic: int = NONE
    channel: int = NONE
    given: int = 0


@dataclass(slots=True)
class PastRow:
    """A contact that was made before."""

    at: int = 0
    rule: int = NONE
    asks: int = 0
    channel: int = NONE
    held: int = 0
    exempt: int = 0


@dataclass(slots=True)
class TurnRow:
    """From when and up to when a value compares so: midnights of days, and so much later."""

    true_day: int = NOWHEN
    true_add: int = 0
    false_day: int = NEVER
    false_add: int = 0


@dataclass(slots=True)
class DateRow:
    """A value read as a date (a day), an instant, or a time on the wall (both in microseconds)."""

    kind: int = NO_DATE
    at: int = 0


class Facts(NamedTuple):
    """What is known of some customers. Values of attributes and properties are numbered, column by column."""

    customers: Sequence[CustomerRow]
    attributes: Ints  # [attribute][customer]
    events: Sequence[EventRow]
    properties: Ints  # [property][event]
    consents: Sequence[ConsentRow]
    past: Sequence[PastRow]
    reachable: Ints  # [channel][customer]
    draws: Ints  # [row][customer]: who is held out, or by how many days a return is shifted
    activated: Ints  # [rule]: when it became active
    truths: Ints  # whether each value passes a predicate, up to the next predicate's
    truth_from: Ints  # where each predicate's begin; the first truth is that of a missing value
    turns: Sequence[TurnRow]  # of each value of an attribute that a leaf looks at, likewise
    turn_from: Ints
    attribute_dates: Ints  # where the dates of an attribute's values stand
    property_dates: Ints
    dates: Sequence[DateRow]
    property_numbers: Ints  # where the numbers of a property's values stand
    numbers: Floats  # NaN: no number
    ripens: Ints  # the span of each value of the property that chooses the value window


# --- what the walk writes ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class OccasionRow:
    """One rule, one customer, one trigger, its window, and what came of it."""

    rule: int = 0
    customer: int = 0
    anchor: int = NONE  # an event, a day, or who made the contact: an occasion, -2 - n the past contact n
    place: int = NONE  # of the contact that triggered it, among those made
    trigger: int = 0
    day: int = 0  # the trigger's local day
    since: int = 0  # after when goals and conditions count
    opens: int = 0
    own_opening: int = 0  # without a channel's head start
    known: int = 0
    closes: int = 0
    opens_day: int = 0
    clock: int = NONE  # the time of day at which it speaks, NONE: any
    value_at: int = 0  # when an ask has had its trigger's value window
    admitted: int = 1
    skipped: int = 0  # it takes no part
    outcome: int = WAITING
    at: int = 0
    channel: int = NONE
    refused: int = 0  # bits of the gates that said no
    until: int = NOWHEN
    next: int = NOWHEN  # when it is asked again, NOWHEN: it has ended
    watched: int = NONE  # the condition that kept it waiting when it was last asked


@dataclass(slots=True)
class SeatRow:
    """Where the occasions of a customer stand: those there were, and those that contacts gave rise to."""

    start: int = 0
    end: int = 0
    arisen_from: int = 0
    arisen_to: int = 0


@dataclass(slots=True)
class MadeRow:
    """A contact that is made."""

    occasion: int = NONE  # NONE: from before
    at: int = 0
    rule: int = 0
    asks: int = 0
    channel: int = 0
    held: int = 0
    exempt: int = 0
    day: int = 0


@dataclass(slots=True)
class SeenRow:
    """When a fact becomes visible: an event, or NONE for a record of consent."""

    at: int = 0
    event: int = NONE


@dataclass(slots=True)
class OpenRow:
    """When some hours began and ended on a day."""

    day: int = NOWHEN
    opens: int = NOWHEN
    closes: int = NOWHEN


@dataclass(slots=True)
class EntryRow:
    """An event in a stream."""

    event: int = 0
    at: int = 0
    day: int = 0
    seen: int = 0  # from when on it counts: it has occurred and is known
    number: float = 0.0  # NaN: missing
    key: int = NONE
    next: int = NONE  # the next entry with the same key


class Scratch(NamedTuple):
    """What the walk writes: results for each occasion, and the memory of one customer."""

    occasions: Sequence[OccasionRow]
    seats: Sequence[SeatRow]
    made: Sequence[MadeRow]
    entries: Sequence[EntryRow]
    entry_from: MutableSequence[int]  # [stream], one more
    seen: Sequence[SeenRow]  # in order of time
    coming: MutableSequence[int]  # occasions that have not opened, the last one first
    live: MutableSequence[int]  # open ones, in the order in which they speak
    due: MutableSequence[int]  # when each of those is asked again, or is too late
    gate_until: MutableSequence[int]  # of the newest asking, by gate
    leaf_true: MutableSequence[int]
    leaf_actual: MutableSequence[float]
    stack: MutableSequence[int]
    open_hours: Sequence[OpenRow]  # [hours]: of the day that was asked about last
    today: MutableSequence[int]  # the instant that was asked about last, and its local day


T = TypeVar("T")


def reference(tables: T) -> T:
    """Pass tables on by their address, where they are compiled (see `references`); here they are as they are."""
    return tables


# --- local days and times ----------------------------------------------------------------------------------------


def changes_before(k: Calendar, z: int, at: int) -> int:
    """Return the number of the first change of a zone's clock that comes after `at`."""
    low, high = k.zones[z].start, k.zones[z].end
    while low < high:
        middle = (low + high) // 2
        if k.change[middle] <= at:
            low = middle + 1
        else:
            high = middle
    return low


def first_shown(k: Calendar, z: int, shown: int) -> int:
    """Return the first instant at which the clock shows `shown` (microseconds of local time) or later."""
    after = changes_before(k, z, shown - REACH)
    first, last = k.zones[z].start, k.zones[z].end
    while True:
        at = shown - k.offset[after + z]
        if after > first:
            at = max(at, k.change[after - 1])
        if after == last or at < k.change[after]:
            return at
        after += 1


def midnight(k: Calendar, z: int, day: int) -> int:
    """Return the first instant of a local day; of a skipped one, that of the day after."""
    return first_shown(k, z, day * DAY)


def local_day(k: Calendar, z: int, at: int) -> int:
    """Return the local day that holds an instant."""
    after = changes_before(k, z, at)
    day = (at + k.offset[after + z]) // DAY
    if after > k.zones[z].start and at - k.change[after - 1] < REACH:
        while midnight(k, z, day + 1) <= at:
            day += 1
    return day


def time_of_day(k: Calendar, z: int, time: int, day: int) -> int:
    """Return the instant of a time of day, NOWHEN where the zone skips the day; see `wallclock.Zone.instant`."""
    shown = day * DAY
    after = changes_before(k, z, shown - REACH)
    if after == k.zones[z].end or k.change[after] >= shown + 2 * REACH:
        return shown + time - k.offset[after + z]  # no change is near
    begins, ends = midnight(k, z, day), midnight(k, z, day + 1)
    if begins == ends:
        return NOWHEN
    at = first_shown(k, z, shown + time)
    if at < ends or time == DAY:
        return at
    offset = k.offset[changes_before(k, z, ends - 1) + z]
    return max((ends + offset - 1) // MINUTE * MINUTE - offset, begins)


def year_of(day: int) -> int:
    """Return the year of a day, by the proleptic Gregorian calendar."""
    year, _, _ = year_month_day(day)
    return year


def year_month_day(day: int) -> tuple[int, int, int]:
    """Return the year, month and day of the month of a day (the years of an era begin in March)."""
    from_march = day + 719_468
    era = from_march // 146_097
    of_era = from_march - era * 146_097
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * of_year + 2) // 153
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return year, month, of_year - (153 * month_from_march + 2) // 5 + 1


def day_number(year: int, month: int, day: int) -> int:
    """Return the day of a date: days since 1970."""
    shifted = year - 1 if month <= 2 else year
    era = shifted // 400
    year_of_era = shifted - era * 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + of_year - 719_468


def days_in_month(year: int, month: int) -> int:
    """Return how many days a month has."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


def months_later(day: int, months: int) -> int:
    """Return the day so many months later (or earlier); it clamps to the end of a shorter month."""
    year, month, of_month = year_month_day(day)
    counted = year * 12 + month - 1 + months
    year, month = counted // 12, counted % 12 + 1
    return day_number(year, month, min(of_month, days_in_month(year, month)))


def is_holiday(k: Calendar, country: int, day: int) -> bool:
    """Whether a day is a public holiday of a country."""
    low, high = k.countries[country].start, k.countries[country].end
    while low < high:
        middle = (low + high) // 2
        if k.holiday[middle] < day:
            low = middle + 1
        else:
            high = middle
    return low < k.countries[country].end and k.holiday[low] == day


def moved_day(p: Program, k: Calendar, country: int, span: int, day: int, sign: int) -> int:
    """Return the day that lies a calendar span after a day (`sign` 1) or before it (-1)."""
    unit, count = p.spans[span].unit, p.spans[span].count
    if unit == DAYS:
        return day + sign * count
    if unit == MONTHS:
        return months_later(day, sign * count)
    while count > 0:
        day += sign
        if (day + 3) % 7 < 5 and not is_holiday(k, country, day):
            count -= 1
    return day


def later_on_the_wall(p: Program, k: Calendar, country: int, z: int, span: int, at: int) -> int:
    """Return the instant that lies a calendar span after `at`, at the same time on the wall."""
    if p.spans[span].count == 0:
        return at  # a time that occurs twice must not fall back to its first
    shown = at + k.offset[changes_before(k, z, at) + z]
    day = moved_day(p, k, country, span, shown // DAY, 1)
    there = time_of_day(k, z, shown % DAY, day)
    return midnight(k, z, day) if there == NOWHEN else there


def local_today(k: Calendar, x: Facts, s: Scratch, c: int, t: int) -> int:
    """Return a customer's local day at `t`, remembered as many ask about the same instant."""
    if s.today[0] != t:
        s.today[0] = t
        s.today[1] = local_day(k, x.customers[c].zone, t)
    return s.today[1]


def forget(s: Scratch) -> None:
    """Forget what was remembered of another customer's clock."""
    s.today[0] = NOWHEN
    for hours in range(len(s.open_hours)):
        s.open_hours[hours].day = NOWHEN


def reaches_back(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, span: int, t: int) -> tuple[int, int]:
    """Return the newest instant, and the newest local day, that are no more within the span that ends at `t`."""
    if span == NONE:
        return NOWHEN, NOWHEN
    if p.spans[span].unit == EXACT:
        return t - p.spans[span].count, NOWHEN
    return NOWHEN, moved_day(p, k, x.customers[c].country, span, local_today(k, x, s, c, t), -1)


def leaves_within(p: Program, k: Calendar, x: Facts, c: int, span: int, at: int, day: int) -> int:
    """Return the first instant at which something that was at `at`, on that day, is no more within the span."""
    customer = x.customers[c]
    if span == NONE:
        return NEVER
    if p.spans[span].unit == EXACT:
        return at + p.spans[span].count
    z, country = customer.zone, customer.country
    leaving = moved_day(p, k, country, span, day, 1)
    if p.spans[span].unit != DAYS:  # clamped months and holidays: back and forth differ by some days
        while moved_day(p, k, country, span, leaving - 1, -1) >= day:
            leaving -= 1
        while moved_day(p, k, country, span, leaving, -1) < day:
            leaving += 1
    return midnight(k, z, leaving)


# --- windows -----------------------------------------------------------------------------------------------------


def passes_where(p: Program, x: Facts, e: int, start: int, end: int) -> bool:
    """Whether an event passes all of some predicates."""
    for i in range(start, end):
        predicate = p.wheres[i]
        value = x.properties[p.predicate_columns[predicate] * len(x.events) + e]
        if x.truths[x.truth_from[predicate] + 1 + value] == 0:
            return False
    return True


def value_window(p: Program, x: Facts, e: int) -> int:
    """Return the span of an event's value window."""
    column = p.house[0].ripe_column
    if column == NONE:
        return p.house[0].ripens
    return x.ripens[1 + x.properties[column * len(x.events) + e]]


def ripe_at(p: Program, k: Calendar, x: Facts, c: int, e: int) -> int:
    """Return the midnight that begins the event's day plus its value window."""
    customer = x.customers[c]
    span = value_window(p, x, e)
    at = x.events[e].at
    if p.spans[span].unit == EXACT:
        return at + p.spans[span].count
    z = customer.zone
    return midnight(k, z, moved_day(p, k, customer.country, span, x.events[e].day, 1))


def slot_opens(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, slot: int) -> int:
    """Return from when on a channel may be used: earlier than the rule itself, if it has a head start."""
    occasion = s.occasions[o]
    customer = x.customers[c]
    ahead = p.slots[slot].ahead
    if ahead == NONE:
        return occasion.own_opening
    if p.spans[ahead].unit == EXACT:
        return occasion.trigger - p.spans[ahead].count
    z = customer.zone
    return midnight(k, z, moved_day(p, k, customer.country, ahead, occasion.day, -1))


def set_window(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, dated: bool, e: int) -> None:
    """Open and close the window of an occasion, by its rule and its trigger (a date, or an instant).

    It opens at a midnight by a delay of calendar units, or on a date; otherwise at an instant.
    """
    occasion = s.occasions[o]
    customer = x.customers[c]
    z, country = customer.zone, customer.country
    r = occasion.rule
    rule = p.rules[r]
    trigger, day = occasion.trigger, occasion.day
    delay, sign = rule.after, 1
    if rule.after_value == 1:
        delay = value_window(p, x, e)
    if rule.ahead != NONE:
        delay, sign = rule.ahead, -1
    opens = trigger
    midnights = dated
    if delay != NONE:
        midnights = p.spans[delay].unit != EXACT
        if midnights:
            opens = midnight(k, z, moved_day(p, k, country, delay, day, sign))
        else:
            opens = trigger + sign * p.spans[delay].count
    before, counted_from, counted_day = rule.before, trigger, day
    if before == NONE:
        before, counted_from = p.house[0].default_window, opens
        counted_day = local_day(k, z, opens)
    if p.spans[before].unit == EXACT:
        closes = counted_from + p.spans[before].count
    elif midnights:
        closes = midnight(k, z, moved_day(p, k, country, before, counted_day, 1))
    else:
        closes = later_on_the_wall(p, k, country, z, before, counted_from)
    occasion.own_opening = opens
    occasion.closes = closes
    for slot in range(rule.slot_from, rule.slot_to):
        if p.slots[slot].ahead != NONE:
            opens = min(opens, slot_opens(p, k, x, s, c, o, slot))
    occasion.opens = opens
    occasion.opens_day = local_day(k, z, opens)
    clock = rule.at
    if clock == NONE and midnights:
        clock = p.house[0].default_at
    occasion.clock = clock


def set_occasion(
    p: Program,
    k: Calendar,
    x: Facts,
    s: Scratch,
    c: int,
    r: int,
    o: int,
    anchor: int,
    trigger: int,
    since: int,
    dated: bool,
    day: int,
    e: int,
) -> None:
    """Write down an occasion of rule `r`; `e` is the event behind it, `day` the local day of its trigger."""
    occasion = s.occasions[o]
    customer = x.customers[c]
    z = customer.zone
    row = p.rules[r]
    occasion.rule = r
    occasion.customer = c
    occasion.anchor = anchor
    occasion.place = NONE
    occasion.trigger = trigger
    occasion.since = since
    occasion.day = day
    occasion.skipped = 0
    set_window(p, k, x, s, c, o, dated, e)
    occasion.known = x.events[e].known if e != NONE else occasion.opens
    value_at = trigger
    if row.value_window == VALUE_OF_TRIGGER:
        if p.house[0].has_value_window == 0:
            value_at = midnight(k, z, moved_day(p, k, customer.country, p.house[0].ripens, day, 1))
        elif e != NONE:
            value_at = ripe_at(p, k, x, c, e)
    occasion.value_at = value_at
    early = trigger < x.activated[r] and row.backfill != ALL_OPEN
    refused = early and (row.backfill == NONE_BEFORE or trigger < midnight(k, z, row.backfill_day))
    occasion.admitted = 0 if refused else 1


def open_windows(
    p: Program, k: Calendar, x: Facts, s: Scratch, first: int, since: int, until: int, returning: int
) -> int:
    """Write down the occasions of customers from `first` on whose windows meet [since, until).

    Of what returns without end, those that open before `returning` (if that is earlier) and at least two.
    Returns the customer at whom the room ended, or the number of customers.
    """
    return open_customers(reference(p), reference(k), reference(x), reference(s), first, since, until, returning)


def open_customers(
    p: Program, k: Calendar, x: Facts, s: Scratch, first: int, since: int, until: int, returning: int
) -> int:
    """Open the windows of customers from `first` on; as `open_windows`."""
    count = 0 if first == 0 else s.seats[first - 1].end
    for c in range(first, len(x.customers)):
        start = count
        for e in range(x.customers[c].event_from, x.customers[c].event_to):
            x.events[e].day = local_day(k, x.customers[c].zone, x.events[e].at)
        for r in range(len(p.rules)):
            trigger = p.rules[r].trigger
            if trigger == BY_EVENT or trigger == BY_SILENCE or trigger == BY_EVENT_DATE:
                count = open_by_events(p, k, x, s, c, r, count, since, until)
            elif trigger == BY_CONTACT or trigger == BY_CONTACT_SILENCE:
                count = open_by_past_contacts(p, k, x, s, c, r, count, since, until)
            elif trigger == BY_DATE or trigger == BY_DATE_ONCE:
                count = open_by_dates(p, k, x, s, c, r, count, since, until, returning)
            else:
                count = open_by_returns(p, k, x, s, c, r, count, since, until, returning)
            if count < 0:
                return c
        s.seats[c].start = start
        s.seats[c].end = count
        s.seats[c].arisen_from = 0
        s.seats[c].arisen_to = 0
    return len(x.customers)


def open_by_events(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, r: int, count: int, since: int, until: int
) -> int:
    """Open a rule's windows by events, or by the dates in them; returns how many occasions there are, NONE: no room."""
    customer = x.customers[c]
    rule = p.rules[r]
    z = customer.zone
    low, high = rule.reach_low, rule.reach_high
    for e in range(customer.event_from, customer.event_to):
        event = x.events[e]
        if event.name != rule.event:
            continue
        trigger = event.at
        dated = False
        if rule.trigger == BY_EVENT_DATE:
            column = rule.column
            date = x.property_dates[column] + 1 + x.properties[column * len(x.events) + e]
            kind, at = x.dates[date].kind, x.dates[date].at
            if kind == NO_DATE:
                continue
            if kind == A_DATE:
                dated = True
                trigger = midnight(k, z, at)
            elif kind == A_WALL_TIME:
                trigger = time_of_day(k, z, at % DAY, at // DAY)
                if trigger == NOWHEN:
                    trigger = midnight(k, z, at // DAY)
            else:
                trigger = at
        # A quick look before the wall clock is asked: windows that can't meet the time are most of them.
        if trigger + high < since or trigger + low >= until:
            continue
        if not passes_where(p, x, e, rule.where_from, rule.where_to):
            continue
        if count >= len(s.occasions):
            return NONE
        if dated:
            day = x.dates[date].at  # the date itself: a day that the zone skips has the midnight of the next
        elif trigger == x.events[e].at:
            day = x.events[e].day
        else:
            day = local_day(k, z, trigger)
        set_occasion(p, k, x, s, c, r, count, e, trigger, event.at, dated, day, e)
        if s.occasions[count].closes > since and max(s.occasions[count].opens, s.occasions[count].known) < until:
            count += 1
    return count


def open_by_past_contacts(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, r: int, count: int, since: int, until: int
) -> int:
    """Open a rule's windows by the contacts that were made before; returns as `open_by_events`."""
    customer = x.customers[c]
    for i in range(customer.past_from, customer.past_to):
        past = x.past[i]
        if not gives_rise(p, r, past.rule, past.held):
            continue
        if past.at + p.rules[r].reach_high < since:
            continue
        if count >= len(s.occasions):
            return NONE
        set_follow_up(p, k, x, s, c, r, count, -2 - i, past.at, i - customer.past_from)
        if s.occasions[count].closes > since and s.occasions[count].opens < until:
            count += 1
    return count


def gives_rise(p: Program, r: int, made_by: int, held: int) -> bool:
    """Whether a contact by another rule (or its own) triggers rule `r`; a held-out one triggers nothing."""
    rule = p.rules[r]
    if held == 1:
        return False
    return rule.trigger == BY_CONTACT_SILENCE or (rule.trigger == BY_CONTACT and rule.follows == made_by)


def set_follow_up(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, r: int, o: int, anchor: int, at: int, place: int
) -> None:
    """Write down an occasion that a contact gives rise to, `place` being where that stands among those made."""
    occasion = s.occasions[o]
    set_occasion(p, k, x, s, c, r, o, anchor, at, at, False, local_day(k, x.customers[c].zone, at), NONE)
    occasion.place = place
    occasion.known = at


def open_by_dates(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, r: int, count: int, since: int, until: int, returning: int
) -> int:
    """Open a rule's windows by an attribute's date, or its yearly returns; returns as `open_by_events`."""
    rule = p.rules[r]
    column = rule.column
    date = x.attribute_dates[column] + 1 + x.attributes[column * len(x.customers) + c]
    if x.dates[date].kind != A_DATE:
        return count
    born = x.dates[date].at
    if rule.trigger == BY_DATE_ONCE:
        return open_on_day(p, k, x, s, c, r, count, born, since, until)
    low, high = rule.reach_low, rule.reach_high
    birth, month, of_month = year_month_day(born)
    last = until
    if returning < until:
        last = min(max(returning, (born + 2 * 366 + 35) * DAY + high), until)
    first_year = max(birth + 1, year_of((since - high) // DAY))
    for year in range(first_year, min(year_of(min(last - low, LAST_DAY * DAY) // DAY), 9_998) + 1):
        day = day_number(year, month, min(of_month, days_in_month(year, month)))
        if day_number(year, month, of_month) != day and p.house[0].leap_day_in_march == 1:
            day += 1
        count = open_on_day(p, k, x, s, c, r, count, day, since, last)
        if count < 0:
            return NONE
    return count


def open_on_day(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, r: int, count: int, day: int, since: int, until: int
) -> int:
    """Open a rule's window by one date; returns as `open_by_events`."""
    rule = p.rules[r]
    trigger = midnight(k, x.customers[c].zone, day)
    if trigger + rule.reach_high < since or trigger + rule.reach_low >= until:
        return count
    if count >= len(s.occasions):
        return NONE
    set_occasion(p, k, x, s, c, r, count, day, trigger, trigger, True, day, NONE)
    if s.occasions[count].closes > since and s.occasions[count].opens < until:
        count += 1
    return count


def open_by_returns(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, r: int, count: int, since: int, until: int, returning: int
) -> int:
    """Open a rule's windows by what returns every so often from `starts` to `ends`; returns as `open_by_events`."""
    rule = p.rules[r]
    low, high = rule.reach_low, rule.reach_high
    every, starts = rule.every, rule.starts
    shift = 0 if rule.spread == NONE else x.draws[rule.spread * len(x.customers) + c]
    last = until
    if returning < until:
        last = min(max(returning, (starts + shift + 2 * 366 + 35) * DAY + high), until)
    country = x.customers[c].country
    # The days before this one are too early, whatever the zone; those behind the last one too late.
    early = (since - high) // DAY - shift - 3
    late = min((last - low) // DAY + 3, rule.ends) - shift
    day = starts
    turn = 0
    if rule.trigger == BY_WEEK:
        day = starts + (every - (starts + 3) % 7) % 7
        day += max(0, (early - day) // 7) * 7
    elif rule.trigger == BY_MONTH:
        year, month, _ = year_month_day(max(starts, early))
        turn = year * 12 + month - 1
        day = day_of_month(turn, every)
        while day < starts:
            turn += 1
            day = day_of_month(turn, every)
    else:
        unit, step = p.spans[every].unit, p.spans[every].count
        turn = 1
        if unit == DAYS:
            turn = max(1, (early - starts) // step)
            day = starts + turn * step
        elif unit == MONTHS:
            turn = max(1, (year_of(max(starts, early)) - year_of(starts) - 1) * 12 // step)
            day = months_later(starts, turn * step)
        else:
            day = moved_day(p, k, country, every, starts, 1)
    while day <= late:
        if day >= early:
            count = open_on_day(p, k, x, s, c, r, count, day + shift, since, last)
            if count < 0:
                return NONE
        turn += 1
        if rule.trigger == BY_WEEK:
            day += 7
        elif rule.trigger == BY_MONTH:
            day = day_of_month(turn, every)
        elif p.spans[every].unit == DAYS:
            day = starts + turn * p.spans[every].count
        elif p.spans[every].unit == MONTHS:
            day = months_later(starts, turn * p.spans[every].count)
        else:
            day = moved_day(p, k, country, every, day, 1)
    return count


def day_of_month(months: int, of_month: int) -> int:
    """Return a day of a month, counted in months since the year 0; it clamps to the month's end."""
    year, month = months // 12, months % 12 + 1
    return day_number(year, month, min(of_month, days_in_month(year, month)))


# --- moments -----------------------------------------------------------------------------------------------------


def next_moment(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int) -> int:
    """Return the first instant from `t` on at which the occasion may speak, NEVER where there is none."""
    occasion = s.occasions[o]
    start = max(t, occasion.opens, occasion.known)
    closes = occasion.closes
    if start >= closes:
        return NEVER
    clock = occasion.clock
    if clock == NONE:
        return start
    z = x.customers[c].zone
    # The evening before may reach over midnight, if it is a day of the window.
    lateness = p.house[0].lateness
    day = occasion.opens_day
    if start > occasion.opens:
        day = max(day, local_day(k, z, start - lateness) - 1)  # 24:00 lies in the day after
    while True:
        at = time_of_day(k, z, clock, day)
        if at != NOWHEN:
            if at >= closes:
                return NEVER
            if at + lateness >= start:
                return max(at, start)
        elif midnight(k, z, day) >= closes:
            return NEVER
        day += 1


def last_moment(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, before: int, in_hours: bool) -> int:
    """Return the last instant before `before` at which it may speak (inside its first channel's hours), or NOWHEN."""
    occasion = s.occasions[o]
    r = occasion.rule
    rule = p.rules[r]
    z = x.customers[c].zone
    start = max(occasion.opens, occasion.known)
    hours = NONE
    if in_hours and rule.slot_from < rule.slot_to:
        hours = p.slots[slot_for(p, x, c, rule.slot_from)].hours
    clock = occasion.clock
    lateness = p.house[0].lateness
    first = occasion.opens_day
    if clock == NONE:
        first = local_day(k, z, start)
    day = local_day(k, z, before - 1)
    while day >= first:
        low, high = start, before - 1
        found = True
        if clock == NONE:
            low = max(low, midnight(k, z, day))
            high = min(high, midnight(k, z, day + 1) - 1)
        else:
            at = time_of_day(k, z, clock, day)
            found = at != NOWHEN
            if found:
                if at + lateness < start:
                    return NOWHEN
                low = max(low, at)
                high = min(high, at + lateness)
        found = found and high >= low
        if found and hours != NONE:
            last = NOWHEN
            for hours_day in range(local_day(k, z, low), local_day(k, z, high) + 1):
                opens, closes = hours_of_day(p, k, x, s, c, hours, hours_day)
                if opens != NOWHEN and min(high, closes - 1) >= max(low, opens):
                    last = min(high, closes - 1)
            found = last != NOWHEN
            high = last
        if found:
            return high
        day -= 1
    return NOWHEN


# --- streams -----------------------------------------------------------------------------------------------------


def read_streams(p: Program, k: Calendar, x: Facts, s: Scratch, c: int) -> None:
    """Write down the entries of one customer's streams."""
    customer = x.customers[c]
    count = 0
    events = len(x.events)
    for stream in range(len(p.streams)):
        row = p.streams[stream]
        s.entry_from[stream] = count
        start = count
        for e in range(customer.event_from, customer.event_to):
            event = x.events[e]
            heard = p.hears[stream * p.names + event.name]
            if heard == 0 or not passes_where(p, x, e, row.where_from, row.where_to):
                continue
            entry = s.entries[count]
            entry.event = e
            entry.at = event.at
            entry.day = event.day
            entry.seen = max(event.at, event.known)
            entry.number = carried(p, k, x, c, e, stream, heard)
            entry.key = NONE if row.key == NONE else x.properties[row.key * events + e]
            entry.next = NONE
            count += 1
        if row.carries == OPENED:
            order_closings(s, start, count, x, p, stream)
            for i in range(count - 1, start - 1, -1):
                for j in range(i + 1, count):
                    if s.entries[j].key == s.entries[i].key:
                        s.entries[i].next = j
                        break
    s.entry_from[len(p.streams)] = count


def carried(p: Program, k: Calendar, x: Facts, c: int, e: int, stream: int, heard: int) -> float:
    """Return the number that an event carries in a stream; NaN where it has none, or closes what was open."""
    customer = x.customers[c]
    carries, column = p.streams[stream].carries, p.streams[stream].column
    if carries == VALUE:
        return x.numbers[x.property_numbers[column] + 1 + x.properties[column * len(x.events) + e]]
    if carries == FLAG:
        value = x.properties[column * len(x.events) + e]
        return float(x.truths[x.truth_from[p.streams[stream].flag] + 1 + value])
    if carries == RIPE:
        return float(ripe_at(p, k, x, c, e))
    if carries == OPENED:
        if heard == 2:
            return math.nan
        return float(opened_long_enough(p, k, customer.country, customer.zone, stream, x.events[e].at))
    return 0.0


def order_closings(s: Scratch, start: int, end: int, x: Facts, p: Program, stream: int) -> None:
    """Let closings stand behind the openings of the same instant: of a tie, the thing is closed."""
    names = p.names
    for i in range(start + 1, end):
        j = i
        while j > start and s.entries[j - 1].at == s.entries[j].at:
            before, after = s.entries[j - 1], s.entries[j]
            closes = p.hears[stream * names + x.events[before.event].name] == 2
            if not closes or p.hears[stream * names + x.events[after.event].name] == 2:
                break
            # They are of one instant, so little has to change places.
            before.event, after.event = after.event, before.event
            before.seen, after.seen = after.seen, before.seen
            before.number, after.number = after.number, before.number
            before.key, after.key = after.key, before.key
            j -= 1


def read_facts(x: Facts, s: Scratch, c: int) -> int:
    """Write down, in order, when each fact about a customer becomes visible; returns how many there are."""
    customer = x.customers[c]
    count = 0
    for e in range(customer.event_from, customer.event_to):
        count = sorted_in(s, count, max(x.events[e].at, x.events[e].known), e)
    for i in range(customer.consent_from, customer.consent_to):
        count = sorted_in(s, count, x.consents[i].at, NONE)
    return count


def sorted_in(s: Scratch, count: int, at: int, event: int) -> int:
    """Put a fact where it belongs among the first `count`, which are in order; returns how many there are then."""
    i = count
    while i > 0 and s.seen[i - 1].at > at:
        s.seen[i].at = s.seen[i - 1].at
        s.seen[i].event = s.seen[i - 1].event
        i -= 1
    s.seen[i].at = at
    s.seen[i].event = event
    return count + 1


# --- conditions --------------------------------------------------------------------------------------------------


def passes(p: Program, leaf: int, number: float) -> bool:
    """Whether a number passes every comparison of a leaf; a missing one (NaN) passes none."""
    row = p.leaves[leaf]
    if number != number:
        return False
    i = row.test_from
    end = row.test_to
    while i < end:
        test = p.tests[i]
        wanted = p.tests[i + 1]
        if test == ONE_OF or test == NONE_OF:
            found = False
            for j in range(i + 2, i + 2 + int(wanted)):
                found = found or p.tests[j] == number
            if found != (test == ONE_OF):
                return False
            i += 2 + int(wanted)
            continue
        if test == IS:
            good = number == wanted
        elif test == IS_NOT:
            good = number != wanted
        elif test == AT_LEAST:
            good = number >= wanted
        elif test == AT_MOST:
            good = number <= wanted
        elif test == MORE_THAN:
            good = number > wanted
        elif test == LESS_THAN:
            good = number < wanted
        elif test == MULTIPLE_OF:
            good = number % wanted == 0
        else:
            good = False
        if not good:
            return False
        i += 2
    return True


def rounded(number: float) -> float:
    """Round to six decimals; what is so large that it has none stays as it is."""
    if abs(number) >= 9e9:
        return number
    return math.floor(number * 1e6 + 0.5) / 1e6


def attribute_leaf(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, t: int, leaf: int) -> int:
    """Evaluate a leaf over an attribute, which may compare so from one day on or up to another."""
    z = x.customers[c].zone
    value = x.attributes[p.leaves[leaf].column * len(x.customers) + c]
    turn = x.turn_from[leaf] + 1 + value
    true, false = x.turns[turn].true_day, x.turns[turn].false_day
    if true != NOWHEN and true != NEVER:
        true = midnight(k, z, true) + x.turns[turn].true_add
    if false != NOWHEN and false != NEVER:
        false = midnight(k, z, false) + x.turns[turn].false_add
    s.leaf_true[leaf] = 1 if true <= t < false else 0
    if t < true < false:
        return true
    return false if true <= t < false else NEVER


def events_leaf(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, leaf: int) -> int:
    """Evaluate a leaf over events; writes its truth and actual value, returns until when they hold."""
    occasion = s.occasions[o]
    row = p.leaves[leaf]
    span = row.span
    after, after_day = reaches_back(p, k, x, s, c, span, t)
    if row.since == TRIGGER:
        after = max(after, occasion.since)
    elif row.since == OPENING:
        after = max(after, occasion.own_opening)
    column = row.key
    key = NONE if column == NONE else x.properties[column * len(x.events) + occasion.anchor]
    aggregate = row.aggregate
    count = 0
    total = 0.0
    least = math.inf
    most = -math.inf
    numbers = 0
    first = NONE
    newest = NONE
    stream = row.stream
    for i in range(s.entry_from[stream], s.entry_from[stream + 1]):
        entry = s.entries[i]
        at = entry.at
        if at > t:
            break
        if at <= after or entry.day <= after_day or entry.seen > t or (column != NONE and entry.key != key):
            continue
        count += 1
        newest = i
        if first == NONE:
            first = i
        number = entry.number
        if number == number:
            numbers += 1
            total += number
            least = min(least, number)
            most = max(most, number)
    holds_until = NEVER
    if first != NONE and span != NONE:
        holds_until = leaves_within(p, k, x, c, span, s.entries[first].at, s.entries[first].day)
    actual = float(count)
    if aggregate == SUM:
        actual = rounded(total)
    elif aggregate == AVERAGE:
        actual = rounded(total / numbers) if numbers > 0 else math.nan
    elif aggregate == MIN:
        actual = least if numbers > 0 else math.nan
    elif aggregate == MAX:
        actual = most if numbers > 0 else math.nan
    if aggregate == LATEST or aggregate == FIRST:
        chosen = newest if aggregate == LATEST else first
        s.leaf_actual[leaf] = float(chosen)
        s.leaf_true[leaf] = 1 if chosen != NONE and s.entries[chosen].number == 1.0 else 0
    else:
        s.leaf_actual[leaf] = actual
        s.leaf_true[leaf] = 1 if passes(p, leaf, actual) else 0
    return holds_until


def open_leaf(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, t: int, made: int, leaf: int) -> int:
    """Evaluate whether a thing is open; its actual value is the entry that opened it.

    Of a task that this walk makes there is no event yet: its contact opens the thing, and the actual value is -2 less
    the number of the contact. Such tasks are ended by whatever closes the thing next.
    """
    holds_until = NEVER
    found = NONE
    stream = p.leaves[leaf].stream
    for i in range(s.entry_from[stream], s.entry_from[stream + 1]):
        entry = s.entries[i]
        if entry.at > t:
            break
        if entry.seen > t or entry.number != entry.number:
            continue
        later = entry.next
        while later != NONE and s.entries[later].at <= t and s.entries[later].seen > t:
            later = s.entries[later].next
        if later != NONE and s.entries[later].at <= t:
            continue
        ripe = int(entry.number)
        if ripe <= t:
            found = i
        else:
            holds_until = min(holds_until, ripe)
    customer = x.customers[c]
    if found == NONE and p.streams[stream].by_tasks == 1:
        for i in range(customer.past_to - customer.past_from, made):
            contact = s.made[i]
            if contact.at > t or contact.held == 1 or p.rules[contact.rule].is_task == 0:
                continue
            if closed_since(s, stream, contact.at, t):
                continue
            ripe = opened_long_enough(p, k, customer.country, customer.zone, stream, contact.at)
            if ripe <= t:
                found = -2 - i
            else:
                holds_until = min(holds_until, ripe)
    s.leaf_actual[leaf] = float(found)
    s.leaf_true[leaf] = 1 if found != NONE else 0
    return holds_until if found == NONE else NEVER


def closed_since(s: Scratch, stream: int, since: int, t: int) -> bool:
    """Whether by `t` an event is known that closes what was opened at `since`."""
    for i in range(s.entry_from[stream], s.entry_from[stream + 1]):
        entry = s.entries[i]
        if entry.number != entry.number and since <= entry.at <= t and entry.seen <= t:
            return True
    return False


def opened_long_enough(p: Program, k: Calendar, country: int, z: int, stream: int, at: int) -> int:
    """Return from when on what was opened at `at` has been open for so long as is asked."""
    span = p.streams[stream].span
    if span == NONE:
        return at
    if p.spans[span].unit == EXACT:
        return at + p.spans[span].count
    return later_on_the_wall(p, k, country, z, span, at)


def contacts_leaf(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int, leaf: int) -> int:
    """Evaluate a leaf over the contacts made; its actual value is their count."""
    row = p.leaves[leaf]
    span = row.span
    after, after_day = reaches_back(p, k, x, s, c, span, t)
    if row.since == TRIGGER:
        after = max(after, s.occasions[o].since)
    rule, asks, channels = row.rule, row.asks, row.channels
    count = 0
    oldest, oldest_day = NEVER, NEVER
    for i in range(made):
        contact = s.made[i]
        at = contact.at
        if at > t or at <= after or contact.day <= after_day or contact.held == 1:
            continue
        if rule != NONE and contact.rule != rule:
            continue
        if asks != NONE and (asks >> contact.asks) & 1 == 0:
            continue
        if channels != NONE and (channels >> contact.channel) & 1 == 0:
            continue
        count += 1
        oldest, oldest_day = min(oldest, at), min(oldest_day, contact.day)
    s.leaf_actual[leaf] = float(count)
    s.leaf_true[leaf] = 1 if passes(p, leaf, float(count)) else 0
    if count > 0 and span != NONE:
        return leaves_within(p, k, x, c, span, oldest, oldest_day)
    return NEVER


def condition(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int, start: int, end: int
) -> tuple[bool, int]:
    """Run a condition's code; returns its truth and until when no leaf of it can change without a new fact."""
    holds_until = NEVER
    top = 0
    for i in range(start, end):
        step = p.code[i]
        if step == NOT:
            s.stack[top - 1] = 1 - s.stack[top - 1]
        elif step < 0:
            top -= 1
            if step == AND:
                s.stack[top - 1] = s.stack[top - 1] & s.stack[top]
            else:
                s.stack[top - 1] = s.stack[top - 1] | s.stack[top]
        else:
            kind = p.leaves[step].kind
            if kind == CUSTOMER:
                changes = attribute_leaf(p, k, x, s, c, t, step)
            elif kind == EVENTS:
                changes = events_leaf(p, k, x, s, c, o, t, step)
            elif kind == OPEN:
                changes = open_leaf(p, k, x, s, c, t, made, step)
            else:
                changes = contacts_leaf(p, k, x, s, c, o, t, made, step)
            holds_until = min(holds_until, changes)
            s.stack[top] = s.leaf_true[step]
            top += 1
    return s.stack[0] == 1, holds_until


# --- gates -------------------------------------------------------------------------------------------------------


def gate_active(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int) -> tuple[bool, int]:
    """Gate 1: the rule is active, admitted by `backfill`, and between its `starts` and `ends`."""
    occasion = s.occasions[o]
    row = p.rules[occasion.rule]
    z = x.customers[c].zone
    if row.active == 0 or occasion.admitted == 0:
        return False, NEVER
    if row.starts > FIRST_DAY:
        starts = midnight(k, z, row.starts)
        if t < starts:
            return False, starts
    if row.ends >= LAST_DAY:
        return True, NEVER
    over = midnight(k, z, row.ends + 1)
    return (True, over) if t < over else (False, NEVER)


def cancels(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int) -> bool:
    """Whether a no of gate 1 is for good: only before `starts` does it wait."""
    occasion = s.occasions[o]
    row = p.rules[occasion.rule]
    return row.active == 0 or occasion.admitted == 0 or t >= midnight(k, x.customers[c].zone, row.starts)


def gate_again(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int) -> tuple[bool, int]:
    """Gate 3: no contact by this rule, made or held out, forbids another."""
    customer = x.customers[c]
    r = s.occasions[o].rule
    rule = p.rules[r]
    if rule.again == EVERY_TIME:
        return True, NEVER
    last, last_day = NOWHEN, NOWHEN
    for i in range(made):
        contact = s.made[i]
        if contact.rule == r and contact.at <= t and contact.at > last:
            last, last_day = contact.at, contact.day
    if last == NOWHEN:
        return True, NEVER
    if rule.again == NEVER_AGAIN:
        return False, NEVER
    span = rule.again_span
    if p.spans[span].unit == EXACT:
        return t >= last + p.spans[span].count, NEVER
    return local_today(k, x, s, c, t) >= moved_day(p, k, customer.country, span, last_day, 1), NEVER


def gate_until(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int) -> tuple[bool, int]:
    """Gate 4: the goal is not reached; for silence, nothing newer came; for a date in an event, it has not moved."""
    occasion = s.occasions[o]
    row = p.rules[occasion.rule]
    if row.trigger == BY_CONTACT_SILENCE:
        for i in range(occasion.place + 1, made):
            if s.made[i].held == 0 and s.made[i].at <= t:
                return False, NEVER
    elif row.voided_by != NONE:
        anchor = occasion.anchor
        key = NONE if row.void_key == NONE else x.properties[row.void_key * len(x.events) + anchor]
        for i in range(s.entry_from[row.voided_by + 1] - 1, s.entry_from[row.voided_by] - 1, -1):
            if s.entries[i].event <= anchor:
                break
            if s.entries[i].seen <= t and (row.void_key == NONE or s.entries[i].key == key):
                return False, NEVER
    if row.goal_from == row.goal_to:
        return True, NEVER
    reached, until = condition(p, k, x, s, c, o, t, made, row.goal_from, row.goal_to)
    return not reached, until


def gate_value_window(p: Program, s: Scratch, o: int, t: int) -> tuple[bool, int]:
    """Gate 6: the customer has had the value of what was delivered."""
    occasion = s.occasions[o]
    mode = p.rules[occasion.rule].value_window
    if mode == VALUE_OF_NOTHING:
        return True, NEVER
    ripe = occasion.value_at
    if mode != VALUE_OF_TRIGGER:
        newest = NONE
        stream = p.house[0].deliveries
        if stream != NONE:
            for i in range(s.entry_from[stream], s.entry_from[stream + 1]):
                if s.entries[i].at > t:
                    break
                if s.entries[i].seen <= t:
                    newest = i
        if newest == NONE:
            return mode == VALUE_OF_NEWEST_IF_ANY, NEVER
        ripe = int(s.entries[newest].number)
    return t >= ripe, ripe if t < ripe else NEVER


def gate_gives(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int) -> tuple[bool, int]:
    """Gate 6: we gave (a contact that asks for nothing) on an earlier day, lately, and after the last ask."""
    span = p.rules[s.occasions[o].rule].gives_span
    if span == NONE:
        return True, NEVER
    after, after_day = reaches_back(p, k, x, s, c, span, t)
    today = local_today(k, x, s, c, t)
    for i in range(made):
        contact = s.made[i]
        if contact.at <= t and contact.held == 0 and (ASKS_US >> contact.asks) & 1 == 1:
            after = max(after, contact.at)
    gave_today = False
    for i in range(made):
        contact = s.made[i]
        if contact.asks != ASKS_NOTHING or contact.held == 1 or contact.at > t:
            continue
        if contact.at > after and contact.day > after_day:
            if contact.day < today:
                return True, leaves_within(p, k, x, c, span, contact.at, contact.day)
            gave_today = True
    return False, midnight(k, x.customers[c].zone, today + 1) if gave_today else NEVER


def slot_for(p: Program, x: Facts, c: int, slot: int) -> int:
    """Return the slot that a customer has: of the preferred channel, that of the one they prefer, if any."""
    if p.slots[slot].alternatives == NONE or x.customers[c].preferred == NONE:
        return slot
    return p.slots[slot].alternatives + x.customers[c].preferred


def gate_reachable(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, slot: int
) -> tuple[bool, int]:
    """Gate 7: the channel has a usable address and is open."""
    channel = p.slots[slot].channel
    if channel == NONE or x.reachable[channel * len(x.customers) + c] == 0:
        return False, NEVER
    opens = slot_opens(p, k, x, s, c, o, slot)
    return (True, NEVER) if t >= opens else (False, opens)


def gate_consent(p: Program, x: Facts, c: int, t: int, slot: int) -> tuple[bool, int]:
    """Gate 8: they agreed to hear of this topic by this channel, and have not asked us to pause."""
    customer = x.customers[c]
    if t < customer.paused_until:
        return False, customer.paused_until
    channel = p.slots[slot].channel
    topic = p.slots[slot].topic
    newest = NOWHEN
    given = p.slots[slot].opt_in == 0
    for i in range(customer.consent_from, customer.consent_to):
        record = x.consents[i]
        if record.at > t:
            continue
        if record.topic != NONE and record.topic != topic:
            continue
        if record.channel != NONE and record.channel != channel:
            continue
        if record.at > newest:
            newest = record.at
            given = record.given == 1
        elif record.at == newest and record.given == 0:
            given = False
    return given, NEVER


def hours_of_day(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, hours: int, day: int) -> tuple[int, int]:
    """Return when the hours begin and end on a local day; (NOWHEN, NOWHEN) where they do not apply."""
    known = s.open_hours[hours]
    if known.day != day:
        known.day = day
        known.opens = NOWHEN
        known.closes = NOWHEN
        if opens_on(p, k, x, c, hours, day):
            z = x.customers[c].zone
            known.opens = time_of_day(k, z, p.hours[hours].opens, day)
            if known.opens != NOWHEN:
                known.closes = time_of_day(k, z, p.hours[hours].closes, day)
    return known.opens, known.closes


def opens_on(p: Program, k: Calendar, x: Facts, c: int, hours: int, day: int) -> bool:
    """Whether the hours apply on a day: by its weekday, and as neither a closed date nor a holiday."""
    if (p.hours[hours].weekdays >> ((day + 3) % 7)) & 1 == 0:
        return False
    for i in range(len(k.closed)):
        if k.closed[i] == day:
            return False
    return p.hours[hours].holidays == 0 or not is_holiday(k, x.customers[c].country, day)


def gate_send_hours(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, t: int, slot: int) -> tuple[bool, int]:
    """Gate 9: it is within the hours of the channel and the rule."""
    hours = p.slots[slot].hours
    if hours == NONE:
        return True, NEVER
    day = local_today(k, x, s, c, t)
    opens, closes = hours_of_day(p, k, x, s, c, hours, day)
    if opens != NOWHEN and opens <= t < closes:
        return True, closes
    for later in range(day, day + FAR):
        opens, closes = hours_of_day(p, k, x, s, c, hours, later)
        if opens > t and closes > opens:
            return False, opens
    return False, midnight(k, x.customers[c].zone, day + FAR)


def gate_cap(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int, slot: int, cap: int
) -> tuple[bool, int]:
    """Gate 10: a frequency cap, over the contacts made."""
    r = s.occasions[o].rule
    rule = p.rules[r]
    serves, channel = p.caps[cap].serves, p.caps[cap].channel
    if rule.exempt_caps == 1 or (serves != NONE and serves != rule.serves):
        return True, NEVER
    if channel != NONE and channel != p.slots[slot].channel:
        return True, NEVER
    after, after_day = reaches_back(p, k, x, s, c, p.caps[cap].span, t)
    count = 0
    room = NEVER
    # Newest first: the contact that has to leave is the at_most-th newest.
    for i in range(made - 1, -1, -1):
        contact = s.made[i]
        if contact.at > t or contact.held == 1 or contact.exempt == 1:
            continue
        if contact.at <= after or contact.day <= after_day:
            continue
        if serves != NONE and serves != serves_of(contact.asks):
            continue
        if channel != NONE and channel != contact.channel:
            continue
        count += 1
        if count == p.caps[cap].at_most:
            room = leaves_within(p, k, x, c, p.caps[cap].span, contact.at, contact.day)
    return (True, NEVER) if count < p.caps[cap].at_most else (False, room)


def serves_of(asks: int) -> int:
    """Return whom a contact serves that asks for this: 0 the customer, 1 both, 2 us."""
    return 0 if asks == 0 else 1 if asks == 1 else 2


# --- the walk ----------------------------------------------------------------------------------------------------


def ask(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int, complete: bool
) -> tuple[int, int, int, int]:
    """Ask the gates of an occasion at `t`, over the first `made` contacts.

    Returns the outcome, the slot of the channel used (or of the first one), the bits of the gates that refused,
    and the instant before which the outcome can't be another without a new fact. With `complete` every gate is
    asked, and `gate_until` keeps each one's answer; without, the first that makes it wait is enough: the outcome is
    the same, as all gates have to say yes, and the instant is one before which that gate says no.
    """
    occasion = s.occasions[o]
    rule = p.rules[occasion.rule]
    outcome, refused, waits_until, ends_at = ask_ends(p, k, x, s, c, o, t, made)
    waits = refused != 0 and outcome == CONTACT
    first_slot = rule.slot_from if rule.slot_from == rule.slot_to else slot_for(p, x, c, rule.slot_from)
    if waits and not complete:
        return WAITING, first_slot, refused, min(waits_until, ends_at)
    if outcome != CONTACT and not complete:
        return outcome, first_slot, refused, ends_at
    if not complete and occasion.watched != NONE:
        # What kept it waiting most likely still does.
        gate = p.gates[occasion.watched]
        yes, until = condition(p, k, x, s, c, o, t, made, gate.code_from, gate.code_to)
        if yes != (gate.wanted == 1):
            return WAITING, first_slot, 1 << (CONDITIONS + occasion.watched - rule.condition_from), min(until, ends_at)

    # The channels come before the conditions, being cheap; their bits stand behind those of the conditions.
    asks_gates = 0 if rule.asks == ASKS_NOTHING else 2 + rule.condition_to - rule.blocked_from
    channel_gate = CONDITIONS + rule.blocked_from - rule.condition_from + asks_gates
    chosen = NONE
    frees = NEVER
    first_refused = 0
    for number in range(rule.slot_from, rule.slot_to):
        slot = slot_for(p, x, c, number)
        slot_refused, slot_until = ask_channel(
            p, k, x, s, c, o, t, made, slot, channel_gate, complete and slot == first_slot, complete
        )
        if slot_refused == 0:
            chosen = slot
            break
        frees = min(frees, slot_until)
        if slot == first_slot:
            first_refused = slot_refused
    if chosen == NONE:
        refused |= first_refused
        waits = True
        waits_until = max(waits_until, frees)
        if not complete and outcome == CONTACT:
            return WAITING, first_slot, refused, min(waits_until, ends_at)
    elif complete and chosen != first_slot:
        ask_channel(p, k, x, s, c, o, t, made, chosen, channel_gate, True, True)

    conditions_refused, conditions_until = ask_conditions(p, k, x, s, c, o, t, made, complete)
    if conditions_refused != 0:
        refused |= conditions_refused
        waits = True
        waits_until = max(waits_until, conditions_until)
    if outcome == CONTACT:
        if waits:
            outcome = WAITING
        elif rule.holdout != NONE and x.draws[rule.holdout * len(x.customers) + c] == 1:
            outcome = HELD_OUT
            refused |= 1 << (channel_gate + CAPS + len(p.caps))
    return outcome, chosen if chosen != NONE else first_slot, refused, min(waits_until, ends_at)


def ask_ends(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int
) -> tuple[int, int, int, int]:
    """Ask gates 1 to 4, whose no ends an occasion (or makes it wait for its beginning).

    Returns the outcome that they make (`CONTACT` where none ends it), the bits that refused, until when those that
    wait do so, and until when the others say yes.
    """
    occasion = s.occasions[o]
    refused = 0
    waits_until = NOWHEN
    ends_at = NEVER
    outcome = CONTACT
    yes, until = gate_active(p, k, x, s, c, o, t)
    s.gate_until[ACTIVE] = until
    if yes:
        ends_at = min(ends_at, until)
    else:
        refused |= 1 << ACTIVE
        waits_until = max(waits_until, until)
        if cancels(p, k, x, s, c, o, t):
            outcome = CANCELLED
    opens, closes = occasion.opens, occasion.closes
    s.gate_until[WINDOW] = opens if t < opens else closes
    if not opens <= t < closes:
        refused |= 1 << WINDOW
        waits_until = max(waits_until, s.gate_until[WINDOW])
        if t >= closes and outcome == CONTACT:
            outcome = TOO_LATE
    yes, until = gate_again(p, k, x, s, c, o, t, made)
    s.gate_until[AGAIN] = until
    if not yes:
        refused |= 1 << AGAIN
        if outcome == CONTACT:
            outcome = SUPERSEDED
    yes, until = gate_until(p, k, x, s, c, o, t, made)
    s.gate_until[UNTIL] = until
    if yes:
        ends_at = min(ends_at, until)
    else:
        refused |= 1 << UNTIL
        if outcome == CONTACT:
            outcome = GOAL_REACHED
    return outcome, refused, waits_until, ends_at


def ask_conditions(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int, complete: bool
) -> tuple[int, int]:
    """Ask gates 5 and 6; returns the bits that refused (at least one of them, if not `complete`), and until when."""
    row = p.rules[s.occasions[o].rule]
    refused = 0
    waits_until = NOWHEN
    gate = CONDITIONS
    for i in range(row.condition_from, row.blocked_from):
        yes, until = condition(p, k, x, s, c, o, t, made, p.gates[i].code_from, p.gates[i].code_to)
        s.gate_until[gate] = until
        if yes != (p.gates[i].wanted == 1):
            refused |= 1 << gate
            waits_until = max(waits_until, until)
            if not complete:
                s.occasions[o].watched = i
                return refused, waits_until
        gate += 1
    if row.asks == ASKS_NOTHING:
        return refused, waits_until
    yes, until = gate_value_window(p, s, o, t)
    s.gate_until[gate] = until
    if not yes:
        refused |= 1 << gate
        waits_until = max(waits_until, until)
        if not complete:
            return refused, waits_until
    gate += 1
    for i in range(row.blocked_from, row.condition_to):
        yes, until = condition(p, k, x, s, c, o, t, made, p.gates[i].code_from, p.gates[i].code_to)
        s.gate_until[gate] = until
        if yes:
            refused |= 1 << gate
            waits_until = max(waits_until, until)
            if not complete:
                return refused, waits_until
        gate += 1
    yes, until = gate_gives(p, k, x, s, c, o, t, made)
    s.gate_until[gate] = until
    if not yes:
        refused |= 1 << gate
        waits_until = max(waits_until, until)
    return refused, waits_until


def ask_channel(
    p: Program,
    k: Calendar,
    x: Facts,
    s: Scratch,
    c: int,
    o: int,
    t: int,
    made: int,
    slot: int,
    gate: int,
    noted: bool,
    complete: bool,
) -> tuple[int, int]:
    """Ask gates 7 to 10 of one channel; returns the bits that refused, and until when they do.

    Without `complete`, the first that says no is enough.
    """
    refused = 0
    waits_until = NOWHEN
    for i in range(CAPS + len(p.caps)):
        if i == REACHABLE:
            yes, until = gate_reachable(p, k, x, s, c, o, t, slot)
        elif i == CONSENT:
            yes, until = gate_consent(p, x, c, t, slot)
        elif i == SEND_HOURS:
            yes, until = gate_send_hours(p, k, x, s, c, t, slot)
        else:
            yes, until = gate_cap(p, k, x, s, c, o, t, made, slot, i - CAPS)
        if noted:
            s.gate_until[gate + i] = until
        if not yes:
            refused |= 1 << (gate + i)
            waits_until = max(waits_until, until)
            if not complete:
                return refused, waits_until
    return refused, waits_until


def made_before(k: Calendar, x: Facts, s: Scratch, c: int) -> int:
    """Take the contacts that a customer had before into the memory; returns how many they are."""
    customer = x.customers[c]
    made = 0
    for i in range(customer.past_from, customer.past_to):
        past = x.past[i]
        contact, past = s.made[made], x.past[i]
        contact.occasion = NONE
        contact.at = past.at
        contact.day = local_day(k, x.customers[c].zone, past.at)
        contact.rule = past.rule
        contact.asks = past.asks
        contact.channel = past.channel
        contact.held = past.held
        contact.exempt = past.exempt
        made += 1
    return made


def end(s: Scratch, o: int, outcome: int, at: int) -> None:
    """Write down that an occasion is over."""
    occasion = s.occasions[o]
    occasion.outcome = outcome
    occasion.at = at
    occasion.next = NOWHEN


def anchor_before(p: Program, x: Facts, s: Scratch, a: int, b: int) -> bool:
    """Whether the anchor of one occasion stands before another's of the same rule, as texts do.

    The anchor of a follow-up is the key of a contact's occasion: the rule's name, the customer, its own anchor.
    """
    while True:
        first, second = s.occasions[a].rule, s.occasions[b].rule
        if first != second:
            return p.rules[first].name_rank < p.rules[second].name_rank
        one, other = s.occasions[a].anchor, s.occasions[b].anchor
        trigger = p.rules[first].trigger
        if trigger == BY_EVENT or trigger == BY_SILENCE or trigger == BY_EVENT_DATE:
            return x.events[one].rank < x.events[other].rank
        if trigger != BY_CONTACT and trigger != BY_CONTACT_SILENCE:
            return one < other
        if one < 0 or other < 0:
            return one > other if one < 0 and other < 0 else one < 0
        a, b = one, other


def speaks_before(p: Program, x: Facts, s: Scratch, a: int, b: int) -> bool:
    """Whether one occasion speaks before another at the same instant."""
    if s.occasions[a].rule != s.occasions[b].rule:
        return s.occasions[a].rule < s.occasions[b].rule
    if s.occasions[a].trigger != s.occasions[b].trigger:
        return s.occasions[a].trigger < s.occasions[b].trigger
    return anchor_before(p, x, s, a, b)


def take_in(p: Program, x: Facts, s: Scratch, live: int, o: int) -> int:
    """Put an occasion among the live ones, where its turn to speak is; returns how many they are."""
    i = live
    while i > 0 and speaks_before(p, x, s, o, s.live[i - 1]):
        s.live[i] = s.live[i - 1]
        s.due[i] = s.due[i - 1]
        i -= 1
    s.live[i] = o
    set_due(s, i)
    return live + 1


def set_due(s: Scratch, i: int) -> None:
    """Write down when live occasion `i` is asked again, or is too late: the walk looks at that far more often."""
    occasion = s.occasions[s.live[i]]
    s.due[i] = min(occasion.next, max(occasion.closes, occasion.known))


def begins(s: Scratch, o: int) -> int:
    """Return when an occasion is first heard of."""
    occasion = s.occasions[o]
    return max(occasion.opens, occasion.known)


def order_coming(s: Scratch, count: int) -> None:
    """Sort what is to come, the last one first (by Shell's method, as most of it is in order already)."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, count):
            o = s.coming[i]
            at = begins(s, o)
            j = i
            while j >= gap and begins(s, s.coming[j - gap]) < at:
                s.coming[j] = s.coming[j - gap]
                j -= gap
            s.coming[j] = o
        gap //= 3


def follow_up(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, made: int, count: int, since: int, until: int
) -> int:
    """Write down the occasions that a contact just made gives rise to, behind the first `count`.

    Returns how many occasions there are, NONE where there is no room.
    """
    for r in range(len(p.rules)):
        if not gives_rise(p, r, s.occasions[o].rule, s.made[made].held):
            continue
        if count >= len(s.occasions):
            return NONE
        set_follow_up(p, k, x, s, c, r, count, o, s.made[made].at, made)
        if s.occasions[count].closes > since and s.occasions[count].opens < until:
            count += 1
    return count


def walk_customer(
    p: Program,
    k: Calendar,
    x: Facts,
    s: Scratch,
    c: int,
    count: int,
    since: int,
    until: int,
    horizon: int,
    causes: bool,
) -> tuple[int, int]:
    """Walk the moments of one customer in [since, until); writes a result for each of their occasions.

    `count` is how many occasions there are; what contacts give rise to, and meets [since, horizon), comes behind
    them. With `causes`, what is too late or waits gets the gates that stood in its way.

    Returns how many contacts are in the memory at the end (those from before, and those made), and how many
    occasions there are then; NONE for no room.
    """
    forget(s)
    read_streams(p, k, x, s, c)
    facts = read_facts(x, s, c)
    made = made_before(k, x, s, c)
    seat = s.seats[c]
    arisen_from = count
    coming, live = 0, 0
    for o in range(seat.start, seat.end):
        if s.occasions[o].skipped == 0:
            coming = expect(s, coming, o)
    order_coming(s, coming)
    fact = 0
    while fact < facts and s.seen[fact].at <= since:
        fact += 1
    while True:
        t = NEVER
        for i in range(live):
            t = min(t, s.due[i])
        if coming > 0:
            t = min(t, begins(s, s.coming[coming - 1]))
        if fact < facts:
            t = min(t, s.seen[fact].at)
        t = max(t, since)
        if t >= until:
            break
        while fact < facts and s.seen[fact].at == t:
            wake_by_fact(p, k, x, s, c, live, s.seen[fact].event, t)
            fact += 1
        coming, live = let_in(p, k, x, s, c, coming, live, t)
        i = 0
        while i < live:
            if s.due[i] > t:
                i += 1
                continue
            o = s.live[i]
            occasion = s.occasions[o]
            over = max(occasion.closes, occasion.known)
            if over <= t:
                end(s, o, TOO_LATE, over)
                occasion.refused = silence_of(p, k, x, s, c, o, occasion.closes, made) if causes else 0
                live = dropped(s, live, i)
                continue
            outcome, slot, refused, again = ask(p, k, x, s, c, o, t, made, False)
            occasion.refused = refused
            if outcome == WAITING:
                occasion.next = next_moment(p, k, x, s, c, o, max(again, t + 1)) if again < NEVER else NEVER
                set_due(s, i)
                i += 1
                continue
            end(s, o, outcome, t)
            live = dropped(s, live, i)
            if outcome == CONTACT or outcome == HELD_OUT:
                occasion.channel = p.slots[slot].channel
                if made >= len(s.made):
                    return made, NONE
                remember(p, k, x, s, c, o, t, made)
                arisen = count
                count = follow_up(p, k, x, s, c, o, made, count, since, horizon)
                if count == NONE or seat.end - seat.start + count - arisen_from > len(s.live):
                    return made, NONE
                made += 1
                wake_by_contact(p, k, x, s, c, live, occasion.rule, t)
                for other in range(arisen, count):
                    coming = expect(s, coming, other)
                if count > arisen:
                    order_coming(s, coming)
                    coming, live = let_in(p, k, x, s, c, coming, live, t)
                i = 0  # those refused at this instant are asked again, in order
    for i in range(live):
        left_waiting(p, k, x, s, c, s.live[i], until, made, causes)
    for i in range(coming):
        left_waiting(p, k, x, s, c, s.coming[i], until, made, causes)
    seat.arisen_from = arisen_from
    seat.arisen_to = count
    return made, count


def expect(s: Scratch, coming: int, o: int) -> int:
    """Put an occasion, of which nothing has come yet, among those to come; returns how many they are."""
    occasion = s.occasions[o]
    occasion.outcome = WAITING
    occasion.channel = NONE
    occasion.refused = 0
    occasion.until = NOWHEN
    occasion.next = NEVER
    occasion.watched = NONE
    s.coming[coming] = o
    return coming + 1


def let_in(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, coming: int, live: int, t: int) -> tuple[int, int]:
    """Put those that have begun by `t` among the live ones; returns how many are to come, and how many live."""
    while coming > 0 and begins(s, s.coming[coming - 1]) <= t:
        coming -= 1
        o = s.coming[coming]
        s.occasions[o].next = next_moment(p, k, x, s, c, o, t)
        live = take_in(p, x, s, live, o)
    return coming, live


def remember(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, t: int, made: int) -> None:
    """Write down a contact that is made, or held out."""
    contact, occasion = s.made[made], s.occasions[o]
    rule = p.rules[occasion.rule]
    contact.occasion = o
    contact.at = t
    contact.day = local_today(k, x, s, c, t)
    contact.rule = occasion.rule
    contact.asks = rule.asks
    contact.channel = occasion.channel
    contact.held = 1 if occasion.outcome == HELD_OUT else 0
    contact.exempt = rule.exempt_caps


def wake_by_fact(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, live: int, e: int, t: int) -> None:
    """Let those be asked at `t` which a new fact may end or let speak: an event, or (NONE) a record of consent.

    What waits for a gate whose answer such a fact does not change goes on waiting: an asking stops at the first that
    says no. Of channels only the first one's gate is known, so any of theirs counts.
    """
    for i in range(live):
        o = s.live[i]
        occasion = s.occasions[o]
        rule = occasion.rule
        changes = p.rules[rule].channel_gates if e == NONE else p.wakes[rule * p.names + x.events[e].name]
        if occasion.next > t and changes & (occasion.refused | 1 << UNTIL) != 0:
            occasion.next = min(occasion.next, next_moment(p, k, x, s, c, o, t))
            set_due(s, i)


def wake_by_contact(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, live: int, made_by: int, t: int) -> None:
    """Let those be asked again at `t` which a contact may end or let speak; none makes room below a cap."""
    for i in range(live):
        o = s.live[i]
        occasion = s.occasions[o]
        rule = p.rules[occasion.rule]
        opens = rule.contact_gates | (rule.gives_gate if p.rules[made_by].asks == ASKS_NOTHING else 0)
        ends = rule.contact_ends == 1 or (occasion.rule == made_by and rule.again != EVERY_TIME)
        if occasion.next > t and (ends or occasion.refused & opens != 0):
            occasion.next = min(occasion.next, next_moment(p, k, x, s, c, o, t))
            set_due(s, i)


def dropped(s: Scratch, live: int, i: int) -> int:
    """Take one out of the live occasions; returns how many are left."""
    for j in range(i, live - 1):
        s.live[j] = s.live[j + 1]
        s.due[j] = s.due[j + 1]
    return live - 1


def left_waiting(
    p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, until: int, made: int, causes: bool
) -> None:
    """Write down that an occasion waits at the end of the walk, and until when it will."""
    occasion = s.occasions[o]
    occasion.at = until
    occasion.until = min(
        next_moment(p, k, x, s, c, o, until) if occasion.next == NEVER and begins(s, o) >= until else occasion.next,
        occasion.closes,
    )
    occasion.refused = silence_of(p, k, x, s, c, o, min(occasion.closes, until), made) if causes else 0


def silence_of(p: Program, k: Calendar, x: Facts, s: Scratch, c: int, o: int, before: int, made: int) -> int:
    """Return the gates that refused at the last instant before `before` inside the send hours.

    Where it had no moment at all, or nothing stood in its way at that one (it was not asked then), it is the window.
    """
    t = last_moment(p, k, x, s, c, o, before, True)
    if t == NOWHEN:
        t = last_moment(p, k, x, s, c, o, before, False)
    if t == NOWHEN:
        return 1 << WINDOW
    _, _, refused, _ = ask(p, k, x, s, c, o, t, made, True)
    return refused if refused != 0 else 1 << WINDOW


def walk(
    p: Program,
    k: Calendar,
    x: Facts,
    s: Scratch,
    first: int,
    count: int,
    since: int,
    until: int,
    horizon: int,
    causes: bool,
) -> tuple[int, int, int]:
    """Walk customers from `first` on, one after the other, where there are `count` occasions already.

    Returns the customer at whom the room ended (or the number of customers), how many occasions there are, and how
    many contacts the last one's memory holds.
    """
    return walk_customers(
        reference(p), reference(k), reference(x), reference(s), first, count, since, until, horizon, causes
    )


def walk_customers(
    p: Program,
    k: Calendar,
    x: Facts,
    s: Scratch,
    first: int,
    count: int,
    since: int,
    until: int,
    horizon: int,
    causes: bool,
) -> tuple[int, int, int]:
    """Walk customers from `first` on; as `walk`."""
    made = 0
    for c in range(first, len(x.customers)):
        made, occasions = walk_customer(p, k, x, s, c, count, since, until, horizon, causes)
        if occasions == NONE:
            return c, count, made
        count = occasions
    return len(x.customers), count, made
