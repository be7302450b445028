"""What a bounce, a complaint or a reply changes: the ledger, the address, consent, and a fact that rules can use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from scheduler.channels import mime
from scheduler.channels.email import usable_address
from scheduler.channels.reports import Bounce, Complaint, Reply, Report
from scheduler.decisions.facts import Consent, Event, Value
from scheduler.store import CustomerConsent, CustomerEvent, Row, State, Store, Suppression, Tried
from scheduler.store.bounces import Bounces
from scheduler.store.row import customer_of

MOST_SOFT = 5
"""After as many soft bounces in a row an address is not used any more."""


class Effect(StrEnum):
    """What a report did."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REPLIED = "replied"
    KNOWN = "known already"
    FOREIGN = "of no message of ours"
    EARLY = "left for later"


@dataclass(frozen=True)
class Applied:
    """What reports did, and how many addresses are suppressed by them that were not before."""

    effects: Counter[Effect] = field(default_factory=Counter)
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What one report did, and whether it suppressed an address."""

    effect: Effect
    suppressed: bool = False


class Nameless:
    """Messages that may have left before their `Message-ID` was noted: just now, or as their process ended.

    They are read once, when first asked for: what is reported of had left before, and was among them or is noted.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys: dict[str, str] | None = None

    def key(self, message_id: str) -> str | None:
        """The key of the row whose message will be called so."""
        if self._keys is None:
            self._keys = {_left(mime.message_id(key, "")): key for key in Bounces(self._store).nameless()}
        return self._keys.get(_left(message_id))


def apply(store: Store, reports: Iterable[Report], now: int) -> Applied:
    """Take reports as of `now`, each in a transaction of its own; one that is known already changes nothing."""
    nameless = Nameless(store)
    changes = [apply_one(store, report, now, nameless) for report in reports]
    return Applied(Counter(change.effect for change in changes), sum(change.suppressed for change in changes))


def apply_one(store: Store, report: Report, now: int, nameless: Nameless) -> Change:
    """Take one report as of `now`, in one transaction.

    It is early while the outcome of handing its message over is not written yet: it has to be brought again.
    """
    with store.together() as both:
        row = _row_of(both, report, nameless)
        if row is None:
            return Change(Effect.FOREIGN)
        if row.state is State.SENDING:
            return Change(Effect.EARLY)
        if Bounces(both).is_known(_event_id(report)):
            return Change(Effect.KNOWN)
        both.events.add([CustomerEvent(row.customer, _event(report, row, now))], now=now)
        match report:
            case Bounce():
                return Change(Effect.BOUNCED, _bounced(both, row, report, now))
            case Complaint():
                return Change(Effect.COMPLAINED, _complained(both, row, report, now))
            case Reply():
                _replied(both, row, report, now)
                return Change(Effect.REPLIED)


def _left(message_id: str) -> str:
    """What stands before the domain, which depends on the sender."""
    return message_id.partition("@")[0]


def _row_of(store: Store, report: Report, nameless: Nameless) -> Row | None:
    """The row whose message a report is about, with its customer locked."""
    bounces = Bounces(store)
    key = (
        bounces.find(report.message_id)
        or nameless.key(report.message_id)
        or bounces.find(report.message_id)  # it may have been noted between the two looks
    )
    if key is None or not bounces.lock(customer_of(key)):
        return None
    return store.ledger.row(key)


def _bounced(store: Store, row: Row, bounce: Bounce, now: int) -> bool:
    bounces = Bounces(store)
    first = _becomes(store, row, State.BOUNCED, bounce, bounce.detail, now)
    address, suppressed = _address(bounces, row, bounce.recipient), False
    if bounce.hard:
        suppressed = _suppress(store, row.channel, address, "hard bounce", now)
    elif first and bounce.counts and address and bounces.count_soft(row, address, now=now) >= MOST_SOFT:
        suppressed = _suppress(store, row.channel, address, f"{MOST_SOFT} soft bounces in a row", now)
    if first:
        store.traffic.came_back(row.channel, left=_left_at(row, now), bounced=1)
    return suppressed


def _complained(store: Store, row: Row, complaint: Complaint, now: int) -> bool:
    bounces = Bounces(store)
    first = _becomes(store, row, State.COMPLAINED, complaint, "the recipient called it spam", now)
    withdrawn = Consent(topic=None, channel=row.channel, given=False, at=now)
    store.consents.add([CustomerConsent(row.customer, withdrawn, "complaint")], now=now)
    suppressed = _suppress(store, row.channel, _address(bounces, row, complaint.recipient), "complaint", now)
    if first:
        store.traffic.came_back(row.channel, left=_left_at(row, now), complained=1)
    return suppressed


def _replied(store: Store, row: Row, reply: Reply, now: int) -> None:
    """What was answered has arrived, and so the mailbox works."""
    bounces = Bounces(store)
    _becomes(store, row, State.DELIVERED, reply, "", now)
    bounces.forget(row.channel, bounces.present_address(row.customer, row.channel))


def _becomes(store: Store, row: Row, state: State, report: Report, why: str, now: int) -> bool:
    """Note it in the ledger, where its state lets it become so; whether it did."""
    return not store.outbox.record([Tried(row.key, state, error=why, message_id=report.message_id)], now=now)


def _left_at(row: Row, now: int) -> int:
    """When its message left: what is late is decided anew for when it leaves."""
    return now if row.decided_for is None else row.decided_for


def _suppress(store: Store, channel: str, address: str, cause: str, now: int) -> bool:
    if not address:
        return False
    Bounces(store).forget(channel, address)
    return store.suppressions.add([Suppression(channel, address, cause, now)], now=now).added > 0


def _address(bounces: Bounces, row: Row, recipient: str) -> str:
    """The address that a report is about, as the customer has it where it is theirs; theirs where it names none."""
    present = bounces.present_address(row.customer, row.channel)
    if not recipient or (usable_address(present) or present).lower() == recipient.lower():
        return present
    return recipient


def _event(report: Report, row: Row, now: int) -> Event:
    properties: dict[str, Value] = {"rule": row.rule, "channel": row.channel, "asks_for": str(row.asks_for)}
    if isinstance(report, Bounce):
        properties["hard"] = report.hard
        if report.status:
            properties["status"] = report.status
    return Event(_event_id(report), _EVENTS[type(report)], now, now, properties)


def _event_id(report: Report) -> str:
    return f"{_EVENTS[type(report)]}:{report.id}"


_EVENTS: dict[type[Report], str] = {
    Bounce: "contact_bounced",
    Complaint: "contact_complained",
    Reply: "contact_replied",
}
