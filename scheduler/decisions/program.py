"""Rules, compiled: everything that does not depend on customers or time, as the tables of the kernel.

`compile_rules` is pure and cheap (some microseconds a rule); what it can't make sense of is an `InputError`, though
`check` finds such mistakes first, with their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cached_property

from scheduler.decisions import kernel
from scheduler.decisions.causes import Cause
from scheduler.decisions.conditions import ASKS, Conditions, From, Leaf, Stream
from scheduler.decisions.numbering import Interned, offsets
from scheduler.decisions.spans import Spans
from scheduler.durations import Duration
from scheduler.errors import InputError
from scheduler.rulebook.model import (
    ALL_DAYS,
    PREFERRED,
    AsksFor,
    Condition,
    ConsentMode,
    DateTrigger,
    EventDateTrigger,
    EventTrigger,
    Exemption,
    Hours,
    HouseRules,
    Rule,
    Rulebook,
    Serves,
    SilenceTrigger,
    Status,
)
from scheduler.wallclock import day_of

SERVES = tuple(Serves)
MOST_GATES = 62
"""As many gates as a rule may have: one bit each."""

_FIRST_DAY = day_of(date(1, 1, 1))
_OF_A_RULE = (
    *("active", "starts", "ends", "clock", "again", "again_span", "silence", "silence_key", "asks"),
    *("value_window", "gives_span", "exempt_caps", "serves"),
)
"""The columns of the kernel's table that have one entry a rule."""


class ValueOf(IntEnum):
    """Whose value window an ask waits for: that of its own trigger, or of the newest delivery (if there is any)."""

    NOTHING = 0
    TRIGGER = 1
    NEWEST = 2
    NEWEST_IF_ANY = 3


_VALUE_OF = {"none": ValueOf.NOTHING, "required": ValueOf.NEWEST, "if delivered": ValueOf.NEWEST_IF_ANY}


@dataclass(frozen=True)
class HoursTable:
    """Hours as they apply: those of a channel, narrowed by a rule; `closed` are days, `holidays` are skipped."""

    opens: int
    closes: int
    weekdays: frozenset[int]
    holidays: bool


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


@dataclass(frozen=True)
class Program:
    """A rulebook, ready to decide with: the kernel's tables and what the words need."""

    rulebook: Rulebook
    rules: tuple[Rule, ...]
    gates: tuple[tuple[Gate, ...], ...]
    tables: kernel.Program
    leaves: tuple[Leaf, ...]
    streams: tuple[Stream, ...]
    channels: tuple[str, ...]
    topics: tuple[str, ...]
    keys: tuple[str, ...]
    spans: tuple[Duration, ...]
    reach_back: int
    clocks: tuple[int, ...]
    hours: tuple[HoursTable, ...]

    @property
    def house(self) -> HouseRules:
        """The house rules."""
        return self.rulebook.house


def opens_at_midnight(rule: Rule) -> bool:
    """Whether the rule's windows open at a midnight: by a date, or by a delay of calendar units."""
    if isinstance(rule.when, DateTrigger | EventDateTrigger):
        return not (isinstance(rule.after, Duration) and rule.after.exact)
    return rule.after is not None and not (isinstance(rule.after, Duration) and rule.after.exact)


def anchored_on_delivery(rule: Rule, house: HouseRules) -> bool:
    """Whether the rule's own trigger delivers value."""
    window = house.value_window
    return window is None or (isinstance(rule.when, EventTrigger) and rule.when.event in window.delivered_by)


def compile_rules(rulebook: Rulebook) -> Program:
    """Compile all rules that are not drafts; raises `InputError` for what can't be compiled."""
    return _Compiler(rulebook).program()


class _Compiler:
    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.house = rulebook.house
        live = [rule for rule in rulebook.rules.values() if rule.status is not Status.DRAFT]
        self.rules = tuple(
            sorted(live, key=lambda rule: (-rule.priority, SERVES.index(rule.asks_for.serves), rule.name))
        )
        self.channels, self.topics, self.clocks = Interned(), Interned(), Interned()
        self.spans = Spans()
        numbers = {rule.name: number for number, rule in enumerate(self.rules)}
        self.conditions = Conditions(self.house, rulebook.conditions, numbers, self.channels, self.spans)
        self.hours: list[HoursTable] = []
        self.code: list[int] = []
        self.gate_from, self.gate_wanted = [0], list[int]()
        self.gates: list[tuple[Gate, ...]] = []

    def program(self) -> Program:
        rows = [self._row(rule) for rule in self.rules]
        goal_from, condition_from, blocked_from, slot_from, slots = self._gates_and_slots()
        deliveries = self._deliveries()
        caps = self.house.frequency_caps
        cap_spans = [self.spans.number(cap.within) for cap in caps]
        cap_channels = [kernel.NONE if cap.by is None else self.channels.number(cap.by) for cap in caps]
        leaves = self.conditions.leaves
        tests = [leaf.tests for leaf in leaves]
        tables = kernel.Program(
            **{name: [row[name] for row in rows] for name in _OF_A_RULE},
            goal_from=goal_from,
            condition_from=condition_from,
            blocked_from=blocked_from,
            slot_from=slot_from,
            gate_from=self.gate_from,
            gate_wanted=self.gate_wanted,
            code=self.code,
            slot_channel=[slot[0] for slot in slots],
            slot_hours=[slot[1] for slot in slots],
            slot_topic=[slot[2] for slot in slots],
            slot_opt_in=[slot[3] for slot in slots],
            cap_at_most=[cap.at_most for cap in caps],
            cap_span=cap_spans,
            cap_serves=[kernel.NONE if cap.serves is None else SERVES.index(cap.serves) for cap in caps],
            cap_channel=cap_channels,
            span_exact=[span.microseconds if span.exact else kernel.NONE for span in self.spans.durations],
            leaf_kind=[leaf.kind for leaf in leaves],
            leaf_stream=[leaf.stream for leaf in leaves],
            leaf_aggregate=[leaf.aggregate for leaf in leaves],
            leaf_span=[leaf.span for leaf in leaves],
            leaf_since=[leaf.since for leaf in leaves],
            leaf_key=[leaf.key for leaf in leaves],
            leaf_test_from=offsets(tests),
            leaf_rule=[leaf.rule for leaf in leaves],
            leaf_asks=[leaf.asks for leaf in leaves],
            leaf_channels=[leaf.channels for leaf in leaves],
            test=[float(number) for test in tests for number in test],
            deliveries=deliveries,
            lateness=self.house.lateness.microseconds,
        )
        return Program(
            rulebook=self.rulebook,
            rules=self.rules,
            gates=tuple(self.gates),
            tables=tables,
            leaves=tuple(leaves),
            streams=tuple(self.conditions.streams),
            channels=tuple(self.channels),
            topics=tuple(self.topics),
            keys=tuple(self.conditions.keys),
            spans=tuple(self.spans.durations),
            reach_back=self.spans.longest,
            clocks=tuple(int(minute) for minute in self.clocks),
            hours=tuple(self.hours),
        )

    def _row(self, rule: Rule) -> dict[str, int]:
        at = rule.at if rule.at is not None else self.house.default_at if opens_at_midnight(rule) else None
        ask = self.house.ask(rule.asks_for)
        silence, silence_key = kernel.NONE, kernel.NONE
        if isinstance(rule.when, SilenceTrigger):
            silence = self.conditions.stream(Stream((rule.when.silence,), rule.when.where, key=rule.when.same or ""))
            silence_key = self.conditions.key(rule.when.same)
        value_of = _VALUE_OF[str(ask.value_window)]
        if value_of is not ValueOf.NOTHING and anchored_on_delivery(rule, self.house):
            value_of = ValueOf.TRIGGER
        return {
            "active": int(rule.status is Status.ACTIVE),
            "starts": day_of(rule.starts) if rule.starts else _FIRST_DAY,
            "ends": day_of(rule.ends) if rule.ends else kernel.LAST_DAY,
            "clock": kernel.NONE if at is None else self.clocks.number(str(at)),
            "again": 1 if rule.again.never else 2 if rule.again.after else 0,
            "again_span": self.spans.number(rule.again.after),
            "silence": silence,
            "silence_key": silence_key,
            "asks": ASKS.index(rule.asks_for),
            "value_window": value_of,
            "gives_span": kernel.NONE if isinstance(ask.gives, str) else self.spans.number(ask.gives),
            "exempt_caps": int(Exemption.FREQUENCY_CAPS in rule.exempt),
            "serves": SERVES.index(rule.asks_for.serves),
        }

    def _gates_and_slots(
        self,
    ) -> tuple[list[int], list[int], list[int], list[int], list[tuple[int, int, int, int]]]:
        """Lay down each rule's condition gates, its goal and its channels.

        The goals' codes stand in front of all others, so that one table of offsets serves them.
        """
        goals = [self._goal(rule) for rule in self.rules]
        self.code = [step for goal in goals for step in goal]
        self.gate_from = [len(self.code)]
        condition_from, blocked_from, slot_from = list[int](), list[int](), [0]
        slots: list[tuple[int, int, int, int]] = []
        for rule in self.rules:
            gates = [
                Gate(Cause.ACTIVE, source="status"),
                Gate(Cause.WINDOW, source="when"),
                Gate(Cause.AGAIN, source="again"),
                Gate(Cause.UNTIL, source="until"),
            ]
            condition_from.append(len(self.gate_wanted))
            gates += self._listed(Cause.ONLY_IF, rule.only_if, wanted=True)
            gates += self._listed(Cause.UNLESS, rule.unless, wanted=False)
            blocked_from.append(len(self.gate_wanted))
            if rule.asks_for is not AsksFor.NOTHING:
                gates.append(Gate(Cause.VALUE_WINDOW))
                for name in self.house.ask(rule.asks_for).blocked_while or ():
                    self._emit(name, wanted=False)
                    gates.append(Gate(Cause.BLOCKED, name, name, wanted=False))
                gates.append(Gate(Cause.GIVES))
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
            slots += [self._slot(rule, use.channel) for use in rule.by]
            slot_from.append(len(slots))
        condition_from.append(len(self.gate_wanted))
        return offsets(goals), condition_from, blocked_from, slot_from, slots

    def _listed(self, cause: Cause, conditions: Sequence[Condition], *, wanted: bool) -> list[Gate]:
        gates = []
        for number, condition in enumerate(conditions, start=1):
            self._emit(condition, wanted=wanted)
            name = condition if isinstance(condition, str) else str(number)
            gates.append(Gate(cause, name, condition, wanted, f"{cause}.{number}"))
        return gates

    def _emit(self, condition: Condition, *, wanted: bool) -> None:
        self.code += self.conditions.code(condition)
        self.gate_from.append(len(self.code))
        self.gate_wanted.append(int(wanted))

    def _goal(self, rule: Rule) -> list[int]:
        if rule.until is None:
            return []
        ahead = rule.ahead or any(use.ahead for use in rule.by)
        since = From.OPENING if ahead and isinstance(rule.when, DateTrigger) else From.TRIGGER
        return self.conditions.goal(rule.until, since)

    def _slot(self, rule: Rule, channel: str) -> tuple[int, int, int, int]:
        topic, mode = self.house.topic(rule)
        opt_in = ConsentMode.OPT_IN in (mode, self.house.channel_consent(channel))
        hours = kernel.NONE if Exemption.SEND_HOURS in rule.exempt else self._hours(rule, channel)
        number = kernel.NONE if channel == PREFERRED else self.channels.number(channel)
        return number, hours, self.topics.number(topic), int(opt_in)

    def _hours(self, rule: Rule, channel: str) -> int:
        house, own = self.house.hours(channel), rule.send_hours or Hours.model_validate({})
        opens, closes = house.from_ or 0, house.to if house.to is not None else 24 * 60
        if own.from_ is not None:
            opens = max(opens, own.from_)
        if own.to is not None:
            closes = min(closes, own.to)
        days = [day for day in house.days or () if own.days is None or day in own.days]
        table = HoursTable(
            self.clocks.number(str(opens)),
            self.clocks.number(str(closes)),
            frozenset(ALL_DAYS.index(day) for day in days),
            "skip" in (house.holidays, own.holidays),
        )
        if table not in self.hours:
            self.hours.append(table)
        return self.hours.index(table)

    def _deliveries(self) -> int:
        window = self.house.value_window
        if window is None or not any(rule.asks_for is not AsksFor.NOTHING for rule in self.rules):
            return kernel.NONE
        return self.conditions.stream(Stream(window.delivered_by, number="ripe", property=window.property or ""))
