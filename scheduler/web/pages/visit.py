"""What a link opens: the customer that it was sent to, and the contact that it came with."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from scheduler.decisions.facts import Consent, Customer, Event, Value
from scheduler.decisions.occasions import rule_of
from scheduler.errors import RightReasonError, StoreError
from scheduler.messages.links import Link, read_token, token_of
from scheduler.store import CustomerConsent, CustomerEvent, Row, State, Store
from scheduler.store.bounces import Bounces
from scheduler.store.row import customer_of
from scheduler.web.pages.words import Words, words_for
from scheduler.web.site import Site


class OpensNothing(RightReasonError):
    """The link is not one of ours, not of this page, or of somebody who is no longer there."""


SETTLES = 10.0
"""At the longest it is waited so many seconds: a message whose worker has died stays as if it were being sent."""
OFTEN = 0.02
_SETTLING: set[str] = set()
"""The customers for whom a request of this process waits."""


@dataclass(frozen=True)
class Visit:
    """Somebody who has opened a link of theirs at `now`; `row` is None for a contact that is archived.

    `asked` is the query of the address.
    """

    site: Site
    link: Link
    customer: Customer
    row: Row | None
    words: Words
    asked: Mapping[str, str]
    now: int

    @property
    def rule(self) -> str:
        """The rule that the contact was made by."""
        return rule_of(self.link.occasion)

    @property
    def origin(self) -> dict[str, Value]:
        """What every fact says of where it comes from."""
        return {"rule": self.rule, "occasion": self.link.occasion}

    def given(self, name: str) -> list[Event]:
        """The events of a name about this contact, in order."""
        occasion = self.link.occasion
        return [one for one in self.customer.events if one.name == name and one.properties.get("occasion") == occasion]

    def address_of(self, kind: str) -> str:
        """The address of another page of theirs, seen from one of the same depth as `preferences`."""
        return f"../{kind}/{token_of(Link(kind, self.link.customer, self.link.occasion), self._keys[0])}"

    @property
    def _keys(self) -> tuple[bytes, ...]:
        return self.site.settings.signing_keys()

    def settle(self) -> None:
        """Wait until what was being sent to them has left, so that nothing leaves after they were told: a moment.

        For each customer one request waits at a time, so that nobody's can keep the pages from others.
        """
        if self.customer.id in _SETTLING:
            return
        _SETTLING.add(self.customer.id)
        try:
            ends = time.monotonic() + SETTLES
            ledger = self.site.store.ledger
            while ledger.rows(customer=self.customer.id, states=[State.SENDING]) and time.monotonic() < ends:
                time.sleep(OFTEN)
        finally:
            _SETTLING.discard(self.customer.id)

    @contextmanager
    def recording(self) -> Iterator[Record]:
        """One transaction to write in, with the customer locked; raises `OpensNothing` where they are gone by now."""
        with self.site.store.together() as both:
            if not Bounces(both).lock(self.customer.id):
                raise OpensNothing
            yield Record(both, self, self.site.clock())


@dataclass(frozen=True)
class Record:
    """Writes what somebody did, within one transaction, in which it is `now`: nothing that was written is later."""

    store: Store
    visit: Visit
    now: int

    @property
    def customer(self) -> Customer:
        """The customer as they are now, seen from within the transaction."""
        found = self.store.customers.get(self.visit.customer.id)
        if found is None:
            raise OpensNothing
        return found

    def event(self, name: str, properties: Mapping[str, Value], *, id_: str, replaces: str | None = None) -> None:
        """Write that something happened now."""
        event = Event(id_, name, self.now, self.now, {**properties, **self.visit.origin})
        taken = self.store.events.add([CustomerEvent(self.visit.customer.id, event, replaces)], now=self.now)
        if taken.refused:
            raise StoreError(f"{name} was refused: {taken.refused[0].cause}")

    def answer(self, name: str, said: Mapping[str, Value]) -> None:
        """Write an answer about this contact; it takes the place of an earlier one, and the same changes nothing."""
        before, id_ = self.newest(name)
        if before is None or dict(before.properties) != {**said, **self.visit.origin}:
            self.event(name, said, id_=id_, replaces=before.id if before else None)

    def newest(self, name: str) -> tuple[Event | None, str]:
        """The newest event of a name about this occasion, and the id of the next one."""
        start = f"{name}:{self.visit.link.occasion}:"
        numbered = {
            int(event.id.removeprefix(start)): event
            for event in self.customer.events
            if event.name == name and event.id.startswith(start) and event.id.removeprefix(start).isdecimal()
        }
        last = max(numbered, default=0)
        return numbered.get(last), f"{start}{last + 1}"

    def consents(self, records: Sequence[Consent], source: str) -> None:
        """Write what they agree to, or no longer do; `source` says where they said so.

        A no is said of every yes that another clock has dated ahead too: else that would outdo it one day.
        """
        no = [replace(one, at=at) for one in records if not one.given for at in self._yes_ahead]
        given = [CustomerConsent(self.visit.customer.id, one, source) for one in [*records, *no]]
        self.store.consents.add(given, now=self.now)

    def withdraw(self, channel: str | None, source: str) -> bool:
        """Write that they want to hear no more by a channel, or at all; whether that was not their last word yet."""
        if has_withdrawn(self.customer, channel, max([self.now, *self._yes_ahead])):
            return False
        self.consents([Consent(topic=None, channel=channel, given=False, at=self.now)], source)
        return True

    @property
    def _yes_ahead(self) -> list[int]:
        return sorted({one.at for one in self.customer.consents if one.given and one.at > self.now})


def has_withdrawn(customer: Customer, channel: str | None, now: int) -> bool:
    """Whether the last that they said about a channel, or at all, is that they want to hear no more by it."""
    said = [
        record
        for record in customer.consents
        if record.at <= now and (channel is None or record.channel in (None, channel))
    ]
    last = max(said, key=lambda record: (record.at, not record.given, record.topic is None), default=None)
    return last is not None and not last.given and last.topic is None and last.channel in (None, channel)


def opened(
    site: Site, kind: str, token: str, languages: Sequence[str], asked: Mapping[str, str], *, needs_contact: bool
) -> Visit:
    """What a token opens on a page of this kind; raises `OpensNothing`.

    `languages` are those that the visitor reads, the best first, unless the customer's is known; with `needs_contact`,
    the contact has to be in the ledger still. Whatever the token is, the same is looked up: how long that takes tells
    nothing.
    """
    link = read_token(token, kind, site.settings.signing_keys()) or Link(kind, "", "")
    customer = site.store.customers.get(link.customer)
    row = site.store.ledger.row(link.occasion)
    is_theirs = bool(link.customer) and customer_of(link.occasion) == link.customer
    if customer is None or not is_theirs or (needs_contact and row is None):
        raise OpensNothing
    words = words_for([str(customer.attributes.get("language") or ""), *languages])
    return Visit(site, link, customer, row, words, asked, site.clock())
