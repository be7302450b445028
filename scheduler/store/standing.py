"""How things stand: what is due, on its way or uncertain, in numbers that name nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from scheduler.store.states import State

if TYPE_CHECKING:
    from scheduler.store.database import Store

_DUE = text("SELECT COUNT(*), MIN(next_at) FROM occasion WHERE state IN ('planned', 'waiting') AND next_at <= :now")
_OUTGOING = text("SELECT COUNT(*), MIN(next_at) FROM occasion WHERE state IN ('queued', 'retry')")
_SENDING = text("SELECT COUNT(*) FROM occasion WHERE state = 'sending'")
_UNPLANNED = text("SELECT COUNT(*) FROM customer WHERE revision > planned_revision")
_HOLDS = text("SELECT name FROM daemon WHERE kind = 'hold' ORDER BY name")
_OUTCOMES = text(
    "SELECT channel, state, COUNT(*) FROM occasion WHERE state IN ('sent', 'delivered', 'bounced', 'complained',"
    " 'failed', 'unconfirmed', 'quarantined', 'assigned', 'done', 'dropped')"
    " GROUP BY channel, state ORDER BY channel, state"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Numbers of occasions that are due to be decided, queued and being sent; of customers to be planned.

    `overdue` is how long the oldest of what is to be done by now has waited, in microseconds; `holds` are the names of
    what is held.
    """

    due: int
    queued: int
    sending: int
    unplanned: int
    overdue: int
    holds: tuple[str, ...]


def standing(store: Store, now: int) -> Standing:
    """How things stand at `now` (UTC microseconds); it looks at no row that is over. Raises `StoreError`."""
    with store.read() as connection:
        due, oldest_due = connection.execute(_DUE, {"now": now}).one()
        queued, oldest_queued = connection.execute(_OUTGOING).one()
        sending = connection.execute(_SENDING).scalar_one()
        unplanned = connection.execute(_UNPLANNED).scalar_one()
        holds = tuple(connection.execute(_HOLDS).scalars())
    overdue = max((now - at for at in (oldest_due, oldest_queued) if at is not None), default=0)
    return Standing(due, queued, sending, unplanned, max(overdue, 0), holds)


def outcomes(store: Store) -> dict[tuple[str, State], int]:
    """How many contacts of each channel came to each state, of those that they end in; it looks through all rows."""
    with store.read() as connection:
        return {(channel, State(state)): int(count) for channel, state, count in connection.execute(_OUTCOMES)}
