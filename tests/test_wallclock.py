from __future__ import annotations

import zoneinfo
from datetime import date, datetime

import pytest

from scheduler.durations import Duration
from scheduler.errors import BadInstant, UnknownZone
from scheduler.wallclock import (
    DAY,
    SECOND,
    ZONE_DATA_VERSION,
    Zone,
    date_of,
    day_of,
    holidays_of,
    parse_instant,
    zone,
    zone_of_country,
)

UTC = zone("UTC")
BERLIN = zone("Europe/Berlin")


def day(text: str) -> int:
    return day_of(date.fromisoformat(text))


def clock(there: Zone, text: str, time_of_day: str) -> str | None:
    hour, minute = time_of_day.split(":")
    at = there.instant(day(text), int(hour) * 60 + int(minute))
    return None if at is None else there.iso(at)


def begins(there: Zone, text: str) -> str:
    return there.iso(there.midnight(day(text)))


def test_days_count_from_1970() -> None:
    assert (day("1970-01-01"), day("1969-12-31"), day("2026-03-01")) == (0, -1, 20513)


def test_a_day_number_is_a_date_again() -> None:
    assert date_of(day("2028-02-29")) == date(2028, 2, 29)


def test_zone_data_come_from_the_locked_package_alone() -> None:
    assert [path for path in zoneinfo.TZPATH if "tzdata" not in path] == []
    assert ZONE_DATA_VERSION >= "2026"


def test_a_zone_is_made_once() -> None:
    assert zone("Europe/Berlin") is BERLIN


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("europe/paris", "Europe/Paris"),
        ("New York", "America/New_York"),
    ],
)
def test_a_mistyped_zone_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(UnknownZone, match=f"no time zone called '{name}'; did you mean {meant}"):
        zone(name)


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../../etc/passwd", "x" * 1000, "CEST+2"])
def test_what_is_no_zone_at_all_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone, match="There is no time zone called"):
        zone(name)


def test_a_day_begins_at_its_local_midnight() -> None:
    assert begins(BERLIN, "2026-03-01") == "2026-03-01T00:00:00+01:00"


def test_an_instant_belongs_to_the_day_that_its_clock_shows() -> None:
    at = parse_instant("2026-03-01T23:30:00Z", UTC)
    assert [date_of(there.local_day(at)).isoformat() for there in (UTC, BERLIN)] == ["2026-03-01", "2026-03-02"]


def test_a_time_in_a_gap_is_the_first_instant_after_it() -> None:
    assert clock(BERLIN, "2026-03-29", "02:30") == "2026-03-29T03:00:00+02:00"


def test_a_time_that_occurs_twice_is_the_first() -> None:
    assert clock(BERLIN, "2026-10-25", "02:30") == "2026-10-25T02:30:00+02:00"


def test_the_minute_1440_is_the_next_midnight() -> None:
    assert clock(BERLIN, "2026-10-25", "24:00") == "2026-10-26T00:00:00+01:00"


@pytest.mark.parametrize(
    ("name", "text", "first"),
    [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00"),
        ("Asia/Beirut", "2026-03-29", "2026-03-29T01:00:00+03:00"),
        ("Africa/Cairo", "2026-04-24", "2026-04-24T01:00:00+03:00"),
    ],
)
def test_a_day_whose_midnight_is_skipped_begins_after_the_gap(name: str, text: str, first: str) -> None:
    there = zone(name)
    assert (begins(there, text), clock(there, text, "00:30")) == (first, first)


@pytest.mark.parametrize(
    ("name", "text", "last"),
    [
        ("America/Nuuk", "2026-03-28", "2026-03-28T22:59:00-02:00"),
        ("Asia/Pyongyang", "2018-05-04", "2018-05-04T23:29:00+08:30"),
        ("America/Toronto", "1919-03-30", "1919-03-30T23:29:00-05:00"),
    ],
)
def test_a_time_in_a_gap_that_reaches_midnight_stays_on_its_day(name: str, text: str, last: str) -> None:
    assert clock(zone(name), text, "23:45") == last


def test_the_end_of_a_day_whose_last_hour_is_skipped_is_the_next_midnight() -> None:
    assert clock(zone("America/Nuuk"), "2026-03-28", "24:00") == "2026-03-29T00:00:00-01:00"


def test_where_midnight_occurs_twice_the_first_begins_the_day() -> None:
    assert begins(zone("America/Havana"), "2026-11-01") == "2026-11-01T00:00:00-04:00"


def test_what_follows_the_first_of_two_midnights_belongs_to_the_new_day() -> None:
    st_johns = zone("America/St_Johns")  # on this day 00:01 became 23:01 of the day before
    second_time = parse_instant("2010-11-07T02:45:00Z", UTC)
    assert st_johns.iso(second_time) == "2010-11-06T23:15:00-03:30"
    assert st_johns.local_day(second_time) == day("2010-11-07")


def test_a_clock_that_goes_back_at_midnight_makes_the_old_day_longer() -> None:
    sao_paulo = zone("America/Sao_Paulo")
    length = sao_paulo.midnight(day("2018-02-18")) - sao_paulo.midnight(day("2018-02-17"))
    assert length == 25 * 3600 * SECOND


@pytest.mark.parametrize(
    ("text", "time_of_day", "shown"),
    [
        ("2026-10-04", "02:15", "2026-10-04T02:30:00+11:00"),
        ("2026-04-05", "01:45", "2026-04-05T01:45:00+11:00"),
        ("2026-04-05", "02:15", "2026-04-05T02:15:00+10:30"),
    ],
)
def test_a_clock_may_change_by_half_an_hour(text: str, time_of_day: str, shown: str) -> None:
    assert clock(zone("Australia/Lord_Howe"), text, time_of_day) == shown


SKIPPED = [
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("Pacific/Kiritimati", "1994-12-31"),
]


@pytest.mark.parametrize(("name", "text"), SKIPPED)
def test_a_skipped_day_has_no_times(name: str, text: str) -> None:
    assert [clock(zone(name), text, time_of_day) for time_of_day in ("00:00", "10:00", "24:00")] == [None] * 3


@pytest.mark.parametrize(("name", "text"), SKIPPED)
def test_a_skipped_day_begins_and_ends_with_the_first_instant_after_it(name: str, text: str) -> None:
    there, skipped = zone(name), day(text)
    assert there.midnight(skipped) == there.midnight(skipped + 1)
    assert [there.exists(skipped + step) for step in (-1, 0, 1)] == [True, False, True]


def test_no_instant_belongs_to_a_skipped_day() -> None:
    apia, skipped = zone("Pacific/Apia"), day("2011-12-30")
    after = apia.midnight(skipped)
    assert [apia.local_day(after - 1), apia.local_day(after)] == [skipped - 1, skipped + 1]


def test_a_day_that_occurs_twice_is_one_long_day() -> None:
    kwajalein = zone("Kwajalein")  # crossed the date line eastward in 1969
    first = day("1969-09-30")
    assert kwajalein.midnight(first + 1) - kwajalein.midnight(first) == 47 * 3600 * SECOND


def test_the_midnights_of_a_range_include_both_ends() -> None:
    first, last = day("2026-03-28"), day("2026-03-30")
    assert [BERLIN.iso(at) for at in BERLIN.midnights(first, last)] == [
        "2026-03-28T00:00:00+01:00",
        "2026-03-29T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    ]


def test_an_empty_range_of_days_has_no_midnights() -> None:
    assert BERLIN.midnights(20_001, 20_000) == []


def test_the_times_of_a_range_mark_a_skipped_day() -> None:
    apia, skipped = zone("Pacific/Apia"), day("2011-12-30")
    assert [at == -1 for at in apia.times(skipped - 2, skipped + 2, 600)] == [False, False, True, False, False]


@pytest.mark.parametrize("name", ["Europe/Dublin", "Pacific/Apia", "Africa/Casablanca", "Asia/Gaza", "America/Nuuk"])
@pytest.mark.parametrize("minute", [0, 1, 150, 600, 1439, 1440])
def test_times_computed_by_adding_equal_those_computed_one_by_one(name: str, minute: int) -> None:
    first, last = day("1900-01-01"), day("2100-12-31")
    carefully = zone(name)
    by_one = [carefully.instant(each, minute) for each in range(first, last + 1, 1)]
    assert Zone(name).times(first, last, minute) == [-1 if at is None else at for at in by_one]


def test_midnights_equal_those_computed_one_by_one() -> None:
    first, last = day("2011-01-01"), day("2012-12-31")
    apia = zone("Pacific/Apia")
    assert Zone("Pacific/Apia").midnights(first, last) == [apia.midnight(each) for each in range(first, last + 1)]


def test_the_order_of_questions_does_not_matter() -> None:
    asked_late_first, asked_early_first = Zone("Europe/Berlin"), Zone("Europe/Berlin")
    days = [day("2026-06-01"), day("1916-05-01"), day("2099-10-25"), day("1980-04-06")]
    assert [asked_late_first.midnight(each) for each in days] == [
        asked_early_first.midnight(each) for each in reversed(days)
    ][::-1]


def test_far_years_keep_the_present_rules_of_summer_time() -> None:
    assert clock(BERLIN, "2099-07-01", "10:00") == "2099-07-01T10:00:00+02:00"


def test_old_zones_count_in_seconds() -> None:
    assert begins(zone("Africa/Monrovia"), "1900-01-01") == "1900-01-01T00:00:00-00:43:08"


def test_an_instant_is_printed_with_the_offset_and_without_needless_fractions() -> None:
    assert BERLIN.iso(1_772_355_600_000_000) == "2026-03-01T10:00:00+01:00"


def test_an_instant_is_printed_with_the_fraction_that_it_has() -> None:
    assert BERLIN.iso(1_772_355_600_250_000) == "2026-03-01T10:00:00.250000+01:00"


def test_the_wall_shows_an_aware_datetime() -> None:
    shown = BERLIN.wall(0)
    assert (shown.replace(tzinfo=None), shown.tzname()) == (datetime.fromisoformat("1970-01-01T01:00:00"), "CET")


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        ("2026-03-28T23:30", "2 hours", "2026-03-29T01:30:00+01:00"),
        ("2026-03-28T23:30", "3 hours", "2026-03-29T03:30:00+02:00"),
        ("2026-03-28T09:00", "1 day", "2026-03-29T09:00:00+02:00"),
        ("2026-03-28T02:30", "1 day", "2026-03-29T03:00:00+02:00"),
        ("2026-10-24T02:30", "1 day", "2026-10-25T02:30:00+02:00"),
        ("2026-01-31T10:00:00.5", "1 month", "2026-02-28T10:00:00.500000+01:00"),
        ("2028-02-29T10:00", "1 year", "2029-02-28T10:00:00+01:00"),
        ("2026-05-22T10:00", "2 business days", "2026-05-26T10:00:00+02:00"),
    ],
)
def test_exact_durations_move_the_instant_and_calendar_ones_the_date(start: str, text: str, end: str) -> None:
    assert BERLIN.iso(BERLIN.later(parse_instant(start, BERLIN), Duration.parse(text))) == end


def test_business_days_from_an_instant_skip_the_holidays_given() -> None:
    friday = parse_instant("2026-05-22T10:00", BERLIN)
    later = BERLIN.later(friday, Duration.parse("1 business day"), holidays_of("DE", 2026, 2026))
    assert BERLIN.iso(later) == "2026-05-26T10:00:00+02:00"


def test_no_days_later_is_the_same_instant_even_in_an_hour_that_comes_twice() -> None:
    second = parse_instant("2026-10-25T02:30:00+01:00", BERLIN)
    assert BERLIN.later(second, Duration.parse("0 days")) == second


def test_a_date_that_moves_to_a_skipped_day_gives_the_first_instant_after_it() -> None:
    apia = zone("Pacific/Apia")
    moved = apia.later(parse_instant("2011-12-29T10:00", apia), Duration.parse("1 day"))
    assert apia.iso(moved) == "2011-12-31T00:00:00+14:00"


def test_a_date_that_moves_into_a_gap_before_midnight_stays_on_its_day() -> None:
    nuuk = zone("America/Nuuk")
    moved = nuuk.later(parse_instant("2026-03-27T23:45:10", nuuk), Duration.parse("1 day"))
    assert nuuk.iso(moved) == "2026-03-28T22:59:00-02:00"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01T09:00:00Z", "2026-03-01T09:00:00+00:00"),
        ("2026-03-01T09:00:00z", "2026-03-01T09:00:00+00:00"),
        ("2026-03-01T09:00:00+01:00", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01 09:00:00 +0100", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01T09:00+05:30", "2026-03-01T03:30:00+00:00"),
        ("2026-03-01 09:00", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01T09:00:00.25", "2026-03-01T08:00:00.250000+00:00"),
        ("2026-03-01T09:00:00,123456789Z", "2026-03-01T09:00:00.123456+00:00"),
        (" 2026-03-01 ", "2026-02-28T23:00:00+00:00"),
        ("2026-03-29 02:30", "2026-03-29T01:00:00+00:00"),
        ("1900-01-01", "1899-12-31T23:00:00+00:00"),
    ],
)
def test_an_instant_is_read_in_the_zone_unless_it_has_an_offset(text: str, at: str) -> None:
    assert UTC.iso(parse_instant(text, BERLIN)) == at


def test_a_time_of_a_skipped_day_is_read_as_its_midnight() -> None:
    apia = zone("Pacific/Apia")
    assert apia.iso(parse_instant("2011-12-30 10:00", apia)) == "2011-12-31T00:00:00+14:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "03/04/26",
        "2026-3-1",
        "2026-02-30",
        "0000-01-01",
        "20260301",
        "1772355600",
        "2026-W09-7",
        "2026-03-01T09",
        "2026-03-01T25:00",
        "2026-03-01T09:00:00+99:00",
        "2026-03-01T09:00Z x",
        "٢٠٢٦-03-01",
    ],
)
def test_what_is_no_instant_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInstant, match=r"is no moment in time; write it like 2026-03-01"):
        parse_instant(text, UTC)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("DE", "Europe/Berlin"),
        ("de", "Europe/Berlin"),
        ("IN", "Asia/Kolkata"),
        ("GB", "Europe/London"),
        ("UK", "Europe/London"),
        ("US", "America/New_York"),
        ("BR", "America/Sao_Paulo"),
        ("RU", "Europe/Moscow"),
        ("AU", "Australia/Sydney"),
        ("CA", "America/Toronto"),
        ("MX", "America/Mexico_City"),
        ("ID", "Asia/Jakarta"),
        ("CN", "Asia/Shanghai"),
        ("NZ", "Pacific/Auckland"),
        ("AQ", None),
        ("ZZ", None),
        ("", None),
    ],
)
def test_a_country_has_a_primary_zone(code: str, name: str | None) -> None:
    assert zone_of_country(code) == name


def test_every_country_has_a_zone_that_exists() -> None:
    from babel.core import get_global

    countries = set(get_global("territory_zones")) - {"001", "ZZ", "AQ", "UM"}
    assert [code for code in sorted(countries) if zone_of_country(code) is None] == []
    assert all(zone(name) for code in countries if (name := zone_of_country(code)))


def test_a_country_has_public_holidays() -> None:
    assert date(2026, 10, 3) in holidays_of("de", 2025, 2026)


def test_the_holidays_are_those_of_the_years_asked_for() -> None:
    assert {each.year for each in holidays_of("DE", 2025, 2026)} == {2025, 2026}


@pytest.mark.parametrize("country", [None, "", "XX", "Germany"])
def test_an_unknown_country_has_no_holidays(country: str | None) -> None:
    assert holidays_of(country, 2026, 2026) == frozenset()


def test_a_day_has_as_many_microseconds_as_24_hours() -> None:
    assert (DAY, SECOND) == (86_400_000_000, 1_000_000)
