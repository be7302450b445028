"""What a person sees of a page or a mail in a browser: how wide it is, and whether its words can be read."""

from __future__ import annotations

from typing import NamedTuple

from playwright.sync_api import Page

# What a person has to read: with its colour, the nearest background that is not see-through, its size, whether it shows.
_READ = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const own = node.parentElement, box = own.getBoundingClientRect(), style = getComputedStyle(own);
    if (!node.textContent.trim() || !box.width) continue;
    let behind = own;
    while (behind && /, 0\\)$|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    found.push([node.textContent.trim(), style.color, behind ? getComputedStyle(behind).backgroundColor : 'rgb(255, 255, 255)',
                parseFloat(style.fontSize), !!box.height && style.visibility !== 'hidden' && style.opacity !== '0']);
  }
  return found;
}"""


class Text(NamedTuple):
    """Words on a page with their colour and that behind them, as browsers write them, and their size in pixels.

    What does not show is there for machines: the line that lists of mails show beside a subject.
    """

    words: str
    colour: str
    behind: str
    size: float
    shows: bool

    @property
    def contrast(self) -> float:
        """From 1 to 21; WCAG 2 asks for 4.5 (AA)."""
        lighter, darker = sorted((_luminance(self.colour), _luminance(self.behind)), reverse=True)
        return (lighter + 0.05) / (darker + 0.05)


def texts_of(page: Page) -> list[Text]:
    """All words on a page, in order."""
    return [Text(*found) for found in page.evaluate(_READ)]


def fits(page: Page) -> bool:
    """Whether it is read without scrolling sideways."""
    needed, there = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return bool(needed <= there)


def _luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2 defines it."""
    numbers = [float(number) / 255 for number in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (n / 12.92 if n <= 0.04045 else ((n + 0.055) / 1.055) ** 2.4 for n in numbers)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
