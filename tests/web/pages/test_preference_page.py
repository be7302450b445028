from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visiting import ANA, DAY, NOW, House, chosen, form_in, path

from scheduler.decisions.consent import agrees
from scheduler.decisions.facts import Consent, Customer
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerConsent
from scheduler.web.pages.choices import choices, ticks

PAGE = path("preferences")


def shown(shop: House) -> dict[str, list[str]]:
    """What a browser would send if nothing were changed."""
    return form_in(shop.client.get(PAGE).text)


def send(shop: House, form: dict[str, Any], status: int = 303) -> str:
    shop.later()
    answer = shop.client.post(PAGE, data=form)
    assert answer.status_code == status
    return answer.text


def records(shop: House) -> list[tuple[str | None, str | None, bool]]:
    return [(one.consent.topic, one.consent.channel, one.consent.given) for one in shop.store.consents.of(ANA)]


def test_topics_and_channels_are_ticked_as_silence_means(shop: House) -> None:
    page = shop.client.get(PAGE).text
    assert chosen(page, "topic") == ["care", "feedback"]
    assert chosen(page, "channel") == ["email"]
    assert 'value="offers"' in page
    assert 'value="sms"' in page
    assert 'value="post"' not in page  # no rule uses it
    assert "Now and then, a request for a review" in page


def test_to_save_what_was_not_changed_writes_nothing(shop: House) -> None:
    before = shop.tables()
    send(shop, shown(shop))
    assert shop.tables() == before


def test_a_topic_that_is_no_longer_ticked_is_withdrawn_and_nothing_else(shop: House) -> None:
    send(shop, {**shown(shop), "topic": ["feedback"]})
    assert records(shop) == [("care", None, False)]
    assert [one.source for one in shop.store.consents.of(ANA)] == ["preferences page"]
    assert not shop.agrees("care", "email")
    assert shop.agrees("feedback", "email")
    assert chosen(shop.client.get(PAGE).text, "topic") == ["feedback"]


def test_a_topic_that_needs_a_yes_gets_it_by_a_tick_for_the_channels_that_are_ticked(shop: House) -> None:
    send(shop, {**shown(shop), "topic": ["care", "feedback", "offers"]})
    assert records(shop) == [("offers", "email", True)]
    assert shop.agrees("offers", "email", opt_in=True)
    assert not shop.agrees("offers", "sms", opt_in=True)
    assert chosen(shop.client.get(PAGE).text, "topic") == ["care", "feedback", "offers"]


def test_a_channel_that_is_ticked_brings_the_topics_that_are_ticked_and_no_others(shop: House) -> None:
    send(shop, {**shown(shop), "channel": ["email", "sms"]})
    assert records(shop) == [("care", "sms", True), ("feedback", "sms", True)]
    assert not shop.agrees("offers", "sms", opt_in=True)
    assert chosen(shop.client.get(PAGE).text, "channel") == ["email", "sms"]


def test_who_has_unsubscribed_can_come_back_by_ticking_the_channel(shop: House) -> None:
    shop.client.post(path("unsubscribe"))
    page = shop.client.get(PAGE).text
    assert (chosen(page, "topic"), chosen(page, "channel")) == (["care", "feedback"], [])
    send(shop, {**shown(shop), "channel": ["email"]})
    assert shop.agrees("care", "email")
    assert not shop.agrees("offers", "email", opt_in=True)
    assert chosen(shop.client.get(PAGE).text, "channel") == ["email"]


def test_what_was_withdrawn_elsewhere_since_the_page_was_opened_stays_withdrawn(shop: House) -> None:
    opened = shown(shop)
    shop.later()
    shop.client.post(path("unsubscribe"))
    send(shop, {**opened, "language": ["de"]})
    assert not shop.agrees("care", "email")


def test_a_yes_that_would_have_no_effect_is_asked_about(shop: House) -> None:
    opened = {**shown(shop), "shown_channel": [], "channel": []}
    assert "at least one way" in send(shop, {**opened, "topic": ["care", "feedback", "offers"]}, 422)
    opened = {**shown(shop), "shown_topic": [], "topic": []}
    assert "at least one topic" in send(shop, {**opened, "channel": ["email", "sms"]}, 422)
    assert records(shop) == []


def test_a_no_is_never_refused(shop: House) -> None:
    send(shop, {**shown(shop), "channel": [], "topic": ["care", "feedback", "offers"]})
    assert records(shop) == [(None, "email", False)]


def test_names_that_are_none_of_the_page_are_not_written(shop: House) -> None:
    odd = {
        "topic": ["care", "feedback", "evil"],
        "channel": ["email", "pigeon"],
        "language": "xx-evil",
        "break": "9999",
    }
    before = shop.tables()
    send(shop, {**shown(shop), **odd})
    assert shop.tables() == before


def test_a_language_is_what_they_hear_from_us_in_from_now_on(shop: House) -> None:
    send(shop, {**shown(shop), "language": ["pt-BR"]})
    assert shop.customer().attributes["language"] == "pt-BR"
    assert shop.customer().attributes["email"] == "ana@example.com"
    assert "Suas preferências" in shop.client.get(PAGE).text


def test_a_language_that_the_pages_do_not_speak_stays(shop: House) -> None:
    shop.store.customers.add([(ANA, {"language": "fr_CA"})], now=NOW, merge=True)
    page = shop.client.get(PAGE).text
    assert '<option value="fr-CA" lang="fr-CA" selected>Français (Canada)</option>' in page
    send(shop, form_in(page))
    assert shop.customer().attributes["language"] == "fr_CA"


@pytest.mark.parametrize("days", [30, 90])
def test_a_break_is_of_so_many_days_and_can_be_ended(shop: House, days: int) -> None:
    send(shop, {**shown(shop), "break": str(days)})
    assert shop.customer().paused_until == shop.now[0] + days * DAY
    page = shop.client.get(PAGE).text
    assert ("April 1, 2026" if days == 30 else "May 31, 2026") in page
    send(shop, form_in(page))
    assert shop.customer().paused_until is not None
    send(shop, {**shown(shop), "break": "end"})
    assert shop.customer().paused_until is None


def test_a_break_that_is_over_is_none(shop: House) -> None:
    shop.store.customers.pause(ANA, NOW - 1, now=NOW)
    assert "End the break" not in shop.client.get(PAGE).text


def test_unsubscribing_from_everything_is_for_every_topic_and_channel_there_will_be(shop: House) -> None:
    send(shop, {"all": "yes"})
    assert records(shop) == [(None, None, False)]
    assert [one["channel"] for one in shop.events("unsubscribed")] == ["any"]
    assert not shop.agrees("what comes next", "webhook")
    page = shop.client.get(PAGE).text
    assert (chosen(page, "topic"), chosen(page, "channel")) == ([], [])


def test_who_cannot_be_reached_by_a_channel_is_not_asked_about_it(shop: House) -> None:
    shop.store.customers.add([(ANA, {"phone": ""})], now=NOW, merge=True)
    assert 'value="sms"' not in shop.client.get(PAGE).text


HOUSE = """\
topics:
  care: {default_for: [nothing]}
  offers: {default_for: [purchase], consent: opt_in}
channels: {sms: {consent: opt_in}}
"""
SPEAKS = """\
campaign: All
owner: care@example.com
rules:
  thanks: {reason: They bought., asks_for: nothing, when: bought, before: 1 day, send: words, by: [email, sms, phone]}
"""
BOOK = rulebook_from_texts({"rules/house_rules.yaml": HOUSE, "rules/all.yaml": SPEAKS})[0]
TOPICS, WAYS = ("care", "offers"), ("email", "sms", "phone")
REACHED: dict[str, Any] = {"email": "ana@example.com", "phone": "+4930123456"}
SAID = st.builds(
    Consent,
    st.sampled_from([None, *TOPICS, "another"]),
    st.sampled_from([None, *WAYS, "post"]),
    st.booleans(),
    st.integers(0, 3),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(SAID, max_size=5), st.sets(st.sampled_from(TOPICS)), st.sets(st.sampled_from(WAYS)))
def test_whatever_was_said_before_only_what_is_ticked_is_agreed_to_and_a_change_holds(
    said: list[Consent], topics: set[str], ways: set[str]
) -> None:
    """After saving, nothing is agreed to that is not ticked, but for what was neither ticked nor touched."""
    before = choices(BOOK, Customer(ANA, REACHED, consents=tuple(said)), 10)
    of_topics = ticks(TOPICS, before.ticked_topics, list(topics))
    of_ways = ticks(WAYS, before.ticked_channels, list(ways))
    after = (*said, *before.changed(of_topics, of_ways))
    for topic in TOPICS:
        for way in WAYS:
            opt_in = topic == "offers" or way == "sms"
            was = agrees(said, topic, way, opt_in=opt_in, now=10)
            now = agrees(after, topic, way, opt_in=opt_in, now=10)
            ticked = topic in topics and way in ways
            touched = topic in {*of_topics.on, *of_topics.off} or way in {*of_ways.on, *of_ways.off}
            assert now == (ticked if touched else was), (topic, way)
            assert ticked or not now, (topic, way)


def test_the_newest_word_is_proven_by_where_and_when_it_was_said(shop: House) -> None:
    old = CustomerConsent(ANA, Consent("offers", None, given=True, at=NOW - DAY), "box ticked at checkout")
    shop.store.consents.add([old], now=NOW)
    send(shop, {**shown(shop), "topic": ["care", "feedback"]})
    newest = shop.store.consents.of(ANA)[-1]
    assert (newest.consent.topic, newest.consent.given, newest.consent.at) == ("offers", False, shop.now[0])
    assert newest.source == "preferences page"
