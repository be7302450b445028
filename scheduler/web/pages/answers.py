"""The pages as they go out: filled in, and with headers that let a browser do nothing but show them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from scheduler.settings.brand import Brand
from scheduler.web.pages.words import Words

TEMPLATES = Path(__file__).parent / "templates"
HERE = "'self'"
ANYWHERE = f"{HERE} https: http:"
"""Where a form may lead: browsers hold redirects to it as well, and those of the other side are not ours to know."""
DONE = "sent"
"""By this word in the address a page knows that something was just written."""


class Answers:
    """Makes the answers of the pages, in the name and the colour of a brand."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        style = self._environment.get_template("style.css").render(brand=brand)
        self._style = Markup(style)  # noqa: S704 - our own, and colours that are six hexadecimal digits
        self._style_is = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    def page(self, name: str, words: Words, *, status: int = 200, leads: str = HERE, **values: Any) -> Response:
        """The page of a template; `leads` is where its forms may, as the `form-action` of its CSP (Level 3)."""
        template = self._environment.get_template(f"{name}.html")
        html = template.render(words=words, brand=self._brand, style=self._style, **values)
        return HTMLResponse(html, status, headers=self._headers(leads))

    def neutral(self, words: Words) -> Response:
        """What every link shows that can't be used, whatever the cause: it tells nobody who is a customer."""
        return self.page("said", words, status=404, title=words["neutral"]["title"], text=words["neutral"]["text"])

    def sorry(self, words: Words) -> Response:
        """What is shown where the database fails: nothing was written."""
        sorry = words["sorry"]
        answer = self.page("said", words, status=503, title=sorry["title"], text=sorry["text"])
        answer.headers["Retry-After"] = "60"
        return answer

    def see(self, address: str) -> Response:
        """Go on there by GET (RFC 9110, 15.4.4), so that to load a page again sends nothing twice."""
        return RedirectResponse(address, 303, headers=self._headers(HERE))

    def done(self) -> Response:
        """Go on to the same page, which says that it is done."""
        return self.see(f"?{DONE}")

    def _headers(self, leads: str) -> Mapping[str, str]:
        policy = (
            f"default-src 'none'; style-src 'sha256-{self._style_is}'; form-action {leads}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Robots-Tag": "noindex, nofollow",
            "X-Content-Type-Options": "nosniff",
        }
