"""Why nothing is sent: the gates that can say no, each with what its no means."""

from __future__ import annotations

from scheduler.explained import Explained


class Cause(Explained):
    """A gate that said no, in the order in which they are asked.

    A rule that has several of a kind tells them apart by a detail: `only_if.happy`, `cap.1`.
    """

    ACTIVE = "active", "the rule is not active for it"
    WINDOW = "window", "its time has not come"
    AGAIN = "again", "this rule has spoken already"
    UNTIL = "until", "what it is for has happened already"
    ONLY_IF = "only_if", "what it takes is not so"
    UNLESS = "unless", "what forbids it is so"
    VALUE_WINDOW = "value_window", "they have not had the value yet"
    BLOCKED = "blocked", "something keeps us from asking"
    GIVES = "gives", "nothing was given since the last ask"
    REACHABLE = "reachable", "no usable address"
    CONSENT = "consent", "no consent"
    SEND_HOURS = "send_hours", "outside the send hours"
    CAP = "cap", "contacted often enough"
    HOLDOUT = "holdout", "in the control group"
    ERASED = "erased", "their data were erased"
    BY_HAND = "by_hand", "a person cancelled it"

    @classmethod
    def of(cls, gate: str) -> Cause:
        """The cause in a gate's name, with or without a detail."""
        return cls(gate.partition(".")[0])
