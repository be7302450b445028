"""The addresses of the pages: `KIND/TOKEN`, as the links in our messages have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from scheduler.errors import StoreError
from scheduler.messages.links import PAGE, PREFERENCES, SURVEY, UNSUBSCRIBE
from scheduler.web.pages.answers import Answers
from scheduler.web.pages.exit_interview import ExitInterview
from scheduler.web.pages.followed import Followed
from scheduler.web.pages.forms import Form, form_of
from scheduler.web.pages.preferences import Preferences
from scheduler.web.pages.surveys import surveys
from scheduler.web.pages.unsubscribing import Unsubscribing
from scheduler.web.pages.visit import OpensNothing, Visit, opened
from scheduler.web.pages.words import accepted, words_for
from scheduler.web.site import Site

METHODS = ["GET", "HEAD", "POST"]


class Page(Protocol):
    """A page; `needs_contact` says that it makes sense only while the contact is in the ledger."""

    @property
    def needs_contact(self) -> bool:
        """Whether the contact has to be known."""

    def show(self, visit: Visit) -> Response:
        """Answer a GET; it records nothing."""

    def take(self, visit: Visit, form: Form) -> Response:
        """Answer a POST, once what it says is committed."""


def pages(site: Site) -> Mapping[str, Page]:
    """Every page of a site by the kind of its links."""
    answers = Answers(site.settings.brand)
    return {
        PREFERENCES: Preferences(answers),
        UNSUBSCRIBE: Unsubscribing(answers),
        **{f"{SURVEY}/{one.name}": one for one in surveys(answers)},
        f"{SURVEY}/exit": ExitInterview(answers),
        **{f"{PAGE}/{name}": Followed(answers, name, address) for name, address in site.settings.brand.pages.items()},
    }


def routes(site: Site) -> APIRouter:
    """The routes of the pages."""
    known, answers = pages(site), Answers(site.settings.brand)
    router = APIRouter()

    def add(start: str, pattern: str) -> None:
        async def endpoint(request: Request) -> Response:
            kind = "/".join(filter(None, (start, request.path_params.get("name"))))
            form = await form_of(request) if request.method == "POST" else None
            return await run_in_threadpool(_answer, site, answers, known.get(kind), kind, request, form)

        router.add_api_route(pattern, endpoint, methods=METHODS, response_model=None, include_in_schema=False)

    for start in (PREFERENCES, UNSUBSCRIBE):
        add(start, f"/{start}/{{token:path}}")
    for start in (SURVEY, PAGE):
        add(start, f"/{start}/{{name}}/{{token:path}}")
    return router


def _answer(
    site: Site, answers: Answers, page: Page | None, kind: str, request: Request, form: Form | None
) -> Response:
    """Show a page (`form` is None), or take what was sent; where the link opens nothing, the neutral page."""
    token: str = request.path_params["token"]
    languages = [*accepted(request.headers.get("accept-language", "")), site.settings.brand.language]
    needs_contact = page is None or page.needs_contact
    try:
        visit = opened(site, kind, token, languages, request.query_params, needs_contact=needs_contact)
        if page is None:
            raise OpensNothing
        return page.show(visit) if form is None else page.take(visit, form)
    except OpensNothing:
        return answers.neutral(words_for(languages))
    except StoreError:
        return answers.sorry(words_for(languages))
