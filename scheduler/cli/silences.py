"""Why nothing is sent, in a few words a gate."""

from __future__ import annotations

from scheduler.cli.decision_rows import Told
from scheduler.decisions import words
from scheduler.decisions.causes import Cause
from scheduler.decisions.outcome import Decision
from scheduler.rulebook.model import Condition, Rule, Rulebook

MISSED = "the last time at which it could speak has passed"


def refusing(decision: Decision) -> tuple[str, ...]:
    """The gates that matter to people: of an occasion that one gate ended, that one alone."""
    ending = decision.outcome.cause
    return (ending,) if ending in decision.because else decision.because


def causes_of(one: Told, rulebook: Rulebook) -> str:
    """Say why nothing is sent, every cause."""
    return "; ".join(noes(one, rulebook)) or Cause.WINDOW.meaning


def noes(one: Told, rulebook: Rulebook) -> list[str]:
    """What each gate's no means, of those that matter to people."""
    missed = one.decision.is_missed
    return [in_words(gate, rulebook, one.rule, missed=missed) for gate in refusing(one.decision)]


def in_words(gate: str, rulebook: Rulebook, rule: Rule | None, *, missed: bool = False) -> str:
    """Say what a gate's no means: `only_if.happy` becomes `not so: scored us 9 or 10 …`.

    Where its time was `missed`, the window's no is not that its time has not come.
    """
    cause, detail = Cause.of(gate), gate.partition(".")[2]
    if cause is Cause.WINDOW and missed:
        return MISSED
    if cause is Cause.CAP:
        return cause.meaning + _cap(detail, rulebook)
    if cause is Cause.UNTIL and rule is not None:
        return words.ended(rule)
    if cause is Cause.GIVES and rule is not None:
        return _gives(rule, rulebook)
    condition = _condition(cause, detail, rule)
    if not condition:
        return cause.meaning
    means = words.condition(condition, rulebook.conditions)
    return f"not so: {means}" if cause is Cause.ONLY_IF else means


def _gives(rule: Rule, rulebook: Rulebook) -> str:
    span = rulebook.house.ask(rule.asks_for).gives
    return f"a contact that asks for nothing has to come first, within {span} and after the last ask"


def _cap(number: str, rulebook: Rulebook) -> str:
    caps = rulebook.house.frequency_caps
    if not number.isdigit() or not 0 < int(number) <= len(caps):
        return ""
    cap = caps[int(number) - 1]
    narrowed = (f" that serve {cap.serves}" if cap.serves else "") + (f" by {cap.by}" if cap.by else "")
    return f" (at most {cap.at_most}{narrowed} within {cap.within})"


def _condition(cause: Cause, detail: str, rule: Rule | None) -> Condition | None:
    """The condition of a gate: a named one, or the rule's own inline one by its number; None where it has none."""
    if not detail.isdigit():
        return detail or None
    listed = {Cause.ONLY_IF: rule.only_if, Cause.UNLESS: rule.unless}.get(cause, ()) if rule else ()
    return listed[int(detail) - 1] if 0 < int(detail) <= len(listed) else None
