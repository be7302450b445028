"""Windows: the occasions of some customers, laid out for the kernel, before anything is decided."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from scheduler.decisions import kernel
from scheduler.decisions.calendar import calendar_of
from scheduler.decisions.columns import Columns, Laid, columns_of, lay
from scheduler.decisions.compiled import Kernel
from scheduler.decisions.facts import Customer, Event
from scheduler.decisions.numbering import offsets
from scheduler.decisions.occasions import Occasion, anchor_of, occasion_key
from scheduler.decisions.program import Program, Trigger
from scheduler.decisions.room import grown, room_for_windows
from scheduler.decisions.rows import Lazy, lazy, objects
from scheduler.wallclock import DAY, date_of

NEVER_ACTIVATED: Mapping[str, int] = MappingProxyType({})
TWO_YEARS = (2 * 366 + 35) * DAY
"""So far ahead what returns without end is planned."""

A_LIFETIME = 100 * 366 * DAY
"""What lies farther ahead is not planned yet, such as 9999-12-31 where there is no date."""

BY_EVENT = {Trigger.EVENT, Trigger.SILENCE, Trigger.EVENT_DATE}
BY_CONTACT = {Trigger.CONTACT, Trigger.CONTACT_SILENCE}


@dataclass(frozen=True)
class Opened:
    """Some customers with their windows open: the kernel's tables, and what their numbers mean.

    `customers` is empty where the columns were not made from them.
    """

    program: Program
    columns: Columns
    laid: Laid
    calendar: kernel.Calendar
    scratch: kernel.Scratch
    by: Kernel
    customers: Sequence[Customer] = ()

    @property
    def occasions(self) -> int:
        """How many occasions there are."""
        return int(self.seats[-1].end) if self.seats else 0

    @cached_property
    def seats(self) -> Sequence[kernel.SeatRow]:
        """Where each customer's occasions stand."""
        return objects(self.scratch.seats, kernel.SeatRow)

    @cached_property
    def rows(self) -> Sequence[kernel.OccasionRow] | Lazy[kernel.OccasionRow]:
        """The occasions by their numbers, as the kernel has left them."""
        return lazy(self.scratch.occasions, kernel.OccasionRow)

    def key(self, o: int) -> str:
        """The key of an occasion, RULE/CUSTOMER/ANCHOR."""
        chain = [o]
        while (parent := self._parent(chain[-1])) is not None and parent not in self._keys:
            chain.append(parent)
        for one in reversed(chain):  # a follow-up is named after the contact that it follows, which comes first
            row = self.rows[one]
            rule, customer = self.program.rules[row.rule].name, self.columns.ids[row.customer]
            self._keys[one] = occasion_key(rule, customer, self.anchor(one))
        return self._keys[o]

    @cached_property
    def _past_from(self) -> Sequence[int]:
        return offsets(self.columns.contacts)

    @cached_property
    def _keys(self) -> dict[int, str]:
        return {}

    def _parent(self, o: int) -> int | None:
        row = self.rows[o]
        follows = self.program.tables.rules[row.rule].trigger in BY_CONTACT and row.anchor >= 0
        return row.anchor if follows else None

    def anchor(self, o: int) -> str:
        """The id of the event, the date, or the key of the contact's occasion that an occasion is anchored on."""
        row = self.rows[o]
        trigger = self.program.tables.rules[row.rule].trigger
        if trigger in BY_EVENT:
            return str(self.columns.event_ids[row.anchor])
        if trigger not in BY_CONTACT:
            return date_of(int(row.anchor)).isoformat()
        if row.anchor >= 0:
            return anchor_of(self._keys.get(row.anchor) or self.key(row.anchor))
        place = -2 - row.anchor - self._past_from[row.customer]
        return anchor_of(self.columns.contacts[row.customer][place].occasion)

    def event(self, o: int) -> Event | None:
        """The event that triggered an occasion, None where it was none."""
        row = self.rows[o]
        by_event = self.program.tables.rules[row.rule].trigger in BY_EVENT
        return self.columns.events[row.anchor] if by_event and self.columns.events else None

    def occasion(self, o: int) -> Occasion:
        """An occasion as a plain value."""
        row = self.rows[o]
        customer, anchor = self.columns.ids[row.customer], self.anchor(o)
        return Occasion(
            key=occasion_key(self.program.rules[row.rule].name, customer, anchor),
            rule=row.rule,
            customer=customer,
            anchor=anchor,
            trigger=row.trigger,
            opens=row.opens,
            known=row.known,
            closes=row.closes,
            admitted=row.admitted == 1,
            event=self.event(o),
        )

    def of(self, c: int) -> range:
        """The numbers of a customer's occasions: rule by rule, in the order of what triggered them."""
        seat = self.seats[c]
        return range(seat.start, seat.end)

    def over(self, c: int) -> Collection[str]:
        """The keys of a customer's occasions that have ended, or for which a contact was made."""
        if not self.columns.contacts:
            return ()
        ended, contacts = self.columns.ended[c], self.columns.contacts[c]
        return {*ended, *(contact.occasion for contact in contacts)} if ended or contacts else ()

    def moment(self, o: int, at: int) -> int | None:
        """The first instant from `at` on at which an occasion may speak; None where its window has none."""
        row = self.rows[o]
        found = kernel.next_moment(
            self.program.tables, self.calendar, self.laid.facts, self.scratch, row.customer, o, at
        )
        return None if found >= kernel.NEVER else found


def opened(
    program: Program,
    columns: Columns,
    since: int,
    until: int,
    *,
    by: Kernel,
    activated: Mapping[str, int] = NEVER_ACTIVATED,
    returning: int | None = None,
    customers: Sequence[Customer] = (),
) -> Opened:
    """Open all windows that meet [since, until), laid out for the kernel `by`.

    With `returning`, all that are ever opened are, whatever `until`; but of what returns without end, those before it
    (and at least two).
    """
    laid = lay(program, columns, activated)
    if returning is not None:
        until = _behind_all(program, columns, laid, until)
    calendar = calendar_of(program, laid.zones, laid.countries, since, until, arrays=columns.arrays)
    tables = by.tables(program)
    room = room_for_windows(program, len(columns.ids), len(columns.event_at), arrays=columns.arrays)
    done = 0
    while True:
        done = by.open_windows(
            tables, calendar, laid.facts, room, done, since, until, until if returning is None else returning
        )
        if done == len(columns.ids):
            return Opened(program, columns, laid, calendar, room, by, customers)
        room = grown(room, arrays=columns.arrays)


def _behind_all(program: Program, columns: Columns, laid: Laid, until: int) -> int:
    """An instant behind every window that any fact opens."""
    facts = [*columns.event_at, *columns.event_known]
    days = [row.at if row.kind == kernel.A_DATE else row.at // DAY for row in laid.facts.dates if row.kind]
    latest = max(until, max(facts, default=0), max(days, default=0) * DAY) + TWO_YEARS + program.reach
    return min(latest, until + A_LIFETIME)


def pending(
    program: Program, customers: Sequence[Customer], since: int, now: int, activated: Mapping[str, int]
) -> Iterator[tuple[Customer, Occasion, int | None]]:
    """All occasions that close after `since`, however far ahead, each with its first moment from `now` on (or None).

    Of what returns without end, those that open in the two years after `now`: at least two. Those that have ended,
    and those for which a contact was made, are left out.
    """
    opening = opened(
        program,
        columns_of(program, customers),
        since,
        now,
        by=Kernel.plain(),
        activated=activated,
        returning=now + TWO_YEARS,
        customers=customers,
    )
    for c, customer in enumerate(customers):
        over = opening.over(c)
        for o in opening.of(c):
            occasion = opening.occasion(o)
            if occasion.key not in over:
                yield customer, occasion, opening.moment(o, now)
