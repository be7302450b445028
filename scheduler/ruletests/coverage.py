"""Coverage: which rules the tests bring to a contact, and which of their gates they saw say no."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scheduler.decisions.causes import Cause
from scheduler.decisions.outcome import Outcome
from scheduler.decisions.program import Program
from scheduler.rulebook.model import VALUE_WINDOW, Again, Ask, EventDateTrigger, Rule, SilenceTrigger, Status
from scheduler.ruletests.verdict import Verdict

ALWAYS_THERE = frozenset({Cause.ACTIVE, Cause.WINDOW, Cause.REACHABLE, Cause.SEND_HOURS, Cause.CAP, Cause.HOLDOUT})
"""Gates of the house, or of every rule: a rule needs no test of its own for them."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What the tests reach of a rule: whether it makes a contact in one, and its gates by whether one says no."""

    rule: Rule
    contacted: bool
    gates: dict[str, bool]

    @property
    def unreached(self) -> tuple[str, ...]:
        """The gates that no test saw say no."""
        return tuple(gate for gate, reached in self.gates.items() if not reached)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to be tested."""
        return self.contacted and not self.unreached


def coverage(program: Program, verdicts: Iterable[Verdict]) -> list[Covered]:
    """What the tests reach of each active rule, in the order of their names."""
    contacted: set[str] = set()
    refused: set[tuple[str, str]] = set()
    for verdict in verdicts:
        for one in verdict.seen:
            if one.outcome is Outcome.CONTACT:
                contacted.add(one.rule)
            refused.update((one.rule, gate) for gate in one.because)
    found = []
    for number, rule in enumerate(program.rules):
        if rule.status is Status.ACTIVE:
            own = [
                gate.name
                for gate in program.gates[number]
                if _may_refuse(gate.cause, rule, program.house.ask(rule.asks_for))
            ]
            found.append(Covered(rule, rule.name in contacted, {gate: (rule.name, gate) in refused for gate in own}))
    return sorted(found, key=lambda one: one.rule.name)


def _may_refuse(cause: Cause, rule: Rule, ask: Ask) -> bool:
    match cause:
        case Cause.AGAIN:
            return rule.again != Again()
        case Cause.UNTIL:
            return rule.until is not None or isinstance(rule.when, SilenceTrigger | EventDateTrigger)
        case Cause.VALUE_WINDOW:  # its window does not open before
            return rule.after != VALUE_WINDOW and ask.value_window != "none"
        case Cause.GIVES:
            return ask.gives != "none"
        case _:
            return cause not in ALWAYS_THERE
