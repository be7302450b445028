from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.channels.calendar import Entry, calendar, calendar_entry
from scheduler.wallclock import zone

NOW = 1_772_355_600_000_000  # 2026-03-01 09:00 UTC
HOUR = 3_600_000_000
CALL = Entry("exit_interview/c1/e1", "Call Ana", "Number: +49301234567", NOW + 8 * HOUR, zone("Europe/Berlin"))


def read(content: bytes) -> list[tuple[str, str]]:
    """The lines of a calendar, unfolded (RFC 5545, 3.1), as names and values."""
    assert content.endswith(b"\r\n")
    unfolded = content.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]
    assert not any("\n" in line or "\r" in line for line in unfolded)
    return [(name, value) for name, _, value in (line.partition(":") for line in unfolded)]


def text_of(written: str) -> str:
    """What a value of kind TEXT means (RFC 5545, 3.3.11)."""
    meant, letters = "", iter(written)
    for letter in letters:
        assert letter not in ";,"
        escaped = next(letters) if letter == "\\" else ""
        assert escaped in ("", "\\", ";", ",", "n")
        meant += "\n" if escaped == "n" else escaped or letter
    return meant


def facts(**changes: object) -> dict[str, str]:
    return dict(read(calendar_entry(replace(CALL, **changes), NOW)))  # type: ignore[arg-type] # of an entry's kinds


def test_a_task_is_an_event_that_ends_when_it_is_due() -> None:
    assert read(calendar_entry(CALL, NOW)) == [
        ("BEGIN", "VEVENT"),
        ("UID", facts()["UID"]),
        ("DTSTAMP", "20260301T090000Z"),
        ("DTSTART", "20260301T163000Z"),
        ("DTEND", "20260301T170000Z"),
        ("SUMMARY", "Call Ana"),
        ("DESCRIPTION", "Number: +49301234567"),
        ("TRANSP", "TRANSPARENT"),
        ("END", "VEVENT"),
    ]


def test_a_task_that_is_due_at_midnight_stands_on_the_day_before() -> None:
    midnight = NOW + 14 * HOUR  # 23:00 UTC, midnight in Berlin
    found = facts(due=midnight)
    assert (found["DTSTART;VALUE=DATE"], found["DTEND;VALUE=DATE"]) == ("20260301", "20260302")
    assert facts(due=midnight, where=zone("UTC"))["DTEND"] == "20260301T230000Z"


def test_the_same_occasion_has_the_same_uid_and_others_have_others() -> None:
    assert facts(summary="Call Bo", due=NOW)["UID"] == facts()["UID"]
    assert facts(key="exit_interview/c1/e2")["UID"] != facts()["UID"]


def test_no_uid_tells_who_the_customer_is() -> None:
    assert "ana" not in facts(key="exit_interview/ana%40example.com/e1")["UID"]


@pytest.mark.parametrize(
    "text",
    [
        "a, b; c",
        r"back\slash \n",
        "two\nlines",
        "Ängström 北京 " * 40,
        "x" * 75,
        "ü" * 200,
        "\U0001f382" * 60,
        "BEGIN:VEVENT\nX",
    ],
)
def test_any_text_comes_back_whole(text: str) -> None:
    assert text_of(facts(summary=text)["SUMMARY"]) == text.strip()
    assert text_of(facts(description=text)["DESCRIPTION"]) == text.strip()


@pytest.mark.parametrize("letter", ["x", "ü", "北", "\U0001f382"])
@pytest.mark.parametrize("length", [*range(60, 80), 500])
def test_no_line_is_longer_than_75_octets_and_no_letter_is_parted(letter: str, length: int) -> None:
    content = calendar_entry(replace(CALL, summary=letter * length), NOW)
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert sum(line.decode().count(letter) for line in lines) == length


def test_line_ends_and_controls_of_a_text_write_no_line() -> None:
    found = calendar_entry(replace(CALL, summary="a\r\nATTACH:http://evil.example\rb\x00\u202ec"), NOW)
    assert b"\r\nATTACH" not in found
    assert text_of(dict(read(found))["SUMMARY"]) == "a\nATTACH:http://evil.example\nbc"


def test_a_calendar_holds_its_entries() -> None:
    lines = read(calendar([CALL, replace(CALL, key="exit_interview/c2/e1")], NOW))
    assert lines[:2] == [("BEGIN", "VCALENDAR"), ("VERSION", "2.0")]
    assert ("PRODID", "-//rightreason//tasks//EN") in lines
    assert lines[-1] == ("END", "VCALENDAR")
    assert lines.count(("BEGIN", "VEVENT")) == lines.count(("END", "VEVENT")) == 2


def test_a_calendar_of_nothing_is_whole() -> None:
    assert [name for name, _ in read(calendar([], NOW))] == ["BEGIN", "VERSION", "PRODID", "METHOD", "END"]
