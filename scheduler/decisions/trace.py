"""Why: each gate of an occasion with its answer, what was wanted and what was the case, in words.

The answers come from the kernel, asked once more at the instant that decided; only the words are made here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from scheduler.decisions import kernel, words
from scheduler.decisions.causes import Cause
from scheduler.decisions.columns import attribute_of
from scheduler.decisions.conditions import Aggregate, Leaf, LeafKind
from scheduler.decisions.decide import Walk, walked
from scheduler.decisions.facts import ADDRESSES, Contact, Customer, Event
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.decisions.program import Gate, Program, ValueOf
from scheduler.decisions.windows import NEVER_ACTIVATED
from scheduler.rulebook.model import (
    ConsentMode,
    CustomerCondition,
    EventCondition,
    EventDateTrigger,
    OpenCondition,
    Place,
    Serves,
    SilenceTrigger,
)
from scheduler.wallclock import Zone, zone


@dataclass(frozen=True, slots=True)
class Answer:
    """One gate's answer: what it wanted, what was the case, and until when that can't change by itself."""

    gate: str
    ok: bool
    wanted: str
    actual: str
    until: int | None
    source: Place | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and every gate's answer at the instant `asked`; None where it never had a moment to speak."""

    decision: Decision
    asked: int | None
    gates: tuple[Answer, ...]


def explain(
    program: Program, customer: Customer, since: int, until: int, *, activated: Mapping[str, int] = NEVER_ACTIVATED
) -> list[Explanation]:
    """Explain every occasion of a customer that [since, until) decides or leaves waiting, as `decide` would."""
    return _explained(walked(program, [customer], since, until, activated=activated))


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
        contacts=tuple(one for one in customer.contacts if one.occasion != occasion and one.at <= at),
    )
    # What was learned after its window had closed is looked for as well.
    walk = walked(
        program, [before], at, at, activated=activated, horizon=at + 1, overdue=at - program.reach, only={occasion}
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
    return Explanation(decision, asked, answers.gates)


def _explained(walk: Walk) -> list[Explanation]:
    contacts = [row.occasion for row in walk.scratch.made[: walk.made]]
    explanations = []
    for o in walk.decided():
        decision = walk.decision(o)
        before = contacts.index(o) if o in contacts else walk.made
        asked: int | None = decision.at
        if decision.outcome in {Outcome.WAITING, Outcome.TOO_LATE}:
            asked = _last_moment(walk, o, min(decision.closes, walk.until))
        explanations.append(Explanation(decision, asked, _Asking(walk, o, asked, before).gates))
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
        self.at = self.occasion.opens - 1 if asked is None else asked
        self.tables = (self.program.tables, walk.calendar, facts, walk.scratch)
        _, self.slot, self.refused, _ = kernel.ask(*self.tables, 0, o, self.at, made, True)
        channel = self.program.tables.slots[self.slot].channel
        self.channel = "" if channel == kernel.NONE else self.program.channels[channel]
        named = self.program.gates[self.occasion.rule]
        self.refusing = tuple(gate.name for bit, gate in enumerate(named) if self.refused >> bit & 1)
        self.gates = tuple(self._answer(bit, gate) for bit, gate in enumerate(named))

    def _answer(self, bit: int, gate: Gate) -> Answer:
        ok = not self.refused >> bit & 1
        until = kernel.NEVER if gate.cause is Cause.HOLDOUT else self.walk.scratch.gate_until[bit]
        if gate.condition is not None:
            wanted, actual = self._condition(gate)
        else:
            wanted, actual = _QUESTIONS[gate.cause](self, gate, ok)
        return Answer(gate.name, ok, wanted, actual, None if until >= kernel.NEVER else until, self._source(gate))

    def _source(self, gate: Gate) -> Place | None:
        places = self.program.rulebook.places
        if isinstance(gate.condition, str) and not gate.source:
            return places.get(f"conditions.{gate.condition}") or self.rule.place()
        if gate.cause is Cause.CAP:
            return places.get(f"frequency_caps.{gate.detail}")
        if gate.cause is Cause.SEND_HOURS and self.rule.send_hours is None:
            return places.get(f"send_hours.{self.channel}") or places.get("send_hours.any")
        if gate.cause in {Cause.VALUE_WINDOW, Cause.GIVES}:
            return places.get(f"asks.{self.rule.asks_for}") or places.get("asks.any") or places.get("value_window")
        return self.rule.place(gate.source)

    # --- one question a gate: what it wants, what is the case

    def _active(self, _: Gate, ok: bool) -> tuple[str, str]:
        wanted = "the rule is active"
        if self.rule.starts:
            wanted += f", from {self.rule.starts}"
        if self.rule.ends:
            wanted += f", up to {self.rule.ends}"
        if ok:
            return wanted, "it is"
        if self.occasion.admitted == 0:
            return wanted, "the trigger lies before the rule was activated (backfill)"
        return wanted, f"it is {self.rule.status}" if self.rule.status != "active" else "it is outside of these days"

    def _window(self, _: Gate, __: bool) -> tuple[str, str]:
        opens, closes = (words.moment(at, self.zone) for at in (self.occasion.opens, self.occasion.closes))
        if self.at < self.occasion.opens:
            return f"from {opens} to {closes}", "not open yet"
        return f"from {opens} to {closes}", "closed" if self.at >= self.occasion.closes else "open"

    def _again(self, _: Gate, __: bool) -> tuple[str, str]:
        again = self.rule.again
        wanted = "any time" if not (again.never or again.after) else "no contact by this rule before"
        if again.after:
            wanted = f"{again.after} since the last contact by this rule"
        last = [contact for contact in self._contacts() if contact.rule == self.rule.name]
        return wanted, f"the last one was on {words.day(last[-1].at, self.zone)}" if last else "there was none"

    def _until(self, _: Gate, ok: bool) -> tuple[str, str]:
        if self.rule.until is None:
            match self.rule.when:
                case SilenceTrigger(silence=name):
                    return f"no newer {name}", "none came" if ok else f"another {name} came"
                case EventDateTrigger(event=name, same=str()):
                    return f"no newer {name} that moves the date", "none came" if ok else f"another {name} came"
            return "no goal is set", "none"
        named = self.program.rulebook.conditions
        goal = f"{self.rule.until}" if isinstance(self.rule.until, str) else words.condition(self.rule.until, named)
        return f"not yet: {goal}", "not reached" if ok else "reached"

    def _condition(self, gate: Gate) -> tuple[str, str]:
        assert gate.condition is not None  # noqa: S101 - _answer asks only gates that have one
        text = words.condition(gate.condition, self.program.rulebook.conditions)
        actual = "; ".join(dict.fromkeys(self._leaf(number) for number in self._leaves(gate)))
        return text if gate.wanted else f"not: {text}", actual

    def _leaves(self, gate: Gate) -> list[int]:
        """Return the numbers of the leaves that a gate's condition asks."""
        tables = self.program.tables
        condition_gates = [one for one in self.program.gates[self.occasion.rule] if one.condition is not None]
        number = tables.rules[self.occasion.rule].condition_from + condition_gates.index(gate)
        code = tables.code[tables.gates[number].code_from : tables.gates[number].code_to]
        return [step for step in code if step >= 0]

    def _leaf(self, number: int) -> str:
        leaf, actual = self.program.leaves[number], self.walk.scratch.leaf_actual[number]
        written = leaf.written
        match leaf.kind:
            case LeafKind.CUSTOMER:
                assert isinstance(written, CustomerCondition)  # noqa: S101 - by its kind
                return f"{written.customer} is {words.value(attribute_of(self.customer, written.customer))}"
            case LeafKind.OPEN:
                assert isinstance(written, OpenCondition)  # noqa: S101 - by its kind
                return (
                    f"{written.open} open since {self._entry_day(actual)}"
                    if actual >= 0
                    else f"no {written.open} is open"
                )
            case LeafKind.CONTACTS:
                return f"{words.number(actual)} such contacts{words.recent(written)}"  # type: ignore[arg-type] # by its kind
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
            shown = words.value(entry.properties.get(name))
            return f"{written.event} {name} {shown} on {words.day(entry.at, self.zone)}"
        if leaf.aggregate is Aggregate.COUNT:
            return f"{words.number(actual)} of {written.event}{words.recent(written)}"
        if actual != actual:
            return f"no {name} of {written.event}{words.recent(written)}"
        return f"{aggregate} {name} of {written.event} is {words.number(actual)}"

    def _entry_day(self, entry: float) -> str:
        return words.day(self._entry(entry).at, self.zone)

    def _entry(self, entry: float) -> Event:
        """The event behind an entry of a stream."""
        return self.walk.columns.events[self.walk.scratch.entries[int(entry)].event]

    def _value_window(self, gate: Gate, ok: bool) -> tuple[str, str]:
        value_of = self.program.tables.rules[self.occasion.rule].value_window
        if value_of == ValueOf.NOTHING:
            return "no value window is asked for", "none"
        wanted = "the value window is over" + (
            ", if anything was delivered" if value_of == ValueOf.NEWEST_IF_ANY else ""
        )
        if value_of == ValueOf.TRIGGER:
            return wanted, f"it {'ended' if ok else 'ends'} on {words.day(self.occasion.value_at, self.zone)}"
        if ok:
            return wanted, "it is"
        ends = self.walk.scratch.gate_until[self.program.gates[self.occasion.rule].index(gate)]
        return wanted, "nothing was delivered" if ends >= kernel.NEVER else f"it ends on {words.day(ends, self.zone)}"

    def _gives(self, _: Gate, __: bool) -> tuple[str, str]:
        span = self.program.house.ask(self.rule.asks_for).gives
        if span == "none":
            return "nothing has to be given first", "none"
        wanted = f"a contact that asked for nothing, on an earlier day, within {span} and after the last ask"
        gave = [
            contact
            for contact in self._contacts()
            if contact.asks_for.serves is Serves.CUSTOMER and not contact.held_out
        ]
        if not gave:
            return wanted, "none"
        return wanted, f"the last was {gave[-1].rule} on {words.day(gave[-1].at, self.zone)}"

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
        return f"a usable address for {channel}", f"has {attribute}" if ok else f"has no {attribute}"

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
            return wanted, "nothing is recorded"
        newest = max(fitting, key=lambda record: (record.at, not record.given))
        return wanted, f"{'given' if ok else 'withdrawn'} on {words.day(newest.at, self.zone)}"

    def _send_hours(self, _: Gate, __: bool) -> tuple[str, str]:
        if "send_hours" in self.rule.exempt:
            return "any hour", "exempt"
        house = self.program.house.hours(self.channel)
        own = self.rule.send_hours
        wanted = words.hours(house) + (f", and the rule's own: {words.hours(own)}" if own else "")
        return wanted, f"{self.zone.wall(self.at):%a %H:%M}"

    def _cap(self, gate: Gate, _: bool) -> tuple[str, str]:
        cap = self.program.house.frequency_caps[int(gate.detail) - 1]
        wanted = f"at most {cap.at_most} within {cap.within}"
        wanted += f" that serve {cap.serves}" if cap.serves else ""
        wanted += f" by {cap.by}" if cap.by else ""
        if "frequency_caps" in self.rule.exempt:
            return wanted, "exempt"
        if cap.serves not in (None, self.rule.asks_for.serves) or cap.by not in (None, self.channel):
            return wanted, "does not bind this contact"
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
        return wanted, f"{len(counted)}" + (f": {listed}" if listed else "")

    def _holdout(self, _: Gate, __: bool) -> tuple[str, str]:
        wanted = "not in the control group" if self.rule.holdout else "there is no control group"
        row = self.program.tables.rules[self.occasion.rule].holdout
        held = row != kernel.NONE and self.walk.laid.facts.draws[row] == 1
        return wanted, "in it" if held else "not in it"

    def _contacts(self) -> list[Contact]:
        """Return the contacts made up to the instant asked at, oldest first: those from before, and the walk's."""
        past = sorted(self.customer.contacts, key=lambda contact: contact.at)
        known = [contact for contact in past if contact.at <= self.at]
        for row in self.walk.scratch.made[len(past) : self.made]:
            rule = self.program.rules[row.rule]
            if row.at <= self.at:
                known.append(
                    Contact(
                        occasion=self.walk.key(row.occasion),
                        rule=rule.name,
                        at=row.at,
                        channel=self.program.channels[row.channel],
                        asks_for=rule.asks_for,
                        exempt=row.exempt == 1,
                        held_out=row.held == 1,
                    )
                )
        return known


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
