"""Random small shops: house rules, rules of every form, customers in odd zones, and what happened to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from hypothesis import strategies as st

from scheduler.decisions.facts import Consent, Customer, Event
from scheduler.durations import Duration
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerConsent, CustomerEvent, Store
from scheduler.wallclock import DAY, day_of

HOUR = DAY // 24
SOME_NOWS = [
    day_of(date(2026, 3, 14)) * DAY + 9 * HOUR,  # the clocks change in Europe on the 29th, in Lord Howe on 5 April
    day_of(date(2026, 10, 20)) * DAY + 13 * HOUR + 17,
    day_of(date(2027, 2, 10)) * DAY,
    day_of(date(2028, 2, 20)) * DAY + 22 * HOUR,
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
EVENTS = ["bought", "bought", "visited", "scored", "opened", "closed"]
ASKS = ["nothing", "nothing", "nothing", "feedback", "review", "purchase"]
CHANNELS = ["email", "sms", "phone"]
WAYS = [["email"], ["email", "phone"], ["sms", "email"], ["phone"], ["preferred", "email"], ["phone", "sms"]]


@dataclass(frozen=True)
class Shop:
    """A rulebook, its customers with all facts, and the instant at which somebody looks at them."""

    files: dict[str, str]
    customers: Sequence[Customer]
    now: int

    @property
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


def durations(*units: str, least: int = 0, most: int = 6) -> st.SearchStrategy[str]:
    """A duration in one of these units."""
    return st.builds(lambda count, unit: f"{count} {unit}", st.integers(least, most), st.sampled_from(units))


DELAYS = st.one_of(durations("days", "hours", "business days"), durations("minutes", most=200), st.just("1 month"))
SPANS = st.one_of(durations("days", "hours", least=1, most=30), st.sampled_from(["1 month", "1 year", "2 weeks"]))
TIMES = st.sampled_from(["08:00", "09:30", "10:00", "02:30", "23:45", "00:00"])
NUMBERS = st.one_of(
    *(
        st.builds(lambda key, number: {key: number}, st.just(key), st.integers(0, 10))
        for key in ("at_least", "at_most", "is", "less_than")
    ),
    st.just({"at_least": 1, "at_most": 8}),
)
TEXTS = st.one_of(
    st.fixed_dictionaries({"is": st.sampled_from("xy")}),
    st.fixed_dictionaries({"in": st.lists(st.sampled_from("xyz"), min_size=1, max_size=2)}),
    st.just({"known": True}),
    st.just({"is_not": "x"}),
)


def maybe(strategy: st.SearchStrategy[Any], chance: int = 3) -> st.SearchStrategy[Any]:
    """The strategy's values, or None `chance` - 1 times of `chance`."""
    return st.sampled_from([False] * (chance - 1) + [True]).flatmap(lambda drawn: strategy if drawn else st.none())


def given(**keys: Any) -> dict[str, Any]:
    """The keys that have a value."""
    return {key.rstrip("_"): value for key, value in keys.items() if value is not None}


@st.composite
def event_conditions(draw: st.DrawFn, *, same: bool) -> Any:
    """A condition about events."""
    aggregate = draw(st.sampled_from(["happened", "count", "sum", "average", "max", "latest", "first"]))
    name = draw(st.sampled_from(EVENTS))
    compared: dict[str, Any] = {}
    if aggregate == "count":
        compared = {"count": True, **draw(NUMBERS)}
    elif aggregate in {"latest", "first"} and draw(st.booleans()):
        compared = {aggregate: "kind", **draw(TEXTS)}
    elif aggregate != "happened":
        compared = {aggregate: "score", **draw(NUMBERS)}
    return given(
        event=name,
        where=draw(maybe(st.fixed_dictionaries({"kind": TEXTS}), 4)),
        within=None if aggregate in {"max", "min"} else draw(maybe(SPANS, 2)),
        since=draw(maybe(st.just("trigger"), 4)),
        same=draw(maybe(st.just("order"), 4)) if same else None,
        **compared,
    )


@st.composite
def conditions(draw: st.DrawFn, rules: Sequence[str], depth: int = 2, *, same: bool = False, named: bool = True) -> Any:
    """A condition of any form."""
    forms = ["customer", "event", "event", "open", "contact"] + ["name"] * named
    forms += ["all_of", "any_of", "none_of"] * (depth > 0)
    match draw(st.sampled_from(forms)):
        case "name":
            return "marked"
        case "customer":
            if draw(st.booleans()):
                return {"customer": "plan", **draw(TEXTS)}
            if draw(st.booleans()):
                return {"customer": "visits", **draw(NUMBERS)}
            return {"customer": "birthday", draw(st.sampled_from(["older_than", "newer_than"])): draw(SPANS)}
        case "open":
            return given(open="ticket", for_=draw(maybe(durations("days", "hours", least=1, most=5))))
        case "contact":
            counted = {"count": True, **draw(NUMBERS)} if draw(st.booleans()) else {}
            return given(
                contact=draw(st.sampled_from(["any", *rules])),
                asks_for=draw(maybe(st.sampled_from(["nothing", "feedback", "review"]))),
                by=draw(maybe(st.sampled_from(CHANNELS))),
                within=draw(maybe(SPANS, 2)),
                since=draw(maybe(st.just("trigger"))),
                **counted,
            )
        case "event":
            return draw(event_conditions(same=same))
        case form:
            return {form: draw(st.lists(conditions(rules, depth - 1, same=same, named=named), min_size=1, max_size=2))}


@st.composite
def rules(draw: st.DrawFn, names: Sequence[str], now: int) -> dict[str, Any]:
    """A rule."""
    trigger = draw(st.sampled_from(["event", "event", "event", "silence", "date", "once"]))
    by_event = trigger in {"event", "silence"}
    asks_for = draw(st.sampled_from(ASKS))
    where = draw(maybe(st.fixed_dictionaries({"kind": TEXTS}), 4))
    when: Any = {
        "event": given(event=draw(st.sampled_from(EVENTS)), where=where),
        "silence": given(
            silence=draw(st.sampled_from(EVENTS)), where=where, same=draw(maybe(st.just("order"))) if by_event else None
        ),
        "date": {"date": "birthday"},
        "once": {"date": "renewal", "once": True},
    }[trigger]
    condition = conditions(names, same=by_event)
    ahead = None if by_event else draw(maybe(durations("days", "business days", most=5)))
    after = None
    if ahead is None:
        after = draw(maybe(DELAYS if not by_event else st.one_of(DELAYS, st.just("value_window")), 2))
    least = 1 if after is None else 65 if after == "value_window" else int(Duration.parse(after).nominal_days) + 5
    by: list[Any] = list(draw(st.sampled_from(WAYS)))
    if not by_event and ahead is None and draw(st.booleans()):
        by[0] = {by[0]: {"ahead": draw(durations("days", least=1))}}
    day = date.fromordinal(now // DAY + 719163)
    return given(
        reason="They have a good reason to hear from us.",
        asks_for=asks_for,
        when=when,
        after=after,
        ahead=ahead,
        before=draw(maybe(st.integers(least, least + 40).map("{} days".format), 2)),
        at=draw(maybe(TIMES)),
        only_if=draw(maybe(st.lists(condition, min_size=1, max_size=2), 4)),
        unless=draw(maybe(st.lists(condition, min_size=1, max_size=2), 2)),
        until=draw(
            maybe(st.one_of(st.sampled_from(EVENTS), condition.filter(lambda one: not isinstance(one, str))), 5)
        ),
        again=draw(st.sampled_from(["every time", "every time", "never", "after 3 days", "after 36 hours"])),
        send="words",
        by=by,
        send_hours=draw(
            maybe(st.sampled_from([{"from": "09:00"}, {"days": ["mon", "wed", "sun"]}, {"to": "18:00"}]), 4)
        ),
        priority=draw(maybe(st.integers(48, 52))),
        exempt=draw(maybe(st.sampled_from([["frequency_caps"], ["send_hours"]]), 4)) if asks_for == "nothing" else None,
        holdout=draw(maybe(st.just(0.3), 12)),
        backfill=draw(maybe(st.just("none"), 12)),
        starts=draw(maybe(st.integers(-2, 5).map(lambda n: date.fromordinal(day.toordinal() + n).isoformat()), 8)),
        ends=draw(maybe(st.integers(3, 20).map(lambda n: date.fromordinal(day.toordinal() + n).isoformat()), 8)),
        status=draw(maybe(st.sampled_from(["paused", "draft"]), 20)),
    )


@st.composite
def houses(draw: st.DrawFn, names: Sequence[str]) -> dict[str, Any]:
    """House rules."""
    cap = st.builds(
        lambda count, within, serves, by: given(at_most=count, within=within, serves=serves, by=by),
        st.integers(1, 3),
        SPANS,
        maybe(st.sampled_from(["us", "customer"])),
        maybe(st.sampled_from(CHANNELS)),
    )
    ask = st.builds(
        lambda value_window, gives, blocked: given(value_window=value_window, gives=gives, blocked_while=blocked),
        maybe(st.sampled_from(["required", "if delivered", "none"]), 2),
        maybe(st.one_of(st.just("none"), durations("days", least=2, most=30))),
        maybe(st.just(["marked"])),
    )
    return given(
        timezone=draw(st.sampled_from(ZONES)),
        send_hours=draw(
            maybe(
                st.sampled_from(
                    [
                        {"any": {"from": "09:00", "to": "17:00", "days": ["mon", "tue", "wed", "thu", "fri"]}},
                        {"any": {"from": "00:00", "to": "24:00", "days": "all"}, "email": {"from": "10:00"}},
                        {"any": {"from": "08:00", "holidays": "skip"}, "closed": ["2026-03-20", "2026-10-26"]},
                    ]
                ),
                2,
            )
        ),
        default_at=draw(maybe(TIMES)),
        default_window=draw(maybe(durations("days", "hours", least=1, most=20))),
        lateness=draw(maybe(st.sampled_from(["0 minutes", "30 minutes", "5 hours", "40 hours"]))),
        leap_day=draw(maybe(st.just("mar 1"))),
        frequency_caps=draw(maybe(st.lists(cap, max_size=3), 2)),
        value_window=draw(
            maybe(
                st.just(
                    {
                        "delivered_by": ["bought"],
                        "property": "kind",
                        "windows": {"x": "3 days", "y": "30 hours"},
                        "default": "10 days",
                    }
                ),
                2,
            )
        ),
        asks=draw(
            maybe(st.dictionaries(st.sampled_from(["any", "feedback", "review", "purchase"]), ask, max_size=2), 2)
        ),
        open_things={"ticket": given(opened_by="opened", closed_by="closed", key=draw(maybe(st.just("order"), 2)))},
        topics=draw(maybe(st.just({"care": {"default_for": ["nothing", "review", "purchase"]}}), 2)),
        channels=draw(maybe(st.just({"sms": {"consent": "opt_out"}}), 2)),
        conditions={"marked": {"means": "something marks them", "any_of": [draw(conditions(names, 1, named=False))]}},
    )


@st.composite
def customers(draw: st.DrawFn, name: str, now: int) -> Customer:
    """A customer to whom all sorts of things happened; some of them were learned late, some lie ahead."""
    day = now // DAY
    # Few different instants, so that things happen at the same one.
    past = st.one_of(
        st.integers(-12, 0).map(lambda n: now + n * DAY),
        st.integers(-100, 0).map(lambda n: now + n * HOUR),
        st.integers(-40, 0).map(lambda n: (day + n) * DAY),
        st.integers(-3 * DAY, 0).map(lambda n: now + n),
    )
    ahead = st.integers(0, 600).map(lambda n: now + n * HOUR)
    events = []
    for number in range(draw(st.sampled_from([8, 3, 12, 5, 1]))):
        at = draw(st.one_of(past, past, ahead))
        known_at = draw(st.one_of(st.just(at), st.just(at), st.just(max(at, now)), past.map(partial(max, at))))
        properties = given(
            kind=draw(maybe(st.sampled_from("xyz"), 2)),
            score=draw(maybe(st.integers(0, 10), 2)),
            order=draw(maybe(st.sampled_from("pq"), 2)),
        )
        events.append(Event(f"{name}-{number}", draw(st.sampled_from(EVENTS)), at, known_at, properties))
    consents = [
        Consent(
            draw(st.sampled_from([None, "care", "feedback", "review"])),
            draw(maybe(st.sampled_from(CHANNELS))),
            draw(st.sampled_from([True, True, True, True, False])),
            draw(st.one_of(past, past, ahead)),
        )
        for _ in range(draw(st.integers(0, 3)))
    ]
    unique = {(one.topic, one.channel, one.given, one.at): one for one in consents}
    born = st.one_of(
        st.integers(day - 3, day + 40).map(lambda n: date.fromordinal(n + 719163).replace(year=1990, day=1 + n % 28)),
        st.just(date(1992, 2, 29)),
        st.integers(day - 30, day + 30).map(lambda n: date.fromordinal(n + 719163)),
    )
    return Customer(
        name,
        given(
            name=name.title(),
            email=f"{name}@example.com" if draw(st.sampled_from([True, True, True, False])) else None,
            phone="+4930123456" if draw(st.sampled_from([True, True, True, False])) else None,
            timezone=draw(st.sampled_from([*ZONES, None])),
            country=draw(st.sampled_from(["DE", "US", None])),
            preferred_channel=draw(maybe(st.sampled_from(CHANNELS), 2)),
            birthday=draw(maybe(born, 2)),
            renewal=draw(maybe(st.integers(day - 5, day + 40).map(lambda n: date.fromordinal(n + 719163)), 2)),
            plan=draw(maybe(st.sampled_from("xy"), 2)),
            visits=draw(maybe(st.integers(0, 10), 2)),
        ),
        events=tuple(sorted(events, key=lambda event: (event.at, event.id))),
        consents=tuple(sorted(unique.values(), key=lambda record: record.at)),
        paused_until=draw(maybe(st.integers(0, 200).map(lambda n: now + n * HOUR), 6)),
    )


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """A shop with up to five rules and up to three customers."""
    now = draw(st.sampled_from(SOME_NOWS))
    names = [f"rule_{letter}" for letter in "abcde"[: draw(st.sampled_from([4, 3, 5, 2, 1]))]]
    campaign = {
        "campaign": "All",
        "owner": "care@example.com",
        "rules": {name: draw(rules(names, now)) for name in names},
    }
    files = {
        "rules/house_rules.yaml": json.dumps(draw(houses(names))),
        "rules/all.yaml": json.dumps(campaign),
        "templates/words.email.md": "---\nsubject: Hello\n---\nThis is for you.\n",
        "templates/words.sms.txt": "This is for you.\n",
        "templates/words.phone.md": "Tell them.\n",
    }
    people = tuple(draw(customers(name, now)) for name in ("ann", "bea", "cem")[: draw(st.sampled_from([2, 3, 1]))])
    return Shop(files, people, now)
