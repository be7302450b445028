"""Why: each gate of an occasion with its answer, what was wanted and what was the case, in words.

The answers come from the kernel, asked once more at the instant that decided; only the words are made here. Over 400
lines, as each gate's words are best compared with its neighbours'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from scheduler.decisions import kernel, words
from scheduler.decisions.causes import Cause
from scheduler.decisions.columns import attribute_of, columns_of
from scheduler.decisions.conditions import Aggregate, Leaf, LeafKind
from scheduler.decisions.decide import Walk, walked
from scheduler.decisions.facts import ADDRESSES, Contact, Customer, Event
from scheduler.decisions.occasions import anchor_in, anchor_of, rule_of
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.decisions.program import Gate, Program, Trigger, ValueOf
from scheduler.decisions.sources import source_of, source_of_time
from scheduler.decisions.turning import leaves_to_turn
from scheduler.decisions.windows import NEVER_ACTIVATED
from scheduler.rulebook.model import (
    CONTACT,
    ConsentMode,
    ContactCondition,
    CustomerCondition,
    EventCondition,
    EventDateTrigger,
    Hours,
    OpenCondition,
    Place,
    Serves,
    SilenceTrigger,
)
from scheduler.wallclock import Zone, holidays_of, zone

UNBOUND = "does not bind this contact"
"""What is the case at a cap on contacts of another kind, or by another channel."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One gate's answer: what it wanted, what was the case, and until when that can't change by itself.

    `changed_by` names the facts that could turn a no into a yes.
    """

    gate: str
    ok: bool
    wanted: str
    actual: str
    until: int | None
    source: Place | None
    changed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and every gate's answer at the instant `asked`; None where it never had a moment to speak.

    `speaks` says at which times of day it may speak inside its window, and where that is written; `voided` whether
    gate 4 says no since something newer took its ground away, rather than since its goal is reached.
    """

    decision: Decision
    asked: int | None
    gates: tuple[Answer, ...]
    speaks: str
    speaks_by: Place | None
    voided: bool


def explain(
    program: Program, customer: Customer, since: int, until: int, *, activated: Mapping[str, int] = NEVER_ACTIVATED
) -> list[Explanation]:
    """Explain every occasion of a customer that [since, until) decides or leaves waiting, as `decide` would."""
    return _explained(
        walked(program, columns_of(program, [customer]), since, until, activated=activated, customers=[customer])
    )


def recall(
    program: Program,
    customer: Customer,
    occasion: str,
    at: int,
    outcome: Outcome,
    *,
    activated: Mapping[str, int] = NEVER_ACTIVATED,
) -> Explanation | None:
    """Explain an occasion that the ledger says ended `at` with `outcome`, with the facts of that time.

    None where the rules no longer give rise to it.
    """
    before = replace(
        customer,
        ended=customer.ended - {occasion},
        contacts=tuple(
            one
            for one in customer.contacts
            if one.occasion != occasion
            and (one.at < at or (one.at == at and _was_known(program, one, occasion, outcome)))
        ),
    )
    # What was learned after its window had closed is looked for as well.
    walk = walked(
        program,
        columns_of(program, [before]),
        at,
        at,
        activated=activated,
        horizon=at + 1,
        overdue=at - program.reach,
        only={occasion},
        customers=[before],
    )
    found = next(walk.decided(), None)
    if found is None:
        return None
    decision = walk.decision(found)
    asked: int | None = at
    if outcome is Outcome.TOO_LATE:
        asked = _last_moment(walk, found, min(at, decision.closes))
    answers = _Asking(walk, found, asked, walk.made)
    decision = replace(
        decision,
        at=at,
        outcome=outcome,
        until=None,
        because=() if outcome is Outcome.CONTACT else answers.refusing,
        channel=answers.channel if outcome is Outcome.CONTACT else None,
    )
    return answers.explanation(decision)


def _was_known(program: Program, other: Contact, occasion: str, outcome: Outcome) -> bool:
    """Whether a contact of the same instant was made before an occasion ended: each speaks in the order of the rules.

    What ended without a contact was asked again after each one; what follows a contact comes after it.
    """
    if outcome not in {Outcome.CONTACT, Outcome.HELD_OUT}:
        return True
    rule = rule_of(occasion)
    if anchor_in(occasion) == anchor_of(other.occasion):
        return True
    in_order = [one.name for one in program.rules]
    return {other.rule, rule} <= {*in_order} and in_order.index(other.rule) < in_order.index(rule)


def _explained(walk: Walk) -> list[Explanation]:
    contacts = [row.occasion for row in walk.scratch.made[: walk.made]]
    explanations = []
    for o in walk.decided():
        decision = walk.decision(o)
        before = contacts.index(o) if o in contacts else walk.made
        asked: int | None = decision.at
        if decision.outcome in {Outcome.WAITING, Outcome.TOO_LATE}:
            asked = _last_moment(walk, o, min(decision.closes, walk.until))
        explanations.append(_Asking(walk, o, asked, before).explanation(decision))
    return explanations


def _last_moment(walk: Walk, o: int, before: int) -> int | None:
    tables = (walk.program.tables, walk.calendar, walk.laid.facts, walk.scratch)
    for in_hours in (True, False):
        asked = kernel.last_moment(*tables, 0, o, before, in_hours)
        if asked != kernel.NOWHEN:
            return asked
    return None


class _Asking:
    """One asking of all gates of occasion `o` at `asked`, over the first `made` contacts, put into words."""

    def __init__(self, walk: Walk, o: int, asked: int | None, made: int) -> None:
        self.walk, self.o, self.made = walk, o, made
        self.program, self.customer = walk.program, walk.customers[0]
        facts = walk.laid.facts
        self.zone: Zone = zone(walk.laid.zones[facts.customers[0].zone])
        self.occasion = walk.scratch.occasions[o]
        self.rule = self.program.rules[self.occasion.rule]
        self.asked = asked
        self.at = self.occasion.opens - 1 if asked is None else asked
        self.tables = (self.program.tables, walk.calendar, facts, walk.scratch)
        _, self.slot, self.refused, _ = kernel.ask(*self.tables, 0, o, self.at, made, True)
        channel = self.program.tables.slots[self.slot].channel
        self.channel = "" if channel == kernel.NONE else self.program.channels[channel]
        named = self.program.gates[self.occasion.rule]
        self.refusing = tuple(gate.name for bit, gate in enumerate(named) if self.refused >> bit & 1)
        self.newer = self._newer()
        self.gates = tuple(self._answer(bit, gate) for bit, gate in enumerate(named))

    def explanation(self, decision: Decision) -> Explanation:
        """The decision with these answers."""
        place = source_of_time(self.rule, self.program.rulebook, has_time=self.occasion.clock != kernel.NONE)
        return Explanation(decision, self.asked, self.gates, self._speaks(), place, self.newer is not None)

    def _answer(self, bit: int, gate: Gate) -> Answer:
        ok = not self.refused >> bit & 1
        until = kernel.NEVER if gate.cause is Cause.HOLDOUT else self.walk.scratch.gate_until[bit]
        if gate.condition is not None:
            wanted, actual = self._condition(gate)
        else:
            wanted, actual = _QUESTIONS[gate.cause](self, gate, ok)
        return Answer(
            gate.name,
            ok,
            wanted,
            actual,
            None if until >= kernel.NEVER else until,
            source_of(gate, self.rule, self.program.rulebook, self.channel),
            () if ok else self._changed_by(gate),
        )

    def _changed_by(self, gate: Gate) -> tuple[str, ...]:
        match gate.cause:
            case Cause.GIVES:
                return ("a contact that asks for nothing",)
            case Cause.REACHABLE if self.channel:
                return (f"a usable address for {self.channel}",)
            case Cause.CONSENT:
                return (f"a yes to {self.program.house.topic(self.rule)[0]}",)
            case Cause.VALUE_WINDOW if self.walk.scratch.gate_until[self._bit(gate)] >= kernel.NEVER:
                return self.program.house.value_window.delivered_by if self.program.house.value_window else ()
        if gate.condition is None:
            return ()
        turning = leaves_to_turn(self._code(gate), self.walk.scratch.leaf_true, wanted=gate.wanted)
        return tuple(dict.fromkeys(fact for number in turning for fact in self._facts_of(number)))

    def _facts_of(self, number: int) -> tuple[str, ...]:
        """The facts that could turn a leaf; of a thing that may be open, those that would end how it is now."""
        written = self.program.leaves[number].written
        match written:
            case CustomerCondition(customer=attribute):
                return (f"another {attribute}",)
            case OpenCondition(open=thing):
                pair = self.program.house.open_things[thing]
                return pair.opened_by if self.walk.scratch.leaf_actual[number] == kernel.NONE else pair.closed_by
            case EventCondition(event=name):
                # What has happened once can't be undone by more of it.
                undone = written.aggregate[0] == "happened" and self.walk.scratch.leaf_true[number] == 1
                return () if undone else (name,)
        return ("a contact by us",)

    def _bit(self, gate: Gate) -> int:
        return self.program.gates[self.occasion.rule].index(gate)

    def _speaks(self) -> str:
        """At which times of day it may speak."""
        if self.occasion.clock == kernel.NONE:
            return "at any time of its window"
        at = words.time_of_day(self.occasion.clock // kernel.MINUTE)
        return f"at {at} of each day of its window, or up to {self.program.house.lateness} later"

    def _newer(self) -> Event | Contact | None:
        """What came after the trigger and took its ground away: of what breaks a silence the first, else the newest."""
        scratch, row = self.walk.scratch, self.program.tables.rules[self.occasion.rule]
        if row.trigger == Trigger.CONTACT_SILENCE:
            since = self._remembered()[self.occasion.place + 1 :]
            return next((one for one in since if one.at <= self.at and not one.held_out), None)
        if row.voided_by == kernel.NONE:
            return None
        anchor, facts = self.occasion.anchor, self.walk.laid.facts
        key = (
            kernel.NONE if row.void_key == kernel.NONE else facts.properties[row.void_key * len(facts.events) + anchor]
        )
        entries = scratch.entries[scratch.entry_from[row.voided_by] : scratch.entry_from[row.voided_by + 1]]
        newer = [
            entry.event
            for entry in entries
            if entry.event > anchor and entry.seen <= self.at and (row.void_key == kernel.NONE or entry.key == key)
        ]
        if not newer:
            return None
        return self.walk.columns.events[newer[0] if row.trigger == Trigger.SILENCE else newer[-1]]

    # --- one question a gate: what it wants, what is the case

    def _active(self, _: Gate, ok: bool) -> tuple[str, str]:
        wanted = "an active rule"
        if self.rule.starts:
            wanted += f", from {words.value(self.rule.starts)}"
        if self.rule.ends:
            wanted += f", up to {words.value(self.rule.ends)}"
        if ok:
            return wanted, "it is active"
        if self.occasion.admitted == 0:
            return wanted, "the trigger lies before the rule was activated (backfill)"
        return wanted, f"it is {self.rule.status}" if self.rule.status != "active" else "it is outside of these days"

    def _window(self, _: Gate, __: bool) -> tuple[str, str]:
        opens, closes = (words.moment(at, self.zone) for at in (self.occasion.opens, self.occasion.closes))
        wanted = f"from {opens}, before {closes}"
        if self.at < self.occasion.opens:
            return wanted, "not open yet"
        return wanted, "closed" if self.at >= self.occasion.closes else "open"

    def _again(self, _: Gate, __: bool) -> tuple[str, str]:
        again = self.rule.again
        wanted = "no contact by this rule before" if again.never else words.NOTHING
        if again.after:
            wanted = f"{again.after} since the last contact by this rule"
        last = [contact for contact in self._contacts() if contact.rule == self.rule.name]
        return wanted, f"the last one is of {words.day(last[-1].at, self.zone)}" if last else "there is none"

    def _until(self, _: Gate, ok: bool) -> tuple[str, str]:
        wanted = [*self._ground(), *self._goal()]
        if not wanted:
            return words.NOTHING, "no goal is set"
        if self.newer is not None:
            actual = self._what_came(self.newer)
        elif ok:
            actual = "not reached" if self.rule.until is not None else "none came"
        else:
            actual = self._reached()
        return "; ".join(wanted), actual

    def _ground(self) -> list[str]:
        match self.rule.when:
            case SilenceTrigger(silence=name):
                return ["no newer contact by us" if name == CONTACT else f"no newer {name}"]
            case EventDateTrigger(event=name, same=str()):
                return [f"no newer {name} that moves the date"]
        return []

    def _goal(self) -> list[str]:
        goal = self.rule.until
        if goal is None:
            return []
        named = self.program.rulebook.conditions
        return [f"no {goal} yet" if isinstance(goal, str) else f"not yet: {words.condition(goal, named)}"]

    def _what_came(self, newer: Event | Contact) -> str:
        if isinstance(newer, Contact):
            return f"we contacted them by {newer.rule} on {words.day(newer.at, self.zone)}"
        if isinstance(self.rule.when, EventDateTrigger):
            moved_to = newer.properties.get(self.rule.when.date)
            moved = "taken away" if moved_to is None else f"moved to {words.dated(moved_to, self.zone)}"
            return f"the date was {moved} by {words.event(newer, self.zone)}"
        return f"{newer.name} happened again on {words.day(newer.at, self.zone)}"

    def _reached(self) -> str:
        """What reached the goal: of an event, the first one after the trigger; of a condition, what is the case."""
        row = self.program.tables.rules[self.occasion.rule]
        steps = self.program.tables.code[row.goal_from : row.goal_to]
        for event in self.customer.events:
            if event.name == self.rule.until and self.occasion.since < event.at <= self.at >= event.known_at:
                return f"reached: {words.event(event, self.zone)}"
        return "reached: " + "; ".join(dict.fromkeys(self._leaf(step) for step in steps if step >= 0))

    def _condition(self, gate: Gate) -> tuple[str, str]:
        assert gate.condition is not None  # noqa: S101 - _answer asks only gates that have one
        write = words.condition if gate.wanted else words.negated
        actual = "; ".join(dict.fromkeys(self._leaf(number) for number in self._leaves(gate)))
        return write(gate.condition, self.program.rulebook.conditions), actual

    def _leaves(self, gate: Gate) -> list[int]:
        """Return the numbers of the leaves that a gate's condition asks."""
        return [step for step in self._code(gate) if step >= 0]

    def _code(self, gate: Gate) -> Sequence[int]:
        tables = self.program.tables
        condition_gates = [one for one in self.program.gates[self.occasion.rule] if one.condition is not None]
        number = tables.rules[self.occasion.rule].condition_from + condition_gates.index(gate)
        return tables.code[tables.gates[number].code_from : tables.gates[number].code_to]

    def _leaf(self, number: int) -> str:
        leaf, actual = self.program.leaves[number], self.walk.scratch.leaf_actual[number]
        written = leaf.written
        match leaf.kind:
            case LeafKind.CUSTOMER:
                assert isinstance(written, CustomerCondition)  # noqa: S101 - by its kind
                known = attribute_of(self.customer, written.customer)
                return f"{written.customer} is {'not known' if known is None else words.value(known)}"
            case LeafKind.OPEN:
                assert isinstance(written, OpenCondition)  # noqa: S101 - by its kind
                return (
                    f"no {written.open} is open"
                    if actual == kernel.NONE
                    else f"{written.open} open since {self._opening_day(actual)}"
                )
            case LeafKind.CONTACTS:
                assert isinstance(written, ContactCondition)  # noqa: S101 - by its kind
                such = "such contact" if actual == 1 else "such contacts"
                return f"{words.number(actual) if actual else 'no'} {such}{words.recent(written)}"
            case _:
                return self._events(leaf, actual)

    def _events(self, leaf: Leaf, actual: float) -> str:
        written = leaf.written
        if not isinstance(written, EventCondition):
            return ""
        aggregate, name = written.aggregate
        if leaf.aggregate in {Aggregate.LATEST, Aggregate.FIRST}:
            if actual < 0:
                return f"no {written.event}{words.recent(written)}"
            entry = self._entry(actual)
            told = entry.properties.get(name)
            shown = f"without {name}" if told is None else f"{name} {words.value(told)}"
            return f"{written.event} {shown} on {words.day(entry.at, self.zone)}"
        if leaf.aggregate is Aggregate.COUNT:
            number = words.number(actual) if actual else "no"
            return f"{number} {words.subject(written)}{words.recent(written)}"
        if actual != actual:
            return f"no {name} of {written.event}{words.recent(written)}"
        return f"{aggregate} {name} of {written.event} is {words.number(actual)}"

    def _opening_day(self, actual: float) -> str:
        """Of the entry that opened a thing, or of the task that did: -2 less the number of its contact."""
        if actual >= 0:
            return self._entry_day(actual)
        return words.day(self.walk.scratch.made[-2 - int(actual)].at, self.zone)

    def _entry_day(self, entry: float) -> str:
        return words.day(self._entry(entry).at, self.zone)

    def _entry(self, entry: float) -> Event:
        """The event behind an entry of a stream."""
        return self.walk.columns.events[self.walk.scratch.entries[int(entry)].event]

    def _value_window(self, gate: Gate, ok: bool) -> tuple[str, str]:
        value_of = self.program.tables.rules[self.occasion.rule].value_window
        if value_of == ValueOf.NOTHING:
            return words.NOTHING, "no value window is asked for"
        wanted = "the value window to be over" + (
            ", if anything was delivered" if value_of == ValueOf.NEWEST_IF_ANY else ""
        )
        if value_of == ValueOf.TRIGGER:
            return wanted, f"it {'ended' if ok else 'ends'} on {words.day(self.occasion.value_at, self.zone)}"
        if ok:
            return wanted, "it is over"
        ends = self.walk.scratch.gate_until[self._bit(gate)]
        return wanted, "nothing was delivered" if ends >= kernel.NEVER else f"it ends on {words.day(ends, self.zone)}"

    def _gives(self, _: Gate, ok: bool) -> tuple[str, str]:
        span = self.program.house.ask(self.rule.asks_for).gives
        if span == "none":
            return words.NOTHING, "nothing has to be given first"
        wanted = f"a contact that asked for nothing, on an earlier day, within {span} and after the last ask"
        gave = [
            contact
            for contact in self._contacts()
            if contact.asks_for.serves is Serves.CUSTOMER and not contact.held_out
        ]
        if not gave:
            return wanted, f"nothing was given within {span}; a contact that asks for nothing has to come first"
        last = f"the last is {gave[-1].rule} of {words.day(gave[-1].at, self.zone)}"
        return wanted, last if ok else last + self._falls_short(gave[-1])

    def _falls_short(self, gave: Contact) -> str:
        """Why the last contact that asked for nothing does not do."""
        asked = [one for one in self._contacts() if one.asks_for.serves is Serves.US and not one.held_out]
        if asked and asked[-1].at >= gave.at:
            return f", and the ask {asked[-1].rule} of {words.day(asked[-1].at, self.zone)} came after it"
        today = self.zone.local_day(gave.at) == self.zone.local_day(self.at)
        return ", the same day" if today else ", too long ago"

    def _reachable(self, _: Gate, ok: bool) -> tuple[str, str]:
        channel = self.channel or "the channel they prefer"
        if self.channel in self.customer.suppressed:
            return f"a usable address for {channel}", "it is suppressed"
        opens = kernel.slot_opens(*self.tables, 0, self.o, self.slot)
        if not ok and self.at < opens:
            return f"{channel} is open", f"from {words.moment(opens, self.zone)} on"
        attribute = ADDRESSES.get(self.channel)
        if attribute is None:
            return f"a way to reach them by {channel}", "there is" if ok else "there is none"
        return f"a usable address for {channel}", f"{'their' if ok else 'no'} {attribute} is known"

    def _consent(self, _: Gate, ok: bool) -> tuple[str, str]:
        topic, mode = self.program.house.topic(self.rule)
        opt_in = ConsentMode.OPT_IN in (mode, self.program.house.channel_consent(self.channel))
        wanted = f"{'a yes' if opt_in else 'no objection'} to {topic} by {self.channel}"
        if self.customer.paused_until is not None and self.at < self.customer.paused_until:
            return wanted, f"paused until {words.day(self.customer.paused_until, self.zone)}"
        fitting = [
            record
            for record in self.customer.consents
            if record.at <= self.at and record.topic in (None, "", topic) and record.channel in (None, "", self.channel)
        ]
        if not fitting:
            return wanted, "no objection is recorded" if ok else "nothing is recorded"
        newest = max(fitting, key=lambda record: (record.at, not record.given))
        return wanted, f"{'given' if ok else 'withdrawn'} on {words.day(newest.at, self.zone)}"

    def _send_hours(self, _: Gate, __: bool) -> tuple[str, str]:
        if "send_hours" in self.rule.exempt:
            return words.NOTHING, "exempt from the send hours"
        house = self.program.house.hours(self.channel)
        own = self.rule.send_hours
        wanted = words.hours(house) + (f", and the rule's own: {words.hours(own)}" if own else "")
        return wanted, f"{self.zone.wall(self.at):%a %H:%M}{self._closed(house, own)}"

    def _closed(self, house: Hours, own: Hours | None) -> str:
        """What else is amiss with the day: a closed date, or a holiday that these hours skip."""
        today = self.zone.wall(self.at).date()
        if today in self.program.house.closed:
            return ", on a closed date"
        country = self.customer.attributes.get("country")
        skips = "skip" in (house.holidays, own.holidays if own else None)
        if skips and isinstance(country, str) and today in holidays_of(country, today.year, today.year):
            return ", on a holiday"
        return ""

    def _cap(self, gate: Gate, _: bool) -> tuple[str, str]:
        cap = self.program.house.frequency_caps[int(gate.detail) - 1]
        wanted = f"at most {cap.at_most} within {cap.within}"
        wanted += f" that serve {cap.serves}" if cap.serves else ""
        wanted += f" by {cap.by}" if cap.by else ""
        if "frequency_caps" in self.rule.exempt:
            return wanted, "exempt"
        if cap.serves not in (None, self.rule.asks_for.serves) or cap.by not in (None, self.channel):
            return wanted, UNBOUND
        span = self.program.spans.index(cap.within)
        after, after_day = kernel.reaches_back(*self.tables, 0, span, self.at)
        counted = [
            contact
            for contact in self._contacts()
            if contact.at > after
            and self.zone.local_day(contact.at) > after_day
            and not (contact.held_out or contact.exempt)
            and cap.serves in (None, contact.asks_for.serves)
            and cap.by in (None, contact.channel)
        ]
        listed = ", ".join(f"{contact.rule} on {words.day(contact.at, self.zone)}" for contact in counted)
        return wanted, f"{len(counted)}: {listed}" if listed else "none"

    def _holdout(self, _: Gate, __: bool) -> tuple[str, str]:
        if not self.rule.holdout:
            return words.NOTHING, "there is no control group"
        wanted = "not in the control group"
        row = self.program.tables.rules[self.occasion.rule].holdout
        held = row != kernel.NONE and self.walk.laid.facts.draws[row] == 1
        return wanted, "in the control group" if held else "not in the control group"

    def _contacts(self) -> list[Contact]:
        """Return the contacts made up to the instant asked at, oldest first: those from before, and the walk's."""
        return [contact for contact in self._remembered() if contact.at <= self.at]

    def _remembered(self) -> list[Contact]:
        """Return the contacts that the kernel was asked over, in its order."""
        past = sorted(self.customer.contacts, key=lambda contact: contact.at)
        made = self.walk.scratch.made[len(past) : self.made]
        return [*past, *map(self._contact, made)]

    def _contact(self, row: kernel.MadeRow) -> Contact:
        rule = self.program.rules[row.rule]
        return Contact(
            occasion=self.walk.key(row.occasion),
            rule=rule.name,
            at=row.at,
            channel=self.program.channels[row.channel],
            asks_for=rule.asks_for,
            exempt=row.exempt == 1,
            held_out=row.held == 1,
        )


_QUESTIONS: Mapping[Cause, Callable[[_Asking, Gate, bool], tuple[str, str]]] = {
    Cause.ACTIVE: _Asking._active,
    Cause.WINDOW: _Asking._window,
    Cause.AGAIN: _Asking._again,
    Cause.UNTIL: _Asking._until,
    Cause.VALUE_WINDOW: _Asking._value_window,
    Cause.GIVES: _Asking._gives,
    Cause.REACHABLE: _Asking._reachable,
    Cause.CONSENT: _Asking._consent,
    Cause.SEND_HOURS: _Asking._send_hours,
    Cause.CAP: _Asking._cap,
    Cause.HOLDOUT: _Asking._holdout,
}
"""What a gate wants and what is the case, by its cause; the gates of conditions are told by their conditions."""
