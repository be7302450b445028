"""Whom an edit of the rules may touch: nobody else need be compared.

First by the events that open an edited rule's window and that its conditions need, which the database answers. Then by
the edited rules alone, without all restraint that rests on contacts: whom they would not contact even so, they do not
contact beside the others either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from math import inf

from scheduler.decisions.compiled import PLAIN, Kernel
from scheduler.decisions.kernel import NOWHEN
from scheduler.decisions.program import Trigger, compile_rules
from scheduler.durations import Duration, Unit
from scheduler.planning.difference import Comparison, decide_alike
from scheduler.planning.edits import conditions_in, needed_events, rests_on_tasks
from scheduler.planning.preview import ahead
from scheduler.planning.rulebooks import Active
from scheduler.rulebook.model import (
    CONTACT,
    PREFERRED,
    AsksFor,
    Condition,
    ContactCondition,
    ContactTrigger,
    EventCondition,
    OpenCondition,
    Rulebook,
    SilenceTrigger,
)
from scheduler.store import Store
from scheduler.store.columns import read_present
from scheduler.wallclock import DAY

_BY_EVENT = {Trigger.EVENT, Trigger.SILENCE}
_EVEN = {Unit.MINUTES, Unit.HOURS, Unit.DAYS, Unit.WEEKS}
"""Units of which each is about as long as the next; a month or a business day may be longer than usual."""

_CONTACTS: tuple[type, ...] = (ContactCondition,)
_EVENTS: tuple[type, ...] = (EventCondition, OpenCondition)


def touched(store: Store, compared: Comparison, now: int) -> Sequence[str] | None:
    """The customers for whom anything may differ from `now` on, as far as events tell; None for all of them.

    The others get no contact by a rule that was edited, by neither version, so both decide the same for them.
    """
    edited = compared.edits.touches
    if edited is None:
        return None
    who_had = cache(partial(_who_had, store))
    found = set[str]()
    for program in compared.programs:
        for rule, row in zip(program.rules, program.tables.rules, strict=True):
            if rule.name in edited:
                if Trigger(row.trigger) not in _BY_EVENT:
                    return None
                opened = who_had(rule.triggering_event, now - min(row.reach_high, _at_most(rule.before)))
                needed = needed_events(program.rulebook, rule)
                found |= opened.intersection(*(who_had(name, now - _at_most(within)) for name, within in needed))
    return sorted(found)


def spoken_to(
    store: Store, compared: Comparison, ids: Sequence[str] | None, now: int, days: int, *, by: Kernel = PLAIN
) -> Sequence[str] | None:
    """Those among `ids` whom an edited rule might contact in the next days, by what is known at present; None for all.

    What is left out of the rules makes them speak more, never less: caps, what must be given before an ask, and
    conditions about contacts; of all customers also those about events, which take long to read. So whom the rules do
    not contact then gets no contact by them at all. Versions that differ in words alone are walked once.
    """
    edited = compared.edits.touches
    if edited is None or any(_rests_on_others(one.program.rulebook, edited) for one in compared.versions):
        return ids
    left_out = _CONTACTS if ids is not None else _CONTACTS + _EVENTS
    loose: list[Active] = []
    for one in (_alone(version, edited, left_out) for version in compared.versions):
        if not any(decide_alike(one, other) for other in loose):
            loose.append(one)
    found = set[str]()
    for columns in read_present(store, [one.program for one in loose], ids, chunk=by.chunk, arrays=by.arrays):
        for seen, rules in zip(columns, loose, strict=True):
            walk = ahead(seen, rules, now, days, silences=False, by=by)
            found.update(seen.ids[walk.rows[o].customer] for o in walk.decided(contacts=True))
    return sorted(found)


def _rests_on_others(book: Rulebook, edited: Iterable[str]) -> bool:
    """Whether what one of these rules does can't be seen without the other rules.

    Their contacts may give rise to it; and the channel that a customer prefers is one of those that any rule names.
    """
    rules = [book.rules[name] for name in edited if name in book.rules]
    return any(
        isinstance(rule.when, ContactTrigger)
        or rule.when == SilenceTrigger(silence=CONTACT)
        or any(by.channel == PREFERRED for by in rule.by)
        for rule in rules
    )


def _alone(rules: Active, edited: Iterable[str], left_out: tuple[type, ...]) -> Active:
    """These rules without the others, and without what rests on contacts or on conditions that are left out."""
    book = rules.program.rulebook
    without = partial(_without, book, left_out)
    asks = {}
    for kind in AsksFor:
        ask = book.house.ask(kind)
        window = "none" if EventCondition in left_out else ask.value_window
        blocked = without(ask.blocked_while or ())
        asks[kind] = ask.model_copy(update={"gives": "none", "value_window": window, "blocked_while": blocked})
    loose = {}
    for name in edited:
        if name in book.rules:
            rule = book.rules[name]
            kept = {"only_if": without(rule.only_if), "unless": without(rule.unless), "until": None}
            loose[name] = rule.model_copy(update=kept)
    windows = None if EventCondition in left_out else book.house.value_window
    house = book.house.model_copy(update={"frequency_caps": (), "asks": asks, "value_window": windows})
    program = compile_rules(replace(book, house=house, rules=loose))
    return replace(rules, program=program, activated={name: rules.activated.get(name, NOWHEN) for name in loose})


def _without(book: Rulebook, left_out: tuple[type, ...], conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(
        condition
        for condition in conditions
        if not any(isinstance(one, left_out) or rests_on_tasks(book, one) for one in conditions_in(book, [condition]))
    )


def _who_had(store: Store, event: str, since: float) -> frozenset[str]:
    return frozenset(store.events.customers([event], since=int(max(since, 0))))


def _at_most(span: Duration | None) -> float:
    """How long a span is at most, in microseconds; for ever where that is not known, or there is none.

    Days on the wall are at most some hours longer than 24 of them, and a day where a zone skipped one.
    """
    if span is None or span.unit not in _EVEN:
        return inf
    return span.nominal_days * DAY + 3 * DAY
