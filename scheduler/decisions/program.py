"""Rules, compiled: everything that does not depend on customers or time, as the tables of the kernel.

`compile_rules` is pure and cheap (some microseconds a rule); what it can't make sense of is an `InputError`, though
`check` finds such mistakes first, with their place. Over 400 lines, as what becomes of a rule (its trigger, its window,
its gates, its channels) is best read in one piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cached_property
from typing import TypeVar

from scheduler.decisions import kernel
from scheduler.decisions.causes import Cause
from scheduler.decisions.conditions import (
    ASKS,
    Carries,
    Conditions,
    From,
    Leaf,
    LeafKind,
    Predicate,
    Stream,
    kept,
)
from scheduler.decisions.numbering import Interned
from scheduler.decisions.spans import WIDEST, Spans
from scheduler.durations import Duration, Unit
from scheduler.errors import InputError
from scheduler.rulebook.model import (
    ALL_DAYS,
    CONTACT,
    PREFERRED,
    VALUE_WINDOW,
    AsksFor,
    Condition,
    ConsentMode,
    ContactTrigger,
    DateTrigger,
    EventDateTrigger,
    EventTrigger,
    EveryTrigger,
    Exemption,
    Hours,
    HouseRules,
    Rule,
    Rulebook,
    Serves,
    SilenceTrigger,
    Status,
    Weekday,
)
from scheduler.wallclock import DAY, day_of

T = TypeVar("T")
SERVES = tuple(Serves)
CHANNEL_GATES = frozenset({Cause.REACHABLE, Cause.CONSENT, Cause.SEND_HOURS, Cause.CAP})
MOST_GATES = 62
"""As many gates as a rule may have: one bit each."""

NO_DELAY = Duration(0, Unit.DAYS)
VALUE_WINDOW_DEFAULT = Duration(60, Unit.DAYS)
"""How long value takes where the house says nothing."""


class Trigger(IntEnum):
    """What gives rise to a rule's occasions."""

    EVENT = 0
    SILENCE = 1
    EVENT_DATE = 2
    DATE = 3
    DATE_ONCE = 4
    CONTACT = 5
    CONTACT_SILENCE = 6
    WEEK = 7
    MONTH = 8
    SPAN = 9


class Backfill(IntEnum):
    """Which triggers from before the rule was activated are admitted."""

    ALL_OPEN = 0
    NONE_BEFORE = 1
    SINCE_A_DAY = 2


class ValueOf(IntEnum):
    """Whose value window an ask waits for: that of its own trigger, or of the newest delivery (if there is any)."""

    NOTHING = 0
    TRIGGER = 1
    NEWEST = 2
    NEWEST_IF_ANY = 3


_VALUE_OF = {"none": ValueOf.NOTHING, "required": ValueOf.NEWEST, "if delivered": ValueOf.NEWEST_IF_ANY}


@dataclass(frozen=True)
class Gate:
    """One gate of a rule; the condition it asks, where it asks one, and under which key of the rule that was written.

    `detail` tells it from the rule's other gates with the same cause.
    """

    cause: Cause
    detail: str = ""
    condition: Condition | None = None
    wanted: bool = True
    source: str = ""

    @cached_property
    def name(self) -> str:
        """What decisions call it: `consent`, `only_if.happy`, `cap.1`."""
        return f"{self.cause}.{self.detail}" if self.detail else str(self.cause)


class Draw(IntEnum):
    """What is drawn by lot for each customer: whether they are held out, or by how many days a return is shifted."""

    HELD_OUT = 0
    SHIFT = 1


@dataclass(frozen=True)
class Program:
    """A rulebook, ready to decide with: the kernel's tables and what their numbers mean.

    `names` are those of `rules`, and behind them those of drafts, which decide nothing: what they sent before counts.
    `events`, `attributes` and `properties` are those that any rule looks at; `draws` what is drawn by lot for which
    rule; `reach` how far from an instant the windows and counts that matter to it may lie, in microseconds.
    """

    rulebook: Rulebook
    rules: tuple[Rule, ...]
    names: tuple[str, ...]
    gates: tuple[tuple[Gate, ...], ...]
    tables: kernel.Program
    leaves: tuple[Leaf, ...]
    streams: tuple[Stream, ...]
    predicates: tuple[Predicate, ...]
    channels: tuple[str, ...]
    topics: tuple[str, ...]
    events: tuple[str, ...]
    attributes: tuple[str, ...]
    properties: tuple[str, ...]
    spans: tuple[Duration, ...]
    draws: tuple[tuple[Draw, Rule], ...]
    reach: int

    @property
    def has_follow_ups(self) -> bool:
        """Whether contacts give rise to occasions."""
        return any(row.trigger in {Trigger.CONTACT, Trigger.CONTACT_SILENCE} for row in self.tables.rules)

    @property
    def house(self) -> HouseRules:
        """The house rules."""
        return self.rulebook.house


def anchored_on_delivery(rule: Rule, house: HouseRules) -> bool:
    """Whether the rule's own trigger is an event that delivers value."""
    delivered_by = () if house.value_window is None else house.value_window.delivered_by
    match rule.when:
        case EventTrigger(event=name) | EventDateTrigger(event=name) | SilenceTrigger(silence=name):
            return name in delivered_by
    return False


def compile_rules(rulebook: Rulebook) -> Program:
    """Compile all rules that are not drafts; raises `InputError` for what can't be compiled."""
    return _Compiler(rulebook).program()


class _Compiler:
    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.house = rulebook.house
        live = [rule for rule in rulebook.rules.values() if rule.status is not Status.DRAFT]
        drafts = [rule.name for rule in rulebook.rules.values() if rule.status is Status.DRAFT]
        self.rules = tuple(
            sorted(live, key=lambda rule: (-rule.priority, SERVES.index(rule.asks_for.serves), rule.name))
        )
        _refuse_circles(self.rules)
        self.channels, self.topics = Interned(), Interned()
        self.spans = Spans()
        self.names = (*(rule.name for rule in self.rules), *drafts)
        numbers = {name: number for number, name in enumerate(self.names)}
        self.conditions = Conditions(self.house, rulebook.conditions, numbers, self.channels, self.spans)
        self.triggered_by = Interned()
        self.wheres: list[int] = []
        self.code: list[int] = []
        self.gate_rows: list[kernel.GateRow] = []
        self.slots: list[kernel.SlotRow] = []
        self.preferred: list[tuple[kernel.SlotRow, Rule, Duration | None]] = []
        self.hours: list[kernel.HoursRow] = []
        self.draws: list[tuple[Draw, Rule]] = []
        self.gates: list[tuple[Gate, ...]] = []
        self._deliveries = kernel.NONE

    def program(self) -> Program:
        names = sorted(rule.name for rule in self.rules)
        rows = [self._row(rule, names.index(rule.name)) for rule in self.rules]
        caps = [self._cap(number) for number in range(len(self.house.frequency_caps))]
        house = self._house_row()
        self._lay_alternatives()
        streams = [self._stream_row(stream) for stream in self.conditions.streams]
        leaves, tests = list[kernel.LeafRow](), list[float]()
        for leaf in self.conditions.leaves:
            leaves.append(_leaf_row(leaf, len(tests)))
            tests += leaf.tests
        events = Interned(self.triggered_by)
        for stream in self.conditions.streams:
            for name in stream.events:
                events.number(name)
        predicates = self.conditions.predicates
        tables = kernel.Program(
            rules=rows,
            gates=self.gate_rows,
            code=self.code,
            slots=self.slots,
            caps=caps,
            spans=self.spans.rows,
            hours=self.hours,
            leaves=leaves,
            tests=tests,
            streams=streams,
            hears=[_hears(stream, name) for stream in self.conditions.streams for name in events],
            wakes=[heard.get(name, 0) for heard in map(self._heard, rows, self.gates) for name in events],
            wheres=self.wheres,
            predicate_columns=[predicate.column for predicate in predicates],
            house=[house],
            names=len(events),
        )
        farthest = max((max(-row.reach_low, row.reach_high) for row in rows), default=0)
        return Program(
            rulebook=self.rulebook,
            rules=self.rules,
            names=self.names,
            gates=tuple(self.gates),
            tables=tables,
            leaves=tuple(self.conditions.leaves),
            streams=tuple(self.conditions.streams),
            predicates=tuple(predicates),
            channels=tuple(self.channels),
            topics=tuple(self.topics),
            events=tuple(events),
            attributes=tuple(self.conditions.attributes),
            properties=tuple(self.conditions.properties),
            spans=tuple(self.spans.durations),
            draws=tuple(self.draws),
            reach=farthest + self.spans.longest * DAY,
        )

    def _heard(self, row: kernel.RuleRow, gates: Sequence[Gate]) -> dict[str, int]:
        """The events that may change what a rule's gates say, each with the bits of those gates."""
        heard: dict[str, int] = {}
        for bit, streams in enumerate(self._streams_of(row, gates)):
            for number in streams - {kernel.NONE}:
                for name in self.conditions.streams[number].events:
                    heard[name] = heard.get(name, 0) | 1 << bit
        return heard

    def _streams_of(self, row: kernel.RuleRow, gates: Sequence[Gate]) -> Iterator[set[int]]:
        """The streams that each gate of a rule looks at."""
        asked = iter(self.gate_rows[row.condition_from : row.condition_to])
        newest = row.value_window in {ValueOf.NEWEST, ValueOf.NEWEST_IF_ANY}
        for gate in gates:
            if gate.cause is Cause.UNTIL:
                yield {row.voided_by, *(leaf.stream for leaf in self._leaves_of(row.goal_from, row.goal_to))}
            elif gate.cause is Cause.VALUE_WINDOW and newest:
                yield {self._deliveries}
            elif gate.condition is not None:
                condition = next(asked)
                yield {leaf.stream for leaf in self._leaves_of(condition.code_from, condition.code_to)}
            else:
                yield set()

    def _leaves_of(self, start: int, end: int) -> list[Leaf]:
        return [self.conditions.leaves[step] for step in self.code[start:end] if step >= 0]

    def _compares_with_the_event(self, row: kernel.RuleRow) -> bool:
        asked = self._leaves_of(row.goal_from, row.goal_to)
        for gate in self.gate_rows[row.condition_from : row.condition_to]:
            asked += self._leaves_of(gate.code_from, gate.code_to)
        return any(leaf.key != kernel.NONE for leaf in asked)

    def _asks_contacts(self, start: int, end: int) -> bool:
        return any(
            leaf.kind is LeafKind.CONTACTS
            or (leaf.kind is LeafKind.OPEN and self.conditions.streams[leaf.stream].by_tasks)
            for leaf in self._leaves_of(start, end)
        )

    def _row(self, rule: Rule, name_rank: int) -> kernel.RuleRow:
        row = kernel.RuleRow(
            active=int(rule.status is Status.ACTIVE),
            starts=day_of(rule.starts) if rule.starts else kernel.FIRST_DAY,
            ends=day_of(rule.ends) if rule.ends else kernel.LAST_DAY,
            name_rank=name_rank,
            again=1 if rule.again.never else 2 if rule.again.after else 0,
            again_span=self.spans.number(rule.again.after),
            asks=ASKS.index(rule.asks_for),
            serves=SERVES.index(rule.asks_for.serves),
            exempt_caps=int(Exemption.FREQUENCY_CAPS in rule.exempt),
            is_task=int(rule.is_task),
            at=kernel.NONE if rule.at is None else rule.at * kernel.MINUTE,
        )
        row.backfill = Backfill.NONE_BEFORE if rule.backfill == "none" else Backfill.ALL_OPEN
        if isinstance(rule.backfill, date):
            row.backfill, row.backfill_day = Backfill.SINCE_A_DAY, day_of(rule.backfill)
        if rule.holdout > 0:
            row.holdout = self._draw(Draw.HELD_OUT, rule)
        self._trigger(row, rule)
        self._window(row, rule)
        self._gates(row, rule)
        return row

    def _draw(self, what: Draw, rule: Rule) -> int:
        self.draws.append((what, rule))
        return len(self.draws) - 1

    # --- what triggers it

    def _trigger(self, row: kernel.RuleRow, rule: Rule) -> None:
        match rule.when:
            case EventTrigger(event=name):
                self._by_event(row, Trigger.EVENT, name, rule)
            case EventDateTrigger(event=name):
                self._by_event(row, Trigger.EVENT_DATE, name, rule)
                row.column = self.conditions.column(rule.when.date)
                if rule.when.same is not None:
                    # Moved by whatever newer event of that key, also by one that is no trigger itself.
                    row.void_key = self.conditions.column(rule.when.same)
                    row.voided_by = self.conditions.stream(Stream((name,), key=row.void_key))
            case SilenceTrigger(silence=name) if name == CONTACT:
                if not isinstance(rule.after, Duration) or rule.after.exact or not rule.after.count:
                    raise InputError(f"rule {rule.name}: silence after our contacts needs an `after` of days or more")
                row.trigger = Trigger.CONTACT_SILENCE
            case SilenceTrigger(silence=name):
                self._by_event(row, Trigger.SILENCE, name, rule)
                row.void_key = self.conditions.column(rule.when.same)
                where = self.conditions.where(rule.when.where)
                row.voided_by = self.conditions.stream(Stream((name,), where, key=row.void_key))
            case DateTrigger(date=name):
                row.trigger = Trigger.DATE_ONCE if rule.when.once else Trigger.DATE
                row.column = self.conditions.attributes.number(name)
            case ContactTrigger(contact=name):
                row.trigger, row.follows = Trigger.CONTACT, self.conditions.rule(name)
            case EveryTrigger():
                self._every(row, rule, rule.when)

    def _by_event(self, row: kernel.RuleRow, trigger: Trigger, name: str, rule: Rule) -> None:
        row.trigger, row.event = trigger, self.triggered_by.number(name)
        row.where_from, row.where_to = self._laid(self.wheres, self.conditions.where(getattr(rule.when, "where", None)))

    def _every(self, row: kernel.RuleRow, rule: Rule, when: EveryTrigger) -> None:
        if rule.starts is None:
            raise InputError(f"rule {rule.name}: what returns is counted from starts, which is missing")
        if isinstance(when.every, Duration):
            if when.every.exact or not when.every.count:
                raise InputError(f"rule {rule.name}: every takes days, weeks, months or years, not {when.every}")
            row.trigger, row.every = Trigger.SPAN, self.spans.number(when.every)
        elif when.every == "week":
            on = when.on if isinstance(when.on, Weekday) else ALL_DAYS[rule.starts.weekday()]
            row.trigger, row.every = Trigger.WEEK, ALL_DAYS.index(on)
        else:
            row.trigger, row.every = Trigger.MONTH, when.on if isinstance(when.on, int) else rule.starts.day
        if when.spread is not None:
            row.spread = self._draw(Draw.SHIFT, rule)

    # --- when it may speak

    def _window(self, row: kernel.RuleRow, rule: Rule) -> None:
        before = rule.before
        if before is None and rule.ahead is not None:
            before = NO_DELAY
        row.before = self.spans.number(before)
        row.ahead = self.spans.number(rule.ahead)
        if rule.after == VALUE_WINDOW:
            if rule.triggering_event is None:
                raise InputError(f"rule {rule.name}: after: value_window is that of an event, and none triggers it")
            row.after_value = 1
            for window in self._value_windows():
                self.spans.number(window)
        elif isinstance(rule.after, Duration):
            row.after = self.spans.number(rule.after)
        row.reach_low, row.reach_high = self._reach(rule, before)
        ask = self.house.ask(rule.asks_for)
        row.gives_span = kernel.NONE if isinstance(ask.gives, str) else self.spans.number(ask.gives)
        row.value_window = _VALUE_OF[str(ask.value_window)]
        if self.house.value_window is None:
            # The house states none: an ask that must have had it waits by its own trigger, others pass.
            row.value_window = ValueOf.TRIGGER if row.value_window == ValueOf.NEWEST else ValueOf.NOTHING
        elif row.value_window != ValueOf.NOTHING and anchored_on_delivery(rule, self.house):
            row.value_window = ValueOf.TRIGGER

    def _value_windows(self) -> list[Duration]:
        window = self.house.value_window
        return [VALUE_WINDOW_DEFAULT] if window is None else [*window.windows.values(), window.default]

    def _reach(self, rule: Rule, before: Duration | None) -> tuple[int, int]:
        """Bounds of the window around the trigger, in microseconds, wide enough for zones, clamps and holidays."""
        early = max(rule.ahead or NO_DELAY, *(use.ahead or NO_DELAY for use in rule.by), NO_DELAY, key=_nominal)
        if before is not None:
            late = before.nominal_days
        else:
            delays = self._value_windows() if rule.after == VALUE_WINDOW else [rule.after]
            late = max(delay.nominal_days for delay in delays if isinstance(delay, Duration)) if rule.after else 0.0
            late += self.house.default_window.nominal_days
        return -int((early.nominal_days * WIDEST + 5) * DAY), int((late * WIDEST + 10) * DAY)

    # --- its gates and channels

    def _gates(self, row: kernel.RuleRow, rule: Rule) -> None:
        row.goal_from, row.goal_to = self._laid(self.code, self._goal(rule))
        gates = [
            Gate(Cause.ACTIVE, source="status"),
            Gate(Cause.WINDOW, source="when"),
            Gate(Cause.AGAIN, source="again"),
            Gate(Cause.UNTIL, source="until"),
        ]
        row.condition_from = len(self.gate_rows)
        gates += self._listed(Cause.ONLY_IF, rule.only_if, wanted=True)
        gates += self._listed(Cause.UNLESS, rule.unless, wanted=False)
        row.blocked_from = len(self.gate_rows)
        if rule.asks_for is not AsksFor.NOTHING:
            gates.append(Gate(Cause.VALUE_WINDOW))
            for name in self.house.ask(rule.asks_for).blocked_while or ():
                self._emit(name, wanted=False)
                gates.append(Gate(Cause.BLOCKED, name, name, wanted=False))
            gates.append(Gate(Cause.GIVES))
        row.condition_to = len(self.gate_rows)
        gates += [
            Gate(Cause.REACHABLE, source="by"),
            Gate(Cause.CONSENT, source="topic"),
            Gate(Cause.SEND_HOURS, source="send_hours"),
            *(Gate(Cause.CAP, str(number)) for number, _ in enumerate(self.house.frequency_caps, start=1)),
            Gate(Cause.HOLDOUT, source="holdout"),
        ]
        if len(gates) > MOST_GATES:
            raise InputError(f"rule {rule.name} has {len(gates)} gates; at most {MOST_GATES} can be asked")
        self.gates.append(tuple(gates))
        if rule.triggering_event is None and self._compares_with_the_event(row):
            raise InputError(f"rule {rule.name}: same compares with the triggering event, and none triggers it")
        row.contact_ends = int(
            self._asks_contacts(row.goal_from, row.goal_to) or row.trigger == Trigger.CONTACT_SILENCE
        )
        asked = iter(self.gate_rows[row.condition_from : row.condition_to])
        for bit, gate in enumerate(gates):
            condition = next(asked) if gate.condition is not None else None
            if condition is not None and self._asks_contacts(condition.code_from, condition.code_to):
                row.contact_gates |= 1 << bit
            elif gate.cause is Cause.GIVES:
                row.gives_gate = 1 << bit
            elif gate.cause in CHANNEL_GATES:
                row.channel_gates |= 1 << bit
        row.slot_from, row.slot_to = self._laid(
            self.slots, [self._slot(rule, use.channel, use.ahead) for use in rule.by]
        )

    def _laid(self, table: list[T], rows: Sequence[T]) -> tuple[int, int]:
        """Lay rows at the end of a table; returns where they begin and end."""
        start = len(table)
        table += rows
        return start, len(table)

    def _listed(self, cause: Cause, conditions: Sequence[Condition], *, wanted: bool) -> list[Gate]:
        gates = []
        for number, condition in enumerate(conditions, start=1):
            self._emit(condition, wanted=wanted)
            name = condition if isinstance(condition, str) else str(number)
            gates.append(Gate(cause, name, condition, wanted, f"{cause}.{number}"))
        return gates

    def _emit(self, condition: Condition, *, wanted: bool) -> None:
        start, end = self._laid(self.code, self.conditions.code(condition))
        self.gate_rows.append(kernel.GateRow(start, end, int(wanted)))

    def _goal(self, rule: Rule) -> list[int]:
        if rule.until is None:
            return []
        ahead = rule.ahead or any(use.ahead for use in rule.by)
        since = From.OPENING if ahead and isinstance(rule.when, DateTrigger | EveryTrigger) else From.TRIGGER
        return self.conditions.goal(rule.until, since)

    def _lay_alternatives(self) -> None:
        """A channel that the customer prefers goes by its own hours and consent, whichever it is."""
        for slot, rule, ahead in self.preferred:
            slot.alternatives = len(self.slots)
            self.slots += [self._slot(rule, channel, ahead) for channel in tuple(self.channels)]

    def _slot(self, rule: Rule, channel: str, ahead: Duration | None) -> kernel.SlotRow:
        topic, mode = self.house.topic(rule)
        opt_in = ConsentMode.OPT_IN in (mode, self.house.channel_consent(channel))
        row = kernel.SlotRow(
            channel=kernel.NONE if channel == PREFERRED else self.channels.number(channel),
            hours=kernel.NONE if Exemption.SEND_HOURS in rule.exempt else self._hours(rule, channel),
            topic=self.topics.number(topic),
            opt_in=int(opt_in),
            ahead=self.spans.number(ahead),
        )
        if channel == PREFERRED:
            self.preferred.append((row, rule, ahead))
        return row

    def _hours(self, rule: Rule, channel: str) -> int:
        house, own = self.house.hours(channel), rule.send_hours or Hours.model_validate({})
        opens, closes = house.from_ or 0, house.to if house.to is not None else 24 * 60
        if own.from_ is not None:
            opens = max(opens, own.from_)
        if own.to is not None:
            closes = min(closes, own.to)
        days = [day for day in house.days or () if own.days is None or day in own.days]
        row = kernel.HoursRow(
            opens=opens * kernel.MINUTE,
            closes=closes * kernel.MINUTE,
            weekdays=sum(1 << ALL_DAYS.index(day) for day in days),
            holidays=int("skip" in (house.holidays, own.holidays)),
        )
        return kept(self.hours, row)

    # --- the house

    def _cap(self, number: int) -> kernel.CapRow:
        cap = self.house.frequency_caps[number]
        return kernel.CapRow(
            at_most=cap.at_most,
            span=self.spans.number(cap.within),
            serves=kernel.NONE if cap.serves is None else SERVES.index(cap.serves),
            channel=kernel.NONE if cap.by is None else self.channels.number(cap.by),
        )

    def _house_row(self) -> kernel.HouseRow:
        window = self.house.value_window
        row = kernel.HouseRow(
            default_at=self.house.default_at * kernel.MINUTE,
            default_window=self.spans.number(self.house.default_window),
            lateness=self.house.lateness.microseconds,
            leap_day_in_march=int(self.house.leap_day == "mar 1"),
            ripens=self.spans.number(self._value_windows()[-1]),
        )
        for span in self._value_windows():
            self.spans.number(span)
        if window is not None:
            row.has_value_window = 1
            row.ripe_column = self.conditions.column(window.property)
            if any(rule.asks_for is not AsksFor.NOTHING for rule in self.rules):
                row.deliveries = self._deliveries = self.conditions.stream(
                    Stream(window.delivered_by, carries=Carries.RIPE)
                )
        return row

    def _stream_row(self, stream: Stream) -> kernel.StreamRow:
        where_from, where_to = self._laid(self.wheres, stream.where)
        return kernel.StreamRow(
            where_from=where_from,
            where_to=where_to,
            carries=stream.carries,
            column=stream.column,
            flag=stream.flag,
            key=stream.key,
            span=self.spans.number(stream.span),
            by_tasks=int(stream.by_tasks),
        )


def _leaf_row(leaf: Leaf, test_from: int) -> kernel.LeafRow:
    return kernel.LeafRow(
        kind=leaf.kind,
        stream=leaf.stream,
        column=leaf.column,
        aggregate=leaf.aggregate,
        span=leaf.span,
        since=leaf.since,
        key=leaf.key,
        test_from=test_from,
        test_to=test_from + len(leaf.tests),
        rule=leaf.rule,
        asks=leaf.asks,
        channels=leaf.channels,
    )


def _hears(stream: Stream, name: str) -> int:
    if name in stream.closed_by:
        return 2
    return int(name in stream.events)


def _nominal(duration: Duration) -> float:
    return duration.nominal_days


def _refuse_circles(rules: Sequence[Rule]) -> None:
    """Rules that follow each other in a circle would speak without end."""
    follows = {rule.name: rule.when.contact for rule in rules if isinstance(rule.when, ContactTrigger)}
    for name in follows:
        path = [name]
        while (following := follows.get(path[-1])) is not None:
            if following in path:
                raise InputError(f"contacts trigger each other without end: {' → '.join([*path, following])}")
            path.append(following)
