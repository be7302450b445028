"""Every mail of the starter rules as a browser shows it: narrow and wide, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from looking import fits, texts_of
from playwright.sync_api import Browser, Page
from sample_shop import mails_of

from scheduler.settings import load_settings

NARROW, WIDE = 320, 800
LOOKS = [(width, scheme) for width in (NARROW, WIDE) for scheme in ("light", "dark")]
LINKS = "() => [...document.links].map(link => [link.textContent.trim(), link.getBoundingClientRect().height])"


@pytest.fixture(scope="module")
def mails(workspace: Path) -> dict[str, str]:
    """The HTML of each mail, by its rule and language."""
    mails = mails_of(workspace, load_settings(workspace))
    found = {f"{rule} ({locale or 'any language'})": mail.html for rule, locale, mail in mails}
    assert len(found) > 60
    return found


@pytest.fixture(params=LOOKS, ids=[f"{width}-{scheme}" for width, scheme in LOOKS])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, scheme = request.param
    page = browser.new_page(viewport={"width": width, "height": 600}, color_scheme=scheme)
    yield page
    page.close()


def test_every_mail_can_be_read_without_scrolling_sideways(page: Page, mails: dict[str, str]) -> None:
    for what, html in mails.items():
        page.set_content(html)
        assert fits(page), what


def test_every_word_stands_out_from_what_is_behind_it(page: Page, mails: dict[str, str]) -> None:
    """A contrast of 4.5, as WCAG 2 asks of text (AA), at no less than 12 pixels."""
    for what, html in mails.items():
        page.set_content(html)
        read = [text for text in texts_of(page) if text.shows and text.size >= 5]
        assert len(read) > 5, what
        for text in read:
            assert text.contrast >= 4.5, (what, text)
            assert text.size >= 12, (what, text)


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
