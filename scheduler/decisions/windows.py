"""Windows: when the occasions of a customer open and close, in the customer's own time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date

from scheduler.decisions import kernel
from scheduler.decisions.comparison import matcher
from scheduler.decisions.facts import Customer, Event
from scheduler.decisions.occasions import Occasion, occasion_key, ripe_at, share_of, value_window_of
from scheduler.decisions.program import Program, anchored_on_delivery, opens_at_midnight
from scheduler.durations import Duration, Unit
from scheduler.errors import InputError
from scheduler.rulebook.model import (
    VALUE_WINDOW,
    AsksFor,
    DateTrigger,
    EventTrigger,
    Rule,
    SilenceTrigger,
)
from scheduler.wallclock import DAY, Zone, date_of, day_of, holidays_of

NO_DELAY = Duration(0, Unit.DAYS)

_LATEST = day_of(date(MAXYEAR - 1, 12, 31)) * DAY
_TWO_YEARS = (2 * 366 + 35) * DAY


@dataclass(frozen=True, slots=True)
class _Window:
    """A trigger with the window it opens; `slots` are the openings of channels with a head start."""

    anchor: str
    trigger: int
    own_opening: int
    closes: int
    slots: tuple[int, ...] = ()


class Windows:
    """Opens and closes the windows of a program's rules."""

    def __init__(self, program: Program, activated: Mapping[str, int]) -> None:
        self.program = program
        self.house = program.house
        self.activated = activated
        self.by_event: dict[str, list[int]] = {}
        self.by_date: list[int] = []
        for number, rule in enumerate(program.rules):
            match rule.when:
                case EventTrigger(event=name) | SilenceTrigger(silence=name):
                    self.by_event.setdefault(name, []).append(number)
                case DateTrigger():
                    self.by_date.append(number)
                case _:
                    raise InputError(f"rule {rule.name}: this kind of trigger can't be run yet")
        self.where = [matcher(getattr(rule.when, "where", None)) for rule in program.rules]
        self.reach = [self._reach(rule) for rule in program.rules]
        self.midnight = [opens_at_midnight(rule) for rule in program.rules]

    def of(self, customer: Customer, own_zone: Zone, since: int, until: int) -> list[Occasion]:
        """All occasions of a customer whose window meets [since, until), in the order in which they may speak.

        Those that have ended, and those for which a contact was made, are left out.
        """
        return _living(customer, self._all(customer, own_zone, since, until, until))

    def to_come(self, customer: Customer, own_zone: Zone, since: int, now: int) -> list[Occasion]:
        """All occasions of a customer that close after `since`, however far ahead, as `of` would give them.

        Of a date that returns, those that open in the two years after `now`: at least two.
        """
        return _living(customer, self._all(customer, own_zone, since, _LATEST, now + _TWO_YEARS))

    def moment(self, occasion: Occasion, own_zone: Zone, at: int) -> int | None:
        """The first instant from `at` on at which the occasion may speak; None where its window has none."""
        start = max(at, occasion.opens, occasion.known)
        clock = self.program.tables.clock[occasion.rule]
        if start >= occasion.closes:
            return None
        if clock == kernel.NONE:
            return start
        day = max(own_zone.local_day(start) - 1, own_zone.local_day(occasion.opens))
        while own_zone.midnight(day) < occasion.closes:
            begins = own_zone.instant(day, self.program.clocks[clock])
            if begins is not None and begins + self.program.tables.lateness >= start:
                return max(begins, start) if begins < occasion.closes else None
            day += 1
        return None

    def _all(self, customer: Customer, own_zone: Zone, since: int, until: int, returning: int) -> Iterator[Occasion]:
        for event in customer.events:
            for number in self.by_event.get(event.name, ()):
                # A quick look before the wall clock is asked: windows that can't meet the time are most of them.
                if event.at + self.reach[number][1] < since or event.at + self.reach[number][0] >= until:
                    continue
                passes = self.where[number]
                if passes is None or passes(event.properties):
                    window = self._of_event(number, customer, own_zone, event)
                    if window.closes > since and max(window.own_opening, event.known_at) < until:
                        yield self._occasion(number, customer, own_zone, window, event)
        for number in self.by_date:
            last = self._last_return(number, customer, own_zone, until, returning)
            for window in self._of_dates(number, customer, own_zone, since, last):
                if window.closes > since and min((window.own_opening, *window.slots)) < last:
                    yield self._occasion(number, customer, own_zone, window, None)

    def _last_return(self, number: int, customer: Customer, own_zone: Zone, until: int, returning: int) -> int:
        """Up to when the occasions of a date are looked for: it may itself lie behind `returning`."""
        when = self.program.rules[number].when
        born = customer.attributes.get(when.date) if isinstance(when, DateTrigger) and not when.once else None
        if returning >= until or not isinstance(born, date):
            return until
        first = own_zone.midnight(day_of(born)) + self.reach[number][1] + _TWO_YEARS
        return min(max(returning, first), until)

    def _of_event(self, number: int, customer: Customer, own_zone: Zone, event: Event) -> _Window:
        rule = self.program.rules[number]
        delay = value_window_of(self.house, event) if rule.after == VALUE_WINDOW else rule.after
        delay = delay if isinstance(delay, Duration) else None
        closed = _holidays(rule, customer, event.at)
        start = own_zone.local_day(event.at)
        if self.midnight[number] and delay is not None and not delay.exact:
            opens = own_zone.midnight(day_of(delay.later(date_of(start), closed)))
            closes = self._closes(rule, own_zone, start, event.at, opens, closed, midnights=True)
        else:
            opens = event.at + (delay.microseconds if delay is not None else 0)
            closes = self._closes(rule, own_zone, start, event.at, opens, closed, midnights=False)
        return _Window(event.id, event.at, opens, closes)

    def _of_dates(self, number: int, customer: Customer, own_zone: Zone, since: int, until: int) -> Iterator[_Window]:
        rule = self.program.rules[number]
        if not isinstance(rule.when, DateTrigger):
            return
        born = customer.attributes.get(rule.when.date)
        if not isinstance(born, date):
            return
        if rule.when.once:
            days: Sequence[date] = [born]
        else:
            low, high = self.reach[number]
            first = date_of((since - high) // DAY).year
            last = min(date_of(min(until - low, _LATEST) // DAY).year, MAXYEAR - 1)
            days = [anniversary(born, year, self.house.leap_day) for year in range(max(first, born.year + 1), last + 1)]
        for day in days:
            yield self._of_day(number, customer, own_zone, day)

    def _of_day(self, number: int, customer: Customer, own_zone: Zone, day: date) -> _Window:
        rule = self.program.rules[number]
        trigger = own_zone.midnight(day_of(day))
        closed = _holidays(rule, customer, trigger)

        def moved(by: Duration, sign: int) -> int:
            if by.exact:
                return trigger + sign * by.microseconds
            return own_zone.midnight(day_of(by.later(day, closed) if sign > 0 else by.earlier(day, closed)))

        if rule.ahead is not None:
            own = moved(rule.ahead, -1)
        else:
            own = moved(rule.after if isinstance(rule.after, Duration) else NO_DELAY, 1)
        slots = tuple(moved(use.ahead, -1) if use.ahead else own for use in rule.by)
        closes = self._closes(rule, own_zone, day_of(day), trigger, own, closed, midnights=self.midnight[number])
        return _Window(day.isoformat(), trigger, own, closes, slots)

    def _occasion(
        self, number: int, customer: Customer, own_zone: Zone, window: _Window, event: Event | None
    ) -> Occasion:
        rule = self.program.rules[number]
        slot_opens = window.slots or (window.own_opening,) * len(rule.by)
        opens = min((window.own_opening, *slot_opens))
        value_at = window.trigger
        if event is not None and rule.asks_for is not AsksFor.NOTHING and anchored_on_delivery(rule, self.house):
            value_at = ripe_at(self.house, own_zone, event)
        elif self.house.value_window is None:
            value_at = own_zone.midnight(own_zone.local_day(window.trigger) + 60)
        return Occasion(
            key=occasion_key(rule.name, customer.id, window.anchor),
            rule=number,
            anchor=window.anchor,
            trigger=window.trigger,
            opens=opens,
            own_opening=window.own_opening,
            # An attribute's date is known from ever on; an event from when it was learned.
            known=opens if event is None else event.known_at,
            closes=window.closes,
            value_at=value_at,
            admitted=self._admitted(rule, own_zone, window.trigger),
            held=rule.holdout > 0 and share_of(rule.name, customer.id) < rule.holdout,
            event=event,
            slot_opens=slot_opens,
        )

    def _closes(
        self,
        rule: Rule,
        own_zone: Zone,
        day: int,
        trigger: int,
        opens: int,
        closed: frozenset[date],
        *,
        midnights: bool,
    ) -> int:
        """When the window closes: `before` counts from the trigger, the house's default from the opening."""
        before = rule.before
        if before is None and rule.ahead is not None:
            before = NO_DELAY
        if before is None:
            before, day, trigger = self.house.default_window, own_zone.local_day(opens), opens
        if before.exact:
            return trigger + before.microseconds
        if midnights:
            return own_zone.midnight(day_of(before.later(date_of(day), closed)))
        if before.unit is Unit.BUSINESS_DAYS:
            target = day_of(before.later(date_of(day), closed))
            return own_zone.later(trigger, Duration(target - day, Unit.DAYS))
        return own_zone.later(trigger, before)

    def _admitted(self, rule: Rule, own_zone: Zone, trigger: int) -> bool:
        since = self.activated.get(rule.name)
        if since is None or trigger >= since or rule.backfill == "open":
            return True
        return isinstance(rule.backfill, date) and trigger >= own_zone.midnight(day_of(rule.backfill))

    def _reach(self, rule: Rule) -> tuple[int, int]:
        """Bounds of the window around the trigger, in microseconds, wide enough for zones, clamps and holidays."""
        wide = 1.6  # business days over long holidays are the widest of units
        early = max(
            [rule.ahead or NO_DELAY, *(use.ahead or NO_DELAY for use in rule.by)], key=lambda span: span.nominal_days
        )
        if rule.before is not None:
            late = rule.before.nominal_days
        else:
            windows = self.house.value_window
            delays = [rule.after] if isinstance(rule.after, Duration) else []
            if rule.after == VALUE_WINDOW:
                delays = [Duration(60, Unit.DAYS)]
                if windows is not None:
                    delays = [*windows.windows.values(), windows.default]
            late = max((delay.nominal_days for delay in delays), default=0.0) + self.house.default_window.nominal_days
        return -int((early.nominal_days * wide + 5) * DAY), int((late * wide + 10) * DAY)


def _living(customer: Customer, occasions: Iterable[Occasion]) -> list[Occasion]:
    """Those that are not over, in the order in which they may speak."""
    over = customer.ended.union(contact.occasion for contact in customer.contacts)
    found = [occasion for occasion in occasions if occasion.key not in over]
    found.sort(key=lambda occasion: (occasion.rule, occasion.trigger, occasion.anchor))
    return found


def anniversary(born: date, year: int, leap_day: str) -> date:
    """Return a date's return in a year; 29 February falls on `leap_day` (feb 28 or mar 1) in common years."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28) if leap_day == "feb 28" else date(year, 3, 1)


def _holidays(rule: Rule, customer: Customer, around: int) -> frozenset[date]:
    """Return the holidays that a rule's business days skip; none where it counts no business days."""
    spans = (rule.after, rule.ahead, rule.before, *(use.ahead for use in rule.by))
    if not any(isinstance(span, Duration) and span.unit is Unit.BUSINESS_DAYS for span in spans):
        return frozenset()
    country = customer.attributes.get("country")
    year = date_of(around // DAY).year
    return holidays_of(country if isinstance(country, str) else None, year - 1, year + 1)
