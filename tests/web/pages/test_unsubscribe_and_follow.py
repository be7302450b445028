from __future__ import annotations

from pathlib import Path

import pytest
from visiting import ANA, NOW, House, contacted, house, key, path

from scheduler.decisions.facts import Consent
from scheduler.durations import HOUR
from scheduler.store import CustomerConsent
from scheduler.web.pages.visit import has_withdrawn

UNSUBSCRIBE, CARE = path("unsubscribe"), path("page/care")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
TARGET = "https://www.crumb.example/care?for=bread"


def records(shop: House) -> list[tuple[str | None, str | None, bool, str]]:
    return [
        (one.consent.topic, one.consent.channel, one.consent.given, one.source) for one in shop.store.consents.of(ANA)
    ]


WITHDRAWN = [(None, "email", False, "unsubscribe link")]
SAID = [{"rule": "thanks", "occasion": key(), "channel": "email"}]


def test_the_page_has_one_button_and_nothing_happens_until_it_is_pressed(shop: House) -> None:
    page = shop.client.get(UNSUBSCRIBE)
    assert page.text.count("<button") == 1
    assert "no more e-mails from Crumb" in page.text
    assert records(shop) == []


def test_the_button_withdraws_consent_for_the_channel_of_the_message(shop: House) -> None:
    answer = shop.client.post(UNSUBSCRIBE, data={"button": "yes"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "?sent")
    assert records(shop) == WITHDRAWN
    assert shop.events("unsubscribed") == SAID
    assert not shop.agrees("care", "email")
    assert shop.agrees("care", "post")


def test_the_page_then_offers_the_finer_choice_and_no_way_to_undo_it_in_passing(shop: House) -> None:
    shop.client.post(UNSUBSCRIBE, data={"button": "yes"})
    page = shop.client.get(f"{UNSUBSCRIBE}?sent").text
    assert "You will get no more e-mails" in page
    assert "<form" not in page
    assert f'href="..{path("preferences")}"' in page


def test_nobody_is_told_that_they_are_unsubscribed_when_they_are_not(shop: House) -> None:
    assert "<button" in shop.client.get(f"{UNSUBSCRIBE}?sent").text


@pytest.mark.parametrize("way", ["data", "files"])
def test_a_mailbox_unsubscribes_by_one_click(shop: House, way: str) -> None:
    body = ONE_CLICK if way == "data" else {name: (None, value) for name, value in ONE_CLICK.items()}
    answer = shop.client.post(UNSUBSCRIBE, **{way: body})  # type: ignore[arg-type] # either may be
    assert (answer.status_code, "location" in answer.headers) == (200, False)
    assert records(shop) == WITHDRAWN
    assert shop.events("unsubscribed") == SAID


@pytest.mark.parametrize("body", [b"", b"x" * 100_000, b"List-Unsubscribe=One-Click"])
def test_whatever_a_mailbox_sends_is_a_wish_to_hear_no_more(shop: House, body: bytes) -> None:
    assert shop.client.post(UNSUBSCRIBE, content=body).status_code == 200
    assert records(shop) == WITHDRAWN


def test_a_charset_that_reads_nothing_is_no_way_to_stay_subscribed(shop: House) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
    odd = {"Content-Type": "multipart/form-data; boundary=x; charset=undefined"}
    assert shop.client.post(UNSUBSCRIBE, content=body, headers=odd).status_code == 200
    assert records(shop) == WITHDRAWN


def test_to_unsubscribe_twice_changes_nothing(shop: House) -> None:
    shop.client.post(UNSUBSCRIBE, data=ONE_CLICK)
    before = shop.tables()
    for body in (ONE_CLICK, {"button": "yes"}):
        shop.later()
        assert shop.client.post(UNSUBSCRIBE, data=body).status_code in (200, 303)
    assert shop.tables() == before


def test_who_has_subscribed_again_can_unsubscribe_again_by_the_same_link(shop: House) -> None:
    shop.client.post(UNSUBSCRIBE, data=ONE_CLICK)
    shop.later()
    again = CustomerConsent(ANA, Consent("care", "email", given=True, at=shop.now[0]))
    shop.store.consents.add([again], now=shop.now[0])
    assert shop.agrees("care", "email")
    shop.later()
    shop.client.post(UNSUBSCRIBE, data=ONE_CLICK)
    assert not shop.agrees("care", "email")
    assert len(shop.events("unsubscribed")) == 2


def test_a_yes_that_is_dated_ahead_does_not_come_true_after_a_no(shop: House) -> None:
    ahead = CustomerConsent(ANA, Consent("offers", "email", True, NOW + HOUR), "a clock that was wrong")
    shop.store.consents.add([ahead], now=NOW)
    shop.client.post(UNSUBSCRIBE, data=ONE_CLICK)
    shop.later(2 * HOUR)
    assert has_withdrawn(shop.customer(), "email", NOW + 2 * HOUR)
    before = shop.tables()
    shop.client.post(UNSUBSCRIBE, data=ONE_CLICK)
    assert shop.tables() == before


def test_the_link_in_a_text_message_is_about_text_messages(shop: House) -> None:
    contacted(shop.store, ANA, "sms", "b9")
    shop.client.post(path("unsubscribe", ANA, key(anchor="b9")), data=ONE_CLICK)
    assert [record[1] for record in records(shop)] == ["sms"]
    assert shop.agrees("care", "email")


def test_of_a_contact_that_is_archived_every_channel_is_meant(shop: House) -> None:
    archived = path("unsubscribe", ANA, key(anchor="long ago"))
    assert "no more messages from" in shop.client.get(archived).text
    shop.client.post(archived, data=ONE_CLICK)
    assert [record[:3] for record in records(shop)] == [(None, None, False)]
    assert [one["channel"] for one in shop.events("unsubscribed")] == ["any"]


def test_a_followed_link_is_written_once_and_leads_to_what_is_set(shop: House) -> None:
    page = shop.client.get(CARE).text
    assert "www.crumb.example" in page
    for _ in range(2):
        shop.later()
        answer = shop.client.post(CARE)
        assert (answer.status_code, answer.headers["Location"]) == (303, TARGET)
    assert shop.events("link_followed") == [{"page": "care", "rule": "thanks", "occasion": key()}]


@pytest.mark.parametrize("name", ["url", "next", "to", "page", "redirect", "address"])
def test_no_request_says_where_a_link_leads(shop: House, name: str) -> None:
    evil = {name: "https://evil.example"}
    answer = shop.client.post(
        CARE, params=evil, data=evil, headers={"Host": "evil.example", "X-Forwarded-Host": "evil"}
    )
    assert answer.headers["Location"] == TARGET


def test_the_page_before_it_names_where_it_leads_by_its_host_alone(tmp_path: Path, sqlite_file: Path) -> None:
    settings = 'secret = "a secret of nobody"\n[brand.pages]\ncare = "https://bank.example@evil.example:8443/x"\n'
    with house(tmp_path, sqlite_file, settings) as other:
        page = other.client.get(CARE).text
    assert "evil.example" in page
    assert "bank.example" not in page


def test_nothing_is_written_about_who_was_erased_meanwhile(shop: House) -> None:
    shop.store.erase(ANA, now=NOW)
    before = shop.tables()
    for address in (UNSUBSCRIBE, CARE, path("preferences"), path("survey/nps")):
        assert shop.client.post(address, data={"score": "9", "all": "yes"}).status_code == 404
    assert shop.tables() == before
