"""What links open, and that to open one records nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from itertools import cycle, islice
from pathlib import Path

import pytest
from visiting import ANA, BASE, BEN, KINDS, NOW, SECRET, SURVEYS, House, house, key, path

from scheduler.messages.context import Context, RuleFacts
from scheduler.messages.links import Links
from scheduler.messages.message import Email
from scheduler.messages.render import render
from scheduler.messages.templates import Templates
from scheduler.settings.email import Email as EmailSettings
from scheduler.web.app import create_app

EVERY_LINK = (
    "---\nsubject: Hello\nfrom: shop@example.com\n---\n"
    + "\n\n".join(f'{{{{ links.scale("{name}") }}}}' for name in SURVEYS[:3])
    + '\n\n[leave]({{ links.survey("exit") }}) [care]({{ links.page("care") }})\n'
)


def links_of_a_mail(shop: House) -> list[str]:
    """The addresses in a mail that has every link, each once."""
    links = Links(BASE, SECRET.encode(), ANA, key())
    brand = shop.site.settings.brand
    context = Context("all", "email", RuleFacts("thanks"), ANA, "You bought.", brand, links, date(2026, 3, 2))
    mail = render(Templates({"templates/all.email.md": EVERY_LINK}), context, EmailSettings())
    assert isinstance(mail, Email)
    found = {unescape(address) for address in re.findall(r'href="([^"]+)"', mail.html)}
    return sorted(address for address in found if address.startswith(BASE))


@pytest.fixture
def whole(tmp_path: Path, sqlite_file: Path) -> Iterator[House]:
    with house(tmp_path, sqlite_file, application=create_app) as opened:
        yield opened


def test_to_follow_every_link_of_a_mail_a_thousand_times_records_nothing(whole: House) -> None:
    addresses = links_of_a_mail(whole)
    assert len(addresses) == 11 + 5 + 7 + 4
    before = whole.tables()
    for number, address in enumerate(islice(cycle(addresses), 1_000)):
        method = "HEAD" if number % 10 == 0 else "GET"
        assert whole.client.request(method, address).status_code == 200, address
    assert whole.tables() == before


def strangers(shop: House, kind: str) -> list[str]:
    """Addresses of a kind that open nothing, each for another cause."""
    good = path(kind)
    token = good.removeprefix(f"/{kind}/")
    content, _, signature = token.partition(".")
    others = [other for other in KINDS if other != kind]
    shop.store.erase("gone", now=NOW)
    return [
        f"/{kind}/{token[:-1]}",
        f"/{kind}/{token[:20]}",
        f"/{kind}/",
        f"/{kind}/{content}.{signature[::-1]}",
        f"/{kind}/{content}.",
        f"/{kind}/x",
        f"/{kind}/%00%FF.%2e",
        f"/{kind}/{path(kind, BEN).rpartition('/')[2].partition('.')[0]}.{signature}",
        *(f"/{kind}/{path(other).removeprefix(f'/{other}/')}" for other in others),
        path(kind, secret="a key of somebody else"),
        path(kind, "nobody"),
        path(kind, "gone", key("gone")),
        path(kind, ANA, key(BEN)),
        path(kind, ANA, "no key at all"),
        path(kind, ""),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_that_opens_nothing_tells_nobody_why(shop: House, kind: str) -> None:
    shop.store.customers.add([("gone", {"email": "gone@example.com"})], now=NOW)
    before, seen = None, set()
    for address in strangers(shop, kind):
        for method in ("GET", "POST"):
            with shop.statements() as asked:
                answer = shop.client.request(method, address, data={"score": "9"} if method == "POST" else None)
            headers = tuple(answer.headers.items())
            seen.add((answer.status_code, answer.content, headers, tuple(asked)))
            before = before or shop.tables()
    assert len(seen) == 1
    ((status, content, _, _),) = seen
    assert status == 404
    assert b"This link can&#39;t be used" in content
    assert shop.tables() == before


def test_a_page_or_a_survey_that_there_is_not_is_a_link_that_opens_nothing(shop: House) -> None:
    forged = shop.client.get("/page/care/x").content
    for kind in ("page/other", "survey/other", "page/http:%2F%2Fevil.example"):
        assert shop.client.get(path(kind)).content == forged


def test_a_survey_about_a_contact_that_is_archived_opens_nothing(shop: House) -> None:
    archived = key(anchor="long ago")
    for kind in KINDS:
        expected = 200 if kind in ("preferences", "unsubscribe") else 404
        assert shop.client.get(path(kind, ANA, archived)).status_code == expected, kind


def test_the_neutral_page_speaks_the_language_of_the_browser(shop: House) -> None:
    for language, words in (("de-CH, en", "Dieser Link"), ("zh", "此链接"), ("pt", "Este link"), ("xx", "This link")):
        answer = shop.client.get("/survey/nps/x", headers={"Accept-Language": language})
        assert words in answer.text


def test_a_page_speaks_the_language_of_the_customer_whatever_the_browser_reads(shop: House) -> None:
    shop.store.customers.add([(ANA, {"language": "de-AT"})], now=NOW, merge=True)
    answer = shop.client.get(path("survey/nps"), headers={"Accept-Language": "zh"})
    assert '<html lang="de" dir="ltr">' in answer.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_may_do_nothing_but_be_shown(shop: House, kind: str) -> None:
    answer = shop.client.get(path(kind))
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "script-src" not in policy
    assert "unsafe" not in policy["style-src"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    assert "<script" not in answer.text
    assert not re.findall(r'(?:src|href|action)="(?!\?|\.\./)', answer.text)


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_says_who_the_customer_is(shop: House, kind: str) -> None:
    text = shop.client.get(path(kind)).text
    assert "ana@example.com" not in text
    assert "+4930123456" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_shown_as_they_are_written(shop: House, kind: str) -> None:
    text = shop.client.get(path(kind)).text
    assert "Crumb &amp; &lt;Co&gt;" in text
    assert "<Co>" not in text


def test_where_the_database_fails_nothing_is_said_to_be_saved(shop: House) -> None:
    (shop.folder / "rightreason.db").rename(shop.folder / "elsewhere.db")
    answer = shop.client.post(path("unsubscribe"), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 503
    assert "nothing was saved" in answer.text
    assert "Retry-After" in answer.headers
