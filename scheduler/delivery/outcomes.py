"""What became of a message, as the ledger notes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scheduler.channels.channel import Handover, HandoverKind
from scheduler.channels.mime import mail_bytes, message_id
from scheduler.durations import MINUTE
from scheduler.messages.message import Email, Message
from scheduler.planning.apart import fault_in
from scheduler.store import Row, State, Suppression, Tried
from scheduler.store.outbox import storable
from scheduler.store.states import MOST_BREAKS

FIRST_RETRY = 30 * MINUTE
"""How long to wait after the first failure; each further one doubles it."""
LONGEST_WAIT = 24 * 60 * MINUTE
STUCK = 5 * MINUTE
"""How long to wait before looking again at what somebody has to put right."""
LAST_TRY = MINUTE
"""So long before its window closes is a message tried at the latest, where the other side asks for a long wait."""

_STATES: Mapping[HandoverKind, State] = {
    HandoverKind.SENT: State.SENT,
    HandoverKind.RETRY: State.RETRY,
    HandoverKind.FAILED: State.FAILED,
    HandoverKind.UNCONFIRMED: State.UNCONFIRMED,
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a message since `at` and is to be written down.

    `suppress` is an address that is no good; `hold` what is to be held (`channel:NAME`), and why.
    """

    tried: Tried
    at: int
    suppress: Suppression | None = None
    hold: tuple[str, str] | None = None


def known(row: Row, message: Message, answer: Handover, attempt: int, now: int) -> Known:
    """What a channel's answer to attempt number `attempt` (from 1) says of a row, its address and the channel."""
    name, detail = row.channel, storable(answer.detail)
    return Known(
        outcome_of(row, message, answer, attempt, now),
        now,
        Suppression(name, message.to, detail, now) if answer.suppress else None,
        (f"channel:{name}", detail) if answer.hold else None,
    )


def outcome_of(row: Row, message: Message, answer: Handover, attempt: int, now: int) -> Tried:
    """The outcome of attempt number `attempt` (from 1) to deliver a row.

    The other side may ask for a longer wait than the usual one, but not past the last try in the window. What could
    be tried again but for the end of its window has failed; or is `unconfirmed`, where this attempt may have arrived.
    """
    state = _STATES[answer.kind]
    next_at = None
    error = "" if state is State.SENT else answer.detail
    if state is State.RETRY:
        next_at = now + max(back_off(attempt), min(answer.wait, LONGEST_WAIT, row.closes - LAST_TRY - now))
        if answer.hold:
            next_at = now  # it waits for the release, and for nothing else
        if next_at >= row.closes:
            state, next_at = State.UNCONFIRMED if answer.uncertain else State.FAILED, None
            error = f"{error}; its window closes before the next try"
    identifier = message_id(row.key, message.from_) if isinstance(message, Email) else ""
    return Tried(row.key, state, answer.provider_id, error, next_at, identifier, attempt)


def stuck(row: Row, why: str, now: int) -> Tried:
    """A row that can't leave until somebody has put something right: it is looked at again after a while."""
    return Tried(row.key, State.RETRY, error=why, next_at=now + STUCK)


def not_sent(row: Row, why: str, attempt: int, now: int) -> Tried:
    """A row that was marked and then certainly not sent: it may leave at once."""
    return Tried(row.key, State.RETRY, error=why, next_at=now, attempt=attempt)


def broken(row: Row, error: Exception, now: int, attempt: int | None = None) -> Tried:
    """A row over which the program itself broke, and that may be tried again: later, or no more by itself.

    `attempt` is the number of its attempt where it was marked.
    """
    breaks = row.breaks + 1
    state = State.QUARANTINED if breaks >= MOST_BREAKS else State.RETRY
    next_at = now + back_off(breaks) if state is State.RETRY else None
    return Tried(row.key, state, error=fault_in(error), next_at=next_at, attempt=attempt, broke=True)


def may_have_gone(row: Row, message: Message, error: Exception, attempt: int) -> Tried:
    """A row over which its channel broke, and that may have gone out: only a person can say."""
    identifier = message_id(row.key, message.from_) if isinstance(message, Email) else ""
    why = f"{fault_in(error)} while it was handed over"
    return Tried(row.key, State.UNCONFIRMED, error=why, message_id=identifier, attempt=attempt, broke=True)


def has_no_bytes(message: Message, key: str, now: int) -> bool:
    """Whether a message is a mail that can't even be encoded, so that no channel can have sent it."""
    try:
        if isinstance(message, Email):
            mail_bytes(message, key, now)
    except Exception:  # noqa: BLE001 - whatever it is, it comes before the message leaves
        return True
    return False


def back_off(times: int) -> int:
    """How long to wait (microseconds) after so many failures, from 1."""
    return min(FIRST_RETRY << min(times - 1, 20), LONGEST_WAIT)
