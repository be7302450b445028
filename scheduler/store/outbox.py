"""The outbox: occasions on their way out, each marked before its message leaves."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, String, bindparam, text

from scheduler.errors import LeaseTaken
from scheduler.store import customers, holds, journal, traffic
from scheduler.store.batch import KEYS, Batch, Statement, Update
from scheduler.store.buckets import IN_SLICES, OfSlices
from scheduler.store.lease import LIVING, Lease, ensure_held
from scheduler.store.row import (
    CANCEL,
    COLUMNS,
    TYPES,
    Row,
    because_of,
    by_key,
    customer_of,
    locking,
    place_of,
    row_of,
    rows_of,
)
from scheduler.store.states import MAY_BECOME, MOST_BREAKS, OUTGOING, State

if TYPE_CHECKING:
    from scheduler.store.database import Store

_READY = "state IN ('queued', 'retry') AND next_at <= :now"
_QUEUED = text(f"SELECT {COLUMNS} FROM occasion WHERE {_READY} ORDER BY next_at, bucket, customer, key LIMIT :limit")
_WAITING = text(f"SELECT rule, channel, COUNT(*) FROM occasion WHERE {_READY} GROUP BY rule, channel")
_CLAIM = (
    "UPDATE occasion SET sender = :sender WHERE (bucket, customer, key) IN (SELECT bucket, customer, key FROM occasion"
    f" WHERE {_READY} AND sender IN ('', :sender) AND {{breaks}}"
    # what is held, or waits for its channel, stays as it is, but for what is too late by now: the gates end that
    f" AND (closes <= :now OR (channel NOT IN :full AND NOT EXISTS {holds.HELD}))"
    f"{{slices}} ORDER BY breaks, next_at, bucket, customer, key LIMIT :limit{{skipping}}) RETURNING {COLUMNS}"
)
_SKIPPING = " FOR UPDATE SKIP LOCKED"
_LIMITS = {"sqlite": ("", ""), "postgresql": ("", _SKIPPING), "slices": (IN_SLICES, _SKIPPING)}
_CLAIM_SOUND, _CLAIM_SUSPECT = (
    {
        name: text(_CLAIM.format(breaks=breaks, slices=slices, skipping=skipping)).bindparams(
            bindparam("full", type_=String, expanding=True)
        )
        for name, (slices, skipping) in _LIMITS.items()
    }
    for breaks in ("breaks = 0", "breaks > 0")
)
_GIVE_BACK = text(f"UPDATE occasion SET sender = '' WHERE {_READY} AND sender = :sender")


class _Standing(NamedTuple):
    """How a row stands on its way out; to read all of its columns takes three times as long."""

    key: str
    customer: str
    rule: str
    channel: str
    state: str
    attempts: int
    sender: str
    breaks: int
    provider_id: str
    message_id: str


_STANDS = locking(by_key(", ".join(_Standing._fields)), KEYS)
_NUMBERED = {**KEYS, "number": "integer"}
_MARK = Update("occasion", KEYS, {"state": "text", "sender": "text", "attempts": "integer", "next_at": "bigint"})
_TRY = Batch(
    "INSERT INTO attempt (bucket, customer, occasion, number, started, outcome, provider_id, error)"
    " SELECT bucket, customer, key, number, :now, 'sending', '', '' FROM {given}",
    _NUMBERED,
)
_ENDED = {**_NUMBERED, "state": "text", "provider_id": "text", "error": "text"}
_RECORDED = ("state", "next_at", "error", "sender", "breaks", "provider_id", "message_id")
_RECORD = Update("occasion", KEYS, {name: TYPES[name] for name in _RECORDED})
_TRIED = Batch(
    "UPDATE attempt SET ended = :now, outcome = given.state, error = given.error,"
    " provider_id = CASE WHEN given.provider_id = '' THEN attempt.provider_id ELSE given.provider_id END"
    " FROM {given} WHERE attempt.bucket = given.bucket AND attempt.customer = given.customer"
    " AND attempt.occasion = given.key AND attempt.number = given.number",
    _ENDED,
)
_CRASHED = OfSlices(
    "UPDATE occasion SET state = 'unconfirmed', error = :error, next_at = NULL,"
    " breaks = breaks + CASE WHEN sender = :own THEN 0 ELSE 1 END"
    f" WHERE state = 'sending' AND (sender = :own OR sender NOT IN ({LIVING})){{slices}} RETURNING {COLUMNS}"
)
_ABANDONED = f"sender NOT IN ('', :own) AND sender NOT IN ({LIVING})"
_QUARANTINE = OfSlices(
    "UPDATE occasion SET state = 'quarantined', error = :error, next_at = NULL, sender = '', breaks = breaks + 1"
    f" WHERE {_READY} AND {_ABANDONED} AND breaks + 1 >= {MOST_BREAKS}{{slices}} RETURNING {COLUMNS}"
)
_FREE = OfSlices(f"UPDATE occasion SET sender = '', breaks = breaks + 1 WHERE {_READY} AND {_ABANDONED}{{slices}}")
_ATTEMPTS = text(
    "SELECT number, started, ended, outcome, provider_id, error FROM attempt"
    " WHERE bucket = :bucket AND customer = :customer AND occasion = :key ORDER BY number"
)
_RULES = Statement("SELECT COALESCE(MAX(number), 0) FROM rulebook")
_KEEP_RULES = text("LOCK TABLE rulebook IN ROW SHARE MODE")
"""Nobody can activate others before the transaction ends: who does locks the table in EXCLUSIVE MODE."""

NOBODY = "nobody"
"""Who is sending what was marked without a lease."""
CRASHED = "what was sending it ended before the outcome was known"
BROKE_ITS_WORKER = f"the process that was about to send it ended each of {MOST_BREAKS} times"
_LEFT = frozenset({State.SENT, State.UNCONFIRMED})
"""What was `sending` and is so now has left, or may have."""
CANCELLABLE = frozenset({State.PLANNED, State.WAITING, State.FAILED, State.QUARANTINED}) | OUTGOING
"""What a person may cancel: it has certainly not gone out, and is not about to."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What may leave now, with the number of its attempt, and why the others may not.

    `changed`: something new came about their customers. `gone`: they are not there to send. `held`: a hold came.
    `outdated`: the rules that they were asked by are no longer the active ones; nothing was marked then.
    """

    marked: Mapping[str, int]
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a message; `next_at` is when to try again.

    `attempt` is the number of the attempt that it became so by, None where that is no matter. `broke`: it broke its
    worker once more.
    """

    key: str
    state: State
    provider_id: str = ""
    error: str = ""
    next_at: int | None = None
    message_id: str = ""
    attempt: int | None = None
    broke: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver."""

    number: int
    started: int
    ended: int | None
    outcome: str
    provider_id: str
    error: str


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox of a store."""

    store: Store

    def queued(self, now: int, limit: int = 100) -> list[Row]:
        """What may be sent by now, the oldest first, whoever has claimed it."""
        with self.store.read() as connection:
            return [row_of(row) for row in connection.execute(_QUEUED, {"now": now, "limit": limit})]

    def waiting(self, now: int) -> dict[tuple[str, str], int]:
        """How much could be sent by now, by rule and channel, held or not."""
        with self.store.read() as connection:
            return {(rule, channel): count for rule, channel, count in connection.execute(_WAITING, {"now": now})}

    def claim(self, lease: Lease, now: int, limit: int = 100, *, full: Iterable[str] = ()) -> list[Row]:
        """What may be sent by now, the oldest first, and is nobody else's from now on while this lease lives.

        What has broken a worker before comes last, and alone. Nothing is claimed while all is held; of a rule or
        channel that is held, and of the channels that are `full` for now, only what is too late by now. Raises
        `LeaseTaken` where the lease is no longer held.
        """
        given: dict[str, Any] = {"sender": lease.sender, "now": now, "full": list(full)}
        if (slices := self.store.slices) is not None:
            given["slices"] = list(slices)
        with self.store.write() as connection:
            ensure_held(connection, lease)
            if holds.ALL in holds.names(connection):
                return []
            which = connection.dialect.name if slices is None else "slices"
            for statement, most in ((_CLAIM_SOUND[which], limit), (_CLAIM_SUSPECT[which], 1)):
                found = [row_of(row) for row in connection.execute(statement, {**given, "limit": most})]
                if found:
                    break
        return sorted(found, key=lambda row: (row.next_at or 0, row.key))

    def give_back(self, lease: Lease, now: int) -> None:
        """Lets others claim what this lease has claimed and not marked: it ends, and none of that broke it."""
        with self.store.write() as connection:
            connection.execute(_GIVE_BACK, {"sender": lease.sender, "now": now})

    def mark_sending(
        self, revisions: Mapping[str, int], *, lease: Lease | None, now: int, rules: int | None = None
    ) -> Marked:
        """Marks rows as `sending`: those that `may_leave`.

        Once this returns, the mark is on the disk and the message may leave. Raises `LeaseTaken` where the lease is
        no longer held. Without a lease, what is `sending` is taken for crashed as soon as anybody asks.
        """
        sender = lease.sender if lease else NOBODY
        with self.store.write() as connection:
            found = _may_leave(connection, revisions, lease, rules)
            rows = [{**place_of(key), "number": number} for key, number in found.marked.items()]
            _MARK.run(connection, [(State.SENDING.value, sender, row["number"], None, *_key_of(row)) for row in rows])
            _TRY.run(connection, rows, now=now)
            journal.keep(connection, rows, now=now)
        journal.sync(self.store.engine)
        return found

    def may_leave(self, revisions: Mapping[str, int], *, lease: Lease, rules: int) -> Marked:
        """What could be marked: queued, not held, of customers at the revisions that the gates were asked at.

        `rules` is the number of the activation by which they were asked. Inside `together`, all of it stays so until
        the transaction ends. Raises `LeaseTaken`.
        """
        with self.store.write() as connection:
            return _may_leave(connection, revisions, lease, rules)

    def record(self, outcomes: Sequence[Tried], *, now: int, lease: Lease | None = None) -> list[str]:
        """Writes what became of messages; the keys of those that can't have become so are returned.

        Of what somebody has claimed or is sending, only they can say so, by their lease. Without a lease it is said
        by a person or by the other side, of what nobody is sending.
        """
        refused: list[str] = []
        recorded: list[tuple[Any, ...]] = []
        tried: list[dict[str, Any]] = []
        left: Counter[str] = Counter()
        with self.store.write() as connection:
            is_held = lease is not None and _is_held(connection, lease)
            keys = [outcome.key for outcome in outcomes]
            customers.lock(connection, {customer_of(key) for key in keys})
            there = {row.key: row for row in _standing(connection, keys)}
            for outcome in outcomes:
                row = there.get(outcome.key)
                if row is None or not _may_say(outcome, row, lease, is_held=is_held):
                    refused.append(outcome.key)
                    continue
                if row.state == State.SENDING and outcome.state in _LEFT:
                    left[row.channel] += 1
                ended = _ended(outcome, row.attempts)
                tried.append(ended)
                recorded.append(_recorded(outcome, ended, row, now))
            _RECORD.run(connection, recorded)
            _TRIED.run(connection, tried, now=now)
            journal.keep(connection, tried, now=now)
            traffic.count(connection, left, now=now)
        return refused

    def cancel(self, key: str, because: Sequence[str], *, now: int) -> bool:
        """Cancels what a person may cancel; False for anything else."""
        with self.store.write() as connection:
            customers.lock(connection, [customer_of(key)])
            found = [row for row in rows_of(connection, [key], lock=True) if row.state in CANCELLABLE]
            CANCEL.run(connection, [{**place_of(row.key), "because": because_of(because)} for row in found], now=now)
        return bool(found)

    def crashed(self, now: int, lease: Lease | None = None) -> list[Row]:
        """Tidies up after who has no living lease; returns the rows whose state that changed.

        What they were sending becomes `unconfirmed`: a person decides about it. What they had only claimed can be
        claimed by others; it may be what broke them, so that counts, and at the third time it is quarantined. By the
        `lease` of who asks, and has nothing under way, what is `sending` is uncertain as well; its claims stay its own.
        """
        slices, given = self.store.slices, {"now": now, "own": lease.sender if lease else ""}
        with self.store.write() as connection:
            found = [row_of(row) for row in _CRASHED.run(connection, slices, **given, error=CRASHED)]
            tried = [
                {
                    **place_of(row.key),
                    "number": row.attempts,
                    "state": str(row.state),
                    "error": row.error,
                    "provider_id": "",
                }
                for row in found
            ]
            _TRIED.run(connection, tried, now=now)
            found += map(row_of, _QUARANTINE.run(connection, slices, **given, error=BROKE_ITS_WORKER))
            _FREE.run(connection, slices, **given)
            traffic.count(connection, Counter(row.channel for row in found if row.state in _LEFT), now=now)
        return found

    def attempts(self, key: str) -> list[Attempt]:
        """The tries to deliver it, the first one first."""
        with self.store.read() as connection:
            return [Attempt(*row) for row in connection.execute(_ATTEMPTS, place_of(key))]


def _may_leave(connection: Connection, revisions: Mapping[str, int], lease: Lease | None, rules: int | None) -> Marked:
    """What may leave, each with the number of its next attempt; none of that can change before the transaction ends."""
    if lease is not None:
        ensure_held(connection, lease)
    if rules is not None and _active_rules(connection) != rules:
        return Marked({}, outdated=True)
    held_back = holds.kept_names(connection)
    present = customers.lock(connection, {customer_of(key) for key in revisions})
    marked: dict[str, int] = {}
    changed: list[str] = []
    held: list[str] = []
    for row in _standing(connection, revisions):
        if row.state not in OUTGOING:
            continue
        if present.get(row.customer) != revisions[row.key]:
            changed.append(row.key)
        elif holds.is_held(row.rule, row.channel, held_back):
            held.append(row.key)
        else:
            marked[row.key] = row.attempts + 1
    there = {*marked, *changed, *held}
    return Marked(marked, tuple(changed), tuple(key for key in revisions if key not in there), tuple(held))


def _key_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEYS)


def _ended(outcome: Tried, number: int) -> dict[str, Any]:
    """How attempt number `number` ended, as `_ENDED`."""
    return {
        **place_of(outcome.key),
        "number": number,
        "state": str(outcome.state),
        "provider_id": storable(outcome.provider_id),
        "error": storable(outcome.error),
    }


def _recorded(outcome: Tried, ended: Mapping[str, Any], row: _Standing, now: int) -> tuple[Any, ...]:
    """What is written of a row whose attempt `ended` so: `_RECORDED` in that order, then its key."""
    return (
        ended["state"],
        (outcome.next_at or now) if outcome.state in OUTGOING else None,
        ended["error"],
        "",
        row.breaks + outcome.broke,
        ended["provider_id"] or row.provider_id,
        storable(outcome.message_id) or row.message_id,
        *_key_of(ended),
    )


def _standing(connection: Connection, keys: Iterable[str]) -> list[_Standing]:
    """How the rows with these keys stand, of those that there are; nobody else can change them in this transaction."""
    places = [place_of(key) for key in set(keys)]
    return [_Standing(*columns) for columns in _STANDS[connection.dialect.name].all(connection, places)]


def _active_rules(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        connection.execute(_KEEP_RULES)
    return int(_RULES.all(connection, {})[0][0])


def _may_say(outcome: Tried, row: _Standing, lease: Lease | None, *, is_held: bool) -> bool:
    """Whether an outcome can be that of a row, and whether who says so by that lease, or by none, can know."""
    state = State(row.state)
    if outcome.state not in MAY_BECOME.get(state, ()) or outcome.attempt not in (None, row.attempts):
        return False
    sender = lease.sender if lease else NOBODY
    if state is State.SENDING:
        return row.sender == sender
    if state in OUTGOING:
        return row.sender in ("", sender)
    if state is State.UNCONFIRMED and lease is not None and not is_held:
        # who was taken for dead may still tell, late, how their attempt ended; but not begin another one
        return outcome.attempt is not None and outcome.state in (State.SENT, State.FAILED)
    return True


def _is_held(connection: Connection, lease: Lease) -> bool:
    try:
        ensure_held(connection, lease)
    except LeaseTaken:
        return False
    return True


def storable(said: str) -> str:
    """What the other side said as a text that every database takes: without NUL, and without halves of characters."""
    return said.replace("\0", " ").encode("utf-8", "replace").decode()
