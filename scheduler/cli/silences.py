"""Why nothing is sent, in a few words a gate."""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.cli.decision_rows import Told
from scheduler.decisions import words
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.rulebook.model import Condition, Rule, Rulebook

_SENTENCES = {
    "active": "the rule is not active for it",
    "window": "its time has not come",
    "again": "this rule has spoken already",
    "until": "what it is for has happened already",
    "value_window": "they have not had the value yet",
    "gives": "nothing was given since the last ask",
    "reachable": "no usable address",
    "consent": "no consent",
    "send_hours": "outside the send hours",
    "holdout": "in the control group",
}
_ENDING: Mapping[Outcome, str] = {
    Outcome.CANCELLED: "active",
    Outcome.SUPERSEDED: "again",
    Outcome.GOAL_REACHED: "until",
    Outcome.HELD_OUT: "holdout",
}
"""The gate whose no alone ends an occasion so."""


def refusing(decision: Decision) -> tuple[str, ...]:
    """The gates that matter to people: of an occasion that one gate ended, that one alone."""
    ending = _ENDING.get(decision.outcome)
    return (ending,) if ending in decision.because else decision.because


def causes_of(one: Told, rulebook: Rulebook) -> str:
    """Say why nothing is sent, every cause."""
    return "; ".join(in_words(gate, rulebook, one.rule) for gate in refusing(one.decision)) or _SENTENCES["window"]


def in_words(gate: str, rulebook: Rulebook, rule: Rule | None) -> str:
    """Say what a gate's no means: `only_if.happy` becomes `not so: scored us 9 or 10 …`."""
    kind, _, name = gate.partition(".")
    if gate in _SENTENCES:
        return _SENTENCES[gate]
    if kind == "cap":
        return _cap(name, rulebook)
    condition = _condition(kind, name, rule)
    means = words.condition(condition, rulebook.conditions) if condition else name
    return f"not so: {means}" if kind == "only_if" else means


def _cap(number: str, rulebook: Rulebook) -> str:
    caps = rulebook.house.frequency_caps
    if not number.isdigit() or not 0 < int(number) <= len(caps):
        return "contacted often enough"
    cap = caps[int(number) - 1]
    narrowed = (f" that serve {cap.serves}" if cap.serves else "") + (f" by {cap.by}" if cap.by else "")
    return f"contacted often enough (at most {cap.at_most}{narrowed} within {cap.within})"


def _condition(kind: str, name: str, rule: Rule | None) -> Condition | None:
    """The condition of a gate: a named one, or the rule's own inline one by its number."""
    if not name.isdigit():
        return name
    listed = {"only_if": rule.only_if, "unless": rule.unless}.get(kind, ()) if rule else ()
    return listed[int(name) - 1] if 0 < int(name) <= len(listed) else None
