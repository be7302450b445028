"""Every contact as a file: what `preview` would have said, in the same keys, order and words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from histories import at, customer, event, on_arrays, program, walks
from hypothesis import assume, given, settings
from shops import UNHURRIED, Shop, shops

from scheduler.backtest.contacts import Contacts, ending_of
from scheduler.backtest.told import KEYS
from scheduler.cli import decision_rows
from scheduler.decisions.decide import decide
from scheduler.decisions.facts import Customer
from scheduler.decisions.program import Program, compile_rules
from scheduler.errors import InputError
from scheduler.wallclock import DAY

RULES = program(
    """\
thanks:
  reason: You bought {event.thing} and live in {customer.city}.
  asks_for: nothing
  when: bought
  send: words
  by: [email]
"follow up":
  reason: We thanked you.
  asks_for: nothing
  when: {contact: thanks}
  after: 1 hour
  send: words
  by: [sms]
birthday:
  reason: A good year, {customer.name}!
  asks_for: nothing
  when: {date: birthday}
  before: 1 day
  send: words
  by: [email]
""".replace('"follow up"', "follow_up")
)
PEOPLE = [
    customer("zoë/1", event("2026-03-28 12:00:00.25", "bought", id="order 1/ä", thing='a "very" big\nbowl')),
    customer("ana", event("2026-03-28 12:00", "bought", thing="a knife"), city="Lagos", timezone="Asia/Kathmandu"),
    customer("ben", event("2026-03-29 12:00", "bought"), phone="+49301234", timezone=None, country="US"),
    customer("nobody"),
]
SINCE, UNTIL = at("2026-03-01"), at("2026-05-01")


def expected(rules: Program, people: Sequence[Customer], since: int, until: int, *, silences: bool) -> list[Any]:
    """What `preview` makes of the same decisions."""
    by_id = {one.id: one for one in people}
    made = [decision_rows.told(one, by_id[one.customer], rules.rulebook) for one in decide(rules, people, since, until)]
    return [one.as_object() for one in sorted(made, key=lambda one: one.decision.order) if silences or one.is_contact]


def collected(*, silences: bool = False, held: int = 1_000) -> Contacts:
    contacts = Contacts(RULES, silences=silences, held=held)
    for walk in walks(RULES, PEOPLE, SINCE, UNTIL):
        contacts.add(walk)
    return contacts


def test_the_keys_are_those_of_the_preview() -> None:
    assert KEYS == decision_rows.KEYS


@pytest.mark.parametrize("silences", [False, True])
@pytest.mark.parametrize("held", [1_000, 1])
def test_json_lines_are_what_the_preview_would_have_said(tmp_path: Path, held: int, silences: bool) -> None:
    told = expected(RULES, PEOPLE, SINCE, UNTIL, silences=silences)
    with collected(silences=silences, held=held) as contacts:
        contacts.write(tmp_path / "contacts.jsonl")
    lines = (tmp_path / "contacts.jsonl").read_text(encoding="utf-8")
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    assert lines == "".join(encode(one) + "\n" for one in told)
    assert contacts.count == len(told) >= 3


def test_they_can_be_printed() -> None:
    stream = io.StringIO()
    with collected() as contacts:
        contacts.print(stream)
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert found == expected(RULES, PEOPLE, SINCE, UNTIL, silences=False)


def test_csv_has_a_column_for_each_key_and_lists_as_words(tmp_path: Path) -> None:
    with collected(silences=True) as contacts:
        contacts.write(tmp_path / "contacts.csv")
    with (tmp_path / "contacts.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    told = expected(RULES, PEOPLE, SINCE, UNTIL, silences=True)
    words = [{key: " ".join(value) if key == "because" else value or "" for key, value in one.items()} for one in told]
    assert found == words


def test_parquet_keeps_lists_and_nulls(tmp_path: Path) -> None:
    with collected(silences=True) as contacts:
        contacts.write(tmp_path / "contacts.parquet")
    assert pl.read_parquet(tmp_path / "contacts.parquet").to_dicts() == expected(
        RULES, PEOPLE, SINCE, UNTIL, silences=True
    )


@pytest.mark.parametrize("name", ["contacts.jsonl", "contacts.csv", "contacts.parquet"])
def test_without_contacts_there_is_a_file_without_rows(tmp_path: Path, name: str) -> None:
    with Contacts(RULES) as contacts:
        for walk in walks(RULES, [customer("nobody")], SINCE, UNTIL):
            contacts.add(walk)
        contacts.write(tmp_path / name)
    if name.endswith("parquet"):
        assert pl.read_parquet(tmp_path / name).shape == (0, len(KEYS))
    else:
        assert (tmp_path / name).read_text() == (",".join(KEYS) + "\n" if name.endswith("csv") else "")


def test_a_former_file_stays_where_the_new_one_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "contacts.csv").write_text("before")
    with collected() as contacts:
        monkeypatch.setattr("polars.DataFrame.write_csv", None)
        with pytest.raises(TypeError):
            contacts.write(tmp_path / "contacts.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["contacts.csv"]
    assert (tmp_path / "contacts.csv").read_text() == "before"


@pytest.mark.parametrize("name", ["contacts", "contacts.xlsx", "contacts.json"])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"\.jsonl, \.csv or \.parquet"):
        ending_of(Path(name))


@settings(UNHURRIED, max_examples=60, derandomize=True)
@given(shop=shops(whole_language=True))
def test_random_shops_are_told_as_the_preview_tells_them(shop: Shop) -> None:
    try:
        rules = compile_rules(shop.rulebook)
    except InputError:  # a condition names a draft
        assume(False)
    since, until = shop.now - 30 * DAY, shop.now + 30 * DAY
    people = [replace(one, paused_until=None) for one in shop.customers]
    told = expected(rules, people, since, until, silences=True)
    made = list(walks(rules, people, since, until))
    for each in (made, map(on_arrays, made)):
        stream = io.StringIO()
        with Contacts(rules, silences=True) as contacts:
            for walk in each:
                contacts.add(walk)
            contacts.print(stream)
        assert [json.loads(line) for line in stream.getvalue().splitlines()] == told
