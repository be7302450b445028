from datetime import date

import pytest

from scheduler.decisions.facts import Value
from scheduler.decisions.reason import fill_reason


def test_a_reason_names_the_event_and_the_customer() -> None:
    text = "The {event.product} of {customer.name} has arrived."
    assert fill_reason(text, {"product": "Kettle"}, {"name": "Ana"}) == "The Kettle of Ana has arrived."


def test_a_missing_value_is_left_out_with_its_preposition() -> None:
    text = "They have had the full benefit of {event.product} and told us that they are happy."
    assert fill_reason(text) == "They have had the full benefit and told us that they are happy."


def test_a_missing_value_at_the_end_takes_its_article_along() -> None:
    assert fill_reason("We heard nothing from their {event.shop}.") == "We heard nothing."


def test_a_missing_value_that_the_sentence_needs_is_a_dash() -> None:
    assert fill_reason("Their {event.product} has arrived.", {}, {}) == "Their — has arrived."


def test_a_preposition_stays_where_the_sentence_would_break() -> None:
    assert fill_reason("They stayed for {event.count} months.") == "They stayed for — months."


def test_numbers_and_dates_read_as_people_write_them() -> None:
    event: dict[str, Value] = {"score": 9.0, "day": date(2026, 3, 1), "gift": True}
    assert fill_reason("{event.score}, {event.day}, {event.gift}", event) == "9, 1 March 2026, yes"


def test_what_is_true_is_no_number_though_they_are_equal() -> None:
    values: tuple[Value, ...] = (1, True, 1.0, 0, False)
    assert [fill_reason("It is {event.x}.", {"x": value}) for value in values] == [
        "It is 1.",
        "It is yes.",
        "It is 1.",
        "It is 0.",
        "It is no.",
    ]


def test_an_instant_is_told_by_its_day() -> None:
    event: dict[str, Value] = {"on": "2026-04-10T09:30:00+02:00", "until": "2026-12-24"}
    assert fill_reason("From {event.on} to {event.until}.", event) == "From 10 April 2026 to 24 December 2026."


@pytest.mark.parametrize("text", ["2026-02-30", "2026-04-10x", "1-2026-04-10", "Order 2026-04-10"])
def test_a_text_that_is_no_date_stays_as_it_is(text: str) -> None:
    assert fill_reason("It is {event.x}.", {"x": text}) == f"It is {text}."


def test_a_missing_value_is_left_out_before_what_a_clause_goes_on_with() -> None:
    assert fill_reason("The time with {event.product} would go on.") == "The time would go on."


def test_line_breaks_in_a_value_do_not_break_the_reason() -> None:
    assert fill_reason("It is for {customer.name} now.", {}, {"name": "Ana\r\nBcc: x"}) == "It is for Ana Bcc: x now."


def test_other_braces_stay_as_they_are() -> None:
    assert fill_reason("A {curious} reason {event}.") == "A {curious} reason {event}."
