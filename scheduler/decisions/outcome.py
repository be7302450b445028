"""What can come of an occasion, and what it is told in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scheduler.decisions.causes import Cause
from scheduler.decisions.facts import Event
from scheduler.rulebook.model import AsksFor, Serves


class Outcome(StrEnum):
    """A decision; all but `contact` and `waiting` end the occasion without a contact.

    The order is that of the kernel's numbers.
    """

    CONTACT = "contact"
    WAITING = "waiting"
    TOO_LATE = "too_late"
    SUPERSEDED = "superseded"
    GOAL_REACHED = "goal_reached"
    HELD_OUT = "held_out"
    CANCELLED = "cancelled"

    @property
    def ends(self) -> bool:
        """Whether the occasion is over: it is never asked again."""
        return self is not Outcome.WAITING

    @property
    def cause(self) -> Cause | None:
        """The gate whose no alone ends an occasion so; None where there is no such gate."""
        return _CAUSES.get(self)


OUTCOMES = tuple(Outcome)
_CAUSES = {
    Outcome.SUPERSEDED: Cause.AGAIN,
    Outcome.GOAL_REACHED: Cause.UNTIL,
    Outcome.HELD_OUT: Cause.HOLDOUT,
    Outcome.CANCELLED: Cause.ACTIVE,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one occasion.

    Instants are UTC microseconds. `at` is when it was decided (for `waiting`: the end of the time looked at);
    `because` names the gates that said no, each a `Cause` with its detail; `until` is when a waiting occasion is
    asked again, without a new fact.
    """

    at: int
    customer: str
    rule: str
    occasion: str
    outcome: Outcome
    channel: str | None
    because: tuple[str, ...]
    until: int | None
    trigger: int
    opens: int
    closes: int
    asks_for: AsksFor
    event: Event | None = None

    @property
    def order(self) -> tuple[int, str, str, str]:
        """By instant, customer, rule, occasion."""
        return self.at, self.customer, self.rule, self.occasion

    @property
    def serves(self) -> Serves:
        """Whom the contact serves."""
        return self.asks_for.serves

    @property
    def is_missed(self) -> bool:
        """Whether nothing stood in its way but time: the last one at which it could speak in its window is over."""
        if self.because != (Cause.WINDOW,):
            return False
        left = self.opens >= self.at or self.until != self.closes
        return self.outcome is Outcome.TOO_LATE or (self.outcome is Outcome.WAITING and not left)
