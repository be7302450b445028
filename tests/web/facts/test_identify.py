from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from webshop import Shop


def identified(shop: Shop, traits: dict[str, Any], context: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = shop.post("/v1/identify", {"userId": "17", "traits": traits, "context": context, "messageId": "m1"})
    assert (answer.status_code, answer.json().get("customers")) == (200, 1), answer.text
    return dict(shop.customer("17").attributes)


def test_reserved_traits_become_our_attributes_checked_as_those_of_a_file(shop: Shop) -> None:
    assert identified(
        shop,
        {
            "email": "Ann@EXAMPLE.com",
            "firstName": "Ann",
            "lastName": "Lee",
            "phone": "030 123456",
            "birthday": "1984-02-29T00:00:00.000Z",
            "address": {"street": "Am Markt 1", "postalCode": "10115", "city": "Berlin", "country": "DE"},
            "locale": "de_DE",
            "timezone": "Europe/Berlin",
            "owner": "maria",
        },
    ) == {
        "email": "Ann@example.com",
        "first_name": "Ann",
        "last_name": "Lee",
        "name": "Ann Lee",
        "phone": "+4930123456",
        "birthday": date(1984, 2, 29),
        "address": "Am Markt 1\n10115 Berlin\nDE",
        "country": "DE",
        "language": "de-DE",
        "timezone": "Europe/Berlin",
        "owner": "maria",
    }


def test_other_traits_become_attributes_by_their_names_in_snake_case(shop: Shop) -> None:
    assert identified(shop, {"id": 17, "plan": "premium", "loginCount": 5, "company": {"name": "ACME"}, "x": None}) == {
        "plan": "premium",
        "login_count": 5,
        "company_name": "ACME",
    }


def test_traits_that_are_not_named_stay_as_they_are(shop: Shop) -> None:
    identified(shop, {"plan": "premium", "name": "Ann"})
    assert identified(shop, {"plan": "basic"}) == {"plan": "basic", "name": "Ann"}


def test_a_trait_that_is_null_takes_away_what_was_known(shop: Shop) -> None:
    known = {"email": "ann@example.com", "language": "de", "plan": "premium", "company": {"name": "ACME", "size": 7}}
    identified(shop, {**known, "optedIn": True, "name": "Ann"})
    null = {"email": None, "locale": None, "plan": None, "company": {"size": None}, "optedIn": None, "x": None}
    assert identified(shop, null) == {"name": "Ann", "company_name": "ACME"}


def test_who_has_neither_first_nor_last_name_any_more_has_no_name(shop: Shop) -> None:
    identified(shop, {"firstName": "Ann", "lastName": "Lee"})
    assert identified(shop, {"firstName": None, "lastName": None}) == {}
    assert identified(shop, {"name": "Ann Lee", "firstName": None, "lastName": None}) == {"name": "Ann Lee"}


def test_an_address_of_which_nothing_is_left_is_taken_away(shop: Shop) -> None:
    identified(shop, {"address": {"street": "Am Markt 1", "city": "Berlin", "floor": 3}})
    assert identified(shop, {"address": {"floor": None}}) == {"address": "Am Markt 1\nBerlin"}
    assert identified(shop, {"address": {"street": None, "city": "Bonn"}}) == {"address": "Bonn"}
    assert identified(shop, {"address": {"street": None, "city": None, "postalCode": None}}) == {}


def test_what_a_device_says_takes_no_place_of_what_is_taken_away(shop: Shop) -> None:
    identified(shop, {"timezone": "Europe/Berlin", "language": "de"})
    context = {"timezone": "Europe/Lisbon", "locale": "pt-PT"}
    assert identified(shop, {"timezone": None, "language": None}, context) == {}


def test_a_value_beside_a_null_of_the_same_meaning_counts(shop: Shop) -> None:
    said = {"name": None, "firstName": "Ann", "language": None, "locale": "de", "Plan": None, "plan": "basic"}
    assert identified(shop, said) == {"name": "Ann", "first_name": "Ann", "language": "de", "plan": "basic"}


def test_an_empty_text_takes_nothing_away(shop: Shop) -> None:
    identified(shop, {"email": "ann@example.com", "plan": "premium"})
    assert identified(shop, {"email": "", "plan": " "}) == {"email": "ann@example.com", "plan": "premium"}


def test_an_address_that_was_taken_away_is_found_no_more(shop: Shop) -> None:
    identified(shop, {"email": "ann@example.com"})
    identified(shop, {"email": None})
    assert shop.workspace.store.customers.called("ann@example.com") == []


def test_what_the_context_says_counts_where_the_traits_say_nothing(shop: Shop) -> None:
    context = {"timezone": "Europe/Lisbon", "locale": "pt-PT"}
    assert identified(shop, {"locale": "pt-BR"}, context) == {"language": "pt-BR", "timezone": "Europe/Lisbon"}


def test_what_a_device_says_of_itself_is_left_out_where_it_can_not_be_read(shop: Shop) -> None:
    assert identified(shop, {"plan": "basic"}, {"timezone": "Mars/Base", "locale": "C"}) == {"plan": "basic"}


def test_the_town_stands_as_its_country_writes_it(shop: Shop) -> None:
    address = {"street": "1 Main St", "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "USA"}
    found = identified(shop, {"address": {**address, "floor": 3}})
    assert found == {"address": "1 Main St\nSpringfield, IL 62701\nUSA", "country": "US", "address_floor": 3}


@pytest.mark.parametrize(
    ("traits", "cause", "words"),
    [
        ({"Email": "a@example.com, b@example.com"}, "two_addresses", "email: "),
        ({"phone": "call me"}, "bad_phone", "phone: 'call me' is no phone number"),
        ({"birthday": "2099-01-01"}, "in_the_future", "birthday: 2099-01-01 has not been yet"),
        ({"name": "Ann\r\nBcc: x@example.com"}, "control_character", "name: holds a line break"),
        ({"name": "\u202eAnn"}, "control_character", "name: holds U+202E"),
        ({"language": "klingon"}, "unknown_language", "language: "),
        ({"id": "18"}, "same_id", "traits.id: '18' is not the userId"),
        ({"email": ["a@example.com"]}, "nested", "traits.email: "),
        ({"firstName": "A", "first_name": "B"}, "not_json", "traits.first_name: is called first_name here"),
    ],
)
def test_traits_that_can_not_be_taken_are_refused_whole(
    shop: Shop, traits: dict[str, Any], cause: str, words: str
) -> None:
    answer = shop.post("/v1/identify", {"userId": "17", "traits": {"plan": "basic", **traits}})
    assert (answer.status_code, answer.json()["cause"]) == (400, cause)
    assert words in answer.json()["detail"]
    assert shop.workspace.store.counts().customers == 0
