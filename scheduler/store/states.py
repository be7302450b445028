"""The states of an occasion, from planned to its end."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where an occasion stands."""

    PLANNED = "planned"
    WAITING = "waiting"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    RETRY = "retry"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    QUARANTINED = "quarantined"
    TOO_LATE = "too_late"
    SUPERSEDED = "superseded"
    GOAL_REACHED = "goal_reached"
    HELD_OUT = "held_out"
    CANCELLED = "cancelled"
    ASSIGNED = "assigned"
    DONE = "done"
    DROPPED = "dropped"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self in OPEN

    @property
    def is_contact(self) -> bool:
        """Whether it counts as a contact that was made."""
        return self in CONTACTED

    @property
    def is_over(self) -> bool:
        """Whether nothing will be decided or sent for it any more, by itself."""
        return self in OVER


OPEN = frozenset({State.PLANNED, State.WAITING})
"""To be decided."""

OUTGOING = frozenset({State.QUEUED, State.RETRY})
"""Decided, and to be sent."""

CONTACTED = frozenset(
    {
        State.QUEUED,
        State.SENDING,
        State.SENT,
        State.DELIVERED,
        State.BOUNCED,
        State.COMPLAINED,
        State.UNCONFIRMED,
        State.RETRY,
        State.ASSIGNED,
        State.DONE,
    }
)
"""Counts as a contact that was made, for caps and conditions."""

OVER = frozenset(State) - OPEN - OUTGOING - {State.SENDING}
"""Neither decided nor sent any more, by itself."""

MOST_BREAKS = 3
"""As often may an occasion break its worker before it is quarantined."""

MAY_BECOME: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RETRY, State.FAILED, State.QUARANTINED}),
    State.RETRY: frozenset({State.RETRY, State.FAILED, State.QUARANTINED}),
    State.SENDING: frozenset({State.SENT, State.RETRY, State.FAILED, State.UNCONFIRMED, State.QUARANTINED}),
    State.SENT: frozenset({State.DELIVERED, State.BOUNCED, State.COMPLAINED}),
    State.DELIVERED: frozenset({State.BOUNCED, State.COMPLAINED}),
    State.BOUNCED: frozenset({State.COMPLAINED}),
    State.UNCONFIRMED: frozenset(
        {
            *(State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED, State.RETRY, State.FAILED),
            *(State.QUARANTINED, State.QUEUED),
        }
    ),
    State.FAILED: frozenset({State.QUEUED}),
    State.QUARANTINED: frozenset({State.QUEUED}),
}
"""What delivery may make of each state; `queued` again only by a person's decision."""
