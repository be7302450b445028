"""Replays into a restored database what came after the backup: what left, what was withdrawn, and who was erased.

It is told by the journal or, on PostgreSQL, by the tables that the restored ones took the place of: both have the same
names and columns.
"""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from scheduler.store.addresses import hashed
from scheduler.store.erasure import pseudonym
from scheduler.store.journal import BACKED_UP, CONSENT, ERASED, OCCASION, said

if TYPE_CHECKING:
    from scheduler.store.database import Store

UNKNOWN = "it was being sent after the backup that was restored, or when it was made; nobody knows whether it left"
"""Why a message is `unconfirmed` after a restore."""

_LEFT = "state IN ('sending', 'sent', 'delivered', 'bounced', 'complained', 'unconfirmed')"
_STATE = "CASE WHEN state = 'sending' THEN 'unconfirmed' ELSE state END"
_FILLED = {
    **{name: name for name in OCCASION},
    **dict.fromkeys(("template", "reason", "sender"), "''"),
    "state": _STATE,
    "next_at": "NULL",
    "because": "'[]'",
    "breaks": "0",
    "error": f"CASE WHEN {_STATE} = 'unconfirmed' THEN :unknown ELSE '' END",
}
_CHANGED = ("state", "next_at", "decided_for", "decided_at", "channel", "attempts", "message_id", "provider_id")
_REPLAY = (
    f"INSERT INTO occasion ({', '.join(_FILLED)}) SELECT {', '.join(_FILLED.values())} FROM {{source}}.occasion"
    f" WHERE {_LEFT} ON CONFLICT (bucket, customer, key) DO UPDATE SET"
    f" {', '.join(f'{name} = excluded.{name}' for name in (*_CHANGED, 'error', 'sender'))}"
    " WHERE occasion.state <> excluded.state RETURNING state"
)
_SETTLE = (
    "UPDATE occasion SET state = 'unconfirmed', sender = '', error = :unknown WHERE state = 'sending' RETURNING state"
)
_UNCLAIM = text("UPDATE occasion SET sender = '' WHERE sender <> ''")
_WITHDRAW = (
    f"INSERT INTO consent ({', '.join(CONSENT)}, source) SELECT {', '.join(CONSENT)}, source FROM {{source}}.consent"
    " WHERE NOT given ON CONFLICT DO NOTHING"
)
_SUPPRESSIONS = "SELECT channel, address, cause, since FROM {source}.suppression"
_SUPPRESS = text("INSERT INTO suppression VALUES (:channel, :address, :cause, :since) ON CONFLICT DO NOTHING")
_ERASED = "SELECT about, MAX(at) FROM {source}.note WHERE who = :who AND what = :what GROUP BY about"
_CUSTOMERS = text("SELECT id, known_at FROM customer ORDER BY bucket, id")
_BACKED_UP = text("SELECT MAX(at) FROM note WHERE who = :who AND what = :what")
_KNOWN = "SELECT 1 FROM {source}.note WHERE who = :who AND what = :what AND at = :at"


@dataclass(frozen=True, slots=True)
class Replayed:
    """How much came after the backup of `backed_up` (UTC microseconds), or None where it doesn't say.

    `left` are messages that are not sent again; of `unconfirmed` ones, further ones, nobody knows. `stopped` are
    consents that were withdrawn and addresses that were suppressed. Unless it `is_whole`, there may be more.
    """

    left: int
    unconfirmed: int
    stopped: int
    erased: int
    backed_up: int | None
    is_whole: bool


def replay(store: Store, source: str, *, now: int) -> Replayed:
    """Replays what the tables of the schema `source` tell into the store, in which nobody works."""
    with store.together() as both, both.write() as connection:
        backed_up = connection.execute(_BACKED_UP, said(BACKED_UP)).scalar()
        known = _asked(connection, _KNOWN, source, **said(BACKED_UP), at=backed_up).first()
        states = [state for (state,) in _asked(connection, _REPLAY, source, unknown=UNKNOWN)]
        states += [state for (state,) in connection.execute(text(_SETTLE), {"unknown": UNKNOWN})]
        connection.execute(_UNCLAIM)
        stopped = _asked(connection, _WITHDRAW, source).rowcount + _suppress(connection, source, store.pepper)
        erased = sum(both.erase(customer, now=now) for customer in _erased(connection, source, store.pepper))
    unconfirmed = states.count("unconfirmed")
    return Replayed(len(states) - unconfirmed, unconfirmed, stopped, erased, backed_up, known is not None)


def _suppress(connection: Connection, source: str, pepper: bytes) -> int:
    """Suppresses again; the journal has but hashes, of which some are those of addresses that are suppressed here."""
    there = {
        (channel, one)
        for channel, address, *_ in connection.execute(text(_SUPPRESSIONS.replace("{source}.", "")))
        for one in (address, hashed(address, pepper))
    }
    rows = [dict(row) for row in _asked(connection, _SUPPRESSIONS, source).mappings()]
    missing = [row for row in rows if (row["channel"], row["address"]) not in there]
    if missing:
        connection.execute(_SUPPRESS, missing)
    return len(missing)


def _erased(connection: Connection, source: str, pepper: bytes) -> list[str]:
    """Who is there and was erased; not who came back after it."""
    erased: dict[str, int] = dict(_asked(connection, _ERASED, source, **said(ERASED)).all())
    if not erased:
        return []
    return [
        id_ for id_, known_at in connection.execute(_CUSTOMERS) if known_at <= erased.get(pseudonym(id_, pepper), -1)
    ]


def _asked(connection: Connection, statement: str, source: str, **given: Any) -> Any:
    return connection.execute(text(statement.format(source=source)), given)
