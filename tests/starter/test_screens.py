"""Every mail of the starter rules as a browser shows it: narrow and wide, light and dark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from scheduler.messages.check import channels_of, render_sample
from scheduler.messages.message import Email
from scheduler.messages.templates import Templates
from scheduler.rulebook.reader import read_rulebook
from scheduler.settings import load_settings

CHROMIUM = shutil.which("chromium")
NARROW, WIDE = 320, 800
LOOKS = [(width, scheme) for width in (NARROW, WIDE) for scheme in ("light", "dark")]
# What a person has to read, with its colour and the nearest background that is not see-through.
READ = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const own = node.parentElement;
    const box = own.getBoundingClientRect();
    const style = getComputedStyle(own);
    if (!node.textContent.trim() || !box.width || !box.height || style.visibility === 'hidden' || style.opacity === '0'
        || parseFloat(style.fontSize) < 5) continue;
    let behind = own;
    while (behind && /, 0\\)$|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    found.push([node.textContent.trim(), style.color, behind ? getComputedStyle(behind).backgroundColor : 'rgb(255, 255, 255)',
                parseFloat(style.fontSize)]);
  }
  return found;
}"""
LINKS = "() => [...document.links].map(link => [link.textContent.trim(), link.getBoundingClientRect().height])"


def needs_a_browser() -> None:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is missing: apt-get install chromium")
        pytest.skip("needs chromium (Debian: apt-get install chromium) to look at mails as people do")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs_a_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def mails(workspace: Path) -> dict[str, str]:
    """The HTML of each mail, by its rule and language."""
    book, _ = read_rulebook(workspace)
    settings = load_settings(workspace)
    templates = Templates(book.files, settings.brand.language)
    found = {}
    for rule in book.rules.values():
        if "email" in channels_of(rule, templates):
            for file in templates.variants(rule.template, "email"):
                made = render_sample(templates, rule, "email", settings, language=file.locale)
                assert isinstance(made, Email)
                found[f"{rule.name} ({file.locale or 'any language'})"] = made.html
    assert len(found) > 60
    return found


@pytest.fixture(params=LOOKS, ids=[f"{width}-{scheme}" for width, scheme in LOOKS])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, scheme = request.param
    page = browser.new_page(viewport={"width": width, "height": 600}, color_scheme=scheme)
    yield page
    page.close()


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as browsers write them (WCAG 2, 1 to 21)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    numbers = [float(number) / 255 for number in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (n / 12.92 if n <= 0.04045 else ((n + 0.055) / 1.055) ** 2.4 for n in numbers)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_mail_can_be_read_without_scrolling_sideways(page: Page, mails: dict[str, str]) -> None:
    for what, html in mails.items():
        page.set_content(html)
        wide: Any = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], what


def test_every_word_stands_out_from_what_is_behind_it(page: Page, mails: dict[str, str]) -> None:
    """A contrast of 4.5, as WCAG 2 asks of text (AA), at no less than 12 pixels."""
    for what, html in mails.items():
        page.set_content(html)
        read: list[list[Any]] = page.evaluate(READ)
        assert len(read) > 5, what
        for words, colour, behind, size in read:
            assert contrast(colour, behind) >= 4.5, (what, words, colour, behind)
            assert size >= 12, (what, words, size)


def test_a_scale_is_hit_by_a_thumb(page: Page, mails: dict[str, str]) -> None:
    """24 pixels, as WCAG 2.2 asks of targets (AA)."""
    scales = 0
    for what, html in mails.items():
        page.set_content(html)
        for words, height in page.evaluate(LINKS):
            if words.isdigit():
                scales += 1
                assert height >= 24, (what, words)
    assert scales > 20
