from datetime import date

import pytest
from taking import Desk, instant

from scheduler.errors import InputError
from scheduler.intake import Cause

pytest_plugins = ["taking"]


def test_columns_are_mapped_by_their_names(desk: Desk) -> None:
    desk.events(
        "OrderNo,Buyer,When,Sum\nA-1,7,2026-02-01T10:00Z,12.50\n",
        name="order_placed",
        columns={"id": "OrderNo", "customer": "Buyer", "at": "When", "total": "Sum"},
    )
    (event,) = desk.customer("7").events
    assert (event.id, event.name, dict(event.properties)) == ("A-1", "order_placed", {"total": 12.5})


def test_known_columns_are_found_whatever_their_case(desk: Desk) -> None:
    desk.customers("ID,Name,EMail\n1,Anna,anna@x.org\n")
    assert desk.customer("1").attributes == {"name": "Anna", "email": "anna@x.org"}


def test_fields_are_composed_of_cells_and_texts(desk: Desk) -> None:
    desk.customers(
        "Key,Title,First,Last\n7,,Anna,Lind\n8,Dr.,Bob,\n",
        sets={"id": "c-{Key}", "name": "{Title} {First} {Last}", "email": "{Key}@accounts.example", "source": "shop"},
        omit=("Title", "First", "Last", "Key"),
    )
    assert desk.customer("c-7").attributes == {"name": "Anna Lind", "email": "7@accounts.example", "source": "shop"}
    assert desk.customer("c-8").attributes["name"] == "Dr. Bob"


def test_an_id_is_never_composed_of_half_its_parts(desk: Desk) -> None:
    summary = desk.events(
        "No,Line,customer,at\nA,,7,2026-02-01T10:00Z\n", name="order_placed", sets={"id": "{No}-{Line}"}
    )
    assert summary.causes == {Cause.MISSING: 1}


def test_a_composed_fields_columns_stay_further_values(desk: Desk) -> None:
    desk.events(
        "ticket_id,customer,at\nT-1,7,2026-02-01T10:00Z\n", name="ticket_opened", sets={"id": "{ticket_id}-opened"}
    )
    (event,) = desk.customer("7").events
    assert (event.id, dict(event.properties)) == ("T-1-opened", {"ticket_id": "T-1"})


def test_a_name_column_beside_a_given_event_name_is_a_property(desk: Desk) -> None:
    desk.events("customer,name,at\n7,Red helmet,2026-02-01T10:00Z\n", name="order_placed")
    (event,) = desk.customer("7").events
    assert (event.name, dict(event.properties)) == ("order_placed", {"name": "Red helmet"})


def test_rows_without_a_required_cell_are_skipped_and_counted(desk: Desk) -> None:
    summary = desk.events(
        "customer,at,satisfaction\n7,2026-02-01T10:00Z,4\n8,2026-02-01T10:00Z,\n9,never,\n",
        name="csat_answered",
        columns={"score": "satisfaction"},
        require=("score",),
    )
    assert (summary.added, summary.skipped, summary.rejected) == (1, 2, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "events.csv has no column 'at', which every event needs; say which it is: --column at=THEIRS"),
        ({"columns": {"at": "Wenn"}}, "--column at=Wenn: events.csv has no column 'Wenn'; did you mean 'When'?"),
        ({"sets": {"id": "{Nr}-1"}}, "--set id={Nr}-1: events.csv has no column 'Nr'"),
        ({"columns": {"at": "When"}, "sets": {"at": "{When}"}}, "'at' is both in --column and in --set"),
        ({"columns": {"at": "When"}, "require": ("x",)}, "--require x: events.csv has no column 'x'"),
        ({"columns": {"at": "When"}, "omit": ("x",)}, "--omit x: events.csv has no column 'x'"),
        ({"columns": {"at": "When"}, "date_formats": ("%H:%M",)}, "--date-format '%H:%M' names no date"),
        ({"columns": {"at": "When"}, "date_formats": ("%Q",)}, "--date-format '%Q' names no date"),
        ({"columns": {"at": "When"}, "timezone": "Berlin"}, "There is no time zone called 'Berlin'"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_taken(
    desk: Desk, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        desk.events("customer,name,When\n7,visit,2026-02-01T10:00Z\n", **options)
    assert str(refused.value).startswith(message)
    assert desk.store.customers.get("7") is None


def test_a_column_is_of_numbers_only_where_all_of_it_is(desk: Desk) -> None:
    desk.customers("id,postcode,seats,size,serial,rate\n1,04109,9,S,12345678901234567890,0.5\n2,10115,,7,1,-3\n")
    assert desk.customer("1").attributes == {
        "postcode": "04109",
        "seats": 9,
        "size": "S",
        "serial": "12345678901234567890",
        "rate": 0.5,
    }
    assert desk.customer("2").attributes == {"postcode": "10115", "size": "7", "serial": "1", "rate": -3}


def test_true_and_false_and_dates_are_found_by_column(desk: Desk) -> None:
    desk.customers("id,trial,since,mixed\n1,TRUE,2025-01-31,true\n2,false,,1\n")
    assert desk.customer("1").attributes == {"trial": True, "since": date(2025, 1, 31), "mixed": "true"}
    assert desk.customer("2").attributes == {"trial": False, "mixed": "1"}


def test_dates_are_read_by_the_formats_that_are_given_padded_or_not(desk: Desk) -> None:
    desk.customers("id,birthday,signup\n1,5/14/1965,01/02/2025\n2,04/08/1966,12/31/2025\n", date_formats=("%m/%d/%Y",))
    assert desk.customer("1").attributes == {"birthday": date(1965, 5, 14), "signup": date(2025, 1, 2)}
    assert desk.customer("2").attributes["birthday"] == date(1966, 4, 8)


def test_several_formats_may_stand_in_one_file(desk: Desk) -> None:
    desk.events(
        "customer,at,due\n7,27-07-2025,28-07-2025 03:00\n7,28-07-2025 03:00,29-07-2025\n",
        name="ticket_opened",
        date_formats=("%d-%m-%Y", "%d-%m-%Y %H:%M"),
        timezone="Europe/Berlin",
    )
    first, second = desk.customer("7").events
    assert (first.at, second.at) == (instant("2025-07-27T00:00:00+02:00"), instant("2025-07-28T03:00:00+02:00"))
    assert first.properties == {"due": "2025-07-28T03:00:00+02:00"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2025-03-30 02:30", "2025-03-30T03:00:00+02:00"),
        ("2025-10-26 02:30", "2025-10-26T02:30:00+02:00"),
        ("2025-06-01", "2025-06-01T00:00:00+02:00"),
        ("2025-06-01T10:00:00Z", "2025-06-01T10:00:00+00:00"),
    ],
)
def test_times_without_an_offset_are_of_the_zone_that_is_given(desk: Desk, written: str, expected: str) -> None:
    desk.events(f"customer,at\n7,{written}\n", name="visit", timezone="Europe/Berlin")
    assert [event.at for event in desk.customer("7").events] == [instant(expected)]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_found_in_the_header(desk: Desk, delimiter: str) -> None:
    desk.customers(f"id{delimiter}name\n1{delimiter}Lind, Anna\n")
    assert desk.customer("1").attributes == {"name": "Lind, Anna"}
