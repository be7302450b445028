from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from columns_compared import Told, decided, told
from hypothesis import HealthCheck, assume, given, settings
from sample_shop import lay_down, take_sample
from shops import Shop, shops
from taking import instant

from scheduler.decisions.columns import Columns, columns_of
from scheduler.decisions.facts import Value
from scheduler.decisions.program import Program, compile_rules
from scheduler.errors import InputError
from scheduler.intake import Cause, Options, folder, import_consents, import_customers, import_events, rows, sequence
from scheduler.intake.folder import History, read_folder
from scheduler.rulebook.reader import load_rulebook, rulebook_from_texts
from scheduler.store import open_store
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
      - {customer: birthday, older_than: 18 years}
      - {event: bought, latest: colour, is: red}
      - {event: bought, latest: gift, is: true}
      - {event: bought, latest: wished, older_than: 1 day}
      - {event: scored, count: true, at_least: 2}
    send: words
    by: [email, sms]
"""
FORMATS = ["csv", "jsonl", "parquet"]
ENOUGH = instant("2999-01-01T00:00:00+00:00")
"""A moment after everything."""

Row = Mapping[str, Any]


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_rules(rulebook_from_texts({"rules/house_rules.yaml": HOUSE, "rules/all.yaml": RULES})[0])


# --- a folder of files


def write(folder: Path, name: str, rows_: Sequence[Row], form: str) -> Path:
    """Rows as a file: instants with their offset, and what is missing left out, empty or null."""
    path = folder / f"{name}.{form}"
    columns = list(dict.fromkeys(key for row in rows_ for key in row))
    if form == "parquet":
        pl.DataFrame([{key: row.get(key) for key in columns} for row in rows_], infer_schema_length=None).write_parquet(
            path
        )
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row, default=_text, ensure_ascii=False) + "\n" for row in rows_), "utf-8")
    else:
        table = [{key: _cell(row.get(key)) for key in columns} for row in rows_]
        pl.DataFrame(table, schema=dict.fromkeys(columns, pl.String)).write_csv(path)
    return path


def _cell(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def read(
    folder: Path, program: Program, *, chunk: int = 2, arrays: bool = False, timezone: str | None = None
) -> History:
    return read_folder(folder, program, timezone=timezone, chunk=chunk, arrays=arrays)


def seen(folder: Path, program: Program, **options: Any) -> Told:
    return told(program, read(folder, program, **options))


def imported(folder: Path, program: Program, form: str, empty: Path) -> list[Columns]:
    """What an import of the same files into a copy of an empty database comes to, read customer by customer."""
    with tempfile.TemporaryDirectory() as elsewhere:
        options = Options(topics=tuple(program.house.topics), reject_file=Path(elsewhere) / "rejects")
        with open_store(f"sqlite:///{shutil.copy(empty, elsewhere)}") as store:
            import_customers(store, folder / f"customers.{form}", options, now=ENOUGH)
            import_events(store, folder / f"events.{form}", options, now=ENOUGH)
            if (folder / f"consent.{form}").exists():
                import_consents(store, folder / f"consent.{form}", options, now=ENOUGH)
            return [columns_of(program, list(store.customers.read()))]


PEOPLE: list[Row] = [
    {"id": "ann", "email": "ann@example.com", "phone": "+493012345678", "plan": "gold", "birthday": date(1980, 2, 29)},
    {"id": "bob, jr.", "email": "bob@example.com", "timezone": "America/New_York", "country": "US", "plan": "7"},
    {"id": "Cem Ö. ✓", "phone": "+493012345679", "country": "DE", "birthday": date(1999, 12, 31)},
    {"id": "007", "preferred_channel": "sms", "plan": "silver"},
]
HAPPENED: list[Row] = [
    {"id": "1", "customer": "ann", "name": "bought", "at": at("2026-03-01T09:00:00+01:00"), "total": 7.5, "gift": True},
    {"id": "2", "customer": "ann", "name": "bought", "at": at("2026-03-01T09:00:00+01:00"), "colour": "rot, grün"},
    {"id": "10", "customer": "ann", "name": "scored", "at": at("2026-03-02T10:00:00.250+00:00")},
    {
        "id": "3",
        "customer": "bob, jr.",
        "name": "bought",
        "at": at("2026-03-02T10:00:00Z"),
        "known_at": at("2026-03-04T10:00:00Z"),
        "total": 10.0,
        "gift": False,
        "wished": date(2026, 12, 24),
    },
    {"id": "4", "customer": "007", "name": "bought", "at": at("2026-03-02T10:00:00Z"), "colour": "0123"},
    {"id": "5", "customer": "007", "name": "visited", "at": at("2026-03-02T10:00:00Z"), "colour": "red"},
    {"id": "ünï,✓", "customer": "Cem Ö. ✓", "name": "bought", "at": at("2026-01-01T00:00:00-10:00"), "total": 3.0},
]
AGREED: list[Row] = [
    {"customer": "ann", "topic": "news", "status": "given", "at": at("2026-02-01T00:00:00Z")},
    {"customer": "ann", "topic": "news", "channel": "email", "status": "withdrawn", "at": at("2026-02-03T00:00:00Z")},
    {"customer": "bob, jr.", "topic": "any", "status": "given", "at": at("2026-02-01T00:00:00Z")},
    {"customer": "007", "channel": "post", "status": "GIVEN", "at": at("2026-02-02T00:00:00Z")},
]


def write_all(folder: Path, form: str, *, order: Callable[[list[Row]], list[Row]] = list) -> Path:
    for name, rows_ in (("customers", PEOPLE), ("events", HAPPENED), ("consent", AGREED)):
        write(folder, name, order(list(rows_)), form)
    return folder


@contextmanager
def in_slices(of: int) -> Iterator[None]:
    """Slices of so few rows, and no file of text that is small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "SLICE", of)
        patch.setattr(sequence, "SLICE", of)
        patch.setattr(rows, "SMALL", 0)
        yield


# --- the same as an import


@pytest.mark.parametrize("form", FORMATS)
def test_files_are_read_as_an_import_takes_them(tmp_path: Path, program: Program, form: str, sqlite_file: Path) -> None:
    expected = told(program, imported(write_all(tmp_path, form), program, form, sqlite_file))
    assert len(expected) == len(PEOPLE)
    assert seen(tmp_path, program) == expected
    assert seen(tmp_path, program, chunk=1) == expected
    assert seen(tmp_path, program, chunk=1000, arrays=True) == expected


def test_the_three_formats_tell_the_same(tmp_path: Path, program: Program) -> None:
    found = []
    for form in FORMATS:
        (tmp_path / form).mkdir()
        found.append(seen(write_all(tmp_path / form, form), program))
    for one in found[1:]:
        # CSV has no types: 10.0 reads as a number there as well
        assert one == found[0]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("of", [1, 2, 3])
@pytest.mark.parametrize(
    "order",
    [
        lambda rows_: sorted(rows_, key=lambda row: row.get("customer", row.get("id"))),
        lambda rows_: sorted(rows_, key=lambda row: row.get("customer", row.get("id")), reverse=True),
        lambda rows_: random.Random(5).sample(rows_, len(rows_)),  # noqa: S311 - no secret
    ],
    ids=["grouped", "reversed", "mixed"],
)
def test_the_order_of_large_files_makes_no_difference(
    tmp_path: Path, program: Program, form: str, of: int, order: Callable[[list[Row]], list[Row]]
) -> None:
    (tmp_path / "small").mkdir()
    expected = seen(write_all(tmp_path / "small", form), program)
    with in_slices(of):
        assert seen(write_all(tmp_path, form, order=order), program) == expected


def test_the_sample_shop_decides_the_same_from_its_files(tmp_path: Path) -> None:
    lay_down(tmp_path)
    program = compile_rules(load_rulebook(tmp_path))
    for name, form in (("customers", "csv"), ("events", "jsonl"), ("consent", "csv")):
        assert (tmp_path / f"sample/{name}.{form}").exists()
    with open_store(f"sqlite:///{tmp_path}/rightreason.db") as store:
        take_sample(store, tmp_path)
        expected = [columns_of(program, list(store.customers.read()))]
    assert seen(tmp_path / "sample", program) == told(program, expected)
    since, until = instant("2026-08-01T00:00:00+00:00"), instant("2026-12-02T00:00:00+00:00")
    found = decided(program, read(tmp_path / "sample", program, chunk=3), since, until, {})
    assert len(found) > 20
    assert found == decided(program, expected, since, until, {})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shops(whole_language=True))
def test_random_shops_decide_the_same_from_files_as_after_an_import(sqlite_file: Path, shop: Shop) -> None:
    try:
        program = compile_rules(shop.rulebook)
    except InputError:  # a condition names a draft
        assume(False)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write(folder, "customers", [{"id": one.id, **one.attributes} for one in shop.customers], "jsonl")
        happened_ = [
            {
                "id": event.id,
                "customer": one.id,
                "name": event.name,
                "at": _iso(event.at),
                "known_at": _iso(event.known_at),
            }
            | dict(event.properties)
            for one in shop.customers
            for event in one.events
        ]
        write(folder, "events", happened_[::-1], "jsonl")
        agreed = [
            {"customer": one.id, "topic": record.topic, "channel": record.channel, "at": _iso(record.at)}
            | {"status": "given" if record.given else "withdrawn"}
            for one in shop.customers
            for record in one.consents
        ]
        if agreed:
            write(folder, "consent", agreed, "jsonl")
        expected = imported(folder, program, "jsonl", sqlite_file)
        with in_slices(4):
            found = list(read(folder, program))
        assert told(program, found) == told(program, expected)
        ends = shop.now - 12 * DAY, shop.now + 30 * DAY
        assert decided(program, found, *ends, {}) == decided(program, expected, *ends, {})


def _iso(microseconds: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).isoformat()


# --- what is optional


def happened(*rows_: Row, **more: Any) -> list[Row]:
    """Events of ann, bought at midnight with an id, unless a row says otherwise; None for a cell that is empty."""
    usual = {"customer": "ann", "name": "bought", "at": "2026-03-01T00:00:00Z"}
    return [{"id": str(number), **usual, **more, **row} for number, row in enumerate(rows_, 1)]


def test_without_a_file_of_customers_they_are_those_of_the_events(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "events", happened({"customer": "bob"}, {"customer": "ann"}, {"customer": "bob"}), "csv")
    history = read(tmp_path, program)
    found = told(program, history)
    assert {id_: len(one["events"]) for id_, one in found.items()} == {"ann": 1, "bob": 2}
    assert found["bob"]["attributes"] == {}
    assert found["bob"]["reachable"] == {"email": False, "sms": False}
    assert (history.taken.customers, history.taken.events) == (2, 3)


@pytest.mark.parametrize("of", [1, 100])
def test_so_they_are_where_none_of_their_events_is_heard_of(tmp_path: Path, program: Program, of: int) -> None:
    write(tmp_path, "events", happened({"customer": "zoe", "name": "visited"}, {"customer": "ann"}), "csv")
    with in_slices(of):
        found = seen(tmp_path, program)
    assert {id_: len(one["events"]) for id_, one in found.items()} == {"ann": 1, "zoe": 0}


def test_customers_to_whom_nothing_happened_are_there_all_the_same(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "customers", [{"id": "ann"}, {"id": "bob"}, {"id": "cem"}], "csv")
    write(tmp_path, "events", happened({"customer": "bob"}), "csv")
    assert {id_: len(one["events"]) for id_, one in seen(tmp_path, program).items()} == {"ann": 0, "bob": 1, "cem": 0}


def test_events_without_ids_are_numbered_in_the_order_of_the_file(tmp_path: Path, program: Program) -> None:
    rows_ = [{key: value for key, value in row.items() if key != "id"} for row in happened({}, {}, {"customer": "bob"})]
    write(tmp_path, "events", rows_, "csv")
    with in_slices(2):
        found = seen(tmp_path, program)
    assert [event[0] for event in found["ann"]["events"]] == ["row-000000000000", "row-000000000001"]
    assert [event[0] for event in found["bob"]["events"]] == ["row-000000000002"]


def test_the_names_of_columns_may_be_in_upper_case(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "customers", [{"ID": "ann", "Email": "ann@example.com"}], "csv")
    write(tmp_path, "events", [{"Id": "1", "Customer": "ann", "NAME": "bought", "At": "2026-03-01T00:00:00Z"}], "jsonl")
    found = seen(tmp_path, program)
    assert found["ann"]["reachable"]["email"]
    assert len(found["ann"]["events"]) == 1


def test_columns_that_nobody_asks_for_may_hold_anything(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "events", happened({"lines": [1, 2]}, {"lines": None}), "parquet")
    assert len(seen(tmp_path, program)["ann"]["events"]) == 2


# --- values and instants


def test_instants_without_an_offset_are_those_of_the_zone(tmp_path: Path, program: Program) -> None:
    texts = ["2026-07-01T09:00:00", "2026-07-01 09:00", "2026-07-01", "2026-10-25 02:30:00", "2026-03-29T02:30:00"]
    expected = [
        instant(text)
        for text in (
            "2026-07-01T09:00:00+02:00",
            "2026-07-01T09:00:00+02:00",
            "2026-07-01T00:00:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-03-29T03:00:00+02:00",
        )
    ]
    write(tmp_path, "events", happened(*({"at": text} for text in texts)), "csv")
    found = {event[0]: event[2] for event in seen(tmp_path, program, timezone="Europe/Berlin")["ann"]["events"]}
    assert [found[str(number)] for number in range(1, 6)] == expected


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zoned", [True, False])
def test_instants_of_parquet_may_be_of_any_unit(tmp_path: Path, program: Program, unit: Any, zoned: bool) -> None:
    naive = pl.Series("at", [datetime(2026, 7, 1, 9), datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30)])  # noqa: DTZ001 - the test is about it
    column = naive.cast(pl.Datetime(unit, "UTC" if zoned else None))
    frame = pl.DataFrame(happened({}, {}, {})).with_columns(column)
    frame.write_parquet(tmp_path / "events.parquet")
    found = {event[0]: event[2] for event in seen(tmp_path, program, timezone="Europe/Berlin")["ann"]["events"]}
    offsets = (
        ["09:00:00+00:00", "02:30:00+00:00", "02:30:00+00:00"]
        if zoned
        else ["09:00:00+02:00", "02:30:00+02:00", "03:00:00+02:00"]
    )
    days = ["2026-07-01", "2026-10-25", "2026-03-29"]
    assert [found[str(n)] for n in (1, 2, 3)] == [
        instant(f"{day}T{time}") for day, time in zip(days, offsets, strict=True)
    ]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["7", "", "-1.50"], [7, None, -1.5]),
        (["07", "7"], ["07", "7"]),
        (["1234567890123456", "1"], ["1234567890123456", "1"]),
        (["true", "FALSE", ""], [True, False, None]),
        (["true", "7"], ["true", "7"]),
        (["2026-12-24", "2024-02-29"], [date(2026, 12, 24), date(2024, 2, 29)]),
        (["2026-12-24", "2023-02-29"], ["2026-12-24", "2023-02-29"]),
        (["2026-12-24", "soon"], ["2026-12-24", "soon"]),
        ([" red ", "red", "  "], ["red", "red", None]),
    ],
)
def test_a_column_of_csv_is_of_the_type_of_all_its_cells(
    tmp_path: Path, program: Program, cells: list[str], values: list[Value | None]
) -> None:
    write(tmp_path, "events", happened(*({"colour": cell} for cell in cells)), "csv")
    with in_slices(2):
        columns = [event[-1].get("colour") for event in seen(tmp_path, program)["ann"]["events"]]
    assert columns == [None if value is None else (type(value), value) for value in values]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_text_that_looks_like_a_number_stays_one_where_there_are_types(
    tmp_path: Path, program: Program, form: str
) -> None:
    write(tmp_path, "events", happened({"colour": "7"}, {"colour": "true"}, {"colour": ""}), form)
    columns = [event[-1].get("colour") for event in seen(tmp_path, program)["ann"]["events"]]
    assert columns == [(str, "7"), (str, "true"), None]


def test_a_key_of_json_lines_may_hold_values_of_all_types(tmp_path: Path, program: Program) -> None:
    values: list[Any] = ["1", 1, 7.0, True, 2**53 + 1, 1e-7, "2026-12-24", "x", None]
    write(tmp_path, "events", happened(*({"colour": value} for value in values)), "jsonl")
    columns = [event[-1].get("colour") for event in seen(tmp_path, program)["ann"]["events"]]
    assert columns == [None if value is None else (type(value), value) for value in values]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_numbers_that_are_equal_are_one_value(tmp_path: Path, program: Program, form: str) -> None:
    cells = ["1", "1.0", "1.50", "1.5"] if form == "csv" else [1, 1.0, 1.5, 1.5]
    write(tmp_path, "events", happened(*({"total": cell} for cell in cells)), form)
    (columns,) = read(tmp_path, program)
    assert list(columns.properties["total"].codes) == [0, 0, 1, 1]


def test_numbers_that_are_none_are_missing(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "events", happened({"total": float("nan")}, {"total": float("inf")}, {"total": 1.0}), "parquet")
    assert [event[-1] for event in seen(tmp_path, program)["ann"]["events"]] == [{}, {}, {"total": (float, 1.0)}]


def test_other_types_of_parquet_are_read_as_an_import_reads_them(
    tmp_path: Path, program: Program, sqlite_file: Path
) -> None:
    write(tmp_path, "customers", [{"id": "ann"}], "parquet")
    frame = pl.DataFrame(happened({}, {})).with_columns(
        id=pl.Series([1, 2]),
        customer=pl.Series(["ann", "ann"], dtype=pl.Categorical),
        total=pl.Series(["1.5", "20"]).cast(pl.Decimal(10, 2)),
        colour=pl.Series(["red", "blue"], dtype=pl.Enum(["blue", "red"])),
        wished=pl.Series([datetime(2026, 12, 24, 18, tzinfo=UTC), None]),
        gift=pl.Series([2**63, None], dtype=pl.UInt64).cast(pl.Boolean),
    )
    frame.write_parquet(tmp_path / "events.parquet")
    assert seen(tmp_path, program) == told(program, imported(tmp_path, program, "parquet", sqlite_file))


# --- what is left out


def left_out(folder: Path, program: Program, **options: Any) -> dict[str, dict[Cause, int]]:
    history = read(folder, program, **options)
    for _ in history:
        pass
    return {file: dict(counts) for file, counts in history.taken.left_out.items()}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("of", [1, 2, 100])
def test_events_that_can_not_be_taken_are_counted_by_their_cause(
    tmp_path: Path, program: Program, form: str, of: int
) -> None:
    write(tmp_path, "customers", [{"id": "ann"}], form)
    rows_ = happened(
        {},
        {"id": None},
        {"customer": " "},
        {"name": None},
        {"at": None},
        {"at": "yesterday"},
        {"at": "03/04/26"},
        {"at": "2026-03-01T09:00:00"},
        {"at": "1970-06-01T00:00:00Z"},
        {"known_at": "2026-02-28T00:00:00Z"},
        {"known_at": "later"},
        {"not_before": "2026-03-02T00:00:00Z"},
        {"customer": "nobody"},
        {"customer": "zoe"},
        {"id": "1", "at": "2026-03-02T00:00:00Z"},
    )
    write(tmp_path, "events", rows_, form)
    with in_slices(of):
        history = read(tmp_path, program)
        assert [event[0] for event in told(program, history)["ann"]["events"]] == ["1"]
    assert history.taken.left_out == {
        f"events.{form}": {
            Cause.MISSING: 4,
            Cause.NO_INSTANT: 2,
            Cause.AMBIGUOUS_DATE: 1,
            Cause.NO_OFFSET: 1,
            Cause.TOO_EARLY: 1,
            Cause.KNOWN_BEFORE_AT: 1,
            Cause.TOO_SOON: 1,
            Cause.UNKNOWN_CUSTOMER: 2,
            Cause.SAME_ID: 1,
        }
    }
    assert history.taken.events == 1
    assert (
        "'03/04/26' can be read in more than one way" in history.taken.examples[f"events.{form}", Cause.AMBIGUOUS_DATE]
    )


def test_of_two_events_with_one_id_the_first_in_the_file_is_taken(tmp_path: Path, program: Program) -> None:
    rows_ = happened(
        {"id": "x", "at": "2026-03-05T00:00:00Z", "colour": "first"},
        {"id": "b"},
        {"id": "x", "at": "2026-03-01T00:00:00Z", "colour": "second"},
        {"id": "a"},
        {"id": "x", "customer": "bob", "colour": "another's"},
    )
    write(tmp_path, "events", rows_, "csv")
    found = seen(tmp_path, program)
    assert [(event[0], event[-1].get("colour", ("", ""))[1]) for event in found["ann"]["events"]] == [
        ("a", ""),
        ("b", ""),
        ("x", "first"),
    ]
    assert [event[0] for event in found["bob"]["events"]] == ["x"]


def test_an_event_that_was_replaced_is_left_out(tmp_path: Path, program: Program) -> None:
    rows_ = happened({"replaces": "2", "name": "visited"}, {}, {"replaces": "3"}, {"id": "2", "customer": "bob"})
    write(tmp_path, "customers", [{"id": "ann"}, {"id": "bob"}], "csv")
    write(tmp_path, "events", rows_, "csv")
    found = seen(tmp_path, program)
    assert [event[0] for event in found["ann"]["events"]] == ["3"]
    assert [event[0] for event in found["bob"]["events"]] == ["2"]


@pytest.mark.parametrize("of", [1, 100])
def test_customers_that_can_not_be_taken_are_counted_by_their_cause(tmp_path: Path, program: Program, of: int) -> None:
    people: list[Row] = [
        {"id": "ann", "timezone": "Europe/Berlin", "country": "DEU", "birthday": "1980-02-29"},
        {"id": "ann", "timezone": "Europe/Paris"},
        {"id": "bob", "timezone": "Europe/Berlyn"},
        {"id": "cem", "country": "Nowhere"},
        {"id": "dee", "birthday": "29.02.1980"},
        {"id": None},
        {"id": "eve", "country": "uk"},
    ]
    write(tmp_path, "customers", people, "csv")
    write(tmp_path, "events", happened({}, {"customer": "bob"}), "csv")
    with in_slices(of):
        found = seen(tmp_path, program)
        assert left_out(tmp_path, program) == {
            "customers.csv": {
                Cause.MISSING: 1,
                Cause.SAME_ID: 1,
                Cause.UNKNOWN_TIMEZONE: 1,
                Cause.UNKNOWN_COUNTRY: 1,
                Cause.AMBIGUOUS_DATE: 1,
            },
            "events.csv": {Cause.UNKNOWN_CUSTOMER: 1},
        }
    assert found["ann"]["attributes"] == {
        "birthday": (date, date(1980, 2, 29)),
        "country": (str, "DE"),
        "timezone": (str, "Europe/Berlin"),
    }
    assert found["eve"]["attributes"] == {"country": (str, "GB")}


def test_consents_that_can_not_be_taken_are_counted_by_their_cause(tmp_path: Path, program: Program) -> None:
    usual = {"customer": "ann", "topic": "news", "channel": "email", "status": "given", "at": "2026-03-01T00:00:00Z"}
    rows_: list[Row] = [
        {},
        {"customer": ""},
        {"status": "maybe"},
        {"topic": "newz"},
        {"channel": "fax"},
        {"customer": "zoe"},
    ]
    write(tmp_path, "consent", [{**usual, **row} for row in rows_], "csv")
    write(tmp_path, "events", happened({}), "csv")
    history = read(tmp_path, program)
    assert len(told(program, history)["ann"]["consents"]) == 1
    assert history.taken.left_out == {
        "consent.csv": {
            Cause.MISSING: 1,
            Cause.UNKNOWN_STATUS: 1,
            Cause.UNKNOWN_TOPIC: 1,
            Cause.UNKNOWN_CHANNEL: 1,
            Cause.UNKNOWN_CUSTOMER: 1,
        }
    }
    assert "did you mean 'news'?" in history.taken.examples["consent.csv", Cause.UNKNOWN_TOPIC]
    assert history.taken.consents == 1


@pytest.mark.parametrize("of", [1, 2, 100])
def test_lines_that_are_no_objects_are_counted(tmp_path: Path, program: Program, of: int) -> None:
    lines = [json.dumps(row) for row in happened({}, {})]
    text = "\n".join([lines[0], "", '{"id": "3", ', "[1, 2]", '"text"', lines[1], f"{lines[0]},{lines[1]}", "[" * 5000])
    (tmp_path / "events.jsonl").write_text(text)
    with in_slices(of):
        history = read(tmp_path, program)
        assert len(told(program, history)["ann"]["events"]) == 2
    assert history.taken.left_out == {"events.jsonl": {Cause.NOT_JSON: 5}}


# --- chunks


@pytest.mark.parametrize("chunk", [1, 3, 10, 1000])
@pytest.mark.parametrize("of", [7, 1000])
def test_each_customer_stands_with_all_their_facts_in_one_chunk(
    tmp_path: Path, program: Program, chunk: int, of: int
) -> None:
    ids = [f"c{number:02}" for number in range(30)]
    write(tmp_path, "customers", [{"id": id_} for id_ in ids], "parquet")
    write(tmp_path, "events", happened(*({"customer": id_} for id_ in ids[3:20] for _ in range(3))), "parquet")
    done: list[tuple[int, int]] = []
    with in_slices(of):
        chunks = list(
            read_folder(
                tmp_path,
                program,
                timezone=None,
                chunk=chunk,
                arrays=False,
                progress=lambda some, every: done.append((some, every)),
            )
        )
    assert [id_ for columns in chunks for id_ in columns.ids] == ids
    assert max(len(columns.ids) for columns in chunks) == min(chunk, of, 30)
    assert {id_: len(one["events"]) for id_, one in told(program, chunks).items()} == {
        id_: 3 if id_ in ids[3:20] else 0 for id_ in ids
    }
    assert done[-1] == (30, 30)


def test_a_chunk_has_fewer_customers_where_they_have_many_events(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MOST_EVENTS", 100)
    write(tmp_path, "events", happened(*({"customer": f"c{n % 10}"} for n in range(250))), "csv")
    assert [len(columns.event_ids) for columns in read(tmp_path, program, chunk=1000)] == [250]
    write(tmp_path, "customers", [{"id": f"c{n}"} for n in range(10)], "csv")
    assert [len(columns.event_ids) for columns in read(tmp_path, program, chunk=1000)] == [100, 100, 50]


def test_temporary_files_go_with_the_history(tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "facts").mkdir()
    write_all(tmp_path / "facts", "csv", order=lambda rows_: rows_[::-1])
    with in_slices(1):
        with read(tmp_path / "facts", program) as history:
            next(history)
            assert len(list(tmp_path.iterdir())) == 2
        assert [path.name for path in tmp_path.iterdir()] == ["facts"]
        assert told(program, read(tmp_path / "facts", program))
        assert [path.name for path in tmp_path.iterdir()] == ["facts"]


# --- what can't be used


def refusal(path: Path, program: Program, **options: Any) -> str:
    """The message with which a folder is refused, without where the folder is."""
    with pytest.raises(InputError) as refused:
        for _ in read(path, program, **options):
            pass
    return str(refused.value).replace(str(path), "FOLDER")


def test_a_folder_that_is_not_there(tmp_path: Path, program: Program) -> None:
    expected = "there is no folder FOLDER; name one that holds events.csv, events.jsonl or events.parquet"
    assert refusal(tmp_path / "nothing", program) == expected
    (tmp_path / "file").write_text("")
    assert refusal(tmp_path / "file", program) == expected


def test_a_folder_without_events(tmp_path: Path, program: Program) -> None:
    assert (
        refusal(tmp_path, program)
        == "FOLDER holds no events: name a file of them events.csv, events.jsonl or events.parquet"
    )
    (tmp_path / "orders.csv").write_text("id\n")
    assert refusal(tmp_path, program) == (
        "FOLDER holds no events: name a file of them events.csv, events.jsonl or events.parquet (it holds orders.csv)"
    )


def test_a_name_in_capitals_is_the_same_file(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "events", happened({"colour": "red"}), "csv")
    (tmp_path / "events.csv").rename(tmp_path / "Events.CSV")
    (tmp_path / "events.jsonl").mkdir()
    assert list(seen(tmp_path, program)) == ["ann"]


def test_a_link_to_no_file_is_refused(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "events", happened({"colour": "red"}), "csv")
    (tmp_path / "consent.csv").symlink_to("nothing")
    assert refusal(tmp_path, program).startswith("FOLDER: consent.csv is no file, or a link to none")


def test_a_folder_with_two_files_of_events(tmp_path: Path, program: Program) -> None:
    (tmp_path / "events.csv").write_text("id\n")
    (tmp_path / "events.parquet").write_text("id\n")
    assert refusal(tmp_path, program) == "FOLDER holds events.csv and events.parquet; leave one of them in it"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("name", "column", "fact"),
    [
        ("events", "customer", "event"),
        ("events", "name", "event"),
        ("events", "at", "event"),
        ("customers", "id", "customer"),
        ("consent", "status", "consent"),
    ],
)
def test_a_file_without_a_column_that_it_needs(
    tmp_path: Path, program: Program, form: str, name: str, column: str, fact: str
) -> None:
    write_all(tmp_path, form)
    frames = {"events": HAPPENED, "customers": PEOPLE, "consent": AGREED}
    short = [{key: value for key, value in row.items() if key != column} for row in frames[name]]
    write(tmp_path, name, short, form)
    message = refusal(tmp_path, program)
    assert message.startswith(f"{name}.{form} has no column {column!r}, which every {fact} needs (its columns: ")
    assert message.endswith(f"); rename the one that it is, or import the file with --column {column}=THEIRS")


def test_an_empty_file(tmp_path: Path, program: Program) -> None:
    (tmp_path / "events.csv").write_text("")
    assert refusal(tmp_path, program) == "events.csv is empty; its first line should name the columns"


def test_json_lines_without_objects(tmp_path: Path, program: Program) -> None:
    (tmp_path / "events.jsonl").write_text("1\n2\n")
    assert refusal(tmp_path, program) == "events.jsonl holds no JSON object; write one a line"


def test_a_file_that_is_no_parquet(tmp_path: Path, program: Program) -> None:
    (tmp_path / "events.parquet").write_text("id,customer\n")
    assert refusal(tmp_path, program) == "events.parquet is called .parquet and is no Parquet file"


def test_a_parquet_file_that_was_cut_off(tmp_path: Path, program: Program) -> None:
    path = write(tmp_path, "events", happened({}), "parquet")
    path.write_bytes(path.read_bytes()[:100])
    message = refusal(tmp_path, program)
    assert message.startswith("events.parquet can't be read: ")
    assert message.endswith(
        "; `rightreason import` takes what can be read of such a file, and says what is wrong with the rest"
    )


@pytest.mark.parametrize(
    "text",
    [
        "id,customer,name,at\n1,ann,bought,2026-03-01T00:00Z,more\n",
        'id,customer,name,at\n1,ann,"bought,2026-03-01T00:00Z\n',
        b"id,customer,name,at\n1,ann,bou\xffght,2026-03-01T00:00Z\n",
    ],
    ids=["more cells than columns", "a quote that is not closed", "no UTF-8"],
)
@pytest.mark.parametrize("small", [2**20, 0])
def test_a_csv_file_that_can_not_be_read(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch, text: str | bytes, small: int
) -> None:
    monkeypatch.setattr(rows, "SMALL", small)
    (tmp_path / "events.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert refusal(tmp_path, program).startswith("events.csv can't be read: ")


def test_json_lines_that_are_no_utf_8(tmp_path: Path, program: Program) -> None:
    (tmp_path / "events.jsonl").write_bytes(b'{"id": "\xff"}\n')
    assert refusal(tmp_path, program).startswith("events.jsonl can't be read: 'utf-8' codec can't decode byte 0xff")


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}])
def test_a_column_that_holds_no_single_values(tmp_path: Path, program: Program, value: Any) -> None:
    write(tmp_path, "events", happened({"total": value}), "parquet")
    kind = "List(Int64)" if isinstance(value, list) else "Struct({'a': Int64})"
    assert refusal(tmp_path, program) == (
        f"events.parquet: the column 'total' is of the type {kind}, which is no single value; make it one of texts, "
        "numbers, true and false, dates or instants"
    )
    (tmp_path / "events.parquet").unlink()
    write(tmp_path, "events", happened({"total": value}), "jsonl")
    assert refusal(tmp_path, program) == f"events.jsonl: total: a {type(value).__name__} is no single value"


def test_events_of_which_none_can_be_taken(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "events", happened({"at": "2026-03-01T09:00"}, {"at": "2026-03-02T09:00"}), "csv")
    assert refusal(tmp_path, program) == (
        "events.csv: of the first 2 rows none can be taken; at: '2026-03-01T09:00' has no offset from UTC; write one "
        "(+01:00) or name a zone: --timezone Europe/Berlin"
    )


def test_instants_as_numbers(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "events", happened({"at": 1_772_352_000}), "parquet")
    assert refusal(tmp_path, program) == (
        "events.parquet: of the first 1 rows none can be taken; at: '1772352000' can't be read; write it like "
        "2026-03-01T09:00:00+01:00, or give --date-format"
    )


def test_instants_of_parquet_without_a_zone(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "events", happened({"at": datetime(2026, 3, 1)}), "parquet")  # noqa: DTZ001 - the test is about it
    assert refusal(tmp_path, program) == "events.parquet: at: no zone is known; name one: --timezone Europe/Berlin"


def test_a_zone_that_is_not_known(tmp_path: Path, program: Program) -> None:
    write(tmp_path, "events", happened({}), "csv")
    assert refusal(tmp_path, program, timezone="Europe/Berlyn") == (
        "There is no time zone called 'Europe/Berlyn'; did you mean Europe/Berlin?"
    )
