"""What became of a message, as the ledger notes it."""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.channels.channel import Handover, HandoverKind
from scheduler.channels.mime import message_id
from scheduler.durations import MINUTE
from scheduler.messages.message import Email, Message
from scheduler.store import Row, State, Tried

FIRST_RETRY = 30 * MINUTE
"""How long to wait after the first failure; each further one doubles it."""
LONGEST_WAIT = 24 * 60 * MINUTE
HELD = 5 * MINUTE
"""How long to wait before looking again at what is held, or what somebody has to put right."""

_STATES: Mapping[HandoverKind, State] = {
    HandoverKind.SENT: State.SENT,
    HandoverKind.RETRY: State.RETRY,
    HandoverKind.FAILED: State.FAILED,
    HandoverKind.UNCONFIRMED: State.UNCONFIRMED,
}


def outcome_of(row: Row, message: Message, answer: Handover, attempt: int, now: int) -> Tried:
    """The outcome of attempt number `attempt` (from 1) to deliver a row.

    What could be tried again but for the end of its window has failed.
    """
    state = _STATES[answer.kind]
    next_at = None
    error = "" if state is State.SENT else answer.detail
    if state is State.RETRY:
        next_at = now + min(FIRST_RETRY * 2 ** min(attempt - 1, 20), LONGEST_WAIT)
        if next_at >= row.closes:
            state, next_at, error = State.FAILED, None, f"{error}; its window closes before the next try"
    identifier = message_id(row.key, message.from_) if isinstance(message, Email) else ""
    return Tried(row.key, state, answer.provider_id, error, next_at, identifier)


def held(row: Row, why: str, now: int, wait: int = HELD) -> Tried:
    """A row that can't leave until somebody has put something right: it is looked at again after `wait`."""
    return Tried(row.key, State.RETRY, error=why, next_at=now + wait)


def not_sent(row: Row, why: str, now: int) -> Tried:
    """A row that was marked and then certainly not sent: it may leave at once."""
    return Tried(row.key, State.RETRY, error=why, next_at=now)
