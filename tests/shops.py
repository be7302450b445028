"""Random small shops: house rules, rules of every form, customers in odd zones, and what happened to them.

With `whole_language` rules are triggered in every way that the language has; with `remembered` the ledger remembers
contacts from before, occasions that are over, and addresses that must not be used, which `Shop.fill` can't put there,
and rules take what was triggered before their activation from a date on.

Most is drawn from lists: Hypothesis draws one of a list far faster than it builds a value of its parts. Over 400 lines
because the language is one thing, and what has every form of it is easier to keep complete on one page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from scheduler.decisions.facts import Consent, Contact, Customer, Event
from scheduler.durations import Duration
from scheduler.rulebook.model import AsksFor, Rulebook
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerConsent, CustomerEvent, Store
from scheduler.wallclock import DAY, date_of, day_of

HOUR = DAY // 24
UNHURRIED = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
"""For a test that takes its time over each shop, and begins anew each time."""
SOME_NOWS = [
    day_of(date(2026, 3, 14)) * DAY + 9 * HOUR,  # the clocks change in Europe on the 29th, in Lord Howe on 5 April
    day_of(date(2026, 10, 20)) * DAY + 13 * HOUR + 17,
    day_of(date(2027, 2, 10)) * DAY,
    day_of(date(2028, 2, 20)) * DAY + 22 * HOUR,
]
ODD_NOWS = [
    day_of(date(2011, 10, 26)) * DAY + 5 * HOUR,  # in St. John's the clocks still change at midnight, on 6 November
    day_of(date(2011, 12, 20)) * DAY + 19 * HOUR,  # in Apia there is no 30 December
]
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Casablanca",
    "Pacific/Kiritimati",
    "America/St_Johns",
]
ODD_ZONES = ["Pacific/Apia", "America/St_Johns", "Europe/Berlin"]
EVENTS = ["bought", "bought", "visited", "scored", "opened", "closed"]
BOOKED = "booked"
"""An event that has a date or an instant, under `due`."""
ASKS = ["nothing", "nothing", "nothing", "feedback", "review", "purchase"]
CHANNELS = ["email", "sms", "phone"]
WAYS = [["email"], ["email", "phone"], ["sms", "email"], ["phone"], ["preferred", "email"], ["phone", "sms"]]
WITHOUT_ADDRESS = [["webhook"], ["post", "webhook"]]


@dataclass(frozen=True)
class Shop:
    """A rulebook, its customers with all facts, and the instant at which somebody looks at them."""

    files: dict[str, str]
    customers: Sequence[Customer]
    now: int

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rules of this shop."""
        return rulebook_from_texts(self.files)[0]

    def fill(self, store: Store) -> None:
        """Put all facts into a store."""
        store.customers.add([(one.id, one.attributes) for one in self.customers], now=self.now)
        store.events.add([CustomerEvent(one.id, event) for one in self.customers for event in one.events], now=self.now)
        store.consents.add(
            [CustomerConsent(one.id, record) for one in self.customers for record in one.consents], now=self.now
        )
        for one in self.customers:
            if one.paused_until is not None:
                store.customers.pause(one.id, one.paused_until, now=self.now)


# --- what values there are ---------------------------------------------------------------------------------------

Drawn = st.SearchStrategy[Any]


def one(*values: Any) -> Drawn:
    """One of these values."""
    return st.sampled_from(values)


def maybe(*values: Any, chance: int = 3) -> Drawn:
    """One of these values, or None `chance` - 1 times of `chance`."""
    return st.sampled_from([None] * len(values) * (chance - 1) + list(values))


def some(strategy: Drawn, chance: int = 3) -> Drawn:
    """The strategy's values, or None `chance` - 1 times of `chance`."""
    return st.sampled_from([False] * (chance - 1) + [True]).flatmap(lambda drawn: strategy if drawn else st.none())


def given(**keys: Any) -> dict[str, Any]:
    """The keys that have a value."""
    return {key.rstrip("_"): value for key, value in keys.items() if value is not None}


def durations(*units: str, least: int = 0, most: int = 6) -> list[str]:
    """All durations in these units from `least` to `most`."""
    return [f"{count} {unit}" for count in range(least, most + 1) for unit in units]


def each(*keys: str) -> list[dict[str, int]]:
    """All comparisons with a small number."""
    return [{key: number} for number in range(11) for key in keys]


DELAYS = [*durations("days", "hours", "business days"), *durations("minutes", most=5), "81 minutes", "1 month"]
HEAD_STARTS = [*durations("days", "business days", most=5), "1 hours", "17 hours", "40 hours"]
SPANS = [
    *durations("days", "hours", least=1, most=30),
    *durations("months", "business days", least=1, most=4) * 2,
    *["1 year", "2 weeks"] * 4,
]
TIMES = ["08:00", "09:30", "10:00", "02:30", "23:45", "00:00", "24:00"]
NUMBERS = one(
    *each("at_least", "at_most", "is", "less_than", "more_than"),
    *[{"at_least": 1, "at_most": 8}, {"multiple_of": 2}, {"not_in": [0, 1]}, {"in": [2, 3, 0.5]}, {"is_not": 1}] * 3,
)
TEXTS: list[dict[str, Any]] = [
    {"is": "x"},
    {"is": "y"},
    {"in": ["x", "y"]},
    {"in": ["z"]},
    {"is_not": "x"},
    {"known": True},
    {"known": False},
    {"not_in": ["x", "z"]},
    {"contains": "y"},
    {"more_than": "x"},
]
DATES = one(
    *[{key: span} for key in ("older_than", "newer_than") for span in SPANS],
    *[{"older_than": span, "newer_than": "60 days"} for span in SPANS],
    *[{"at_least": "1991-01-01"}, {"less_than": "2026-03-20"}, {"known": False}, {"is": "x"}] * 4,
)
TEXT, SPAN, BY = one(*TEXTS), one(*SPANS), maybe(*CHANNELS)
WHERE = maybe(*[{"kind": text} for text in TEXTS], {"score": {"at_least": 3}}, {"score": 2}, chance=4)
WITHIN, SINCE, SAME = maybe(*SPANS, chance=2), maybe("trigger", chance=4), maybe("order", chance=4)
OPEN_FOR = maybe(*durations("days", "hours", "business days", least=1, most=5))
AGGREGATE = one("happened", "count", "sum", "average", "min", "max", "latest", "first")
RETURNS = one(
    *[{"every": "week", "on": day} for day in ("mon", "tuesday", "sat", "sunday")],
    *[{"every": "month", "on": day} for day in (1, 15, 28, 29, 30, 31)],
    *[{"every": "week"}, {"every": "month"}],
    *[{"every": span} for span in ("5 days", "2 weeks", "1 month", "10 business days")],
)
SPREAD = maybe(*durations("days", "weeks", most=6), "30 days", chance=2)
AGAIN = one(*["every time"] * 3, "never", "after 3 days", "after 36 hours", "after 2 business days")
HOURS = maybe({"from": "09:00"}, {"days": ["mon", "wed", "sun"]}, {"to": "18:00"}, {"holidays": "skip"}, chance=4)
MOSTLY, SELDOM = one(True, True, True, False), one(False, False, False, False, True)
YES_OR_NO = one(False, True)
KIND, ORDER = maybe(*"xyz", chance=2), maybe(*"pq", chance=2)
SCORE = maybe(*range(11), 0.1, 0.2, 2.5, "7", chance=2)


# --- rules -------------------------------------------------------------------------------------------------------


@st.composite
def event_conditions(draw: st.DrawFn, *, same: bool) -> Any:
    """A condition about events."""
    aggregate = draw(AGGREGATE)
    compared: dict[str, Any] = {}
    if aggregate == "count":
        compared = {"count": True, **draw(NUMBERS)}
    elif aggregate in {"latest", "first"} and draw(YES_OR_NO):
        compared = {aggregate: "kind", **draw(TEXT)}
    elif aggregate != "happened":
        compared = {aggregate: "score", **draw(NUMBERS)}
    return given(
        event=draw(one(*EVENTS)),
        where=draw(WHERE),
        within=None if aggregate in {"max", "min"} else draw(WITHIN),
        since=draw(SINCE),
        same=draw(SAME) if same else None,
        **compared,
    )


@st.composite
def conditions(draw: st.DrawFn, rules: tuple[str, ...], depth: int = 2, *, same: bool, named: bool = True) -> Any:
    """A condition of any form."""
    forms = ["customer", "event", "event", "open", "contact"] + ["name"] * named
    forms += ["all_of", "any_of", "none_of"] * (depth > 0)
    match draw(one(*forms)):
        case "name":
            return "marked"
        case "customer":
            attribute = draw(one("plan", "visits", "birthday", "renewal"))
            return {"customer": attribute, **draw({"plan": TEXT, "visits": NUMBERS}.get(attribute, DATES))}
        case "open":
            return given(open=draw(one("ticket", "ticket", "recovery")), for_=draw(OPEN_FOR))
        case "contact":
            counted = {"count": True, **draw(NUMBERS)} if draw(YES_OR_NO) else {}
            return given(
                contact=draw(one("any", *rules)),
                asks_for=draw(maybe("nothing", "feedback", "review", ["review", "purchase"])),
                by=draw(BY),
                within=draw(WITHIN),
                since=draw(SINCE),
                **counted,
            )
        case "event":
            return draw(event_conditions(same=same))
        case form:
            return {form: draw(some_conditions(rules, depth - 1, same=same, named=named))}


@cache
def some_conditions(rules: tuple[str, ...], depth: int = 2, *, same: bool, named: bool = True) -> Drawn:
    """One condition or two."""
    return st.lists(conditions(rules, depth, same=same, named=named), min_size=1, max_size=2)


@cache
def demands(rules: tuple[str, ...], *, same: bool, chance: int) -> Drawn:
    """What `only_if` or `unless` holds."""
    return some(some_conditions(rules, same=same), chance)


@cache
def goals(rules: tuple[str, ...], *, same: bool) -> Drawn:
    """What `until` holds."""
    return some(st.one_of(one(*EVENTS), conditions(rules, same=same, named=False)), 5)


@st.composite
def triggers(draw: st.DrawFn, form: str, earlier: tuple[str, ...]) -> dict[str, Any]:
    """What gives rise to an occasion; contacts by `earlier` rules alone, so that no circle comes about."""
    match form:
        case "event":
            return given(event=draw(one(*EVENTS)), where=draw(WHERE))
        case "silence":
            return given(silence=draw(one(*EVENTS)), where=draw(WHERE), same=draw(SAME))
        case "event_date":
            return given(event=BOOKED, date="due", where=draw(WHERE), same=draw(maybe("order", chance=2)))
        case "date":
            return {"date": "birthday"}
        case "once":
            return {"date": "renewal", "once": True}
        case "contact":
            return {"contact": draw(one(*earlier))}
        case "silence_of_ours":
            return {"silence": "contact"}
        case _:
            return given(**draw(RETURNS), spread=draw(SPREAD))


@st.composite
def rules(
    draw: st.DrawFn, names: tuple[str, ...], number: int, now: int, *, whole_language: bool, remembered: bool
) -> dict[str, Any]:
    """The rule of that number among `names`."""
    form = draw(one("event", "event", "event", "silence", "date", "once"))
    if whole_language and draw(YES_OR_NO):
        form = draw(one("event_date", "event_date", "every", "silence_of_ours", *["contact"] * 2 * bool(number)))
    by_event, has_day = form in {"event", "silence", "event_date"}, form in {"date", "once", "event_date"}
    asks_for = draw(one(*ASKS))
    ahead = draw(maybe(*HEAD_STARTS)) if has_day else None
    after = None
    if form == "silence_of_ours":
        after = draw(one(*durations("days", "business days", least=1)))
    elif ahead is None:
        after = draw(maybe(*DELAYS, *["value_window"] * 4 * by_event, chance=2))
    least = 1 if after is None else 65 if after == "value_window" else int(Duration.parse(after).nominal_days) + 5
    before = [
        *durations("days", least=least, most=least + 40),
        *durations("hours", least=24 * least, most=24 * least + 20),
        *durations("business days", "weeks", least=least, most=least + 3),
        "3 months",
    ]
    by: list[Any] = list(draw(one(*WAYS, *WITHOUT_ADDRESS * whole_language)))
    if has_day and ahead is None and draw(YES_OR_NO):
        by[0] = {by[0]: {"ahead": draw(one(*HEAD_STARTS))}}
    is_task = whole_language and draw(one(False, False, True))
    if is_task:
        by = ["phone"]
    around = range(now // DAY - 80, now // DAY + 21)
    days = [date_of(day).isoformat() for day in around]
    # What ends before it starts is refused by `check`, and so never active.
    starts = draw(one(*days[:86]) if form == "every" else maybe(*days[78:86], chance=8))
    return given(
        reason="They have a good reason to hear from us.",
        asks_for=asks_for,
        when=draw(triggers(form, names[:number])),
        after=after,
        ahead=ahead,
        before=draw(maybe(*before, chance=2)),
        at=draw(maybe(*TIMES)),
        only_if=draw(demands(names, same=by_event, chance=4)),
        unless=draw(demands(names, same=by_event, chance=2)),
        until=draw(goals(names, same=by_event)),
        again=draw(AGAIN),
        send=None if is_task else "words",
        assign="care" if is_task else None,
        script="words" if is_task else None,
        by=by,
        send_hours=draw(HOURS),
        priority=draw(maybe(48, 49, 51)),
        exempt=draw(maybe(["frequency_caps"], ["send_hours"], chance=4)) if asks_for == "nothing" else None,
        holdout=draw(maybe(0.3, chance=12)),
        topic=draw(maybe("care", "feedback", chance=8)),
        backfill=draw(maybe("none", *days[74:80] if remembered else (), chance=8)),
        starts=starts,
        ends=draw(maybe(*(day for day in days[83:] if starts is None or day >= starts), chance=8)),
        status=draw(maybe("paused", "draft", chance=20)),
    )


@st.composite
def houses(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, Any]:
    """House rules."""
    hours = [
        {"any": {"from": "09:00", "to": "17:00", "days": ["mon", "tue", "wed", "thu", "fri"]}},
        {"any": {"from": "00:00", "to": "24:00", "days": "all"}, "email": {"from": "10:00"}},
        {"any": {"from": "08:00", "holidays": "skip"}, "closed": ["2026-03-20", "2026-10-26"]},
    ]
    window = {
        "delivered_by": ["bought"],
        "property": "kind",
        "windows": {"x": "3 days", "y": "30 hours"},
        "default": "10 days",
    }
    caps = [
        given(at_most=draw(one(1, 2, 3)), within=draw(SPAN), serves=draw(maybe("us", "customer")), by=draw(BY))
        for _ in range(draw(one(0, 1, 2, 3)))
    ]
    asks = {
        kind: given(
            value_window=draw(maybe("required", "if delivered", "none", chance=2)),
            gives=draw(maybe("none", *durations("days", "hours", least=2, most=30))),
            blocked_while=draw(maybe(["marked"])),
        )
        for kind in draw(one((), (), ("any",), ("any", "review"), ("feedback", "purchase")))
    }
    return given(
        timezone=draw(one(*ZONES)),
        send_hours=draw(maybe(*hours, chance=2)),
        default_at=draw(maybe(*TIMES)),
        default_window=draw(maybe(*durations("days", "hours", "business days", least=1, most=20), "1 month")),
        lateness=draw(maybe("0 minutes", "30 minutes", "5 hours", "40 hours")),
        leap_day=draw(maybe("mar 1")),
        frequency_caps=caps if draw(YES_OR_NO) else None,
        value_window=draw(maybe(window, chance=2)),
        asks=asks or None,
        open_things={
            "ticket": given(opened_by="opened", closed_by="closed", key=draw(maybe("order", chance=2))),
            "recovery": {"opened_by": "task_assigned", "closed_by": "task_ended", "key": "occasion"},
        },
        topics=draw(maybe({"care": {"default_for": ["nothing", "review", "purchase"]}}, chance=2)),
        channels=draw(maybe({"sms": {"consent": "opt_out"}}, chance=2)),
        conditions={
            "marked": {"means": "something marks them", "any_of": [draw(conditions(names, 1, same=False, named=False))]}
        },
    )


# --- facts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Times:
    """Instants and dates around a `now`; few different ones, so that things happen at the same instant."""

    past: Drawn
    any: Drawn
    due: Drawn
    birthdays: Drawn
    renewals: Drawn
    pauses: Drawn


@cache
def times(now: int) -> Times:
    """The instants and dates around a `now`."""
    day = now // DAY
    days = [now - n * DAY for n in range(13)] * 5
    hours = [now - n * HOUR for n in range(101)]
    odd = [now - n * 7_919_000_003 % (3 * DAY) for n in range(100)]
    midnights = [(day - n) * DAY for n in range(41)] * 2
    past = days + hours + midnights + odd
    ahead = [now + n * HOUR for n in range(601)]
    clocks = ["T15:30:00+01:00", "T00:00:00Z", " 09:00", "T02:30:00", "T23:59:59.5-05:00", "T00:10"]
    due = [date_of(day + n) for n in range(-4, 26)]
    born = [date_of(day + n).replace(year=1990, day=1 + n % 28) for n in range(-3, 41)] + [date(1992, 2, 29)] * 40
    return Times(
        past=one(*past),
        any=st.one_of(one(*past), one(*past), one(*ahead)),
        # A date, an instant with or without its offset, and now and then neither of them.
        due=one(*due * 3, *[f"{on.isoformat()}{clock}" for on in due for clock in clocks], *["soon", 7, True] * 6),
        birthdays=maybe(*born, *[date_of(day + n) for n in range(-30, 31)], chance=2),
        renewals=maybe(*[date_of(day + n) for n in range(-5, 41)], chance=2),
        pauses=maybe(*[now + n * HOUR for n in range(201)], chance=6),
    )


@st.composite
def events(draw: st.DrawFn, name: str, now: int, names: Drawn) -> Event:
    """Something that happened to a customer, or will."""
    around = times(now)
    happened, at = draw(names), draw(around.any)
    learned = draw(one("at once", "at once", "now", "later"))
    known_at = at if learned == "at once" else max(at, now if learned == "now" else draw(around.past))
    properties = given(kind=draw(KIND), score=draw(SCORE), order=draw(ORDER))
    if happened == BOOKED:
        properties |= {"due": draw(around.due)}
    return Event(name, happened, at, known_at, properties)


@st.composite
def past_contacts(draw: st.DrawFn, rules: tuple[str, ...], customer: str, now: int) -> tuple[Contact, ...]:
    """Contacts that the ledger remembers, in the order in which they were made."""
    made = []
    for number in range(draw(one(0, 0, 1, 2, 5))):
        rule, at = draw(one(*rules, "retired")), draw(times(now).past)
        # Some are about events that are there, so that those may not be contacted about again.
        anchor = f"{customer}-{number}" if draw(YES_OR_NO) else f"before/{number}"
        key = f"{rule}/{customer}/{quote(anchor, safe='')}"
        channel, asks_for = draw(one(*CHANNELS)), AsksFor(draw(one(*ASKS)))
        made.append(Contact(key, rule, at, channel, asks_for, exempt=draw(SELDOM), held_out=draw(SELDOM)))
    return tuple(sorted(made, key=lambda contact: contact.at))


@st.composite
def customers(
    draw: st.DrawFn, name: str, now: int, rules: tuple[str, ...], *, whole_language: bool, remembered: bool
) -> Customer:
    """A customer to whom all sorts of things happened; some of them were learned late, some lie ahead."""
    around, names = times(now), one(*EVENTS, *[BOOKED, BOOKED] * whole_language)
    happened = [draw(events(f"{name}-{number}", now, names)) for number in range(draw(one(8, 3, 12, 5, 1)))]
    consents = [
        Consent(draw(one(None, "care", "feedback", "review")), draw(BY), draw(MOSTLY), draw(around.any))
        for _ in range(draw(one(0, 1, 2, 3)))
    ]
    unique = {(record.topic, record.channel, record.given, record.at): record for record in consents}
    return Customer(
        name,
        given(
            name=name.title(),
            email=f"{name}@example.com" if draw(MOSTLY) else None,
            phone="+4930123456" if draw(MOSTLY) else None,
            address="Somewhere 1" if whole_language and draw(YES_OR_NO) else None,
            timezone=draw(one(*ODD_ZONES) if now in ODD_NOWS else one(*ZONES, None)),
            country=draw(one("DE", "US", None)),
            preferred_channel=draw(BY),
            birthday=draw(around.birthdays),
            renewal=draw(around.renewals),
            plan=draw(maybe(*"xy", chance=2)),
            visits=draw(maybe(*range(11), chance=2)),
        ),
        events=tuple(sorted(happened, key=lambda event: (event.at, event.id))),
        consents=tuple(sorted(unique.values(), key=lambda record: record.at)),
        paused_until=draw(around.pauses),
        contacts=draw(past_contacts(rules, name, now)) if remembered else (),
        suppressed=frozenset(draw(one((), (), ("email",), ("phone", "sms"))) if remembered else ()),
        ended=frozenset({f"{rules[0]}/{name}/{name}-2"} if remembered and draw(YES_OR_NO) else ()),
    )


@st.composite
def shops(draw: st.DrawFn, *, whole_language: bool = False, remembered: bool = False) -> Shop:
    """A shop with up to five rules and up to three customers."""
    now = draw(one(*SOME_NOWS, *ODD_NOWS * whole_language))
    names = tuple(f"rule_{letter}" for letter in "abcde"[: draw(one(4, 3, 5, 2, 1))])
    campaign = {
        "campaign": "All",
        "owner": "care@example.com",
        "rules": {
            name: draw(rules(names, number, now, whole_language=whole_language, remembered=remembered))
            for number, name in enumerate(names)
        },
    }
    files = {
        "rules/house_rules.yaml": json.dumps(draw(houses(names))),
        "rules/all.yaml": json.dumps(campaign),
        "templates/words.email.md": "---\nsubject: Hello\n---\nThis is for you.\n",
        "templates/words.sms.txt": "This is for you.\n",
        "templates/words.phone.md": "Tell them.\n",
    }
    people = tuple(
        draw(customers(name, now, names, whole_language=whole_language, remembered=remembered))
        for name in ("ann", "bea", "cem")[: draw(one(2, 3, 1))]
    )
    return Shop(files, people, now)


def _can_be_delivered(shop: Shop) -> bool:
    return not {use.channel for rule in shop.rulebook.rules.values() for use in rule.by} & {"post", "webhook"}


DELIVERABLE = shops(whole_language=True).filter(_can_be_delivered)
"""Shops that have a template, and these tests a sink, for every channel that their rules name."""
