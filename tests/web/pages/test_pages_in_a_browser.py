"""The pages as a browser shows them: narrow and wide, light and dark, by keyboard, with scripts turned off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from looking import fits, texts_of
from playwright.sync_api import Browser, BrowserContext, Page
from visiting import ANA, KINDS, SETTINGS, House, contacted, house, key, path, served

NARROW, WIDE = 320, 1280
LANGUAGES = ("en", "de", "pt-BR", "zh")
# Targets that are smaller than 24 pixels (WCAG 2.2, 2.5.8); a link in a sentence may be.
SMALL = """() => [...document.querySelectorAll('button, select, textarea, label')]
  .map(one => [one.textContent.trim(), one.getBoundingClientRect()])
  .filter(([_, box]) => box.height < 24 || box.width < 24).map(([words]) => words)"""
UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter(one => !one.labels.length || !one.labels[0].textContent.trim()).map(one => one.outerHTML)"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_file: Path) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("shop"), sqlite_file, SETTINGS) as opened:
        for language in LANGUAGES:
            contacted(opened.store, language)
            opened.store.customers.add([(language, {"language": language})], now=opened.now[0], merge=True)
        yield opened


@pytest.fixture(scope="module")
def base(shop: House) -> Iterator[str]:
    with served(shop.site) as address:
        yield address


def context(browser: Browser, width: int, scheme: Any = "light") -> BrowserContext:
    """A window without scripts."""
    size: Any = {"width": width, "height": 700}
    return browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=False, base_url="")


def looked_at(page: Page, what: str) -> None:
    """Assert that a page can be read and used."""
    assert fits(page), what
    for text in texts_of(page):
        assert text.contrast >= 4.5, (what, text)
    assert page.evaluate(SMALL) == [], what
    assert page.evaluate(UNLABELLED) == [], what
    assert page.locator("h1").count() == page.locator("main").count() == 1, what


@pytest.mark.parametrize(
    ("width", "scheme", "languages"),
    [(NARROW, "light", LANGUAGES), (WIDE, "light", ["de"]), (NARROW, "dark", ["en"])],
)
def test_every_page_can_be_read(browser: Browser, base: str, width: int, scheme: str, languages: list[str]) -> None:
    with context(browser, width, scheme) as window:
        page = window.new_page()
        for language in languages:
            for kind in (*KINDS, "survey/nothing"):
                page.goto(base + path(kind, language))
                looked_at(page, f"{kind} in {language}")


def press_until(page: Page, selector: str) -> None:
    """Press the tab key until what is meant has the focus, which has to be seen."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            ring = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
            assert ring >= 2, selector
            return
    raise AssertionError(f"{selector} can't be reached by the keyboard")


def test_a_survey_is_answered_by_the_keyboard_alone(browser: Browser, base: str, shop: House) -> None:
    with context(browser, NARROW) as window:
        page = window.new_page()
        page.goto(base + path("survey/nps") + "?score=4")
        press_until(page, "input[value='4']")
        page.keyboard.press("ArrowRight")
        press_until(page, "textarea")
        page.keyboard.type("Too <b>dry</b>")
        press_until(page, "button")
        page.keyboard.press("Enter")
        page.get_by_text("5 on the scale from 0 to 10").wait_for()
        looked_at(page, "thanks")
        page.reload()
        press_until(page, "main a")
        page.keyboard.press("Enter")
        assert page.locator("input:checked").get_attribute("value") == "5"
    assert [(one["score"], one["comment"]) for one in shop.events("nps_answered")] == [(5, "Too <b>dry</b>")]


def test_preferences_are_changed_by_the_keyboard_alone(browser: Browser, base: str, shop: House) -> None:
    with context(browser, NARROW) as window:
        page = window.new_page()
        page.goto(base + path("preferences"))
        press_until(page, "input[value='feedback']")
        page.keyboard.press("Space")
        press_until(page, "button")
        page.keyboard.press("Enter")
        page.get_by_text("It holds from now on").wait_for()
        looked_at(page, "saved")
        assert not page.locator("input[value='feedback'][type='checkbox']").is_checked()
    assert not shop.agrees("feedback", "email")


def test_somebody_unsubscribes_and_chooses(browser: Browser, base: str, shop: House) -> None:
    contacted(shop.store, "zoe")
    with context(browser, NARROW) as window:
        page = window.new_page()
        page.goto(base + path("unsubscribe", "zoe"))
        page.get_by_role("button").click()
        page.get_by_text("You will get no more e-mails").wait_for()
        looked_at(page, "unsubscribed")
        page.get_by_role("link").click()
        page.get_by_role("checkbox", name="E-mail").wait_for()
        assert not page.get_by_role("checkbox", name="E-mail").is_checked()


def test_the_exit_interview_is_answered(browser: Browser, base: str, shop: House) -> None:
    with context(browser, NARROW) as window:
        page = window.new_page()
        page.goto(base + path("survey/exit"))
        page.get_by_role("button").click()  # the browser asks for a reason first
        page.get_by_label("I have moved").check()
        page.get_by_role("button").click()
        page.get_by_text("All the best").wait_for()
        looked_at(page, "goodbye")
    assert [one["reason"] for one in shop.events("exit_answered")] == ["moved"]


def test_a_followed_link_arrives_and_does_not_tell_where_it_came_from(browser: Browser, base: str, shop: House) -> None:
    with context(browser, NARROW) as window:
        page = window.new_page()
        asked: list[dict[str, str]] = []

        def elsewhere(route: Any) -> None:
            asked.append(route.request.headers)
            route.fulfill(body="care", content_type="text/plain")

        window.route("https://www.crumb.example/**", elsewhere)
        page.goto(base + path("page/care"))
        page.get_by_role("button").click()
        page.get_by_text("care", exact=True).wait_for()
    assert "referer" not in asked[0]
    assert shop.events("link_followed") == [{"page": "care", "rule": "thanks", "occasion": key(ANA)}]
