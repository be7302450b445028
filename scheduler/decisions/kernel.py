"""The walk: every gate asked, in time order, for one customer after the other.

Everything here is whole numbers and floats in flat sequences, so that one and the same code runs as plain Python (on
lists) and compiled (on arrays). It stands in one file, over 400 lines, because a compiler's cache does not
notice that a callee in another file has changed. `Program`, `Columns` and `Calendar` say what each sequence
holds; the tables are filled in `program`, `columns` and `calendar`.

Instants are UTC microseconds, days are local days since 1970, `NEVER` lies behind every instant. A gate answers
with a pair: yes or no, and the instant until which that can't change without a new fact.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import NamedTuple

Ints = Sequence[int]
Floats = Sequence[float]

NEVER = 1 << 62
NONE = -1
LAST_DAY = 2_932_896  # 31 December 9999: a rule that `ends` then has no end

# Outcomes, in the order of `outcome.Outcome`.
CONTACT, WAITING, TOO_LATE, SUPERSEDED, GOAL_REACHED, HELD_OUT, CANCELLED = 0, 1, 2, 3, 4, 5, 6

# What a leaf looks at, what it makes of events, and after which instant it counts: as in `conditions`.
CUSTOMER, EVENTS, OPEN, CONTACTS = 0, 1, 2, 3
COUNT, SUM, AVERAGE, MIN, MAX, LATEST, FIRST = 0, 1, 2, 3, 4, 5, 6
EVER, TRIGGER, OPENING = 0, 1, 2

# Comparisons of numbers, and what combines truths: as in `conditions`.
IS, IS_NOT, AT_LEAST, AT_MOST, MORE_THAN, LESS_THAN, MULTIPLE_OF, ONE_OF, NONE_OF = 0, 1, 2, 3, 4, 5, 6, 7, 8
AND, OR, NOT = -1, -2, -3

# Re-entry, and whose value window an ask waits for: as in `program`.
EVERY_TIME, NEVER_AGAIN, AFTER_A_SPAN = 0, 1, 2
VALUE_OF_NOTHING, VALUE_OF_TRIGGER, VALUE_OF_NEWEST, VALUE_OF_NEWEST_IF_ANY = 0, 1, 2, 3

# Gates 7 to 9 of a channel; the caps follow.
REACHABLE, CONSENT, SEND_HOURS, CAPS = 0, 1, 2, 3

# The gates that every rule has first; conditions follow, then those of asks, channels, caps and the holdout.
ACTIVE, WINDOW, AGAIN, UNTIL, CONDITIONS = 0, 1, 2, 3, 4

ASKS_US = 0b11100  # review, referral, purchase: the bits of `AsksFor` that serve us
ASKS_NOTHING = 0


class Program(NamedTuple):
    """The compiled rules: one entry a rule, unless it says otherwise; `_from` tables have one entry more."""

    active: Ints  # 1 active, 0 paused
    starts: Ints  # first local day
    ends: Ints  # last local day
    clock: Ints  # number of the time of day at which it speaks, NONE: at any
    again: Ints  # 0 every time, 1 never, 2 after a span
    again_span: Ints
    goal_from: Ints  # its goal's code; an empty one is no goal
    silence: Ints  # the stream in which a newer event voids the occasion, NONE: no trigger by silence
    silence_key: Ints
    condition_from: Ints  # only_if and unless, into the `gate_` tables, up to
    blocked_from: Ints  # blocked_while, up to the next rule's conditions
    asks: Ints  # number of what it asks for
    value_window: Ints  # 0 not asked for, 1 by the occasion's own instant, 2 newest delivery, 3 the same if any
    gives_span: Ints
    slot_from: Ints  # its channels, into the `slot_` tables
    exempt_caps: Ints
    serves: Ints
    gate_from: Ints  # a condition gate's code
    gate_wanted: Ints  # 1 the condition must hold, 0 it must not
    code: Ints
    slot_channel: Ints  # NONE: the channel that the customer prefers
    slot_hours: Ints  # number of the hours, NONE: exempt
    slot_topic: Ints
    slot_opt_in: Ints  # 1 silence about consent is a no
    cap_at_most: Ints  # one entry a cap, here and below
    cap_span: Ints
    cap_serves: Ints
    cap_channel: Ints
    span_exact: Ints  # microseconds, NONE: counted in local days by the calendar
    leaf_kind: Ints  # one entry a leaf, here and below
    leaf_stream: Ints
    leaf_aggregate: Ints
    leaf_span: Ints
    leaf_since: Ints
    leaf_key: Ints
    leaf_test_from: Ints
    leaf_rule: Ints
    leaf_asks: Ints
    leaf_channels: Ints
    test: Floats
    deliveries: int  # the stream of deliveries, NONE: the house has none
    lateness: int  # microseconds


class Calendar(NamedTuple):
    """Local days as instants, for each zone and each day of [first, first + days)."""

    first: int
    days: int
    midnight: Ints  # [zone][day]
    clock: Ints  # [time of day][zone][day], NONE on a skipped day
    hours_from: Ints  # number of the time of day from which hours run, one entry for each hours
    hours_to: Ints
    open_day: Ints  # [hours][country][day]: 1 where the hours apply
    countries: int
    zones: int
    span_row: Ints  # [span][country]: its row in the tables below, as business days skip each country's holidays
    back: Ints  # [row][day]: the newest day that is no more within
    leaves: Ints  # [row][day]: the day on which that day is no more within
    forward: Ints  # [row][day]: the day that lies a span later


class Columns(NamedTuple):
    """The facts of some customers and their occasions, in customer order; `_from` has one entry more."""

    customers: int
    zone: Ints
    country: Ints
    preferred: Ints  # the channel they prefer, NONE: unknown
    paused_until: Ints
    reachable: Ints  # [channel][customer]
    turns_true: Ints  # [leaf][customer]: an attribute compares so from this instant on
    turns_false: Ints  # and up to this one
    entry_from: Ints  # [stream][customer + 1]
    entry_at: Ints
    entry_seen: Ints  # from when on it counts: it has occurred and is known
    entry_number: Floats  # NaN: missing
    entry_key: Ints
    entry_next: Ints  # the next entry with the same key, NONE: it is the last
    consent_from: Ints
    consent_at: Ints
    consent_topic: Ints  # NONE: any
    consent_channel: Ints
    consent_given: Ints
    fact_from: Ints
    fact_at: Ints  # when a fact becomes visible, in order
    past_from: Ints  # contacts made before
    past_at: Ints
    past_rule: Ints
    past_asks: Ints
    past_channel: Ints
    past_held: Ints
    past_exempt: Ints
    occasion_from: Ints  # in the order in which they may speak at one instant
    rule: Ints
    trigger: Ints
    opens: Ints
    own_opening: Ints  # without a channel's head start
    known: Ints
    closes: Ints
    anchor: Ints  # the trigger's entry in the stream of silence
    value_at: Ints  # when an anchored ask has had its value window
    admitted: Ints  # by `backfill`
    held: Ints  # in the holdout
    key: Ints  # [key][occasion]
    slot_opens: Ints  # [place among the rule's channels][occasion]


class Scratch(NamedTuple):
    """What the walk writes: results for each occasion, and the memory of one customer."""

    outcome: MutableSequence[int]
    at: MutableSequence[int]
    channel: MutableSequence[int]
    refused: MutableSequence[int]  # bits of the gates that said no
    until: MutableSequence[int]
    next: MutableSequence[int]  # when it is asked again, NONE: it has ended
    made_occasion: MutableSequence[int]  # NONE: from before
    made_at: MutableSequence[int]
    made_rule: MutableSequence[int]
    made_asks: MutableSequence[int]
    made_channel: MutableSequence[int]
    made_held: MutableSequence[int]
    made_exempt: MutableSequence[int]
    gate_until: MutableSequence[int]  # of the newest asking, by gate
    leaf_true: MutableSequence[int]
    leaf_actual: MutableSequence[float]
    stack: MutableSequence[int]


# --- local days --------------------------------------------------------------------------------------------------

DAY = 86_400_000_000


def local_day(k: Calendar, z: int, t: int) -> int:
    """Return the local day that holds `t`; first - 1 for all before the calendar, the last for all behind."""
    base = z * k.days
    if t < k.midnight[base]:
        return k.first - 1
    guess = (t - k.midnight[base]) // DAY
    if guess >= k.days:
        guess = k.days - 1
    while guess + 1 < k.days and k.midnight[base + guess + 1] <= t:
        guess += 1
    while k.midnight[base + guess] > t:
        guess -= 1
    return k.first + guess


def midnight(k: Calendar, z: int, day: int) -> int:
    """Return the first instant of a local day; the calendar's edge for days outside of it."""
    index = day - k.first
    if index < 0:
        index = 0
    if index >= k.days:
        return NEVER
    return k.midnight[z * k.days + index]


def time_of_day(k: Calendar, z: int, clock: int, day: int) -> int:
    """Return the instant of a time of day, NONE where the day is skipped or outside the calendar."""
    index = day - k.first
    if index < 0 or index >= k.days:
        return NONE
    return k.clock[(clock * k.zones + z) * k.days + index]


def span_day(k: Calendar, x: Columns, c: int, table: Ints, span: int, day: int) -> int:
    """Look a local day up in a table of spans; days before the calendar count as its first."""
    row = k.span_row[span * k.countries + x.country[c]]
    return table[row * k.days + max(0, day - k.first)]


def within_after(p: Program, k: Calendar, x: Columns, c: int, span: int, t: int) -> int:
    """Return the newest instant that is no more within the span that ends at `t`."""
    if span == NONE:
        return -NEVER
    if p.span_exact[span] >= 0:
        return t - p.span_exact[span]
    z = x.zone[c]
    return midnight(k, z, span_day(k, x, c, k.back, span, local_day(k, z, t)) + 1) - 1


def leaves_within(p: Program, k: Calendar, x: Columns, c: int, span: int, at: int) -> int:
    """Return the first instant at which something that was at `at` is no more within the span."""
    if span == NONE:
        return NEVER
    if p.span_exact[span] >= 0:
        return at + p.span_exact[span]
    z = x.zone[c]
    return midnight(k, z, span_day(k, x, c, k.leaves, span, local_day(k, z, at)))


# --- moments -----------------------------------------------------------------------------------------------------


def next_moment(p: Program, k: Calendar, x: Columns, c: int, o: int, t: int) -> int:
    """Return the first instant from `t` on at which the occasion may speak, NEVER where there is none."""
    start = max(t, x.opens[o], x.known[o])
    closes = x.closes[o]
    if start >= closes:
        return NEVER
    clock = p.clock[x.rule[o]]
    if clock == NONE:
        return start
    z = x.zone[c]
    # The evening before may reach over midnight, if it is a day of the window.
    day = max(local_day(k, z, start) - 1, local_day(k, z, x.opens[o]))
    end = k.first + k.days
    while day < end:
        at = time_of_day(k, z, clock, day)
        if at >= closes:
            return NEVER
        if at != NONE and at + p.lateness >= start:
            return max(at, start)
        day += 1
    return midnight(k, z, end - 1)


def last_moment(p: Program, k: Calendar, x: Columns, c: int, o: int, before: int, in_hours: bool) -> int:
    """Return the last instant before `before` at which it may speak (inside its first channel's hours), or NONE."""
    r = x.rule[o]
    z = x.zone[c]
    start = max(x.opens[o], x.known[o])
    hours = NONE
    if in_hours and p.slot_from[r] < p.slot_from[r + 1]:
        hours = p.slot_hours[p.slot_from[r]]
    clock = p.clock[r]
    day = local_day(k, z, before - 1)
    first = max(local_day(k, z, start) - 1, local_day(k, z, x.opens[o]))
    while day >= first and day >= k.first:
        low, high = start, before - 1
        if clock == NONE:
            low = max(low, midnight(k, z, day))
            high = min(high, midnight(k, z, day + 1) - 1)
        else:
            at = time_of_day(k, z, clock, day)
            if at == NONE:
                day -= 1
                continue
            low = max(low, at)
            high = min(high, at + p.lateness)
        found = high >= low
        if found and hours != NONE:
            hours_day = local_day(k, z, low)
            found = False
            last = high
            while hours_day >= k.first and hours_day <= local_day(k, z, high):
                opens, closes = hours_of_day(k, x, c, hours, hours_day)
                if opens != NONE and min(high, closes - 1) >= max(low, opens):
                    found = True
                    last = min(high, closes - 1)
                hours_day += 1
            if found:
                high = last
        if found:
            return high
        day -= 1
    return NONE


# --- conditions --------------------------------------------------------------------------------------------------


def passes(p: Program, leaf: int, number: float) -> bool:
    """Whether a number passes every comparison of a leaf; a missing one (NaN) passes none."""
    if number != number:
        return False
    i = p.leaf_test_from[leaf]
    end = p.leaf_test_from[leaf + 1]
    while i < end:
        test = p.test[i]
        wanted = p.test[i + 1]
        if test == ONE_OF or test == NONE_OF:
            found = False
            for j in range(i + 2, i + 2 + int(wanted)):
                found = found or p.test[j] == number
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


def events_leaf(p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, leaf: int) -> int:
    """Evaluate a leaf over events; writes its truth and actual value, returns until when they hold."""
    span = p.leaf_span[leaf]
    after = within_after(p, k, x, c, span, t)
    if p.leaf_since[leaf] == TRIGGER:
        after = max(after, x.trigger[o])
    elif p.leaf_since[leaf] == OPENING:
        after = max(after, x.own_opening[o])
    key = NONE
    if p.leaf_key[leaf] != NONE:
        key = x.key[p.leaf_key[leaf] * len(x.rule) + o]
    base = p.leaf_stream[leaf] * (x.customers + 1) + c
    aggregate = p.leaf_aggregate[leaf]
    count = 0
    total = 0.0
    least = float("inf")
    most = float("-inf")
    numbers = 0
    first = NONE
    newest = NONE
    for i in range(x.entry_from[base], x.entry_from[base + 1]):
        at = x.entry_at[i]
        if at > t:
            break
        if at <= after or x.entry_seen[i] > t or (key != NONE and x.entry_key[i] != key):
            continue
        count += 1
        newest = i
        if first == NONE:
            first = i
        number = x.entry_number[i]
        if number == number:
            numbers += 1
            total += number
            least = min(least, number)
            most = max(most, number)
    holds_until = NEVER
    if first != NONE and span != NONE:
        holds_until = leaves_within(p, k, x, c, span, x.entry_at[first])
    actual = float(count)
    if aggregate == SUM:
        actual = round(total, 6)
    elif aggregate == AVERAGE:
        actual = round(total / numbers, 6) if numbers > 0 else float("nan")
    elif aggregate == MIN:
        actual = least if numbers > 0 else float("nan")
    elif aggregate == MAX:
        actual = most if numbers > 0 else float("nan")
    if aggregate == LATEST or aggregate == FIRST:
        chosen = newest if aggregate == LATEST else first
        s.leaf_actual[leaf] = float(chosen)
        s.leaf_true[leaf] = 1 if chosen != NONE and x.entry_number[chosen] == 1.0 else 0
    else:
        s.leaf_actual[leaf] = actual
        s.leaf_true[leaf] = 1 if passes(p, leaf, actual) else 0
    return holds_until


def open_leaf(p: Program, x: Columns, s: Scratch, c: int, t: int, leaf: int) -> int:
    """Evaluate whether a thing is open; its actual value is the entry that opened it."""
    base = p.leaf_stream[leaf] * (x.customers + 1) + c
    holds_until = NEVER
    found = NONE
    for i in range(x.entry_from[base], x.entry_from[base + 1]):
        if x.entry_at[i] > t:
            break
        if x.entry_seen[i] > t or x.entry_number[i] != x.entry_number[i]:
            continue
        later = x.entry_next[i]
        while later != NONE and x.entry_at[later] <= t and x.entry_seen[later] > t:
            later = x.entry_next[later]
        if later != NONE and x.entry_at[later] <= t:
            continue
        ripe = int(x.entry_number[i])
        if ripe <= t:
            found = i
        else:
            holds_until = min(holds_until, ripe)
    s.leaf_actual[leaf] = float(found)
    s.leaf_true[leaf] = 1 if found != NONE else 0
    return holds_until if found == NONE else NEVER


def contacts_leaf(p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, made: int, leaf: int) -> int:
    """Evaluate a leaf over the contacts made; its actual value is their count."""
    span = p.leaf_span[leaf]
    after = within_after(p, k, x, c, span, t)
    if p.leaf_since[leaf] == TRIGGER:
        after = max(after, x.trigger[o])
    count = 0
    oldest = NEVER
    for i in range(made):
        at = s.made_at[i]
        if at > t or at <= after or s.made_held[i] == 1:
            continue
        if p.leaf_rule[leaf] != NONE and s.made_rule[i] != p.leaf_rule[leaf]:
            continue
        if p.leaf_asks[leaf] != NONE and (p.leaf_asks[leaf] >> s.made_asks[i]) & 1 == 0:
            continue
        if p.leaf_channels[leaf] != NONE and (p.leaf_channels[leaf] >> s.made_channel[i]) & 1 == 0:
            continue
        count += 1
        oldest = min(oldest, at)
    s.leaf_actual[leaf] = float(count)
    s.leaf_true[leaf] = 1 if passes(p, leaf, float(count)) else 0
    if count > 0 and span != NONE:
        return leaves_within(p, k, x, c, span, oldest)
    return NEVER


def condition(
    p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, made: int, start: int, end: int
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
            kind = p.leaf_kind[step]
            if kind == CUSTOMER:
                true, false = x.turns_true[step * x.customers + c], x.turns_false[step * x.customers + c]
                s.leaf_true[step] = 1 if true <= t < false else 0
                changes = NEVER
                if t < true < false:
                    changes = true
                elif true <= t < false:
                    changes = false
            elif kind == EVENTS:
                changes = events_leaf(p, k, x, s, c, o, t, step)
            elif kind == OPEN:
                changes = open_leaf(p, x, s, c, t, step)
            else:
                changes = contacts_leaf(p, k, x, s, c, o, t, made, step)
            holds_until = min(holds_until, changes)
            s.stack[top] = s.leaf_true[step]
            top += 1
    return s.stack[0] == 1, holds_until


# --- gates -------------------------------------------------------------------------------------------------------


def gate_active(p: Program, k: Calendar, x: Columns, c: int, o: int, t: int) -> tuple[bool, int]:
    """Gate 1: the rule is active, admitted by `backfill`, and between its `starts` and `ends`."""
    r = x.rule[o]
    z = x.zone[c]
    if p.active[r] == 0 or x.admitted[o] == 0:
        return False, NEVER
    # A day behind the calendar is not known as an instant yet: the answer holds at least up to the calendar's end.
    edge = midnight(k, z, k.first + k.days - 1)
    if t < midnight(k, z, p.starts[r]):
        return False, min(midnight(k, z, p.starts[r]), edge)
    if p.ends[r] >= LAST_DAY:
        return True, NEVER
    over = midnight(k, z, p.ends[r] + 1)
    return (True, min(over, edge)) if t < over else (False, NEVER)


def cancels(p: Program, k: Calendar, x: Columns, c: int, o: int, t: int) -> bool:
    """Whether a no of gate 1 is for good: only before `starts` does it wait."""
    return p.active[x.rule[o]] == 0 or x.admitted[o] == 0 or t >= midnight(k, x.zone[c], p.starts[x.rule[o]])


def gate_again(p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, made: int) -> tuple[bool, int]:
    """Gate 3: no contact by this rule, made or held out, forbids another."""
    r = x.rule[o]
    if p.again[r] == EVERY_TIME:
        return True, NEVER
    last = NONE
    for i in range(made):
        if s.made_rule[i] == r and s.made_at[i] <= t and (last == NONE or s.made_at[i] > last):
            last = s.made_at[i]
    if last == NONE:
        return True, NEVER
    if p.again[r] == NEVER_AGAIN:
        return False, NEVER
    span = p.again_span[r]
    if p.span_exact[span] >= 0:
        return t >= last + p.span_exact[span], NEVER
    z = x.zone[c]
    day = local_day(k, z, last)
    if day < k.first:
        return True, NEVER
    return t >= midnight(k, z, span_day(k, x, c, k.forward, span, day)), NEVER


def gate_until(p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, made: int) -> tuple[bool, int]:
    """Gate 4: the goal is not reached; for silence, no newer event has come."""
    r = x.rule[o]
    if p.silence[r] != NONE:
        base = p.silence[r] * (x.customers + 1) + c
        key = NONE if p.silence_key[r] == NONE else x.key[p.silence_key[r] * len(x.rule) + o]
        for i in range(x.anchor[o] + 1, x.entry_from[base + 1]):
            if x.entry_at[i] > t:
                break
            if x.entry_seen[i] <= t and (key == NONE or x.entry_key[i] == key):
                return False, NEVER
    if p.goal_from[r] == p.goal_from[r + 1]:
        return True, NEVER
    reached, until = condition(p, k, x, s, c, o, t, made, p.goal_from[r], p.goal_from[r + 1])
    return not reached, until


def gate_value_window(p: Program, x: Columns, c: int, o: int, t: int) -> tuple[bool, int]:
    """Gate 6: the customer has had the value of what was delivered."""
    mode = p.value_window[x.rule[o]]
    if mode == VALUE_OF_NOTHING:
        return True, NEVER
    if mode == VALUE_OF_TRIGGER:
        return t >= x.value_at[o], x.value_at[o] if t < x.value_at[o] else NEVER
    newest = NONE
    if p.deliveries != NONE:
        base = p.deliveries * (x.customers + 1) + c
        for i in range(x.entry_from[base], x.entry_from[base + 1]):
            if x.entry_at[i] > t:
                break
            if x.entry_seen[i] <= t:
                newest = i
    if newest == NONE:
        return mode == VALUE_OF_NEWEST_IF_ANY, NEVER
    ripe = int(x.entry_number[newest])
    return t >= ripe, ripe if t < ripe else NEVER


def gate_gives(p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, made: int) -> tuple[bool, int]:
    """Gate 6: we gave (a contact that asks for nothing) on an earlier day, lately, and after the last ask."""
    span = p.gives_span[x.rule[o]]
    if span == NONE:
        return True, NEVER
    z = x.zone[c]
    after = within_after(p, k, x, c, span, t)
    today = midnight(k, z, local_day(k, z, t))
    for i in range(made):
        if s.made_at[i] <= t and s.made_held[i] == 0 and (ASKS_US >> s.made_asks[i]) & 1 == 1:
            after = max(after, s.made_at[i])
    gave_today = False
    for i in range(made):
        if s.made_asks[i] == ASKS_NOTHING and s.made_held[i] == 0 and after < s.made_at[i] <= t:
            if s.made_at[i] < today:
                return True, leaves_within(p, k, x, c, span, s.made_at[i])
            gave_today = True
    return False, midnight(k, z, local_day(k, z, t) + 1) if gave_today else NEVER


def slot_channel(p: Program, x: Columns, c: int, slot: int) -> int:
    """Return the channel of a slot, NONE where it is the preferred one and the customer has none."""
    return x.preferred[c] if p.slot_channel[slot] == NONE else p.slot_channel[slot]


def gate_reachable(p: Program, x: Columns, c: int, o: int, t: int, slot: int) -> tuple[bool, int]:
    """Gate 7: the channel has a usable address and is open."""
    channel = slot_channel(p, x, c, slot)
    if channel == NONE or x.reachable[channel * x.customers + c] == 0:
        return False, NEVER
    opens = x.slot_opens[(slot - p.slot_from[x.rule[o]]) * len(x.rule) + o]
    return (True, NEVER) if t >= opens else (False, opens)


def gate_consent(p: Program, x: Columns, c: int, t: int, slot: int) -> tuple[bool, int]:
    """Gate 8: they agreed to hear of this topic by this channel, and have not asked us to pause."""
    if t < x.paused_until[c]:
        return False, x.paused_until[c]
    channel = slot_channel(p, x, c, slot)
    newest = -NEVER
    given = p.slot_opt_in[slot] == 0
    for i in range(x.consent_from[c], x.consent_from[c + 1]):
        if x.consent_at[i] > t:
            continue
        if x.consent_topic[i] != NONE and x.consent_topic[i] != p.slot_topic[slot]:
            continue
        if x.consent_channel[i] != NONE and x.consent_channel[i] != channel:
            continue
        if x.consent_at[i] > newest:
            newest = x.consent_at[i]
            given = x.consent_given[i] == 1
        elif x.consent_at[i] == newest and x.consent_given[i] == 0:
            given = False
    return given, NEVER


def hours_of_day(k: Calendar, x: Columns, c: int, hours: int, day: int) -> tuple[int, int]:
    """Return when the hours begin and end on a local day; (NONE, NONE) where they do not apply."""
    index = day - k.first
    if index < 0 or index >= k.days or k.open_day[(hours * k.countries + x.country[c]) * k.days + index] == 0:
        return NONE, NONE
    opens = time_of_day(k, x.zone[c], k.hours_from[hours], day)
    closes = time_of_day(k, x.zone[c], k.hours_to[hours], day)
    if opens == NONE or closes == NONE:
        return NONE, NONE
    return opens, closes


def gate_send_hours(p: Program, k: Calendar, x: Columns, c: int, t: int, slot: int) -> tuple[bool, int]:
    """Gate 9: it is within the hours of the channel and the rule."""
    hours = p.slot_hours[slot]
    if hours == NONE:
        return True, NEVER
    day = local_day(k, x.zone[c], t)
    opens, closes = hours_of_day(k, x, c, hours, day)
    if opens != NONE and opens <= t < closes:
        return True, closes
    while day < k.first + k.days:
        opens, closes = hours_of_day(k, x, c, hours, day)
        if opens > t:
            return False, opens
        day += 1
    return False, midnight(k, x.zone[c], k.first + k.days - 1)


def gate_cap(
    p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, made: int, slot: int, cap: int
) -> tuple[bool, int]:
    """Gate 10: a frequency cap, over the contacts made."""
    r = x.rule[o]
    channel = slot_channel(p, x, c, slot)
    if p.exempt_caps[r] == 1:
        return True, NEVER
    if p.cap_serves[cap] != NONE and p.cap_serves[cap] != p.serves[r]:
        return True, NEVER
    if p.cap_channel[cap] != NONE and p.cap_channel[cap] != channel:
        return True, NEVER
    after = within_after(p, k, x, c, p.cap_span[cap], t)
    count = 0
    room = NEVER
    # Newest first: the contact that has to leave is the at_most-th newest.
    for j in range(made):
        i = made - 1 - j
        if s.made_at[i] > t or s.made_at[i] <= after or s.made_held[i] == 1 or s.made_exempt[i] == 1:
            continue
        if p.cap_serves[cap] != NONE and p.cap_serves[cap] != serves_of(s.made_asks[i]):
            continue
        if p.cap_channel[cap] != NONE and p.cap_channel[cap] != s.made_channel[i]:
            continue
        count += 1
        if count == p.cap_at_most[cap]:
            room = leaves_within(p, k, x, c, p.cap_span[cap], s.made_at[i])
    return (True, NEVER) if count < p.cap_at_most[cap] else (False, room)


def serves_of(asks: int) -> int:
    """Return whom a contact serves that asks for this: 0 the customer, 1 both, 2 us."""
    return 0 if asks == 0 else 1 if asks == 1 else 2


# --- the walk ----------------------------------------------------------------------------------------------------


def ask(
    p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, made: int, complete: bool
) -> tuple[int, int, int, int]:
    """Ask the gates of an occasion at `t`, over the first `made` contacts.

    Returns the outcome, the slot of the channel used (or of the first one), the bits of the gates that refused,
    and the instant before which the outcome can't be another without a new fact. With `complete` every gate is
    asked, and `gate_until` keeps each one's answer; without, the first that makes it wait is enough: the outcome is
    the same, as all gates have to say yes, and the instant is one before which that gate says no.
    """
    r = x.rule[o]
    outcome, refused, waits_until, ends_at = ask_ends(p, k, x, s, c, o, t, made)
    waits = refused != 0 and outcome == CONTACT
    first_slot = p.slot_from[r]
    if waits and not complete:
        return WAITING, first_slot, refused, min(waits_until, ends_at)

    # The channels come before the conditions, being cheap; their bits stand behind those of the conditions.
    asks_gates = 0 if p.asks[r] == ASKS_NOTHING else 2 + p.condition_from[r + 1] - p.blocked_from[r]
    channel_gate = CONDITIONS + p.blocked_from[r] - p.condition_from[r] + asks_gates
    chosen = NONE
    frees = NEVER
    first_refused = 0
    for slot in range(first_slot, p.slot_from[r + 1]):
        slot_refused, slot_until = ask_channel(p, k, x, s, c, o, t, made, slot, channel_gate, slot == first_slot)
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
    elif chosen != first_slot:
        ask_channel(p, k, x, s, c, o, t, made, chosen, channel_gate, True)

    conditions_refused, conditions_until = ask_conditions(p, k, x, s, c, o, t, made, complete)
    if conditions_refused != 0:
        refused |= conditions_refused
        waits = True
        waits_until = max(waits_until, conditions_until)
    if outcome == CONTACT:
        if waits:
            outcome = WAITING
        elif x.held[o] == 1:
            outcome = HELD_OUT
            refused |= 1 << (channel_gate + CAPS + len(p.cap_at_most))
    return outcome, chosen if chosen != NONE else first_slot, refused, min(waits_until, ends_at)


def ask_ends(
    p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, made: int
) -> tuple[int, int, int, int]:
    """Ask gates 1 to 4, whose no ends an occasion (or makes it wait for its beginning).

    Returns the outcome that they make (`CONTACT` where none ends it), the bits that refused, until when those that
    wait do so, and until when the others say yes.
    """
    refused = 0
    waits_until = -NEVER
    ends_at = NEVER
    outcome = CONTACT
    yes, until = gate_active(p, k, x, c, o, t)
    s.gate_until[ACTIVE] = until
    if yes:
        ends_at = min(ends_at, until)
    else:
        refused |= 1 << ACTIVE
        waits_until = max(waits_until, until)
        if cancels(p, k, x, c, o, t):
            outcome = CANCELLED
    s.gate_until[WINDOW] = x.opens[o] if t < x.opens[o] else x.closes[o]
    if not x.opens[o] <= t < x.closes[o]:
        refused |= 1 << WINDOW
        waits_until = max(waits_until, s.gate_until[WINDOW])
        if t >= x.closes[o] and outcome == CONTACT:
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
    p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, t: int, made: int, complete: bool
) -> tuple[int, int]:
    """Ask gates 5 and 6; returns the bits that refused (at least one of them, if not `complete`), and until when."""
    r = x.rule[o]
    refused = 0
    waits_until = -NEVER
    gate = CONDITIONS
    for i in range(p.condition_from[r], p.blocked_from[r]):
        yes, until = condition(p, k, x, s, c, o, t, made, p.gate_from[i], p.gate_from[i + 1])
        s.gate_until[gate] = until
        if yes != (p.gate_wanted[i] == 1):
            refused |= 1 << gate
            waits_until = max(waits_until, until)
            if not complete:
                return refused, waits_until
        gate += 1
    if p.asks[r] == ASKS_NOTHING:
        return refused, waits_until
    yes, until = gate_value_window(p, x, c, o, t)
    s.gate_until[gate] = until
    if not yes:
        refused |= 1 << gate
        waits_until = max(waits_until, until)
    gate += 1
    for i in range(p.blocked_from[r], p.condition_from[r + 1]):
        yes, until = condition(p, k, x, s, c, o, t, made, p.gate_from[i], p.gate_from[i + 1])
        s.gate_until[gate] = until
        if yes:
            refused |= 1 << gate
            waits_until = max(waits_until, until)
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
    x: Columns,
    s: Scratch,
    c: int,
    o: int,
    t: int,
    made: int,
    slot: int,
    gate: int,
    noted: bool,
) -> tuple[int, int]:
    """Ask gates 7 to 10 of one channel; returns the bits that refused, and until when they do."""
    refused = 0
    waits_until = -NEVER
    for i in range(CAPS + len(p.cap_at_most)):
        if i == REACHABLE:
            yes, until = gate_reachable(p, x, c, o, t, slot)
        elif i == CONSENT:
            yes, until = gate_consent(p, x, c, t, slot)
        elif i == SEND_HOURS:
            yes, until = gate_send_hours(p, k, x, c, t, slot)
        else:
            yes, until = gate_cap(p, k, x, s, c, o, t, made, slot, i - CAPS)
        if noted:
            s.gate_until[gate + i] = until
        if not yes:
            refused |= 1 << (gate + i)
            waits_until = max(waits_until, until)
    return refused, waits_until


def made_before(x: Columns, s: Scratch, c: int) -> int:
    """Take the contacts that a customer had before into the memory; returns how many they are."""
    made = 0
    for i in range(x.past_from[c], x.past_from[c + 1]):
        s.made_occasion[made] = NONE
        s.made_at[made] = x.past_at[i]
        s.made_rule[made] = x.past_rule[i]
        s.made_asks[made] = x.past_asks[i]
        s.made_channel[made] = x.past_channel[i]
        s.made_held[made] = x.past_held[i]
        s.made_exempt[made] = x.past_exempt[i]
        made += 1
    return made


def end(s: Scratch, o: int, outcome: int, at: int) -> None:
    """Write down that an occasion is over."""
    s.outcome[o] = outcome
    s.at[o] = at
    s.next[o] = NONE


def walk_customer(p: Program, k: Calendar, x: Columns, s: Scratch, c: int, since: int, until: int, causes: bool) -> int:
    """Walk the moments of one customer in [since, until); writes a result for each of their occasions.

    With `causes`, what is too late or waits gets the gates that stood in its way.

    Returns how many contacts are in the memory at the end: those from before, and those made.
    """
    made = made_before(x, s, c)
    low, high = x.occasion_from[c], x.occasion_from[c + 1]
    for o in range(low, high):
        s.outcome[o] = WAITING
        s.channel[o] = NONE
        s.refused[o] = 0
        s.until[o] = NONE
        s.next[o] = next_moment(p, k, x, c, o, since)
    fact, facts = x.fact_from[c], x.fact_from[c + 1]
    while fact < facts and x.fact_at[fact] <= since:
        fact += 1
    while True:
        t = NEVER
        for o in range(low, high):
            if s.next[o] != NONE:
                t = min(t, s.next[o], max(x.closes[o], x.known[o], since))
        if fact < facts:
            t = min(t, x.fact_at[fact])
        if t >= until:
            break
        if fact < facts and x.fact_at[fact] == t:
            while fact < facts and x.fact_at[fact] == t:
                fact += 1
            for o in range(low, high):
                if s.next[o] != NONE:
                    s.next[o] = min(s.next[o], next_moment(p, k, x, c, o, t))
        for o in range(low, high):
            if s.next[o] != NONE and max(x.closes[o], x.known[o]) <= t:
                end(s, o, TOO_LATE, max(x.closes[o], x.known[o]))
        o = low
        while o < high:
            if s.next[o] == NONE or s.next[o] > t:
                o += 1
                continue
            outcome, slot, refused, again = ask(p, k, x, s, c, o, t, made, False)
            if outcome == WAITING:
                s.next[o] = next_moment(p, k, x, c, o, max(again, t + 1)) if again < NEVER else NEVER
                o += 1
                continue
            end(s, o, outcome, t)
            s.refused[o] = refused
            if outcome == CONTACT or outcome == HELD_OUT:
                s.channel[o] = slot_channel(p, x, c, slot)
                s.made_occasion[made] = o
                s.made_at[made] = t
                s.made_rule[made] = x.rule[o]
                s.made_asks[made] = p.asks[x.rule[o]]
                s.made_channel[made] = s.channel[o]
                s.made_held[made] = 1 if outcome == HELD_OUT else 0
                s.made_exempt[made] = p.exempt_caps[x.rule[o]]
                made += 1
                # A contact may change every answer: all are asked again, in order.
                for other in range(low, high):
                    if s.next[other] != NONE:
                        s.next[other] = min(s.next[other], next_moment(p, k, x, c, other, t))
                o = low
            else:
                o += 1
    for o in range(low, high):
        if s.next[o] != NONE:
            s.at[o] = until
            s.until[o] = min(s.next[o], x.closes[o])
        if causes and (s.outcome[o] == WAITING or s.outcome[o] == TOO_LATE):
            s.refused[o] = silence_of(p, k, x, s, c, o, min(x.closes[o], until), made)
    return made


def silence_of(p: Program, k: Calendar, x: Columns, s: Scratch, c: int, o: int, before: int, made: int) -> int:
    """Return the gates that refused at the last instant before `before` inside the send hours.

    Where it had no moment at all, or nothing stood in its way at that one (it was not asked then), it is the window.
    """
    t = last_moment(p, k, x, c, o, before, True)
    if t == NONE:
        t = last_moment(p, k, x, c, o, before, False)
    if t == NONE:
        return 1 << WINDOW
    _, _, refused, _ = ask(p, k, x, s, c, o, t, made, True)
    return refused if refused != 0 else 1 << WINDOW


def walk(p: Program, k: Calendar, x: Columns, s: Scratch, since: int, until: int, causes: bool) -> int:
    """Walk all customers, one after the other; returns how many contacts the last one's memory holds."""
    made = 0
    for c in range(x.customers):
        made = walk_customer(p, k, x, s, c, since, until, causes)
    return made
