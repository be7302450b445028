from datetime import date
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from taking import NOW, Desk, instant, rejects

from scheduler.decisions.facts import Consent
from scheduler.errors import InputError
from scheduler.intake import Cause, Options, import_events
from scheduler.wallclock import DAY, zone

pytest_plugins = ["taking"]

EVENTS = """customer,name,at,total
1,order_placed,2026-02-01T10:00Z,20
1,order_placed,2026-02-01T10:00Z,20
2,order_placed,2026-02-01T10:00Z,
"""


def test_every_known_field_of_a_customer_is_kept_in_one_way_of_writing(desk: Desk) -> None:
    desk.customers(
        "id,name,email,phone,address,timezone,country,language,birthday,owner,plan\n"
        " 017 ,Anna Lind,Anna@Example.ORG,030 1234567,Row 1,Europe/Berlin,de,de_at,1984-02-29,maria,Pro\n"
    )
    assert desk.customer("017").attributes == {
        "name": "Anna Lind",
        "email": "Anna@example.org",
        "phone": "+49301234567",
        "address": "Row 1",
        "timezone": "Europe/Berlin",
        "country": "DE",
        "language": "de-AT",
        "birthday": date(1984, 2, 29),
        "owner": "maria",
        "plan": "Pro",
    }


@pytest.mark.parametrize(("written", "country"), [("UK", "GB"), ("gb", "GB"), ("DEU", "DE")])
def test_codes_of_three_letters_and_old_habits_are_countries_too(desk: Desk, written: str, country: str) -> None:
    desk.customers(f"id,country\n1,{written}\n")
    assert desk.customer("1").attributes == {"country": country}


def test_the_summary_counts_every_row(desk: Desk) -> None:
    desk.customers("id,name\n1,Anna\n2,Bob\n")
    summary = desk.customers("id,name,plan\n1,Anna,\n2,Bo,\n3,Cem,x\n4,,\n,Dora,\n,,\n", require=("name",))
    assert (summary.added, summary.updated, summary.unchanged) == (1, 1, 1)
    assert (summary.rejected, summary.skipped, summary.read) == (1, 2, 6)
    assert summary.causes == {Cause.MISSING: 1}


def test_importing_the_same_file_twice_changes_nothing(desk: Desk) -> None:
    first = desk.events(EVENTS)
    revisions = desk.store.customers.revisions(["1", "2"])
    second = desk.events(EVENTS)
    assert (first.added, first.created) == (3, 2)
    assert (second.added, second.unchanged, second.created) == (0, 3, 0)
    assert desk.store.customers.revisions(["1", "2"]) == revisions


def test_events_without_an_id_keep_theirs_when_a_later_file_has_more_rows_and_other_types(desk: Desk) -> None:
    desk.events(EVENTS)
    summary = desk.events(
        EVENTS.replace("customer,name,at,total", "customer,name,at,total,note")
        .replace("20\n", "20,\n")
        .replace("Z,\n", "Z,,\n")
    )
    assert summary.unchanged == 3


def test_an_attribute_that_a_file_does_not_fill_stays(desk: Desk) -> None:
    desk.customers("id,name,plan\n1,Anna,Pro\n")
    desk.customers("id,name,plan\n1,Anna,\n")
    assert desk.customer("1").attributes == {"name": "Anna", "plan": "Pro"}


def test_an_event_takes_the_place_of_the_one_that_it_replaces(desk: Desk) -> None:
    desk.events("id,customer,name,at\ne1,1,visit,2026-02-01T10:00Z\n")
    desk.events("id,customer,name,at,replaces\ne2,1,visit,2026-02-02T10:00Z,e1\n")
    assert [event.id for event in desk.customer("1").events] == ["e2"]


def test_an_event_is_known_when_it_occurs_unless_the_file_says_later(desk: Desk) -> None:
    desk.events(
        "id,customer,name,at,known_at\n"
        "e1,1,visit,2026-02-01T10:00Z,\n"
        "e2,1,visit,2026-02-01T11:00Z,2026-02-03T11:00:00+01:00\n"
    )
    first, second = desk.customer("1").events
    assert first.known_at == first.at == instant("2026-02-01T10:00:00+00:00")
    assert second.known_at == instant("2026-02-03T10:00:00+00:00")


def test_consent_is_taken_for_a_topic_and_a_channel_or_for_any(desk: Desk) -> None:
    summary = desk.consent(
        "customer,topic,channel,status,at,source,page\n"
        "1,news,email,given,2026-02-01T10:00Z,web form,/join\n"
        "1,any,,withdrawn,2026-02-02T10:00Z,phone,\n"
    )
    assert desk.customer("1").consents == (
        Consent("news", "email", True, instant("2026-02-01T10:00:00+00:00")),
        Consent(None, None, False, instant("2026-02-02T10:00:00+00:00")),
    )
    assert summary.left_out == ("page",)


def test_a_yes_of_tomorrow_does_not_outdo_a_no_of_today(desk: Desk) -> None:
    soon = zone("UTC").iso(NOW + DAY // 2)
    desk.consent(f"customer,topic,channel,status,at\n1,news,email,given,{soon}\n")
    assert desk.customer("1").consents == (Consent("news", "email", True, NOW),)


def test_json_lines_bring_their_types(desk: Desk) -> None:
    desk.events(
        '{"id": 1, "customer": 7, "name": "visit", "at": "2026-02-01T10:00Z", "zip": "04109", "n": "5", "x": 1.5}\n'
        '{"id": 2, "customer": 7, "name": "visit", "at": "2026-02-02T10:00Z", "due": "2026-05-01", "ok": true}\n',
        "events.jsonl",
    )
    first, second = desk.customer("7").events
    assert (first.id, dict(first.properties)) == ("1", {"zip": "04109", "n": "5", "x": 1.5})
    assert dict(second.properties) == {"due": date(2026, 5, 1), "ok": True}


def test_parquet_brings_its_types(desk: Desk) -> None:
    import polars

    path = desk.folder / "events.parquet"
    polars.DataFrame(
        {
            "customer": [7, 8],
            "at": [NOW - 5_000_000, None],
            "paid": [12.5, None],
            "due": [date(2026, 5, 1), None],
            "note": ["007", None],
        }
    ).with_columns(polars.col("at").cast(polars.Datetime("us", "UTC"))).write_parquet(path)
    summary = import_events(desk.store, path, Options(name="paid", create_customers=True), now=NOW)
    (event,) = desk.customer("7").events
    assert (event.at, dict(event.properties)) == (
        NOW - 5_000_000,
        {"paid": 12.5, "due": date(2026, 5, 1), "note": "007"},
    )
    assert rejects(summary) == ["2: missing: at: is empty"]


def test_standard_input_is_read_as_a_file_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(EVENTS.encode() + b"3,order_placed,never,1\n")))
    summary = import_events(desk.store, "-", Options(create_customers=True), now=NOW)
    assert (summary.source, summary.added, summary.rejected) == ("standard input", 3, 1)
    assert summary.reject_file == Path("standard-input.rejected.csv")


def test_a_reject_file_that_was_put_right_is_imported_as_it_is(desk: Desk) -> None:
    summary = desk.customers("id;name;email\n1;Anna;anna\n2;Bob;\n")
    assert summary.reject_file == desk.folder / "customers.rejected.csv"
    corrected = summary.reject_file.read_text().replace(";anna;", ";anna@x.org;")
    assert desk.customers(corrected).rejected == 0
    assert desk.customer("1").attributes == {"name": "Anna", "email": "anna@x.org"}


def test_no_reject_file_is_made_where_nothing_is_rejected(desk: Desk) -> None:
    assert desk.customers("id\n1\n").reject_file is None
    assert not list(desk.folder.glob("*rejected*"))


def test_the_reject_file_may_lie_elsewhere_but_not_on_the_source(desk: Desk) -> None:
    elsewhere = desk.folder / "bad rows.csv"
    assert desk.customers("id\n1\n\n \n,\n", reject_file=elsewhere).reject_file == elsewhere
    with pytest.raises(InputError, match="is what is imported; name another reject file"):
        desk.customers("id\n1\n", reject_file=desk.folder / "customers.csv")
    with pytest.raises(InputError, match="can't be written; name another one"):
        desk.customers("id,name\n,Anna\n", reject_file=desk.folder / "no" / "folder.csv")


def test_progress_is_told_after_each_batch(desk: Desk) -> None:
    told: list[tuple[int, int]] = []
    rows = "".join(f"{number},visit,2026-02-01T10:00Z\n" for number in range(2_500))
    path = desk.file("customer,name,at\n" + rows)
    import_events(desk.store, path, Options(create_customers=True), now=NOW, progress=lambda *done: told.append(done))
    assert told == [(2_000, 2_500), (2_500, 2_500)]
