from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from columns_compared import decided, told
from emptying import empty
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sample_shop import MONDAY, lay_down, take_sample
from shops import HOUR, Shop, shops
from storing import NOW, agreed, bought, decide, enrol, occasion

from scheduler.decisions.columns import Columns, columns_of
from scheduler.decisions.facts import Consent, Event, Value, known_by
from scheduler.decisions.program import Program, compile_rules
from scheduler.errors import InputError
from scheduler.rulebook.reader import load_rulebook, rulebook_from_texts
from scheduler.store import CustomerConsent, CustomerEvent, Store, Suppression, open_store
from scheduler.store import columns as columns_module
from scheduler.store.columns import read_columns, read_present
from scheduler.store.states import State
from scheduler.wallclock import DAY

HOUSE = """
timezone: Europe/Berlin
topics: {news: {default_for: [nothing]}}
"""
RULES = """
campaign: test
owner: care@example.com
rules:
  thanks:
    reason: They bought something and hear that we saw it.
    asks_for: nothing
    when: {event: bought, where: {total: {at_least: 5}}}
    before: 2 days
    only_if:
      - {customer: plan, is: gold}
      - {customer: since, older_than: 1 year}
      - {event: bought, latest: colour, is: red}
      - {event: bought, latest: gift, is: true}
      - {event: bought, latest: wished, older_than: 1 day}
    send: words
    by: [email, sms]
"""
IDS = [f"customer {number}" for number in range(25)]


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_rules(rulebook_from_texts({"rules/house_rules.yaml": HOUSE, "rules/all.yaml": RULES})[0])


def read(store: Store, program: Program, *, chunk: int = 7, arrays: bool = False) -> list[Columns]:
    return list(read_columns(store, program, chunk=chunk, arrays=arrays))


def object_by_object(store: Store, program: Program) -> list[Columns]:
    return [columns_of(program, list(store.customers.read()))]


def compare(store: Store, program: Program) -> None:
    """What is read in bulk tells the same as what is read customer by customer, as lists and as arrays."""
    expected = told(program, object_by_object(store, program))
    assert told(program, read(store, program)) == expected
    assert told(program, read(store, program, chunk=2)) == expected
    assert told(program, read(store, program, arrays=True)) == expected


def properties(store: Store, program: Program, event: str) -> dict[str, Value]:
    """The properties of an event, as they are read in bulk."""
    compare(store, program)
    for one in told(program, read(store, program)).values():
        for id_, *_, own in one["events"]:
            if id_ == event:
                return {name: value for name, (_, value) in own.items()}
    raise AssertionError(f"{event} was not read")


# --- the same as customer by customer


def test_the_sample_shop_reads_and_decides_the_same_in_bulk(database: str, tmp_path: Path) -> None:
    lay_down(tmp_path)
    program = compile_rules(load_rulebook(tmp_path))
    with open_store(database) as store:
        take_sample(store, tmp_path)
        compare(store, program)
        since, until = MONDAY - 90 * DAY, MONDAY + 30 * DAY
        found = decided(program, read(store, program), since, until, {})
        assert len(found) > 20
        assert found == decided(program, object_by_object(store, program), since, until, {})


@contextmanager
def filled(empty: Path, shop: Shop) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(empty, Path(folder) / "rightreason.db")
        with open_store(f"sqlite:///{folder}/rightreason.db") as store:
            shop.fill(store)
            yield store


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shops(whole_language=True), st.sampled_from([0, -12]))
def test_random_shops_read_and_decide_the_same_in_bulk(sqlite_file: Path, shop: Shop, since: int) -> None:
    try:
        program = compile_rules(shop.rulebook)
    except InputError:  # a condition names a draft
        assume(False)
    with filled(sqlite_file, shop) as store:
        compare(store, program)
        ends = shop.now + since * DAY, shop.now + 30 * DAY
        expected = decided(program, object_by_object(store, program), *ends, {})
        assert decided(program, read(store, program, chunk=1), *ends, {}) == expected


def test_random_shops_read_the_same_from_postgresql(postgresql_store: tuple[str, Store]) -> None:
    store = postgresql_store[1]

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(shops(whole_language=True))
    def read_the_same(shop: Shop) -> None:
        try:
            program = compile_rules(shop.rulebook)
        except InputError:
            assume(False)
        empty(store)
        shop.fill(store)
        compare(store, program)

    read_the_same()


# --- values


@pytest.mark.parametrize(
    "value",
    [
        "",
        "red",
        "7",
        "1.0",
        "true",
        "null",
        "2026-12-24",
        '{"date":"2026-12-24"}',
        'a "quoted" \\ text, with a comma',
        "two\nlines\tand a tab",
        "Größe 42 ✓ 漢字 \U0001f35e",
        date(2026, 12, 24),
        date(1900, 2, 28),
        True,
        False,
        0,
        -7,
        7,
        2**53 + 1,
        -(2**62),
        0.1,
        -2.5,
        1e16,
        1.5e-7,
        1e300,
    ],
)
def test_a_value_keeps_its_type(store: Store, program: Program, value: Value) -> None:
    store.customers.add([("ann", {"plan": value})], now=NOW)
    store.events.add([bought("1", colour=value)], now=NOW)
    assert properties(store, program, "1") == {"colour": value}
    (ann,) = told(program, read(store, program)).values()
    assert ann["attributes"] == {"plan": (type(value), value)}


def test_numbers_that_are_equal_are_one_value_and_true_is_another(store: Store, program: Program) -> None:
    enrol(store, "ann")
    values: list[Value] = [1, True, "1", 0, False, "true", 1.0, 0.0]
    store.events.add([bought(str(n), at=n, total=value) for n, value in enumerate(values)], now=NOW)
    compare(store, program)
    (columns,) = read(store, program)
    assert list(columns.properties["total"].codes) == [0, 1, 2, 3, 4, 5, 0, 3]


def test_a_missing_value_has_no_number(store: Store, program: Program) -> None:
    enrol(store, "ann")
    store.events.add([bought("1", at=1, colour="red"), bought("2", at=2, other="red")], now=NOW)
    (columns,) = read(store, program)
    assert list(columns.properties["colour"].codes) == [0, -1]
    assert properties(store, program, "2") == {}


def test_ids_may_hold_anything_that_a_text_may(store: Store, program: Program) -> None:
    ids = ["a,b", 'say "hello"', "back\\slash", "Ünïcödé ✓", "[1]", "{}", " ", "'"]
    enrol(store, *ids)
    store.events.add([bought(f"{id_}!", id_, colour="red") for id_ in ids], now=NOW)
    compare(store, program)
    assert {*told(program, read(store, program))} == {*ids}


def test_the_id_of_a_customer_is_an_attribute_that_can_be_asked_for(store: Store) -> None:
    rules = RULES.replace("{customer: plan, is: gold}", "{customer: id, in: [ann, bob]}")
    program = compile_rules(rulebook_from_texts({"rules/house_rules.yaml": HOUSE, "rules/all.yaml": rules})[0])
    enrol(store, "ann", "bob", "cem")
    compare(store, program)
    assert told(program, read(store, program))["cem"]["attributes"] == {"id": (str, "cem")}


# --- which facts


def test_events_that_no_rule_asks_about_are_left_out(store: Store, program: Program) -> None:
    enrol(store, "ann", "bob")
    other = CustomerEvent("ann", Event("0", "visited", 5, 5, {"colour": "red"}))
    store.events.add([other, bought("1", at=10), bought("2", "bob", at=20)], now=NOW)
    compare(store, program)
    assert sorted(list(columns.event_ids) for columns in read(store, program, chunk=1)) == [["1"], ["2"]]


def test_an_event_that_was_replaced_is_left_out(store: Store, program: Program) -> None:
    enrol(store, "ann")
    store.events.add([bought("1", at=10, colour="red"), bought("2", at=10, replaces="1", colour="blue")], now=NOW)
    compare(store, program)
    (columns,) = read(store, program)
    assert columns.event_ids == ["2"]


def test_an_event_that_was_learned_late_says_so(store: Store, program: Program) -> None:
    enrol(store, "ann")
    store.events.add([CustomerEvent("ann", Event("1", "bought", 10, 10 + DAY))], now=NOW)
    (columns,) = read(store, program)
    assert (list(columns.event_at), list(columns.event_known)) == ([10], [10 + DAY])


def test_events_are_in_order_of_time_and_ranked_by_their_ids(store: Store, program: Program) -> None:
    enrol(store, "ann", "bob")
    ids = {"9": 10, "10": 20, "b": 30, "a": 30, "Z": 40}
    store.events.add([bought(id_, at=at) for id_, at in ids.items()] + [bought("0", "bob")], now=NOW)
    compare(store, program)
    (columns,) = read(store, program)
    first = list(columns.ids).index("ann")
    theirs = slice(columns.event_from[first], columns.event_from[first + 1])
    assert list(columns.event_ids)[theirs] == ["9", "10", "a", "b", "Z"]
    assert list(columns.event_rank)[theirs] == [1, 0, 3, 4, 2]


def test_consents_of_topics_and_channels_that_no_rule_uses_fit_none(store: Store, program: Program) -> None:
    enrol(store, "ann")
    records = [
        Consent(None, None, given=True, at=10),
        Consent("news", "email", given=False, at=20),
        Consent("offers", "post", given=True, at=30),
    ]
    store.consents.add([CustomerConsent("ann", record, "the till") for record in records], now=NOW)
    compare(store, program)
    assert told(program, read(store, program))["ann"]["consents"] == [
        (10, None, None, True),
        (20, "news", "email", False),
        (30, "another", "another", True),
    ]


def test_an_address_that_is_missing_or_suppressed_can_not_be_reached(store: Store, program: Program) -> None:
    store.customers.add(
        [
            ("ann", {"email": "Ann@Example.com", "phone": "+4930123456"}),
            ("bob", {"email": "bob@example.com"}),
            ("cem", {"email": "", "phone": "+4930123457"}),
        ],
        now=NOW,
    )
    store.suppressions.add(
        [
            Suppression("email", "ann@example.com", "request", NOW),
            Suppression("post", "bob@example.com", "request", NOW),
        ],
        now=NOW,
    )
    compare(store, program)
    assert {id_: one["reachable"] for id_, one in told(program, read(store, program)).items()} == {
        "ann": {"email": False, "sms": True},
        "bob": {"email": True, "sms": False},
        "cem": {"email": False, "sms": True},
    }


def test_the_address_of_somebody_who_was_erased_stays_suppressed(database: str, program: Program) -> None:
    with open_store(database, pepper=b"pepper") as store:
        store.customers.add([("ann", {"email": "ann@example.com"})], now=NOW)
        store.suppressions.add([Suppression("email", "ann@example.com", "request", NOW)], now=NOW)
        store.erase("ann", now=NOW)
        store.customers.add([("another", {"email": "ann@example.com"})], now=NOW)
        compare(store, program)
        assert not told(program, read(store, program))["another"]["reachable"]["email"]


def test_a_pause_is_told(store: Store, program: Program) -> None:
    enrol(store, "ann", "bob")
    store.customers.pause("ann", NOW + HOUR, now=NOW)
    (expected,) = object_by_object(store, program)
    (columns,) = read(store, program)
    assert dict(zip(columns.ids, columns.paused_until, strict=True)) == dict(
        zip(expected.ids, expected.paused_until, strict=True)
    )


# --- chunks


@pytest.mark.parametrize("chunk", [1, 7, 25, 100])
def test_all_customers_are_read_once_whatever_the_chunk(store: Store, program: Program, chunk: int) -> None:
    enrol(store, *IDS)
    store.events.add([bought(id_, id_) for id_ in IDS], now=NOW)
    chunks = read(store, program, chunk=chunk)
    assert [len(columns.ids) for columns in chunks[:-1]] == [chunk] * (len(chunks) - 1)
    assert [id_ for columns in chunks for id_ in columns.ids] == [one.id for one in store.customers.read()]
    assert all(list(columns.event_ids) == list(columns.ids) for columns in chunks)


def test_customers_with_many_events_are_read_fewer_at_a_time(
    store: Store, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns_module, "MOST_EVENTS", 10)
    enrol(store, *IDS)
    store.events.add([bought(f"{id_}/{n}", id_, at=n) for id_ in IDS[:20] for n in range(4)], now=NOW)
    chunks = read(store, program, chunk=16)
    assert max(len(columns.event_ids) for columns in chunks) <= 10
    compare(store, program)


def test_one_customer_with_too_many_events_is_read_all_the_same(
    store: Store, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns_module, "MOST_EVENTS", 10)
    enrol(store, "ann", "bob")
    store.events.add([bought(str(n), at=n, colour=str(n)) for n in range(50)], now=NOW)
    compare(store, program)


@pytest.mark.parametrize("at_once", [1, 3, 10, 1000])
def test_events_are_taken_apart_some_at_a_time(
    store: Store, program: Program, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(columns_module, "EVENTS_AT_ONCE", at_once)
    enrol(store, *IDS)
    store.events.add([bought(f"{id_}/{n}", id_, at=n, colour="red") for id_ in IDS[::3] for n in range(9)], now=NOW)
    compare(store, program)


def test_nobody_is_no_chunk(store: Store, program: Program) -> None:
    assert read(store, program) == []


def test_rules_that_hear_of_no_event_read_none(store: Store) -> None:
    rules = """
campaign: test
owner: care@example.com
rules:
  card:
    reason: It is their birthday and we like them.
    asks_for: nothing
    when: {date: birthday}
    before: 1 day
    send: words
    by: [email]
"""
    program = compile_rules(rulebook_from_texts({"rules/house_rules.yaml": HOUSE, "rules/all.yaml": rules})[0])
    store.customers.add([("ann", {"birthday": date(1990, 5, 4)})], now=NOW)
    store.events.add([bought("1")], now=NOW)
    compare(store, program)
    assert told(program, read(store, program))["ann"]["events"] == []


def test_facts_that_come_while_reading_do_not_disturb_it(store: Store, program: Program) -> None:
    enrol(store, *IDS)
    reading = read_columns(store, program, chunk=5, arrays=False)
    first = next(reading)
    store.events.add([bought(id_, id_) for id_ in IDS], now=NOW)
    rest = list(reading)
    assert first.event_ids == []
    assert sum(len(columns.event_ids) for columns in rest) == len(IDS) - 5


def test_reading_leaves_the_garbage_collector_as_it_was(store: Store, program: Program) -> None:
    enrol(store, *IDS)
    next(read_columns(store, program, chunk=5, arrays=False))
    assert gc.isenabled()


# --- as the present is looked at


def present(store: Store, *programs: Program, ids: Iterable[str] | None = None, chunk: int = 7) -> list[list[Columns]]:
    return list(read_present(store, programs, ids, chunk=chunk, arrays=False))


def test_some_customers_read_the_same_as_among_all(store: Store, program: Program) -> None:
    enrol(store, *IDS)
    store.events.add([bought(f"{id_}/{n}", id_, at=n, colour="red") for id_ in IDS for n in range(3)], now=NOW)
    some = [*IDS[3:15], "nobody", IDS[20]]
    found = told(program, [columns for (columns,) in present(store, program, ids=some)])
    everybody = told(program, object_by_object(store, program))
    assert found == {id_: everybody[id_] for id_ in some if id_ != "nobody"}


def test_unknown_customers_are_passed_over_chunk_by_chunk(store: Store, program: Program) -> None:
    enrol(store, "ann")
    assert [columns.ids for (columns,) in present(store, program, ids=["zoe", "ann", "bob", "cyd"], chunk=1)] == [
        ["ann"]
    ]


def test_some_customers_with_many_events_are_read_fewer_at_a_time(
    store: Store, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns_module, "MOST_EVENTS", 10)
    enrol(store, *IDS)
    store.events.add([bought(f"{id_}/{n}", id_, at=n) for id_ in IDS[:20] for n in range(4)], now=NOW)
    chunks = [columns for (columns,) in present(store, program, ids=IDS, chunk=16)]
    assert max(len(columns.event_ids) for columns in chunks) <= 10
    assert told(program, chunks) == told(program, object_by_object(store, program))


def test_what_was_sent_and_what_is_over_is_read_along(store: Store, program: Program) -> None:
    enrol(store, "ann", "bob")
    later, sooner, over = occasion(anchor="1"), occasion(anchor="2"), occasion(anchor="3")
    store.ledger.put([later, sooner, over, occasion("bob", "4")])
    decide(store, later, State.QUEUED, decided_for=NOW + 5, channel="email")
    decide(store, sooner, State.QUEUED, decided_for=NOW + 3, channel="sms")
    decide(store, over, State.TOO_LATE, decided_for=NOW)
    ((columns,),) = present(store, program)
    (objects,) = object_by_object(store, program)
    assert {id_: list(own) for id_, own in zip(columns.ids, columns.contacts, strict=True)} == dict(
        zip(objects.ids, map(list, objects.contacts), strict=True)
    )
    assert [set(own) for own in columns.ended] == [set(own) for own in objects.ended]
    assert [one.at for one in columns.contacts[columns.ids.index("ann")]] == [NOW + 3, NOW + 5]
    assert over.key in columns.ended[columns.ids.index("ann")]


def test_what_was_not_known_at_a_moment_is_left_out_as_it_is_of_a_customer(store: Store, program: Program) -> None:
    then, later = NOW + 4, NOW + 5
    enrol(store, "ann", "bob")
    heard_later = CustomerEvent("ann", Event("3", "bought", NOW, later))
    store.events.add([bought("1", at=then), bought("2", at=later), heard_later, bought("4", "bob", later)], now=NOW)
    store.consents.add([agreed(at=then), agreed(at=later, given=False)], now=NOW)
    sooner, afterwards = occasion(anchor="1"), occasion(anchor="2")
    store.ledger.put([sooner, afterwards])
    decide(store, sooner, State.QUEUED, decided_for=then, channel="sms")
    decide(store, afterwards, State.QUEUED, decided_for=later, channel="email")
    objects = columns_of(program, [known_by(one, then) for one in store.customers.read()])
    for arrays in (False, True):
        ((columns,),) = read_present(store, [program], None, chunk=7, arrays=arrays, known_by=then)
        assert told(program, [columns]) == told(program, [objects])
        assert list(columns.event_ids) == ["1"]
        assert len(columns.consent_at) == 1
        assert [[one.at for one in own] for own in columns.contacts if own] == [[then]]


def test_programs_that_look_at_the_same_share_their_columns(store: Store, program: Program) -> None:
    enrol(store, "ann")
    other = compile_rules(rulebook_from_texts({"rules/house_rules.yaml": HOUSE, "rules/all.yaml": RULES})[0])
    blind = compile_rules(rulebook_from_texts({"rules/house_rules.yaml": HOUSE})[0])
    ((first, second, third),) = present(store, program, other, blind)
    assert first is second
    assert third is not first
    assert third.event_ids == []
