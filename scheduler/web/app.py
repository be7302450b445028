"""The web application: its parts put together."""

from __future__ import annotations

from http import HTTPStatus
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Lifespan

from scheduler.errors import Busy, FactError, StoreError
from scheduler.web import health, problems
from scheduler.web.access import AccessLog
from scheduler.web.facts.routes import routes as facts
from scheduler.web.facts.writer import Writer
from scheduler.web.pages.routes import routes as pages
from scheduler.web.problems import Problem
from scheduler.web.site import Site
from scheduler.web.webhooks.routes import routes as webhooks

PARTS = (health.routes, facts, webhooks, pages)
"""What a site consists of; each part gives its routes."""
RETRY_AFTER = {"Retry-After": "5"}


def create_app(site: Site, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The application that serves a site; `app.state.writer` commits what requests bring.

    Raises `SettingsError` where a key that is set can't be used.
    """
    app = FastAPI(
        title="rightreason",
        version=version("rightreason"),
        lifespan=lifespan,
        docs_url=None,  # its page would load scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,  # it would send whoever asks to the host that they name, and the key along with them
        exception_handlers={
            Problem: problems.of_problem,
            HTTPException: problems.of_routing,
            Busy: _busy,
            StoreError: _away,
            FactError: _unfit,
            Exception: problems.of_fault,
        },
    )
    app.state.site = site
    app.state.writer = Writer(site.store, site.clock)
    app.add_middleware(AccessLog)
    for routes in PARTS:
        app.include_router(routes(site))
    return app


async def _busy(_request: Request, error: Busy) -> JSONResponse:
    return problems.answer(Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=RETRY_AFTER))


async def _away(_request: Request, _error: StoreError) -> JSONResponse:
    detail = "the database can't be used at this time, and nothing was taken; send it again a little later"
    return problems.answer(Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=RETRY_AFTER))


async def _unfit(_request: Request, _error: FactError) -> JSONResponse:
    return problems.answer(Problem(HTTPStatus.BAD_REQUEST, "a value can't be stored; nothing was taken"))
