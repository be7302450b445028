"""One occasion as people read it: what becomes of it, for which reason, and what each gate says."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from scheduler.cli.explanations import Reasoned
from scheduler.cli.formats import count, painted
from scheduler.cli.local_time import shown
from scheduler.cli.paragraphs import Mark, print_paragraph
from scheduler.cli.silences import MISSED, causes_of, refusing
from scheduler.decisions import words
from scheduler.decisions.causes import Cause
from scheduler.decisions.outcome import Outcome
from scheduler.decisions.trace import UNBOUND, Answer
from scheduler.rulebook.model import (
    CONTACT,
    ContactTrigger,
    DateTrigger,
    EventDateTrigger,
    EveryTrigger,
    Place,
    Rulebook,
    SilenceTrigger,
)
from scheduler.wallclock import Zone

TELLING = frozenset({Cause.ONLY_IF, Cause.VALUE_WINDOW, Cause.GIVES, Cause.CONSENT})
"""The gates whose yes tells most about a contact."""
_CONDITIONS = frozenset({Cause.ONLY_IF, Cause.UNLESS, Cause.BLOCKED})
_COLOURS = {Outcome.CONTACT: "green", Outcome.WAITING: "yellow"}


def print_reasoned(one: Reasoned, rulebook: Rulebook, *, gates: bool = False, whole: bool = False) -> None:
    """Write one occasion: what became of it, its reason, what said no, its trigger and window, and what may come.

    Of a contact the gates that tell most are written, of a silence those that say no; with `gates` all of them, but for
    caps on contacts of another kind, which are told where `whole`.
    """
    decision = one.told.decision
    colour = "yellow" if one.is_to_come else _COLOURS.get(decision.outcome, "red")
    typer.echo(painted(f"{decision.rule}: {headline(one)}", colour, bold=True))
    print_paragraph("reason   ", one.told.reason)
    if one.explanation is not None and one.explanation.asked is not None and (gates or one.foreseen_from is not None):
        print_paragraph("as of    ", when(one.explanation.asked, one.told.zone))
    refused = [gate for gate in _gates(one) if not gate.ok]
    if not one.is_contact and not one.is_missed and not {*refusing(decision)} <= {gate.gate for gate in refused}:
        print_paragraph("but      ", _why_not(one, rulebook))
    untimely = one.is_to_come and one.foreseen_from is None
    _print_answers([] if untimely and not gates else refused, one.told.zone, with_wanted=True)
    place = one.told.rule.place("when") if gates and one.told.rule else None
    print_paragraph("trigger  ", trigger(one) + _at(place))
    print_paragraph("window   ", _window(one))
    if one.explanation is not None and (gates or decision.outcome is Outcome.WAITING):
        print_paragraph("speaks   ", one.explanation.speaks + _at(one.explanation.speaks_by))
    _print_future(one)
    _print_yes(one, gates=gates, whole=whole)


def headline(one: Reasoned) -> str:
    """What became of an occasion, or will become of it as things stand, and when."""
    decision, where = one.told.decision, one.told.zone
    if one.dropped and one.row is not None and one.row.state.is_open:
        return "dropped"
    if one.is_contact:
        state = str(one.row.state).replace("_", " ") if one.row else "will go"
        return f"{state} by {decision.channel}, {when(decision.at, where)}"
    if one.foreseen_from is not None and decision.opens <= one.foreseen_from:
        return "open, and not asked yet"
    if one.is_to_come:
        return f"not open yet, from {when(decision.opens, where)}"
    if one.is_missed:
        return f"too late: {MISSED}"
    if decision.outcome is Outcome.WAITING:
        return "waiting" + (f", asked again {when(decision.until, where)}" if decision.until is not None else "")
    return f"{ending(one)}, {when(decision.at, where)}"


def ending(one: Reasoned) -> str:
    """How an occasion ended without a contact: the outcome, or what took its ground away."""
    if one.is_voided and one.told.rule is not None:
        return "date moved" if isinstance(one.told.rule.when, EventDateTrigger) else "silence over"
    return str(one.told.decision.outcome).replace("_", " ")


def what_ended(one: Reasoned) -> str:
    """What took an occasion's ground away, or reached its goal, as gate 4 saw it; nothing where it says yes."""
    return next((gate.actual for gate in _gates(one) if gate.gate == Cause.UNTIL and not gate.ok), "")


def when(at: int, where: Zone) -> str:
    """An instant in a sentence: `Mon 2 Mar 2026 10:00`."""
    return " ".join(shown(at, where).split())


def _gates(one: Reasoned) -> Sequence[Answer]:
    return one.explanation.gates if one.explanation else ()


def _why_not(one: Reasoned, rulebook: Rulebook) -> str:
    return one.dropped or causes_of(one.told, rulebook)


def trigger(one: Reasoned) -> str:
    """What gave rise to an occasion, and when."""
    decision, where = one.told.decision, one.told.zone
    event = decision.event
    if one.follows is not None:
        by = f" by {one.follows.channel}" if one.follows.channel else ""
        since = "silence since " if one.told.rule and isinstance(one.told.rule.when, SilenceTrigger) else ""
        return f"{since}our {one.follows.rule}{by}, {when(decision.trigger, where)}"
    match one.told.rule.when if one.told.rule else None:
        case ContactTrigger(contact=name):
            return f"our {name}, {when(decision.trigger, where)}"
        case SilenceTrigger(silence=name):
            of = "our last contact" if name == CONTACT else name
            return f"silence since {of}, {when(decision.trigger, where)}"
        case EventDateTrigger(event=name, date=of) if event is not None:
            return f"{of} of {name} on {words.day(event.at, where)}: {words.moment(decision.trigger, where)}"
        case DateTrigger(date=name):
            return f"{name}, {words.day(decision.trigger, where)}"
        case EveryTrigger(every=every):
            return f"every {every}, {words.day(decision.trigger, where)}"
    return f"{event.name}, {when(decision.trigger, where)}" if event else when(decision.trigger, where)


def _window(one: Reasoned) -> str:
    opens, closes = (words.moment(at, one.told.zone) for at in (one.told.decision.opens, one.told.decision.closes))
    return f"from {opens}, before {closes}"


def _print_future(one: Reasoned) -> None:
    """Write what will become of a silence unless something new happens, and what could change that."""
    if one.ends is None or one.is_voided:
        return
    ends = f"as {str(one.ends.outcome).replace('_', ' ')} on {words.moment(one.ends.at, one.told.zone)}"
    changes = ", ".join(dict.fromkeys(fact for gate in _gates(one) for fact in gate.changed_by))
    if one.ends.outcome is not Outcome.HELD_OUT:
        ends += ", unless something new happens" + (f": {changes}" if changes else "")
    print_paragraph("ends     ", ends)


def _print_yes(one: Reasoned, *, gates: bool, whole: bool) -> None:
    agreed = [gate for gate in _gates(one) if gate.ok and (whole or not gates or gate.actual != UNBOUND)]
    if gates:
        _print_answers(agreed, one.told.zone, with_wanted=True)
        return
    told = [gate for gate in agreed if Cause.of(gate.gate) in TELLING and gate.wanted != words.NOTHING]
    written = told if one.is_contact else []
    _print_answers(written, one.told.zone, with_wanted=False)
    if rest := len(agreed) - len(written):
        typer.echo(f"    and {count(rest, 'more gate')} say{'s' if rest == 1 else ''} yes")


def _print_answers(gates: Sequence[Answer], where: Zone, *, with_wanted: bool) -> None:
    longest = max((len(gate.gate) for gate in gates), default=0)
    for gate in gates:
        needs = _needs(gate) + _not_before(gate, where) + _at(gate.source) if with_wanted else ""
        mark = Mark.YES if gate.ok else Mark.NO
        print_paragraph(f"{gate.gate:{longest}}  ", gate.actual + needs, mark=mark, lead=" " * 4)


def _needs(gate: Answer) -> str:
    if gate.wanted in {words.NOTHING, gate.actual}:
        return ""
    forbidden = gate.wanted.removeprefix("not: ")
    return f"; needs: {gate.wanted}" if forbidden == gate.wanted else f"; must not be: {forbidden}"


def _not_before(gate: Answer, where: Zone) -> str:
    """When time alone may turn a no into a yes; what conditions wait for is no matter of time."""
    if gate.ok or gate.until is None or Cause.of(gate.gate) in _CONDITIONS:
        return ""
    return f"; not before {words.moment(gate.until, where)}"


def _at(place: Place | None) -> str:
    return f" ({place.file}:{place.line})" if place else ""
