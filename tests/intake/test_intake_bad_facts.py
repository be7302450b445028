import pytest
from taking import Desk, rejects

pytest_plugins = ["taking"]


def refused(desk: Desk, column: str, cell: str, **more: str) -> str:
    """The cause for which a customer with that cell is refused."""
    fields = {"id": "1", column: cell, **more}
    quoted = ",".join('"' + text.replace('"', '""') + '"' for text in fields.values())
    (cause,) = rejects(desk.customers(f"{','.join(fields)}\n{quoted}\n"))
    return cause.removeprefix("2: ")


def test_two_addresses_in_one_field_are_two_recipients_and_refused(desk: Desk) -> None:
    assert refused(desk, "email", "a@b.co, evil@x.org") == (
        "two_addresses: email: 'a@b.co, evil@x.org' holds 2 addresses; a customer has one"
    )


@pytest.mark.parametrize("cell", ["anna", "anna@", "Anna <anna@x.org>", "a@b", "a@b.org\r\nBcc: all"])
def test_what_is_no_address_is_refused(desk: Desk, cell: str) -> None:
    assert refused(desk, "email", cell).startswith(f"bad_email: email: {cell!r} is no address: ")


def test_a_line_break_in_a_name_is_refused(desk: Desk) -> None:
    assert refused(desk, "name", "Anna\r\nBcc: all@x.org") == (
        "control_character: name: holds a line break at character 5"
    )


def test_a_bidirectional_override_in_a_name_is_refused(desk: Desk) -> None:
    assert refused(desk, "name", "Anna \u202egro.live") == (
        "control_character: name: holds U+202E (RIGHT-TO-LEFT OVERRIDE) at character 6"
    )


def test_a_bidirectional_override_is_refused_in_further_columns_too(desk: Desk) -> None:
    assert refused(desk, "nick", "\u2066x") == (
        "control_character: nick: holds U+2066 (LEFT-TO-RIGHT ISOLATE) at character 1"
    )


def test_a_future_birthday_is_refused(desk: Desk) -> None:
    assert refused(desk, "birthday", "2026-03-03") == "in_the_future: birthday: 2026-03-03 has not been yet"


def test_a_birthday_before_1900_is_refused(desk: Desk) -> None:
    assert refused(desk, "birthday", "1899-12-31") == "too_early: birthday: 1899-12-31 is before 1900"


def test_an_ambiguous_date_is_not_guessed_at(desk: Desk) -> None:
    assert refused(desk, "birthday", "03/04/26") == (
        "ambiguous_date: birthday: '03/04/26' can be read in more than one way; "
        "say how: --date-format %d/%m/%Y, or %m/%d/%Y"
    )


def test_two_formats_that_read_a_date_differently_make_it_ambiguous(desk: Desk) -> None:
    summary = desk.customers("id,birthday\n1,03/04/1980\n2,25/12/1980\n", date_formats=("%d/%m/%Y", "%m/%d/%Y"))
    assert rejects(summary) == [
        "2: ambiguous_date: birthday: '03/04/1980' may mean 1980-03-04 or 1980-04-03; name one --date-format"
    ]
    assert summary.added == 1


@pytest.mark.parametrize(
    ("cell", "cause"),
    [
        ("1980-02-30", "no_date: birthday: there is no 1980-02-30"),
        ("soon", "no_date: birthday: 'soon' can't be read; write it like 1984-02-29, or give --date-format"),
        (
            "1980-01-01T10:00",
            "no_date: birthday: '1980-01-01T10:00' has a time of day; write a date such as 1984-02-29",
        ),
    ],
)
def test_what_is_no_date_is_refused(desk: Desk, cell: str, cause: str) -> None:
    assert refused(desk, "birthday", cell) == cause


def test_a_phone_number_needs_its_country(desk: Desk) -> None:
    assert refused(desk, "phone", "030 1234567") == (
        "bad_phone: phone: '030 1234567' is no phone number (without a country, write it with +, like +49 30 123456)"
    )


def test_a_phone_number_must_be_possible(desk: Desk) -> None:
    assert refused(desk, "phone", "12", country="DE") == ("bad_phone: phone: '12' is no phone number in use in DE")


def test_an_unknown_zone_names_the_nearest(desk: Desk) -> None:
    assert refused(desk, "timezone", "Berlin") == (
        "unknown_timezone: timezone: There is no time zone called 'Berlin'; did you mean Europe/Berlin?"
    )


@pytest.mark.parametrize(
    ("cell", "way_out"),
    [("Germany", "it is DE"), ("XX", "write its two letters, like DE"), ("EU", "write its two letters, like DE")],
)
def test_what_is_no_country_is_refused(desk: Desk, cell: str, way_out: str) -> None:
    assert refused(desk, "country", cell) == f"unknown_country: country: {cell!r} is no ISO 3166 code; {way_out}"


def test_what_is_no_language_is_refused(desk: Desk) -> None:
    assert refused(desk, "language", "German") == (
        "unknown_language: language: 'German' is no language; write a tag like de or pt-BR"
    )


def test_a_customer_without_an_id_is_refused(desk: Desk) -> None:
    assert refused(desk, "id", " ", name="Anna") == "missing: id: is empty"


def test_the_same_customer_twice_in_one_file_with_other_content_is_reported(desk: Desk) -> None:
    summary = desk.customers("id,name\n1,Anna\n1,Anna\n1,Bob\n")
    assert rejects(summary) == ["4: same_id: id: '1' stands in an earlier row with other content"]
    assert (summary.added, summary.unchanged) == (1, 1)


@pytest.mark.parametrize(
    ("at", "cause"),
    [
        (
            "1970-01-01T00:00:00Z",
            "too_early: at: 1970-01-01T00:00:00+00:00 is before 1971, as a clock that was never set says",
        ),
        (
            "2099-12-31T00:00:00Z",
            "in_the_future: at: 2099-12-31T00:00:00+00:00 has not been yet; "
            "what is to come belongs in a property, not in at",
        ),
        (
            "2026-02-01 10:00",
            "no_offset: at: '2026-02-01 10:00' has no offset from UTC; "
            "write one (+01:00) or name a zone: --timezone Europe/Berlin",
        ),
        ("2026-02-30T10:00Z", "no_instant: at: there is no moment '2026-02-30T10:00Z'"),
        (
            "1767225600",
            "no_instant: at: '1767225600' can't be read; write it like 2026-03-01T09:00:00+01:00, or give --date-format",
        ),
        ("", "missing: at: is empty"),
    ],
)
def test_an_event_without_a_moment_that_can_be_is_refused(desk: Desk, at: str, cause: str) -> None:
    assert rejects(desk.events(f"id,customer,name,at\ne1,1,order_placed,{at}\n")) == [f"2: {cause}"]


def test_a_delivery_before_its_order_is_refused(desk: Desk) -> None:
    rows = "id,customer,name,at,not_before\n"
    rows += "e1,1,delivered,2026-02-01T10:00Z,2026-02-02T10:00Z\ne2,1,delivered,2026-02-03T10:00Z,2026-02-02T10:00Z\n"
    summary = desk.events(rows)
    assert (summary.added, rejects(summary)) == (
        1,
        ["2: too_soon: at: '2026-02-01T10:00Z' is before '2026-02-02T10:00Z', and it can't be"],
    )


def test_what_was_known_before_it_occurred_is_refused(desk: Desk) -> None:
    summary = desk.events("id,customer,name,at,known_at\ne1,1,delivered,2026-02-02T10:00Z,2026-02-01T10:00Z\n")
    assert rejects(summary) == [
        "2: known_before_at: known_at: '2026-02-01T10:00Z' is before it occurred ('2026-02-02T10:00Z')"
    ]


def test_the_same_event_with_other_content_is_a_conflict_and_reported(desk: Desk) -> None:
    desk.events("id,customer,name,at,total\ne1,1,order_placed,2026-02-01T10:00Z,20\n")
    summary = desk.events("id,customer,name,at,total\ne1,1,order_placed,2026-02-01T10:00Z,30\n")
    assert rejects(summary) == ["2: same_id: id: 'e1': this id is known with other content"]
    assert [event.properties for event in desk.customer("1").events] == [{"total": 20}]


def test_an_event_of_an_unknown_customer_is_refused_with_the_way_out(desk: Desk) -> None:
    summary = desk.events("id,customer,name,at\ne1,nobody,order_placed,2026-02-01T10:00Z\n", create_customers=False)
    assert rejects(summary) == [
        "2: unknown_customer: customer: there is no customer 'nobody'; import customers first, or --create-customers"
    ]


def test_a_consent_is_given_or_withdrawn(desk: Desk) -> None:
    summary = desk.consent("customer,status,at\n1,perhaps,2026-02-01T10:00Z\n")
    assert rejects(summary) == ["2: unknown_status: status: 'perhaps' is neither 'given' nor 'withdrawn'"]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_at_the_ends_of_the_calendar_costs_its_row(desk: Desk, at: str) -> None:
    summary = desk.events(f"id,customer,name,at\n1,ann,order,{at}\n2,ann,order,2026-01-01T00:00:00Z\n")
    assert rejects(summary) == [f"2: no_instant: at: '{at}' is out of reach; years 1 to 9999 can be counted with"]
    assert summary.added == 1


def test_a_consent_of_a_topic_that_no_house_rule_has_is_not_taken_as_if_it_counted(desk: Desk) -> None:
    lines = (
        "customer,topic,status,at\nann,ofers,withdrawn,2026-01-01T00:00:00Z\nann,offers,given,2026-01-01T00:00:00Z\n"
    )
    summary = desk.consent(lines, topics=("care", "offers"))
    assert rejects(summary) == ["2: unknown_topic: topic: 'ofers' is no topic; did you mean 'offers'?"]
    assert summary.added == 1


def test_a_consent_for_a_channel_that_there_is_not_costs_its_row(desk: Desk) -> None:
    summary = desk.consent("customer,channel,status,at\nann,e-mail,withdrawn,2026-01-01T00:00:00Z\n")
    assert rejects(summary) == ["2: unknown_channel: channel: 'e-mail' is no channel; did you mean 'email'?"]
